"""Folders as the original tools leave them, made by independent writers."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import wavfile
from scipy.spatial.transform import Rotation

from harness.contracts import BadInput, MissingSignal
from splits import catalog
from splits.er_nerf import is_er_nerf, load, manifest_of
from tests.splits.er_nerf.conftest import COUNT, SIZE, TRAIN, poses


def read(folder, **changes):
    manifest = manifest_of(folder)
    return load(replace(manifest, **changes), manifest.sequences[0])


def test_the_layout_is_recognised(folder, tmp_path):
    assert is_er_nerf(folder)
    assert not is_er_nerf(tmp_path)
    (tmp_path / "empty").mkdir()
    for other in ("empty", "none"):
        with pytest.raises(BadInput, match="not a prepared folder"):
            manifest_of(tmp_path / other)
    manifest = manifest_of(folder)
    assert manifest.name == "Tiny@1"
    assert (manifest.loader, manifest.domain, manifest.fps) == ("er_nerf", "photo", 25)
    assert manifest.resolution == (SIZE, SIZE)
    assert catalog.loader(manifest) is load


def test_frames_sound_and_ranges(folder):
    sequence = read(folder)
    assert (sequence.train, sequence.test) == (range(20), range(20, 22))
    assert sequence.fps == 25
    assert len(sequence.frames) == COUNT
    assert sequence.frames[7].dtype == np.uint8
    assert np.abs(sequence.frames[7].astype(int) - 70).max() <= 1
    assert len(sequence.audio) == COUNT * 640
    assert np.allclose(sequence.audio, 3000 / 32768, atol=1e-4)
    test = sequence.part(sequence.test)
    assert np.abs(test.frames[0].astype(int) - 200).max() <= 1


def test_cameras_agree_with_the_readers_of_the_field(folder):
    """As TalkingGaussian does it: flip the y and z columns of camera-to-world, invert."""
    camera = read(folder).signal("camera")
    for t, c2w in enumerate(poses()):
        c2w[:3, 1:3] *= -1
        assert np.allclose(camera.world_to_camera[t], np.linalg.inv(c2w), atol=1e-6)
    assert np.allclose(camera.K[3], [[60, 0, 16], [0, 60, 16], [0, 0, 1]])
    assert camera.K.shape == (COUNT, 3, 3)


def test_masks(folder):
    masks = read(folder).signal("masks")
    rows = {name: set(np.flatnonzero(masks.region(name, 5).any(1))) for name in
            ("head", "face", "hair", "mouth", "torso")}  # fmt: skip
    assert rows["hair"] == set(range(4, 8))
    assert rows["face"] == set(range(8, 20))
    assert rows["mouth"] == {15, 16}
    assert rows["torso"] == set(range(20, 32))
    assert rows["head"] == set(range(4, 20))
    mouth, face = masks.region("mouth", 0), masks.region("face", 0)
    assert mouth.sum() == 12
    assert not (mouth & face).any()
    assert (masks.region("head", 0) == (face | mouth | masks.region("hair", 0))).all()


def test_teeth_belong_to_the_mouth(folder):
    (folder / "teeth_mask").mkdir()
    teeth = np.zeros((SIZE, SIZE), bool)
    teeth[14, 13:19] = True
    for t in range(COUNT):
        np.save(folder / "teeth_mask" / f"{t}.npy", teeth)
    masks = read(folder).signal("masks")
    assert masks.region("mouth", 0)[14, 15]
    assert not masks.region("face", 0)[14, 15]


def test_plate_is_torso_over_background(folder):
    plate = read(folder).signal("plate")
    assert plate[9][25, 5].tolist() == [200, 9, 0]
    assert np.abs(plate[9][5, 5].astype(int) - 80).max() <= 1
    want = 0.2 * np.array([200, 9, 0]) + 0.8 * 80
    assert np.abs(plate[9][19, 5] - want).max() <= 1.5


def test_landmarks_units_and_features(folder):
    sequence = read(folder)
    assert sequence.signal("landmarks").shape == (COUNT, 68, 2)
    assert np.allclose(
        sequence.signal("landmarks")[3], np.loadtxt(folder / "ori_imgs" / "3.lms"), atol=1e-4
    )
    units = sequence.signal("au")
    assert units.names == ("AU01", "AU45")
    assert np.allclose(units.column("AU01"), 0.1 * np.arange(COUNT))
    features = sequence.signal("audio_features")
    assert np.array_equal(features.values, np.load(folder / "aud_ds.npy"))
    with pytest.raises(MissingSignal, match="expression"):
        sequence.signal("expression")


def test_columns_without_spaces_and_surplus_rows(folder):
    text = (folder / "au.csv").read_text().replace(", ", ",")
    (folder / "au.csv").write_text(text + "99,0,9,3.3,3.3,1\n")
    assert np.allclose(read(folder).signal("au").column("AU01"), 0.1 * np.arange(COUNT))


def test_one_missing_feature_window_is_zero(folder):
    values = np.load(folder / "aud_ds.npy")
    np.save(folder / "aud_ds.npy", values[:-1])
    got = read(folder).signal("audio_features").values
    assert np.array_equal(got[:-1], values[:-1])
    assert not got[-1].any()
    np.save(folder / "aud_ds.npy", values[:-2])
    with pytest.raises(BadInput, match=r"not \[22,16,29\]"):
        read(folder).signal("audio_features")


def save_priors(folder):
    rng = np.random.default_rng(1)
    kept = {}
    for name, width in (("{}_auds_exp", 64), ("{}_audiostyle", 64), ("mser_emotion_{}", 128)):
        for part, count in (("train", TRAIN), ("val", COUNT - TRAIN)):
            kept[name.format(part)] = rng.normal(size=(count, width)).astype(np.float32)
            value = torch.from_numpy(kept[name.format(part)])
            value = list(value) if "style" in name else value.reshape(count, 1, width)
            torch.save(value, folder / f"{name.format(part)}.pth")
    return kept


def test_priors_in_the_official_layout(folder):
    assert not read(folder).has("priors")
    kept = save_priors(folder)
    priors = read(folder).signal("priors")
    assert np.array_equal(priors.content[:TRAIN], kept["train_auds_exp"])
    assert np.array_equal(priors.style[TRAIN:], kept["val_audiostyle"])
    assert np.array_equal(priors.emotion[TRAIN:], kept["mser_emotion_val"])


class Trap:
    def __reduce__(self):
        return (print, ("must never run",))


def test_an_unsafe_pickle_is_not_opened(folder, capsys):
    save_priors(folder)
    for name in ("mser_emotion_val.pth",):
        torch.save(Trap(), folder / name)
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        read(folder).signal("priors")
    (folder / "mser_emotion_val.pth").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        read(folder).signal("priors")
    assert "must never run" not in capsys.readouterr().out
    torch.save(torch.zeros(3, 128), folder / "mser_emotion_val.pth")
    with pytest.raises(BadInput, match="not 2 rows of 128"):
        read(folder).signal("priors")


@pytest.mark.parametrize(("frames", "ok"), [(22, True), (23, True), (21, True), (24, False),
                                            (20, False)])  # fmt: skip
def test_sound_must_last_as_long_as_the_frames(folder, frames, ok):
    wavfile.write(folder / "aud.wav", 16_000, np.ones(frames * 640, np.int16))
    if ok:
        assert len(read(folder).audio) == COUNT * 640
    else:
        with pytest.raises(BadInput, match=r"aud\.wav.*2\.0 frames apart"):
            read(folder)


def edit(folder, name, change):
    path = folder / f"transforms_{name}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("train", lambda c: c["frames"].pop(5), "img_id 5 was expected .* 6 is there"),
        ("val", lambda c: c["frames"].clear(), "nothing is there"),
        ("val", lambda c: c["frames"][0].update(aud_id=3), "aud_id differs"),
        ("val", lambda c: c.update(focal_len=70.0), "two cameras"),
        ("train", lambda c: c.update(focal_len=0.0), "not finite or not positive"),
        ("train", lambda c: c.update(cx=float("nan")), "numbers is not finite"),
        ("train", lambda c: c["frames"][2].pop("transform_matrix"), "not a transforms file"),
        ("train", lambda c: c["frames"][2]["transform_matrix"][0].__setitem__(0, 9.0), "rigid"),
        ("train", lambda c: c["frames"][2]["transform_matrix"][0].__setitem__(3, float("nan")),
         "numbers is not finite"),
    ],
)  # fmt: skip
def test_broken_transforms(folder, name, change, match):
    edit(folder, name, change)
    with pytest.raises(BadInput, match=match):
        manifest_of(folder)


def test_another_rate_or_size_than_the_split_says(folder):
    with pytest.raises(BadInput, match="25 frames per second and Tiny@1 says 30"):
        read(folder, fps=30.0)
    with pytest.raises(BadInput, match="32x32 and Tiny@1 says 64x64"):
        read(folder, resolution=(64, 64))
    (folder / "prepare.json").write_text('{"fps": 20.0}')
    assert manifest_of(folder).fps == 20
    for content in ("{}", "[]", '{"fps": "nan"}', '{"fps": 0}'):
        (folder / "prepare.json").write_text(content)
        with pytest.raises(BadInput, match=r"no frame rate|not a JSON object|not finite"):
            manifest_of(folder)


def test_missing_and_broken_files_are_named(folder):
    (folder / "gt_imgs" / "21.jpg").unlink()
    with pytest.raises(BadInput, match=r"gt_imgs/21\.jpg: no such file"):
        read(folder)
    whole = (folder / "gt_imgs" / "20.jpg").read_bytes()
    (folder / "gt_imgs" / "21.jpg").write_bytes(b"half an image")
    with pytest.raises(BadInput, match=r"21\.jpg: not a readable image"):
        read(folder)
    (folder / "gt_imgs" / "21.jpg").write_bytes(whole[:-20])
    sequence = read(folder)
    with pytest.raises(BadInput, match=r"21\.jpg: not a readable image"):
        sequence.frames[21]
    kept = (folder / "ori_imgs" / "4.lms").rename(folder / "kept")
    with pytest.raises(BadInput, match=r"4\.lms"):
        sequence.signal("landmarks")
    kept.rename(folder / "ori_imgs" / "4.lms")
    (folder / "au.csv").write_text("frame, AU01_r\n1, 0.5\n")
    with pytest.raises(BadInput, match="1 rows for 22 frames"):
        sequence.signal("au")
    (folder / "au.csv").write_text("frame,confidence\n")
    with pytest.raises(BadInput, match="no AUxx_r column"):
        read(folder).signal("au")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff\xe0", b"PK\x03\x04 half a zip", b"words\n"]
)
def test_files_that_are_not_what_their_name_says(folder, content):
    files = {"au.csv": "au", "expression.npz": "expression", "aud_ds.npy": "audio_features"}
    for name in files:
        (folder / name).write_bytes(content)
    for name, signal in files.items():
        with pytest.raises(BadInput, match=name.replace(".", r"\.")):
            read(folder).signal(signal)
    for place in ("parsing/3.png", "torso_imgs/3.png"):
        whole = (folder / place).read_bytes()
        (folder / place).write_bytes(b"\x89PNG\r\n\x1a\n" + content)
        with pytest.raises(BadInput, match=r"3\.png"):
            read(folder)
        (folder / place).write_bytes(whole)
    (folder / "expression.npz").write_bytes(pickle.dumps([1]))
    with pytest.raises(BadInput) as caught:
        read(folder).signal("expression")
    assert "unsafely" not in str(caught.value)  # numpy's own message advises it


@pytest.mark.parametrize("teeth", [b"words", np.zeros((3, 3), bool)])
def test_broken_teeth_masks_are_named(folder, teeth):
    (folder / "teeth_mask").mkdir()
    for t in range(COUNT):
        np.save(folder / "teeth_mask" / f"{t}.npy", np.zeros((SIZE, SIZE), bool))
    path = folder / "teeth_mask" / "2.npy"
    path.write_bytes(teeth) if isinstance(teeth, bytes) else np.save(path, teeth)
    with pytest.raises(BadInput, match=r"2\.npy"):
        read(folder).signal("masks")


def test_the_digest_follows_the_content(folder):
    before = read(folder).digest
    assert read(folder).digest == before
    edit(folder, "val", lambda c: c["frames"][0]["transform_matrix"][0].__setitem__(3, 0.5))
    after = read(folder).digest
    assert after != before
    noise = np.random.default_rng(3).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    Image.fromarray(noise).save(folder / "gt_imgs" / "9.jpg", quality=100)
    assert read(folder).digest not in (before, after)


def test_what_prepare_writes_is_read_back_exactly(folder):
    """Poses go through JSON with all their digits; expression keeps its basis."""
    from splits.er_nerf.files import read_transforms
    from splits.prepare import layout
    from splits.prepare.pose import to_nerf

    rng = np.random.default_rng(5)
    cameras = np.tile(np.eye(4), (COUNT, 1, 1))
    cameras[:, :3, :3] = Rotation.random(COUNT, rng).as_matrix()
    cameras[:, :3, 3] = rng.normal(size=(COUNT, 3))
    train, val = layout.write_transforms(folder, cameras, 448.25, SIZE, SIZE)
    assert (train, val) == (range(20), range(20, 22))
    transforms = read_transforms(folder)
    assert np.array_equal(transforms.camera_to_world, to_nerf(cameras))
    assert np.allclose(transforms.camera().world_to_camera, cameras, atol=1e-6)
    assert transforms.focal == 448.25
    values = rng.uniform(size=(COUNT, 52)).astype(np.float32)
    np.savez(folder / "expression.npz", values=values, basis="mp52", names=np.array(["a"] * 52))
    expression = read(folder).signal("expression")
    assert expression.basis == "mp52"
    assert np.array_equal(expression.values, values)


@pytest.mark.parametrize("place", ["gt_imgs/5.jpg", "parsing/5.png", "torso_imgs/5.png"])
def test_an_image_of_another_size_is_found_before_any_work(folder, place):
    with Image.open(folder / place) as image:
        image.resize((9, 7)).save(folder / place)
    with pytest.raises(BadInput, match=rf"it is 7x9 .height x width., the first frame is {SIZE}x"):
        read(folder)


def test_a_grey_frame_is_refused(folder):
    with Image.open(folder / "gt_imgs" / "5.jpg") as image:
        image.convert("L").save(folder / "gt_imgs" / "5.jpg")
    with pytest.raises(BadInput, match="its pixels are L, not 8-bit RGB"):
        read(folder)


def test_regions_in_other_colours_are_refused(folder):
    with Image.open(folder / "parsing" / "5.png") as image:
        near = np.asarray(image) ^ 1  # as lossy compression leaves them
    Image.fromarray(near).save(folder / "parsing" / "5.png")
    with pytest.raises(BadInput, match="100% of its pixels have none of the layout's colours"):
        read(folder).signal("masks")
