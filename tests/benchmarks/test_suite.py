"""The speed comparison runs, and both sides say the same; its ratio is not tested."""

import pytest
import torch

from benchmarks import suite


def test_a_blind_detector_sees_background_everywhere():
    state = {
        "conf.0.weight": torch.ones(4, 2, 3, 3),
        "conf.0.bias": torch.ones(4),
        "loc.0.bias": torch.ones(4),
    }
    blind = suite.blind(state)
    assert blind["conf.0.weight"].abs().max() == 0
    assert blind["conf.0.bias"].tolist() == [10, 10, 10, 0]
    assert blind["loc.0.bias"].tolist() == [1, 1, 1, 1]


def test_differences_are_relative_to_large_values_only():
    assert suite.difference(1000.1, 1000.0) == pytest.approx(1e-4)
    assert suite.difference(0.1, 0.2) == pytest.approx(0.1)


def test_time_is_watched_in_every_call():
    ticks = iter(range(100))
    timed = suite.Timed(Counting(), lambda: next(ticks))
    timed.begin(None)
    timed.update(None)
    timed.update(None)
    assert timed.compute() == 3
    assert timed.seconds == 4


class Counting:
    calls = 0

    def begin(self, clip):
        self.calls += 1

    def update(self, batch):
        self.calls += 1

    def compute(self):
        return self.calls


@pytest.mark.reference
def test_both_sides_agree_on_a_short_clip(tmp_path):
    from shim import declare_torchvision_operators

    declare_torchvision_operators()
    wanted = {"psnr", "ssim", "ms_ssim", "lpips/alex", "tof", "tlp/alex"}
    chosen = {name: tool for name, tool in suite.installed().items() if tool[0] in wanted}
    assert len(chosen) >= 5
    job = suite.prepare(tmp_path, 8)
    found = suite.compare(job, chosen, 1, lambda: suite.time.perf_counter())
    text, ratio, worst = suite.report(*found, chosen)
    assert worst < suite.TOLERANCE, text
    assert ratio > 0
    assert "no column" not in text
