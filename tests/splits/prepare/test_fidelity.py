import numpy as np
import pytest

from harness.contracts import BadInput
from splits.prepare.fidelity import Fidelity, composite_psnr, doubt
from splits.prepare.plates import torso_plate
from splits.prepare.regions import BACKGROUND, CLOTH, FACE, HAIR


@pytest.fixture
def scene():
    """A head over shoulders before a plain wall: frame, labels, background."""
    rng = np.random.default_rng(0)
    background = np.full((64, 64, 3), 120, np.uint8)
    frame = background.copy()
    labels = np.full((64, 64), BACKGROUND, np.uint8)
    labels[40:, 8:56] = CLOTH
    labels[10:40, 20:44] = FACE
    labels[4:10, 20:44] = HAIR
    frame[labels != BACKGROUND] = rng.integers(0, 80, ((labels != BACKGROUND).sum(), 3))
    return frame, labels, background


def test_right_masks_give_the_frame_back(scene):
    frame, labels, background = scene
    torso = torso_plate(frame, labels, background)
    assert composite_psnr(frame, frame, torso, labels, background) == 100


def test_lost_hair_shows(scene):
    frame, labels, background = scene
    lost = np.where(labels == HAIR, BACKGROUND, labels)
    truth = np.where((lost == BACKGROUND)[..., None], background, frame)
    torso = torso_plate(truth, lost, background)
    found = composite_psnr(frame, truth, torso, lost, background)
    hair = (labels == HAIR)[..., None]
    error = (np.where(hair, frame.astype(float) - background, 0) ** 2).mean()
    # The rim of the mask keeps a row or two of it.
    assert 10 * np.log10(255**2 / error) <= found < 30


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ([45.0] * 100, False),
        ([31.0] * 100, False),
        ([29.0] * 100, True),
        ([45.0] * 99 + [20.0], False),
        ([45.0] * 97 + [20.0] * 3, True),
    ],
)
def test_what_is_refused(tmp_path, values, refused):
    fidelity = Fidelity(np.array(values))
    record = fidelity.record
    assert (record["mean"], record["min"]) == (np.mean(values), min(values))
    if not refused:
        return fidelity.check(tmp_path / "a.mp4")
    with pytest.raises(BadInput, match=r"a\.mp4: its masks do not hold.*--accept-masks"):
        fidelity.check(tmp_path / "a.mp4")


def test_the_frames_are_named(tmp_path):
    values = np.full(100, 45.0)
    values[[40, 41, 42, 70]] = 33, 25, 34, 34.9
    record = Fidelity(values, fps=25).record
    assert record["worst"] == 41
    said = doubt(tmp_path, record)
    assert "25.0 dB in the worst frame (41)" in said
    assert "Below 35 dB are 4 of 100 frames (4.0%): 40-42, 70, first at 1.60 s" in said
    values[:20] = 12.0
    with pytest.raises(BadInput, match=r"in 21 of 100 frames \(21%\): 0-19, 41, first at 0\.00 s"):
        Fidelity(values, fps=25).check(tmp_path / "a.mp4")
