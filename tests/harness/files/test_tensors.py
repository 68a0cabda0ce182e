import pickle

import pytest
import torch
from safetensors.torch import save_file

from harness.contracts import BadInput
from harness.files.tensors import read_tensors, tensors_by_name


class Evil:
    def __reduce__(self):
        return print, ("this must never run",)


def test_tensors_come_back(tmp_path):
    state = {"a": torch.arange(3.0)}
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pt")
    for name in ("a.safetensors", "a.pt"):
        assert torch.equal(tensors_by_name(tmp_path / name)["a"], state["a"])
    torch.save([torch.ones(1)], tmp_path / "list.pt")
    assert len(read_tensors(tmp_path / "list.pt")) == 1
    with pytest.raises(BadInput, match="something else than tensors by name"):
        tensors_by_name(tmp_path / "list.pt")


def test_nothing_is_unpickled(tmp_path, capsys):
    torch.save({"a": Evil()}, tmp_path / "zip.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "renamed.safetensors").write_bytes(pickle.dumps(Evil()))
    for name in ("zip.pt", "bare.pt", "renamed.safetensors"):
        with pytest.raises(BadInput, match=f"{name}: not a readable file of plain tensors"):
            read_tensors(tmp_path / name)
    assert capsys.readouterr().out == ""
