import io
import zipfile

import numpy as np
import pytest

from harness.contracts import BadInput
from harness.files import limits
from harness.files.arrays import array_names, read_array, read_arrays


def test_arrays_come_back(tmp_path):
    values = {"a": np.arange(6.0).reshape(2, 3), "text": np.array("mp52"), "b": np.array([True])}
    np.savez_compressed(tmp_path / "a.npz", **values)
    found = read_arrays(tmp_path / "a.npz")
    assert array_names(tmp_path / "a.npz") == ["a", "text", "b"]
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)
    assert list(read_arrays(tmp_path / "a.npz", ["b"])) == ["b"]
    np.save(tmp_path / "a.npy", values["a"])
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), values["a"])


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object))
    np.savez(tmp_path / "a.npz", a=np.array([{}], object))
    for read, name in ((read_array, "a.npy"), (read_arrays, "a.npz")):
        with pytest.raises(BadInput, match=r"it holds pickled objects\. Pickles can run code"):
            read(tmp_path / name)


def test_a_header_that_states_more_than_there_is_reserves_nothing(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    lie = buffer.getvalue().replace(b"'shape': (3,), }          ", b"'shape': (300000000000,), }")
    assert lie != buffer.getvalue()
    (tmp_path / "a.npy").write_bytes(lie)
    with pytest.raises(BadInput, match="more than the file holds"):
        read_array(tmp_path / "a.npy")


def test_what_a_small_archive_unpacks_to_is_limited(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 16))
    monkeypatch.setitem(limits.LIMITS, "array", (1 << 18, "bytes"))
    with pytest.raises(BadInput, match=r"unpacked it has 524,416 bytes.*--allow-large"):
        read_arrays(tmp_path / "a.npz")


def test_an_entry_larger_than_the_directory_states_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(100))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        size = archive.infolist()[0].file_size
    at = content.rindex(size.to_bytes(4, "little"))
    content[at : at + 4] = (size - 200).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BadInput, match="not a readable NumPy archive"):
        read_arrays(tmp_path / "a.npz")


def test_what_is_missing_or_not_a_number_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([1.0, np.nan]), b=np.zeros(1, complex))
    with pytest.raises(BadInput, match="it has no array 'c', only a, b"):
        read_arrays(tmp_path / "a.npz", ["c"])
    with pytest.raises(BadInput, match="a holds 1 values that are not finite"):
        read_arrays(tmp_path / "a.npz", ["a"])
    with pytest.raises(BadInput, match="b holds complex128, not numbers"):
        read_arrays(tmp_path / "a.npz", ["b"])
    assert np.isnan(read_arrays(tmp_path / "a.npz", ["a"], finite=False)["a"][1])
