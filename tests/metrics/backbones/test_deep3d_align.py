import numpy as np
import pytest
from deep3d_faces import face, landmarks_in, picture
from PIL import Image
from scipy.io import savemat

from harness.contracts import BadInput
from metrics.backbones.deep3d_align import align, fit, five_points, standard_face


def reference_crop(frame, landmarks, shape):
    """util/preprocess.py, told differently: Cramer-free normal equations and a pasted canvas."""
    height, width = frame.shape[:2]
    single = [(np.float32(x), np.float32(np.float32(height - 1) - np.float32(y)))
              for x, y in landmarks]  # fmt: skip
    # extract_5p, one-based: 37+40, 43+46, 31, 49, 55
    groups = ((37, 40), (43, 46), (31,), (49,), (55,))
    flat = np.array([np.mean([single[i - 1] for i in g], 0, dtype=np.float32) for g in groups])
    solid = np.array([np.mean([shape[i - 1] for i in g], 0) for g in groups])
    design = np.column_stack([solid, np.ones(5)])
    rows = np.linalg.solve(design.T @ design, design.T @ flat.astype(np.float64)).T
    (tx, ty), lengths = rows[:, 3], [np.sqrt((row[:3] ** 2).sum()) for row in rows]
    s = 102.0 / (sum(lengths) / 2)
    w, h = int(width * s), int(height * s)
    left = int(w / 2 - 112 + (tx - width / 2) * s)
    up = int(h / 2 - 112 + (height / 2 - ty) * s)
    scaled = Image.fromarray(frame).resize((w, h), Image.BICUBIC)
    canvas = Image.new("RGB", (224, 224))
    canvas.paste(scaled, (-left, -up))
    return np.asarray(canvas)


@pytest.mark.parametrize("seed", range(6))
def test_equals_an_independent_telling_of_the_reference(seed):
    height, width = ((256, 256), (200, 333), (411, 240))[seed % 3]
    frame = picture(height, width, seed)
    scale = (40, 75, 130)[seed % 3]
    landmarks = landmarks_in(height, width, scale, seed) + np.array([seed * 3 - 8, 5 - seed])
    found = align(frame, landmarks, five_points(face()))
    assert found.shape == (224, 224, 3)
    assert np.array_equal(found, reference_crop(frame, landmarks, face()))


def test_five_points_are_eyes_nose_and_mouth():
    points = np.arange(68, dtype=float)[:, None] * (1, 10)
    assert five_points(points)[:, 0].tolist() == [37.5, 43.5, 30, 48, 54]


def test_the_fit_finds_a_scaled_face_again():
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    standard = five_points(face())
    x, y, scale = fit(standard @ rotation[:, :2] * 31.0 + (7, -4), standard)
    assert (x, y, scale) == pytest.approx((7, -4, 31.0))


def test_the_face_fills_the_same_place_at_any_size():
    crops = []
    for zoom in (1, 2):
        frame = np.asarray(Image.fromarray(picture(200, 200)).resize((200 * zoom, 200 * zoom)))
        landmarks = landmarks_in(200 * zoom, 200 * zoom, 50 * zoom, noise=0)
        crops.append(align(frame, landmarks, five_points(face())).astype(float))
    inner = np.abs(crops[0] - crops[1])[40:-40, 40:-40]
    assert inner.mean() < 12  # the frame's own resize, and up to a pixel of rounding


def test_outside_the_frame_is_black():
    found = align(
        picture(200, 200), landmarks_in(200, 200, 60) - np.array([90, 0]), five_points(face())
    )
    assert not found[:, :20].any()
    assert found[:, -20:].any()


@pytest.mark.parametrize("what", ["collapsed", "tiny", "huge", "nan"])
def test_landmarks_that_are_no_face_give_no_crop(what):
    landmarks = landmarks_in(64, 64, 20, noise=0)
    centre = landmarks.mean(0)
    broken = {
        "collapsed": np.full((68, 2), 3.0),
        "tiny": centre + (landmarks - centre) * 1e-4,
        "huge": centre + (landmarks - centre) * 1e5,
        "nan": np.full((68, 2), np.nan),
    }[what]
    assert align(picture(64, 64), broken, five_points(face())) is None


def test_reads_the_standard_face(tmp_path):
    savemat(tmp_path / "similarity_Lm3D_all.mat", {"lm": face()})
    assert np.allclose(standard_face(tmp_path / "similarity_Lm3D_all.mat"), five_points(face()))


@pytest.mark.parametrize(
    ("content", "message"),
    [({"other": face()}, "no array `lm`"), ({"lm": face()[:5]}, r"\[5, 3\]"), (None, "MATLAB")],
)
def test_another_file_is_refused(content, message, tmp_path):
    path = tmp_path / "lm.mat"
    if content is None:
        path.write_bytes(b"<html></html>")
    else:
        savemat(path, content)
    with pytest.raises(BadInput, match=message):
        standard_face(path)
