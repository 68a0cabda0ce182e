from methods.external.adapters.one_shot.wav2lip import Wav2Lip
from tests.methods.external.checkouts import calls, flags, prepared, run


def test_paths_are_plain_names_wherever_the_run_is(tmp_path, monkeypatch):
    # A shell reads its paths unquoted, and the first dot decides what a file is.
    root, recorded = prepared(tmp_path, monkeypatch, "wav2lip")
    results, _ = run(tmp_path / "my runs.png" / "out", recorded, "wav2lip")
    assert results.failures == ()
    call = flags(calls(root)[0])
    for flag in ("--face", "--audio", "--outfile", "--checkpoint_path"):
        assert " " not in call[flag]
        assert call[flag].count(".") == 1


def test_nothing_is_written_into_the_checkout(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "wav2lip")
    run(tmp_path / "out", recorded, "wav2lip")
    assert sorted(path.name for path in (root / "temp").iterdir()) == ["README.md", "result.avi"]
    assert (root / "temp" / "result.avi").read_text() == "from elsewhere"
    assert (root / "results" / "result_voice.mp4").read_text() == "from elsewhere"


def test_without_silence_after_the_sound_frames_are_missing(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "wav2lip")
    monkeypatch.setattr(Wav2Lip, "tail", 0.0)
    results, _ = run(tmp_path / "out", recorded, "wav2lip")
    assert results.failures[0].type == "WrongCount"


def test_the_checkpoint_is_an_option(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "wav2lip")
    (root / "checkpoints" / "wav2lip_gan.pth").write_text("weights")
    run(tmp_path / "out", recorded, "wav2lip", checkpoint="wav2lip_gan.pth")
    assert flags(calls(root)[0])["--checkpoint_path"] == "checkpoints/wav2lip_gan.pth"
