import json

import pytest

from tests.methods.external.checkouts import calls, flags, prepared, run


def cell(out, stage="fit"):
    return next((out / "cells" / stage).iterdir())


def test_the_mov_is_collected_where_the_mp4_was_deleted(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "gaussiantalker")
    results, _ = run(tmp_path / "out", recorded, "gaussiantalker")
    assert results.failures == ()
    renders = list(cell(tmp_path / "out").glob("output/toy/test/ours_10000/renders/*"))
    assert [path.name for path in renders] == ["output_test_10000iter_renders.mov"]
    for call in calls(root):
        model = flags(call)["--model_path"]
        assert model.startswith("/")
        assert not model.endswith("/")


def test_test_frames_are_not_learned_from(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "gaussiantalker")
    run(tmp_path / "out", recorded, "gaussiantalker")
    learned = json.loads((cell(tmp_path / "out") / "output" / "toy" / "learned").read_text())
    assert learned == [f"{index}.jpg" for index in range(20)]


def test_a_cloud_that_another_method_left_is_out_of_sight(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "gaussiantalker")
    (tmp_path / "toy" / "fused.ply").write_bytes(b"points")
    results, _ = run(tmp_path / "out", recorded, "gaussiantalker")
    assert results.failures == ()


@pytest.mark.parametrize("there", [True, False])
def test_the_sound_that_it_muxes_is_there_whether_or_not_the_folder_has_it(
    there, tmp_path, monkeypatch
):
    _, recorded = prepared(tmp_path, monkeypatch, "gaussiantalker")
    sound = tmp_path / "toy" / "aud_novel.wav"
    if there:
        sound.write_bytes(b"another sound")
    results, _ = run(tmp_path / "out", recorded, "gaussiantalker")
    assert results.failures == ()
    assert sound.read_bytes() == b"another sound" if there else not sound.exists()
