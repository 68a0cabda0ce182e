import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.contracts import BadInput, EmotionTrack, FrameSource, Masks, RenderRequest
from harness.media.audio import read_audio
from harness.media.video import probe, read_frames
from methods.external import source_frame
from methods.external.adapters.one_shot.wav2lip import Wav2Lip
from methods.external.source_frame import Square, keep, kept, square_of, there_and_back
from tests import toy


def wide(height, width, **signals):
    frames = np.random.default_rng(5).integers(0, 256, (12, height, width, 3), dtype=np.uint8)
    return dataclasses.replace(
        toy.sequence(), frames=FrameSource.of(frames), train=range(12), signals=signals
    )


@given(st.integers(1, 9), st.integers(0, 40))
def test_a_clip_goes_there_and_back_without_a_jump(length, count):
    path = there_and_back(length, count)
    assert len(path) == count
    assert path[:length] == list(range(min(length, count)))
    assert all(0 <= i < length for i in path)
    assert all(abs(a - b) == (length > 1) for a, b in pairwise(path))


def test_a_square_recording_is_taken_whole():
    assert square_of(wide(24, 24)) == Square(0, 0, 24)


def test_the_square_of_a_wide_recording_holds_the_landmarks():
    points = np.full((12, 68, 2), 10.0)
    points[..., 0] = 30
    assert square_of(wide(20, 40, landmarks=points)) == Square(20, 0, 20)
    points[..., 0] = 21
    assert square_of(wide(20, 40, landmarks=points)) == Square(11, 0, 20)


def test_without_landmarks_the_head_mask_says_where_the_head_is():
    bits = np.zeros((12, 40, 20), np.uint8)
    bits[:, 28:36, 5:9] = 1
    assert square_of(wide(40, 20, masks=Masks(bits))) == Square(0, 20, 20)
    assert square_of(wide(40, 20, masks=Masks(bits * 0))) == Square(0, 10, 20)


def test_what_is_cut_is_laid_back_where_it_was():
    frame = np.random.default_rng(1).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    square = Square(7, 0, 20)
    assert np.array_equal(square.paste(square.cut(frame, 20), frame), frame)
    laid = square.paste(np.full((256, 256, 3), 9, np.uint8), frame)
    assert (laid[:, 7:27] == 9).all()
    assert np.array_equal(laid[:, :7], frame[:, :7])
    assert np.array_equal(laid[:, 27:], frame[:, 27:])


def test_only_frames_of_the_part_are_kept_and_they_are_kept_exactly(tmp_path, monkeypatch):
    sequence = toy.sequence()
    part = sequence.part(sequence.train)
    monkeypatch.setattr(source_frame, "VIDEO_FRAMES", 10)
    keep(part, tmp_path, frame=3)
    source = kept(tmp_path)
    assert np.array_equal(source.frame, part.frames[3])
    clip = list(source.video(14))
    for frame, index in zip(clip, there_and_back(10, 14), strict=True):
        assert np.array_equal(frame, part.frames[index])
    assert len(list(source.video(4))) == 4


def test_a_source_frame_that_the_training_part_lacks_is_refused(tmp_path):
    sequence = toy.sequence()
    with pytest.raises(BadInput, match=r"source_frame is 40, but the training part has 40 frames"):
        keep(sequence.part(sequence.train), tmp_path, frame=40)


def test_a_folder_without_a_source_says_fit_again(tmp_path):
    with pytest.raises(BadInput, match="Fit the method again"):
        kept(tmp_path)


def test_clips_have_exactly_the_frames_asked_for_at_the_recordings_rate(tmp_path):
    sequence = toy.sequence()
    source = keep(sequence.part(sequence.train), tmp_path / "s")
    info = probe(source.write_video(tmp_path / "c.mp4", 17, 32, sequence.audio))
    assert (info.count, info.fps, info.height, info.width) == (17, 25.0, 32, 32)
    assert info.has_audio
    first = next(read_frames(source.write_video(tmp_path / "d.mp4", 3)))
    assert np.abs(first.astype(int) - sequence.frames[0]).mean() < 3


def test_pictures_are_lossless_but_for_jpeg(tmp_path):
    sequence = toy.sequence()
    source = keep(sequence.part(sequence.train), tmp_path / "s")
    whole = np.asarray(Image.open(source.write_frame(tmp_path / "p.png")))
    assert np.array_equal(whole, sequence.frames[0])
    jpeg = np.asarray(Image.open(source.write_frame(tmp_path / "deep" / "p.jpg", 24)))
    assert np.abs(jpeg.astype(int) - sequence.frames[0]).mean() < 2


@pytest.mark.parametrize(
    ("label", "track", "expected"),
    [("happy", [6] * 9, "happy"), (None, [5, 5, 6], "happy"), (None, None, "neutral")],
)
def test_the_emotion_is_the_recordings(tmp_path, label, track, expected):
    labels = None if track is None else np.array((track * 44)[:44])
    signals = {} if labels is None else {"emotion": EmotionTrack(labels, labels * 0 + 1)}
    sequence = toy.sequence(emotion=label, signals=signals)
    assert keep(sequence.part(sequence.train), tmp_path).emotion == expected


def test_sound_is_16_khz_with_silence_after_it(tmp_path):
    audio = np.clip(toy.sequence().audio, -1, 1)
    request = RenderRequest(audio, 25.0, 1, 8, 8, None)
    back = read_audio(Wav2Lip().sound(None, request, tmp_path))
    assert len(back) == len(audio) + 6_400
    assert np.abs(back[: len(audio)] - audio).max() < 1e-4
    assert not back[len(audio) :].any()
