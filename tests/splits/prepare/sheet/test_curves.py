import numpy as np

from splits.prepare.sheet import curves


def columns_of(image, ink):
    """Columns of a picture in which a colour occurs."""
    return np.flatnonzero((np.abs(image.astype(int) - ink).sum(-1) < 30).any(0))


def test_low_frames_hang_below_the_limit():
    psnr = np.full(100, 48.0)
    psnr[50] = 27.0
    drawn = curves.fidelity(600, psnr, 25)
    dark = (drawn[36:131] < 60).all(-1)
    dark[:, :60] = False
    lowest = np.array([np.flatnonzero(col).max(initial=0) for col in dark.T])
    assert abs(int(lowest.argmax()) - (60 + 532 / 2)) < 10
    assert lowest.max() > 80
    assert lowest[100] < 20


def test_the_liveliest_seconds_are_shown():
    opening = np.zeros(1000)
    opening[600:700] = np.sin(np.arange(100)) ** 2
    assert 500 / 25 <= curves._liveliest(opening, 25) <= 600 / 25
    assert curves._liveliest(opening[:100], 25) == 0


def test_mouth_and_sound_are_both_drawn():
    opening = np.sin(np.arange(100) / 3) ** 2
    audio = np.random.default_rng(0).normal(0, 0.1, 64_000).astype(np.float32)
    drawn = curves.mouth_and_sound(600, opening, audio, 25, "no clear offset")
    for ink in (curves._MOUTH, curves._SOUND):
        assert np.ptp(columns_of(drawn[38:], ink)) > 480
