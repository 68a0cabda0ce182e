"""The digest that tells whether two stored values may be compared."""

from __future__ import annotations

from dataclasses import replace

from harness.runner.metric_code import digest_of, meaning
from metrics import catalog

CODE = '''"""Doc."""
import math  # why


def f(x):
    """Explains
    at length."""
    # a remark
    return x * "# no comment"
'''


def test_comments_and_docstrings_do_not_count():
    other = (
        CODE.replace("Explains", "Tells")
        .replace("# a remark", "# another\n\n")
        .replace("  # why", "")
    )
    assert meaning(CODE) == meaning(other)
    assert '"# no comment"' in meaning(CODE)


def test_code_counts():
    assert meaning(CODE) != meaning(CODE.replace("x *", "2 * x *"))
    assert meaning(CODE) != meaning(CODE.replace("# no comment", "# no"))


def test_options_count():
    spec = catalog.spec("psnr")
    assert digest_of(spec) == digest_of(spec)
    assert digest_of(spec) != digest_of(replace(spec, options={"cap": 90}))
    assert digest_of(spec) != digest_of(catalog.spec("ssim"))
