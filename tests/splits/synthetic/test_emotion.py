import pytest

from harness.contracts import EMOTIONS
from splits.synthetic.controls import ACTION_UNITS
from splits.synthetic.emotion import FACES, VOICES, face, voice

PROTOTYPES = {
    "angry": {"AU04", "AU07", "AU23"},
    "contempt": {"AU14"},
    "disgusted": {"AU09", "AU10", "AU17"},
    "fear": {"AU01", "AU02", "AU04", "AU05", "AU20"},
    "happy": {"AU06", "AU12"},
    "sad": {"AU01", "AU04", "AU15"},
    "surprised": {"AU01", "AU02", "AU05", "AU26"},
}


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_intensity_scales_voice_and_face(emotion):
    for level in (1, 2):
        weak, strong = face(emotion, level), face(emotion, level + 1)
        assert all(weak.units[name] < strong.units[name] for name in weak.units)
        assert abs(voice(emotion, level).pitch) <= abs(voice(emotion, level + 1).pitch)
    assert face(emotion, 3).units == FACES[emotion].units
    assert voice(emotion, 3) == VOICES[emotion]


@pytest.mark.parametrize("emotion", sorted(PROTOTYPES))
def test_faces_are_the_prototypes(emotion):
    units = FACES[emotion].units
    assert PROTOTYPES[emotion] <= set(units) <= set(ACTION_UNITS)
    assert all(0.0 < value <= 5.0 for value in units.values())


def test_neutral_is_still():
    assert FACES["neutral"].units == {}
    assert voice("neutral", 1).pitch == voice("neutral", 1).energy == 0.0
