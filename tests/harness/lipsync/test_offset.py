"""Late sound is found on real people who speak English; the network was trained on German."""

from pathlib import Path

import numpy as np
import pytest

from harness.lipsync.offset import IN_SYNC, Offset, estimate, sentence
from harness.lipsync.visemes import expected_opening
from harness.media.audio import read_audio

VIDEOS = Path(__file__).resolve().parents[4] / "shared" / "assets" / "video"
OPENINGS = np.load(Path(__file__).with_name("openings.npz"))
GRID = sorted(set(OPENINGS.files) - {"obama_20s", "obama_20s_synced"})


def sound_of(name):
    return read_audio(next(VIDEOS.rglob(f"{name}.m[p4][4g]*")))


@pytest.mark.shared
def test_late_sound_is_named_with_the_way_to_move_it():
    found = estimate(OPENINGS["obama_20s"], sound_of("obama_20s"), 25)
    assert found.seconds == pytest.approx(0.2, abs=0.06)
    assert found.clear
    assert found.peak > found.unmoved + 0.2
    assert "the sound seems to be 220 ms late" in sentence("a.mp4", found)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["obama_20s_synced", *GRID])
def test_clips_in_sync_give_no_warning(name):
    found = estimate(OPENINGS[name], sound_of(name), 25)
    assert not found.clear
    assert sentence(name, found) == ""
    if name not in ("lwbsza", "pwij3p"):  # 3 s with hardly an open mouth have no clear peak
        assert found.seconds == pytest.approx(0, abs=0.05)


@pytest.mark.shared
@pytest.mark.parametrize("shift", [-0.4, -0.24, 0.16, 0.32])
def test_a_shift_is_measured(shift):
    sound = sound_of("obama_20s_synced")
    moved = np.roll(sound, round(shift * 16_000))
    found = estimate(OPENINGS["obama_20s_synced"], moved, 25)
    assert found.seconds == pytest.approx(shift, abs=0.06)
    assert found.clear


@pytest.mark.shared
def test_another_ones_sound_has_no_clear_offset():
    """Nothing fits anywhere; no number is better than a wrong one."""
    sound = np.concatenate([sound_of(name) for name in GRID] * 2)[: 16_000 * 19]
    for start in (0, 3, 7):
        turned = np.roll(sound, start * 16_000)
        assert not estimate(OPENINGS["obama_20s_synced"], turned, 25).clear


def test_what_cannot_be_told_is_not_told():
    still, speech = np.full(250, 0.2), np.random.default_rng(0).normal(size=160_000) / 9
    for seen, sound in (
        (still, speech),
        (np.full(250, np.nan), speech),
        (np.sin(np.arange(250.0)), np.zeros(160_000)),
        (np.sin(np.arange(20.0)), speech),
    ):
        found = estimate(seen, sound.astype(np.float32), 25)
        assert not found.clear
        assert np.isfinite([found.seconds, found.peak, found.unmoved]).all()
    assert sentence("a", Offset(0.3, 0.5, 0.1, False)) == ""
    assert "300 ms early" in sentence("a", Offset(-0.3, 0.5, 0.1, True))


def test_lost_frames_are_bridged():
    """A mouth that does what the sound calls for, with every tenth frame lost."""
    rng = np.random.default_rng(0)
    bursts = np.repeat(rng.random(100) > 0.5, 1600) * rng.normal(size=160_000)
    sound = bursts.astype(np.float32) / 5
    wanted = expected_opening(sound)
    frames = np.interp((np.arange(250) + 0.5) / 25 - 0.3, np.arange(len(wanted)) / 100, wanted)
    frames[::10] = np.nan
    found = estimate(frames, sound, 25)
    assert found.seconds == pytest.approx(-0.3 - IN_SYNC, abs=0.04)
    assert found.clear


def test_measures_of_the_mouth_must_agree():
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 0.1, 16_000 * 12).astype(np.float32)
    audio *= np.repeat(rng.uniform(0, 1, 120) > 0.5, 1600)
    wanted = expected_opening(audio)
    jaw, lips, other = (np.roll(wanted, shift)[::4] for shift in (-25, -25, 15))
    jaw, lips = jaw + 0.02 * rng.normal(size=len(jaw)), lips + 0.02 * rng.normal(size=len(jaw))
    alone = estimate(jaw, audio, 25)
    assert alone.clear
    assert estimate(np.stack([jaw, lips], 1), audio, 25) == alone
    told = estimate(np.stack([jaw, other], 1), audio, 25)
    assert (told.seconds, told.clear) == (alone.seconds, False)
