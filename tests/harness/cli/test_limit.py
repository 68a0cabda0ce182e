"""`--limit`: first frames alone, in keys, rows and captions, never beside full results."""

import json

import numpy as np
import pytest
from PIL import Image

from harness.contracts import BadInput
from harness.engine.request import SplitData
from harness.engine.split_data import shortened
from harness.gate import check as checking
from harness.gate.baseline import protocol_of, row_key
from reports import stored
from splits import catalog as splits
from tests import toy, toy_run

RUN = ("run", "--method", "still", "--no-baselines", "--metrics", "psnr,sync/synthetic")


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    from harness.engine import split_data

    monkeypatch.setattr(split_data, "find_manifest", lambda name, tests: toy.manifest())
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    monkeypatch.setattr(splits, "load", toy_run.load)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return command


def test_both_parts_are_shortened_in_proportion():
    sequence = toy.sequence(count=440)
    assert (len(sequence.train), len(sequence.test)) == (400, 40)
    few = shortened(sequence, 5)
    assert (few.train, few.test) == (range(50), range(400, 405))
    assert shortened(sequence, 1000) == sequence
    assert shortened(sequence, None) is sequence
    assert SplitData("toy").limit is None


def test_a_run_has_a_table_of_its_own_that_says_so(call, tmp_path):
    assert call(*RUN)[0] == 0
    code, out, _ = call(*RUN, "--limit", "2")
    assert code == 0
    folder = tmp_path / "runs" / "toy@1-first-2"
    results = stored.read(folder)
    (row,) = results.rows
    assert row.split == "toy@1 (first 2 frames)"
    assert (row.protocol["limit"], row.protocol["train_limit"]) == (2, 20)
    assert row.protocol["test_frames"] == 2
    said = "a trial on the first 2 frames of each test sequence"
    assert said in out.replace("\n", " ")
    assert said in (folder / "index.html").read_text()
    full = json.loads((tmp_path / "runs" / "toy@1" / "results.json").read_text())
    assert "limit" not in full["rows"][0]["protocol"]
    # What needs more frames says so, as for short sequences.
    score = row.scores["sync_c/synthetic"]
    assert (score.status, score.value) == ("failed", None)
    assert "frames" in score.reason


def test_cells_are_other_cells(call, tmp_path):
    call(*RUN, "--out", "one")
    call(*RUN, "--out", "one", "--limit", "2")
    kinds = ("truth", "render", "fit", "score")
    keys = [
        {
            path.name
            for path in (tmp_path / "one" / name / "cells").glob(f"{kind}/*")
            if path.is_dir()
        }
        for kind in kinds
        for name in ("toy@1", "toy@1-first-2")
    ]
    for full, few in zip(keys[::2], keys[1::2], strict=True):
        assert full
        assert not full & few


def test_no_gate_and_no_comparison_takes_it_for_a_full_one(call, tmp_path):
    call(*RUN)
    call(*RUN, "--limit", "2")
    full, few = (stored.read(tmp_path / "runs" / n) for n in ("toy@1", "toy@1-first-2"))
    for base, other in ((full, few), (few, full)):
        kept = {
            "rows": {row_key(r): {"protocol": protocol_of(r), "columns": {}} for r in base.rows},
            "code": {},
        }
        with pytest.raises(BadInput, match=r"limit is (2|None), not (2|None)"):
            checking.quality(kept, other, "run")
        assert checking.quality(kept, base, "run") == []
    code, _, err = call("compare", "runs/toy@1", "runs/toy@1-first-2")
    assert code == 2
    assert "limit None in A, 2 in B" in err


def test_scoring_files(call, tmp_path):
    for name, step in (("truth", 10), ("ours", 12)):
        (tmp_path / name).mkdir()
        for index in range(6):
            Image.fromarray(np.full((32, 32, 3), 90 + step * index, np.uint8)).save(
                tmp_path / name / f"{index}.png"
            )
    words = ("score", "--pred", "ours", "--truth", "truth", "--fps", "25", "--metrics", "psnr")
    assert call(*words, "--limit", "2")[0] == 0
    results = stored.read(tmp_path / "runs" / "score-truth-first-2")
    (row,) = results.rows
    assert row.scores["psnr"].n == 2
    assert row.protocol["limit"] == 2
    assert results.provenance["score"]["ours/truth"]["limit"] == 2
    assert call(*words)[0] == 0
    whole = stored.read(tmp_path / "runs" / "score-truth").rows[0].scores["psnr"]
    assert whole.n == 6
    assert row.scores["psnr"].value > whole.value  # the first frames are the nearest
    code, _, err = call(*words, "--out", "runs/score-truth", "--limit", "2")
    assert code == 2
    assert "it holds a table of truth, and this is truth (first 2 frames)" in err


def test_scoring_meshes(call, tmp_path):
    random = np.random.default_rng(0)
    truth = random.normal(size=(6, 20, 3)).astype(np.float32)
    np.save(tmp_path / "truth.npy", truth)
    np.save(tmp_path / "ours.npy", truth + np.arange(6, dtype=np.float32)[:, None, None])
    words = ("score", "--pred", "ours.npy", "--truth", "truth.npy", "--metrics", "mve")
    assert call(*words, "--limit", "1")[0] == 0
    (row,) = stored.read(tmp_path / "runs" / "score-truth-first-1").rows
    assert row.scores["mve"].value == 0
    assert call(*words)[0] == 0
    (row,) = stored.read(tmp_path / "runs" / "score-truth").rows
    assert row.scores["mve"].value > 0
