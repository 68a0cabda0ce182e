import numpy as np
import pytest
from helpers import make_clip

from harness.contracts import BadInput
from metrics import catalog


def result(timing):
    metric = catalog.build("fps")
    metric.begin(make_clip(4, timing=timing))
    return metric.compute()


def test_speed_is_the_inverse_of_the_mean_time():
    frame_ms = [5.0, 10.0, 10.0, 15.0, 60.0]
    scored = result({"frame_ms": frame_ms, "stages_ms": {"splat": [4.0, 6.0]}, "device": "cpu"})
    assert scored.values["fps/render"] == pytest.approx(1000 / 20)
    assert scored.values["latency_ms/median"] == 10
    assert scored.values["latency_ms/p95"] == pytest.approx(np.percentile(frame_ms, 95))
    assert scored.details["device"] == "cpu"
    assert scored.details["stages_ms"]["splat"]["mean"] == 5
    assert "5 timed frames" in scored.warnings[0]


@pytest.mark.parametrize("timing", [None, {}, {"frame_ms": []}])
def test_without_a_record_there_is_no_value_and_a_failure(timing):
    scored = result(timing)
    assert set(scored.values.values()) == {None}
    assert [f.type for f in scored.failures] == ["no_timing"]


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_times_that_cannot_be_are_refused(bad):
    with pytest.raises(BadInput, match="time stage"):
        result({"frame_ms": [5.0, bad]})


def test_many_frames_need_no_warning():
    assert result({"frame_ms": [5.0] * 100}).warnings == []
