"""What a player knows of its sequence: rate, frames, and what there is without a video."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from harness.media.mp4 import write_mp4
from reports.page.player import videos
from reports.page.player.players import clock, players
from reports.page.ranking import ranking
from tests.reports import simulated


@pytest.fixture
def run(tmp_path):
    return simulated.write(tmp_path, dict(list(simulated.facts(1).items())[:1]), frames=40)


def film(path, frames, fps):
    write_mp4(path, [np.zeros((16, 16, 3), np.uint8)] * frames, fps)
    return path


def test_rate_and_length_are_read_from_the_header(tmp_path):
    assert videos.rate_and_length(film(tmp_path / "a.mp4", 50, 25)) == (25.0, 2.0)
    (tmp_path / "b.mp4").write_bytes(b"frames")
    assert videos.rate_and_length(tmp_path / "b.mp4") is None


def test_frames_are_those_of_the_protocols_rate(run, tmp_path):
    films = [{"path": film(tmp_path / "a.mp4", 60, 30)}]
    assert clock(run, films, 40) == (25.0, 50)  # scored at 25 after --resample-fps
    assert clock(run, films, 51) == (25.0, 51)
    assert clock(run, [], 40) == (25.0, 40)
    row = dataclasses.replace(run.rows[0], protocol={**run.rows[0].protocol, "mixed_sizes": True})
    mixed = dataclasses.replace(run, rows=(row, *run.rows[1:]))
    assert clock(mixed, films, 40) == (30.0, 60)


def test_a_sequence_without_videos_has_its_values(run, tmp_path):
    (one,) = players(run, ranking(run, tmp_path), tmp_path)
    assert (one["videos"], one["frames"]) == ([], 40)
    assert len(one["data"]["columns"]) == 3
    assert one["data"]["rows"][0]["label"] == "ground-truth"


def test_a_run_without_videos_and_items_has_no_player(run, tmp_path):
    rows = tuple(dataclasses.replace(row, items=()) for row in run.rows)
    bare = dataclasses.replace(run, rows=rows)
    assert players(bare, ranking(bare, tmp_path), tmp_path) == []
