import dataclasses

import numpy as np
import pytest

from harness.contracts import BadInput, FitContext, Masks, MissingSignal, RenderRequest, TrainingSet
from methods.baselines.still.method import Still


def test_shows_the_first_training_head_and_nothing_else(recording, tmp_path):
    method = Still()
    method.fit(TrainingSet.of(recording), tmp_path, FitContext())
    fresh = Still()
    fresh.load(tmp_path)
    frames = list(fresh.render(RenderRequest(np.zeros(100, np.float32), 25.0, 3, 20, 24, None)))
    assert len(frames) == 3
    head = np.zeros((20, 24), bool)
    head[4:15, 6:18] = True
    for frame in frames:
        assert frame.rgb.dtype == frame.alpha.dtype == np.float32
        assert np.array_equal(frame.alpha, head.astype(np.float32))
        assert np.array_equal(
            np.rint(frame.rgb * 255).astype(np.uint8), recording.frames[0] * head[..., None]
        )


def test_the_first_sequence_of_a_subject_is_shown(recording, tmp_path):
    parts = recording.part(range(20, 40)), recording.part(range(20))
    method = Still()
    method.fit(TrainingSet(parts), tmp_path, FitContext())
    method.load(tmp_path)
    (frame,) = method.render(RenderRequest(np.zeros(9, np.float32), 25.0, 1, 20, 24, None))
    head = frame.alpha[..., None] > 0
    assert np.array_equal(np.rint(frame.rgb * 255).astype(np.uint8), recording.frames[20] * head)


def test_refuses_missing_or_empty_masks(recording, tmp_path):
    bare = dataclasses.replace(recording, signals={})
    with pytest.raises(MissingSignal, match="still"):
        Still().fit(TrainingSet.of(bare), tmp_path, FitContext())
    empty = dataclasses.replace(
        recording, signals={"masks": Masks(np.zeros((60, 20, 24), np.uint8))}
    )
    with pytest.raises(BadInput, match="empty"):
        Still().fit(TrainingSet.of(empty), tmp_path, FitContext())
    assert list(tmp_path.iterdir()) == []


def test_refuses_another_size_and_a_missing_fit(recording, tmp_path):
    with pytest.raises(BadInput, match=r"00000\.png"):
        Still().load(tmp_path)
    method = Still()
    method.fit(TrainingSet.of(recording), tmp_path, FitContext())
    method.load(tmp_path)
    with pytest.raises(BadInput, match="24x20"):
        next(method.render(RenderRequest(np.zeros(9, np.float32), 25.0, 1, 40, 48, None)))
