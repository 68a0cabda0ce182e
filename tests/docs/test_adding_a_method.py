"""The package of docs/adding-a-method.md, written to a folder as it stands there, and run."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from harness.contracts import (
    BadInput,
    FitContext,
    FrameSource,
    Masks,
    RenderRequest,
    Sequence,
    TrainingSet,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-method.md"
BLOCK = re.compile(r"^```\w+\n# file: (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def make_sequence(name="talk", count=24, size=16, seed=0):
    """A square head whose colour follows the loudness of noise."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0, 1, count)
    frames = np.zeros((count, size, size, 3), np.uint8)
    frames[:, 4:12, 4:12] = np.rint(255 * level).astype(np.uint8)[:, None, None, None]
    bits = np.zeros((count, size, size), np.uint8)
    bits[:, 4:12, 4:12] = 1
    audio = (np.repeat(level, 640) * rng.choice([-0.5, 0.5], count * 640)).astype(np.float32)
    train, test = range(count - 4), range(count - 4, count)
    return Sequence(
        name,
        "square",
        25.0,
        audio,
        FrameSource.of(frames),
        train,
        test,
        digest=f"{name}-{seed}",
        signals={"masks": Masks(bits)},
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder with the page's files, importable, with its entry point declared."""
    folder = tmp_path_factory.mktemp("loudness-mean")
    files = dict(BLOCK.findall(PAGE.read_text("utf-8")))
    assert set(files) == {
        "pyproject.toml",
        "loudness_mean/spec.py",
        "loudness_mean/method.py",
        "test_method.py",
    }
    files["loudness_mean/__init__.py"] = ""
    # What an installation writes: the metadata that declares entry points.
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (group, points), *_ = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    files["loudness_mean-0.1.dist-info/entry_points.txt"] = "\n".join(lines)
    files["loudness_mean-0.1.dist-info/METADATA"] = "Name: loudness-mean\nVersion: 0.1\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "loudness_mean"]:
        del sys.modules[name]


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_catalog_finds_its_entry_point(package):
    program = (
        "from methods import catalog; spec = catalog.spec('loudness-mean'); "
        "print(spec.scope, type(catalog.build(spec.id)).__name__, catalog.problems())"
    )
    done = run(package, "-c", program)
    assert done.stdout.strip() == "subject LoudnessMean []", done.stderr


def test_the_tests_of_the_page_pass(package):
    here = Path(__file__).parent
    conftest = (
        f"import sys\nsys.path.insert(0, {str(here)!r})\n"
        "import pytest\nfrom test_adding_a_method import make_sequence\n\n\n"
        "@pytest.fixture\ndef sequence():\n    return make_sequence()\n"
    )
    (package / "conftest.py").write_text(conftest, "utf-8")
    done = run(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_method.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def fitted(workdir, *sequences):
    from loudness_mean.method import LoudnessMean

    LoudnessMean().fit(TrainingSet.of(*sequences), workdir, FitContext({"bins": 8}))
    method = LoudnessMean()
    method.load(workdir)
    return method


def request(sequence, size=16):
    part = sequence.part(sequence.test)
    return RenderRequest(part.audio, part.fps, len(part.frames), size, size, None)


def test_it_learns_from_all_sequences_of_the_subject(package, tmp_path):
    one, other = make_sequence(), make_sequence("other", count=60, seed=1)
    alone, both = fitted(tmp_path / "one", one), fitted(tmp_path / "both", one, other)
    errors = []
    for method in (alone, both):
        frames = np.stack([frame.rgb for frame in method.render(request(one))])
        truth = one.part(one.test).frames.stack(range(4)) / 255
        errors.append(np.abs(frames - truth)[:, 4:12, 4:12].mean())
    assert max(errors) < 0.1
    assert not np.array_equal(alone.edges, both.edges)


def test_another_size_is_refused(package, tmp_path):
    with pytest.raises(BadInput, match=r"\(20, 20\) are requested, the fit has \(16, 16\)"):
        next(fitted(tmp_path, make_sequence()).render(request(make_sequence(), 20)))


def test_the_scopes_of_the_page_are_those_of_the_contract():
    rows = re.findall(r"^\| `(\w+)`", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == ["sequence", "subject", "corpus", "nothing"]
