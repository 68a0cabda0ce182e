"""The script of `docs/python.md`, as a notebook would run it."""

import re
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.contracts import BadInput, UnknownName

DOC = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_script_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (script,) = re.findall(r"```python\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL)
    found = {}
    exec(compile(script, str(DOC), "exec"), found)
    said = capsys.readouterr().out
    assert "psnr" in said
    expected = 10 * np.log10(255**2 / np.mean((found["pred"] - found["truth"].astype(float)) ** 2))
    scored = found["harness"].score(found["pred"], found["truth"], fps=25, metrics=["psnr"])
    row = scored.to_frame().iloc[0]
    assert row["psnr"] == pytest.approx(expected, abs=0.02)  # a mean of frames, not of pixels
    assert found["frame"].loc["ground-truth", "psnr"] == 100
    assert (found["report"].folder / "index.html").is_file()


def test_a_table_for_a_notebook_escapes_names(tmp_path):
    frames = np.zeros((4, 24, 24, 3), np.uint8)
    report = harness.score({"<b>x": frames}, frames, fps=25, metrics=["psnr"], out=tmp_path)
    text = report._repr_html_()
    assert "&lt;b&gt;x" in text
    assert "<b>x" not in text
    assert "100" in text
    assert "psnr" in str(report)


@pytest.mark.parametrize(
    ("pred", "options", "error", "match"),
    [
        (np.zeros((4, 24, 24, 3)), {"fps": 25}, BadInput, "it is float64 .*, not uint8 RGB"),
        (np.zeros((4, 24, 24), np.uint8), {"fps": 25}, BadInput, "not uint8 RGB"),
        (np.zeros((4, 24, 24, 3), np.uint8), {}, BadInput, "arrays state no frame rate"),
        (np.zeros((5, 24, 24, 3), np.uint8), {"fps": 25}, BadInput, "5 frames"),
        ("none.mp4", {"fps": 25}, BadInput, "no such file"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(tmp_path, pred, options, error, match):
    truth = np.zeros((4, 24, 24, 3), np.uint8)
    with pytest.raises(error, match=match):
        harness.score(pred, truth, out=tmp_path / "out", **options)


def test_unknown_names_are_told(tmp_path):
    with pytest.raises(UnknownName, match="still"):
        harness.run(method="stil", out=tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        harness.scores  # noqa: B018


def test_importing_the_package_stays_light():
    import subprocess
    import sys

    code = "import sys, harness; print('numpy' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
