"""Files of experts: what is lost in eight bits, and what is refused."""

import pytest
import torch
from safetensors.torch import save_file

from harness.contracts import BadInput
from methods.speech.experts.files import packed, read_expert, unpacked, write_expert


def test_eight_bits_are_exact_to_a_250th_of_the_row():
    torch.manual_seed(0)
    given = {"a.weight": torch.randn(5, 7, 3) * torch.logspace(-3, 2, 5)[:, None, None]}
    given["b"] = torch.linspace(-2, 2, 9)
    stored = packed(given)
    assert stored["a.weight"].dtype == torch.int8
    found = unpacked(stored)
    assert set(found) == set(given)
    error = (found["a.weight"] - given["a.weight"]).abs().amax((1, 2))
    assert (error <= given["a.weight"].abs().amax((1, 2)) / 240).all()
    torch.testing.assert_close(found["b"], given["b"], atol=2e-3, rtol=0)
    again = unpacked(packed(found))
    torch.testing.assert_close(again["a.weight"], found["a.weight"], rtol=1e-3, atol=1e-6)
    assert not unpacked(packed({"z": torch.zeros(2, 2)}))["z"].any()


def test_round_trip_with_facts_and_card(tmp_path):
    path = tmp_path / "deep" / "one.safetensors"
    write_expert(path, "lip", {"w": torch.eye(3)}, {"basis": "mp52", "size": [1, 2]}, "# Card")
    found = read_expert(path, "lip")
    torch.testing.assert_close(found.tensors["w"], torch.eye(3))
    assert found.facts == {"basis": "mp52", "size": [1, 2]}
    assert path.with_suffix(".md").read_text() == "# Card"
    assert len(list(path.parent.iterdir())) == 2


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "one.safetensors"
    with pytest.raises(BadInput, match="pretrain"):
        read_expert(path, "lip")
    write_expert(path, "lip", {"w": torch.eye(3)}, {}, "")
    with pytest.raises(BadInput, match="it holds lip, not an emotion expert"):
        read_expert(path, "emotion")
    save_file({"w": torch.eye(3)}, path)
    with pytest.raises(BadInput, match="weights of another network, not a lip expert"):
        read_expert(path, "lip")
    path.write_bytes(b"short")
    with pytest.raises(BadInput, match=r"one\.safetensors"):
        read_expert(path, "lip")
    with pytest.raises(BadInput, match=r"it is no \.safetensors file"):
        read_expert(tmp_path / "a.pt", "lip")
