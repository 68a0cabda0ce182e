from splits.synthetic.controls import ACTION_UNITS, CONTROLS
from splits.synthetic.phonemes import CHANNELS, CONSONANTS, PHONEMES, VOWELS


def test_channels_name_controls_once():
    names = [name for channel in CHANNELS.values() for name in channel]
    assert len(names) == len(set(names))
    assert set(names) <= set(CONTROLS)


def test_inventory_is_english_like():
    assert len(VOWELS) == 16
    assert len(CONSONANTS) == 24
    assert set(PHONEMES) == {"sil", *VOWELS, *CONSONANTS}


def test_targets_are_in_range_and_reachable():
    reachable = {name for channel in CHANNELS.values() for name in channel}
    for sound in PHONEMES.values():
        for viseme in (sound.viseme, sound.viseme_to or {}):
            assert set(viseme) <= reachable
            for name, value in viseme.items():
                top = 5.0 if name in ACTION_UNITS else {"jaw": 25.0, "tongue": 1.0}[name]
                assert 0.0 <= value <= top
        assert set(sound.dominance) <= set(CHANNELS)


def test_formants_ascend():
    for sound in PHONEMES.values():
        for formants in filter(None, (sound.formants, sound.glide_to)):
            assert list(formants) == sorted(formants)


def test_every_hiss_has_a_spectrum():
    for sound in PHONEMES.values():
        assert bool(sound.frication) == bool(sound.noise)
