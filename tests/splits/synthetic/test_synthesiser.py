import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import welch

from splits.synthetic.emotion import Voice
from splits.synthetic.phonemes import PHONEMES
from splits.synthetic.prosody import Speaker, prosody
from splits.synthetic.script import Segment
from splits.synthetic.synthesiser import SAMPLE_RATE, glottal_source, synthesise

PLAIN = Voice()


def _say(symbols: str, each: float = 0.3, mood: Voice = PLAIN, **speaker) -> np.ndarray:
    """Sounds of equal length, with 0.1 s of silence before and after."""
    segments = [Segment("sil", 0.0, 0.1)]
    for symbol in symbols.split():
        start = segments[-1].end
        segments.append(Segment(symbol, start, start + each))
    end = segments[-1].end
    segments.append(Segment("sil", end, end + 0.1))
    who = Speaker(**{"f0": 110.0, **speaker})
    rng = np.random.default_rng(0)
    tracks = prosody(segments, [(0.0, end + 0.1, mood)], who, end + 0.1, rng)
    return synthesise(segments, tracks, who, rng).astype(np.float64)


def _middle(audio: np.ndarray, index: int = 0, each: float = 0.3, seconds: float = 0.1):
    centre = 0.1 + (index + 0.5) * each
    half = seconds / 2
    return audio[round((centre - half) * SAMPLE_RATE) : round((centre + half) * SAMPLE_RATE)]


def _formants(audio: np.ndarray, order: int = 18) -> np.ndarray:
    """Frequencies of the narrow poles of an autocorrelation LPC model, ascending."""
    x = np.append(audio[0], audio[1:] - 0.97 * audio[:-1]) * np.hamming(len(audio))
    r = np.correlate(x, x, "full")[len(x) - 1 :][: order + 1]
    roots = np.roots(np.concatenate([[1.0], -solve_toeplitz(r[:-1], r[1:])]))
    roots = roots[roots.imag > 0]
    frequency = np.angle(roots) * SAMPLE_RATE / (2 * np.pi)
    bandwidth = -np.log(np.abs(roots)) * SAMPLE_RATE / np.pi
    return np.sort(frequency[(bandwidth < 400) & (frequency > 90)])


@pytest.mark.parametrize("vowel", ["iy", "ih", "eh", "ae", "aa", "ao", "ah", "uh", "uw", "er"])
def test_formants_are_where_the_table_puts_them(vowel):
    found = _formants(_middle(_say(vowel, 0.4), each=0.4, seconds=0.15))[:3]
    np.testing.assert_allclose(found, PHONEMES[vowel].formants[:3], rtol=0.08, atol=15)


def test_a_short_tract_raises_all_formants():
    long, short = (_formants(_middle(_say("ah", formants=k)))[:3] for k in (1.0, 1.15))
    np.testing.assert_allclose(short / long, 1.15, rtol=0.04)


def _pitch(audio: np.ndarray) -> float:
    r = np.correlate(audio, audio, "full")[len(audio) - 1 :]
    low, high = SAMPLE_RATE // 400, SAMPLE_RATE // 60
    return SAMPLE_RATE / (low + int(np.argmax(r[low:high])))


@pytest.mark.parametrize("f0", [95.0, 150.0, 210.0])
def test_pitch_is_the_speakers(f0):
    assert _pitch(_middle(_say("ah", f0=f0))) == pytest.approx(f0, rel=0.08)


@pytest.mark.parametrize(
    ("symbol", "low", "high"), [("s", 4000, 7500), ("sh", 2000, 5000), ("f", 4500, 8000)]
)
def test_fricatives_hiss_where_they_should(symbol, low, high):
    frequency, power = welch(_middle(_say(symbol)), SAMPLE_RATE, nperseg=512)
    inside = (frequency >= low) & (frequency <= high)
    assert power[inside].sum() > 0.75 * power.sum()
    assert _pitch_strength(_middle(_say(symbol))) < 0.4


def _pitch_strength(audio: np.ndarray) -> float:
    r = np.correlate(audio, audio, "full")[len(audio) - 1 :]
    return float(r[SAMPLE_RATE // 300 : SAMPLE_RATE // 70].max() / r[0])


def test_voiced_sounds_are_periodic_and_voiceless_closures_silent():
    assert _pitch_strength(_middle(_say("ah"))) > 0.7
    audio = _say("aa p aa", 0.2)
    closure = audio[round(0.33 * SAMPLE_RATE) : round(0.40 * SAMPLE_RATE)]
    vowel = audio[round(0.15 * SAMPLE_RATE) : round(0.25 * SAMPLE_RATE)]
    burst = audio[round(0.42 * SAMPLE_RATE) : round(0.44 * SAMPLE_RATE)]
    assert closure.std() < 0.01 * vowel.std()
    assert burst.std() > 10 * closure.std()


def test_nasals_are_weak_above_their_murmur():
    def share(symbol):
        frequency, power = welch(_middle(_say(symbol)), SAMPLE_RATE, nperseg=512)
        return power[frequency > 500].sum() / power.sum()

    assert share("m") < 0.5 * share("ah")


def test_tilt_and_breath_change_the_voice():
    def above_2k(audio):
        frequency, power = welch(audio, SAMPLE_RATE, nperseg=512)
        return 10 * np.log10(power[frequency > 2000].sum() / power.sum())

    plain = above_2k(_middle(_say("ah")))
    assert above_2k(_middle(_say("ah", mood=Voice(tilt=5.0)))) > plain + 2.0
    assert above_2k(_middle(_say("ah", mood=Voice(tilt=-7.0)))) < plain - 2.0
    breathy = _pitch_strength(_middle(_say("ah", mood=Voice(breath=0.6))))
    assert breathy < _pitch_strength(_middle(_say("ah"))) - 0.02


def test_jitter_spreads_periods():
    segments = [Segment("ah", 0.0, 2.0)]
    spread = []
    for jitter in (0.0, 0.02):
        who = Speaker(f0=120.0, jitter=jitter)
        rng = np.random.default_rng(1)
        tracks = prosody(segments, [(0.0, 2.0, Voice(range=-9.0))], who, 2.0, rng)
        _, opening = glottal_source(tracks, 2 * SAMPLE_RATE, rng)
        openings = np.flatnonzero((opening[1:] >= 0.5) & (opening[:-1] < 0.5))
        spread.append(np.std(np.diff(openings)) / np.mean(np.diff(openings)))
    assert spread[0] < 0.01
    assert 0.01 < spread[1] < 0.03


def test_output_is_safe_and_repeatable():
    loud = _say("aa sh ae", mood=Voice(energy=30.0))
    assert np.abs(loud).max() == pytest.approx(0.95, abs=1e-5)
    assert np.isfinite(loud).all()
    np.testing.assert_array_equal(loud, _say("aa sh ae", mood=Voice(energy=30.0)))


def test_every_phoneme_can_be_said_between_vowels():
    audio = _say(" ah ".join(PHONEMES), 0.1)
    assert np.isfinite(audio).all()
    assert 0.02 < audio.std() < 0.2


def test_moving_formants_do_not_click():
    jumps = np.abs(np.diff(_say("aa iy uw ae er iy", 0.2)))
    times = (np.arange(len(jumps)) + 1) / SAMPLE_RATE - 0.1
    inside = (times > 0.02) & (times < 1.18)
    at_edge = np.abs((times + 0.1) % 0.2 - 0.1) < 0.03
    assert jumps[inside & at_edge].max() < 1.5 * jumps[inside & ~at_edge].max()
