"""What work cost before: kept by kind and machine, scaled by frames, never invented."""

import json

import pytest

from harness.engine.jobs import Effort
from harness.engine.outlook.costs import FOLDER, Costs, duration
from harness.engine.outlook.efforts import QUICK_FIT

RENDER = Effort("render", ("a method", "options", "128x128"), 100, "render")


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    return tmp_path


def test_what_never_ran_is_unknown(cache):
    assert Costs("cpu").seconds(RENDER) is None
    assert Costs("cpu").guess(RENDER) is None
    assert not list(cache.iterdir())


def test_the_next_process_knows_it_and_scales_it_by_frames(cache):
    Costs("cpu").note(RENDER, 20.0)
    assert Costs("cpu").seconds(RENDER) == pytest.approx(20.0)
    assert Costs("cpu").seconds(RENDER.of_size(50)) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("device", "effort"),
    [
        ("cuda", RENDER),
        ("cpu", Effort("render", ("a method", "other options", "128x128"), 100)),
        ("cpu", Effort("score", RENDER.facts, 100)),
    ],
)
def test_other_work_and_other_devices_do_not_count(cache, device, effort):
    Costs("cpu").note(RENDER, 20.0)
    assert Costs(device).seconds(effort) is None


def test_a_guess_takes_work_of_its_family(cache):
    costs = Costs("cpu")
    other = Effort("render", ("another method", "options", "128x128"), 10, "render")
    costs.note(RENDER, 20.0)
    assert costs.guess(other) == pytest.approx(2.0)
    assert costs.seconds(other) is None
    assert costs.guess(Effort("fit", ("still",), 1.0, QUICK_FIT)) == 0.0
    assert costs.guess(Effort("fit", ("a method",))) is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"seconds": "x"}', '{"seconds": -1}'])
def test_a_damaged_record_is_unknown(cache, text):
    Costs("cpu").note(RENDER, 20.0)
    (record,) = (cache / FOLDER).iterdir()
    assert json.loads(record.read_text())["seconds"] == pytest.approx(0.2)
    record.write_text(text)
    assert Costs("cpu").seconds(RENDER) is None


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file" / "below"))
    costs = Costs("cpu")
    costs.note(RENDER, 20.0)
    assert costs.seconds(RENDER) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.0, "under 1 s"), (1.4, "1 s"), (59.4, "59 s"), (59.6, "1 min"), (239, "4 min")),
        *((5340, "89 min"), (5400, "1 h 30 min"), (7200, "2 h"), (90_000, "25 h")),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
