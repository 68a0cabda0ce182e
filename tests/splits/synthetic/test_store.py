import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from harness.contracts import BadInput
from splits.synthetic import store
from splits.synthetic.performance import Block
from splits.synthetic.recipe import Recipe

ROOT = Path(store.__file__).resolve().parents[2]


def _recipe(frames: int = 12, seed: int = 1) -> Recipe:
    return Recipe(1, seed, (Block("happy", 2, frames / 25),), 32, 32, 25.0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    return tmp_path / "synthetic"


def _names(cache: Path) -> set[str]:
    return {p.name for p in cache.iterdir() if p.suffix != ".lock"}


def test_result_does_not_depend_on_the_number_of_workers(tmp_path, monkeypatch):
    contents = []
    for workers in (1, 2):
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / str(workers)))
        seen: list[int] = []
        folder = store.materialise(
            _recipe(), lambda stage, done, total, seen=seen: seen.append(done), workers
        )
        assert seen[-1] == 12
        assert seen == sorted(seen)
        contents.append(store.content_of(folder))
        frames = np.load(folder / "frames.npy")
        assert frames.shape == (12, 32, 32, 3)
        assert frames.std(axis=(1, 2, 3)).min() > 5.0  # every frame was drawn
    assert contents[0] is not None
    assert contents[0] == contents[1]


def test_the_second_time_nothing_is_drawn(monkeypatch):
    folder = store.materialise(_recipe(), workers=1)
    monkeypatch.setattr(store, "draw", lambda *a: pytest.fail("drawn again"))
    assert store.materialise(_recipe(), workers=1) == folder


def test_other_parameters_are_another_sequence():
    recipes = [_recipe(), _recipe(seed=2), _recipe(13)]
    assert len({r.digest for r in recipes}) == 3
    stored = json.loads(json.dumps(asdict(recipes[0])))
    assert Recipe.parse(stored) == recipes[0]


def test_a_failure_leaves_nothing(cache, monkeypatch):
    def fail(part, frames, tick):
        raise RuntimeError("no")

    monkeypatch.setattr(store, "draw", fail)
    with pytest.raises(RuntimeError):
        store.materialise(_recipe(), workers=1)
    assert _names(cache) == set()


def test_a_cut_file_is_noticed_and_made_again(cache):
    folder = store.materialise(_recipe(), workers=1)
    content = store.content_of(folder)
    os.truncate(folder / "frames.npy", 1000)
    assert store.content_of(folder) is None
    assert store.content_of(store.materialise(_recipe(), workers=1)) == content


def test_killed_while_drawing(cache):
    recipe = _recipe(200)
    code = (
        "from tests_recipe import recipe; from splits.synthetic.store import materialise;"
        "materialise(recipe, lambda s, d, t: print(d, flush=True), workers=2)"
    )
    helper = cache.parent / "tests_recipe.py"
    helper.write_text(
        "from splits.synthetic.performance import Block\n"
        "from splits.synthetic.recipe import Recipe\n"
        f"recipe = {recipe!r}\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(helper.parent)])}
    maker = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)
    maker.stdout.readline()  # the first frame is drawn
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    maker.stdout.close()
    folder = store.folder_of(recipe)
    assert not folder.exists()
    assert _names(cache) == {f"{recipe.digest}.part"}

    # Another sequence sweeps the remains away, without being disturbed by them.
    store.materialise(_recipe(), workers=1)
    deadline = time.monotonic() + 10
    while _names(cache) != {_recipe().digest} and time.monotonic() < deadline:
        time.sleep(0.1)  # the orphaned workers notice the broken pipe
    assert _names(cache) == {_recipe().digest}


def test_an_unfinished_folder_of_the_same_sequence_is_replaced(cache):
    part = cache / f"{_recipe().digest}.part"
    part.mkdir(parents=True)
    (part / "frames.npy").write_bytes(b"half")
    folder = store.materialise(_recipe(), workers=1)
    assert np.load(folder / "frames.npy").shape[0] == 12
    assert _names(cache) == {folder.name}


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "no space left"), (errno.EACCES, "not writable")]
)
def test_a_full_or_locked_disk_is_said_plainly(cache, monkeypatch, number, said):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store, "_allocate", refuse)
    with pytest.raises(BadInput, match=said) as caught:
        store.materialise(_recipe(), workers=1)
    assert "HARNESS_CACHE" in str(caught.value)
    assert _names(cache) == set()


def test_a_worker_that_fails_reports_its_reason(cache, monkeypatch):
    allocate = store._allocate

    def without_frames(path, shape, dtype):
        if path.name != "frames.npy":
            allocate(path, shape, dtype)

    monkeypatch.setattr(store, "_allocate", without_frames)
    with pytest.raises(RuntimeError, match=r"frames\.npy"):
        store.materialise(_recipe(), workers=2)
    assert _names(cache) == set()
