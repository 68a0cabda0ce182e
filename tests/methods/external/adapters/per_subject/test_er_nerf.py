import numpy as np
import pytest

from harness.contracts import BadInput
from methods.external.adapters.per_subject.er_nerf import ERNeRF, newest
from methods.external.errors import NoOutput
from tests.methods.external.checkouts import build, calls, flags, prepared, run, sequence_of
from tests.methods.external.folders import point_to, prepared_folder


def workspace(call):
    """Below the fit's own folder, which is renamed when the fit is done."""
    return call["--workspace"].partition("/output/")[2]


def test_head_and_lips_share_a_workspace_and_the_test_renders_from_it(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "er-nerf")
    results, row = run(tmp_path / "out", recorded, "er-nerf")
    assert results.failures == ()
    head, lips, test = (flags(call) for call in calls(root))
    assert workspace(head) == workspace(lips) == workspace(test) == "toy/head"
    assert (head["--iters"], lips["--iters"], lips["--patch_size"]) == ("100000", "125000", "32")
    assert "--finetune_lips" in lips
    assert "--finetune_lips" not in head
    assert "--test" in test
    assert "--torso" not in test
    # Both trainings left test videos of their own in the same folder, half as bright.
    assert row.scores["psnr"].value > 30


def test_the_test_hears_its_own_rows_of_the_features_by_name(tmp_path, monkeypatch):
    """Named features are tested without a look for landmarks, which may find no face."""
    root, recorded = prepared(tmp_path, monkeypatch, "er-nerf")
    results, _ = run(tmp_path / "out", recorded, "er-nerf", head=20, lips=40)  # no face yet
    assert results.failures == ()
    path = flags(calls(root)[-1])["--aud"].partition("/scratch/")[2]
    (given,) = (tmp_path / "out" / "cells" / "fit").glob(f"*/scratch/{path}")
    features = np.load(tmp_path / "toy" / "aud_ds.npy")
    assert np.array_equal(np.load(given), features[20:22])


def test_features_that_end_early_end_as_its_reader_ends_them(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "er-nerf")
    features = np.load(tmp_path / "toy" / "aud_ds.npy")
    np.save(tmp_path / "toy" / "aud_ds.npy", features[:21])
    results, _ = run(tmp_path / "out", recorded, "er-nerf")
    assert results.failures == ()
    (given,) = (tmp_path / "out" / "cells" / "fit").glob("*/scratch/*.npy")
    assert np.array_equal(np.load(given), features[[20, 20]])


def test_the_torso_is_trained_on_the_newest_head_and_rendered(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "er-nerf")
    # 20 training frames: 199,960 iterations are 9,998 epochs, 200,020 are 10,001.
    options = {"head": 199_940, "lips": 199_960, "torso": 200_020}
    results, row = run(tmp_path / "out", recorded, "er-nerf", preset="torso", **options)
    assert results.failures == ()
    _, _, torso, test = (flags(call) for call in calls(root))
    assert torso["--head_ckpt"].endswith("/head/checkpoints/ngp_ep9998.pth")
    assert workspace(torso) == workspace(test) == "toy/torso"
    assert "--torso" in test
    assert row.scores["psnr"].value > 30


def test_the_newest_epoch_is_the_largest_number(tmp_path):
    for name in ("ngp_ep0999.mp4", "ngp_ep9999.mp4", "ngp_ep10000.mp4", "ngp_ep10000_depth.mp4",
                 "ngp_ep20000_audio.mp4", "ngp_epoch.mp4"):  # fmt: skip
        (tmp_path / name).touch()
    assert newest("er-nerf", tmp_path, ".mp4").name == "ngp_ep10000.mp4"
    with pytest.raises(NoOutput, match=r"ngp_epNNNN\.pth"):
        newest("er-nerf", tmp_path, ".pth")


@pytest.mark.parametrize("spaces", [True, False])
@pytest.mark.parametrize("method", ["er-nerf", "gaussiantalker", "synctalk", "instag"])
def test_openfaces_names_are_written_as_they_are_looked_up(method, spaces, tmp_path, monkeypatch):
    prepared(tmp_path, monkeypatch, method)
    folder = tmp_path / "toy"
    table = (folder / "au.csv").read_text().replace(", ", ", " if spaces else ",")
    (folder / "au.csv").write_text(table)
    results, _ = run(tmp_path / "out", sequence_of(folder), method)
    assert results.failures == ()
    assert (folder / "au.csv").read_text() == table


def test_pictures_that_it_would_step_over_are_refused(tmp_path, monkeypatch):
    point_to(monkeypatch, "er-nerf", build(tmp_path / "checkout", "er-nerf"))
    folder = prepared_folder(tmp_path / "toy")
    for path in (folder / "gt_imgs").glob("*.jpg"):
        path.rename(path.with_suffix(".png"))
    with pytest.raises(BadInput, match=r"it lacks gt_imgs/0\.jpg"):
        run(tmp_path / "out", sequence_of(folder), "er-nerf")


@pytest.mark.parametrize("method", ["er-nerf", "synctalk"])
def test_one_picture_that_it_would_step_over_is_refused_before_a_training(
    method, tmp_path, monkeypatch
):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    for index in (7, 20):
        path = tmp_path / "toy" / "gt_imgs" / f"{index}.jpg"
        path.rename(path.with_suffix(".png"))  # which our reader takes
    with pytest.raises(BadInput, match=r"it lacks gt_imgs/7\.jpg, gt_imgs/20\.jpg"):
        run(tmp_path / "out", recorded, method)
    assert not calls(root)


def test_a_trainers_own_test_video_is_not_taken_for_the_tests(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "er-nerf")
    monkeypatch.setattr(ERNeRF, "rendering", lambda *_: [])  # as if it ended well without a video
    results, _ = run(tmp_path / "out", recorded, "er-nerf")
    assert results.failures[0].type == "NoOutput"
