import pickle

import pytest
import torch

from harness.contracts import BadInput
from harness.files.documents import read_json
from harness.files.tensors import read_tensors
from methods.ua3dtalk.checkpoint import write_json, write_tensors
from methods.ua3dtalk.training.loop import run_stage


class Evil:
    def __reduce__(self):
        return print, ("this must never run",)


def test_tensors_come_back(tmp_path):
    tree = {"a": torch.arange(3), "b": {"c": 1.5, "d": [torch.ones(2)]}}
    write_tensors(tmp_path / "x.pt", tree)
    back = read_tensors(tmp_path / "x.pt")
    assert torch.equal(back["a"], tree["a"])
    assert back["b"]["c"] == 1.5
    assert [p.name for p in tmp_path.iterdir()] == ["x.pt"]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_of_code_is_refused_and_not_run(tmp_path, capsys):
    torch.save({"a": Evil()}, tmp_path / "zip.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Evil()))
    for name in ("zip.pt", "bare.pt"):
        with pytest.raises(BadInput, match=name):
            read_tensors(tmp_path / name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"plain words"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.pt"):
        read_tensors(tmp_path / "x.pt")
    with pytest.raises(BadInput, match=r"y\.pt"):
        read_tensors(tmp_path / "y.pt")


def test_json_is_refused_when_cut(tmp_path):
    write_json(tmp_path / "x.json", {"a": 1})
    assert read_json(tmp_path / "x.json") == {"a": 1}
    (tmp_path / "x.json").write_text('{"a": ')
    with pytest.raises(BadInput, match=r"x\.json"):
        read_json(tmp_path / "x.json")


class Counter:
    name = "face"
    iterations = 12

    def __init__(self, loss=0.5):
        self.value, self.loss = torch.zeros(1), loss

    def step(self, i):
        self.value = self.value * 1.5 + i
        return {"loss": self.loss, "psnr": lambda: float(self.value)}

    def state(self):
        return {"value": self.value}

    def restore(self, state):
        self.value = state["value"]


def silent(*_, **__):
    pass


def test_a_stage_goes_on_from_its_checkpoint(tmp_path):
    class Killed(Exception):
        pass

    def kill(stage, done, total, **values):
        if done == 9:
            raise Killed

    whole = Counter()
    rows = run_stage(whole, tmp_path / "whole", "id", 5, silent)
    with pytest.raises(Killed):
        run_stage(Counter(), tmp_path / "cut", "id", 5, kill)
    resumed = Counter()
    steps = []
    again = run_stage(
        resumed, tmp_path / "cut", "id", 5, lambda stage, done, total, **_: steps.append(done)
    )
    assert steps[0] == 6
    assert torch.equal(resumed.value, whole.value)
    for one, two in zip(rows, again, strict=True):
        assert {k: v for k, v in one.items() if k != "seconds"} == {
            k: v for k, v in two.items() if k != "seconds"
        }


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    run_stage(Counter(), tmp_path, "one", 5, silent)
    with pytest.raises(BadInput, match="other settings"):
        run_stage(Counter(), tmp_path, "two", 5, silent)


def test_a_loss_that_is_not_finite_stops_the_fit(tmp_path):
    with pytest.raises(BadInput, match="nan at step 1"):
        run_stage(Counter(loss=float("nan")), tmp_path, "id", 5, silent)
