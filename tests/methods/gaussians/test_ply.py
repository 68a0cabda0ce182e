"""PLY files: round trip, what viewers expect, and bad files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts.errors import BadInput
from methods.gaussians.model import Gaussians
from methods.gaussians.ply import read_ply, write_ply


def cloud(n: int = 20, bases: int = 8, activation: str = "exp", seed: int = 0) -> Gaussians:
    g = torch.Generator().manual_seed(seed)
    return Gaussians(
        means=torch.randn(n, 3, generator=g),
        scales=torch.randn(n, 3, generator=g) - 3,
        quats=torch.randn(n, 4, generator=g),
        opacities=torch.randn(n, generator=g),
        sh0=torch.randn(n, 1, 3, generator=g),
        shN=torch.randn(n, bases, 3, generator=g),
        scale_activation=activation,
    )


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(0, 40),
    bases=st.sampled_from([0, 3, 8, 15]),
    activation=st.sampled_from(["exp", "softplus"]),
)
def test_round_trip(tmp_path_factory, n, bases, activation):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    before = cloud(n, bases, activation)
    write_ply(path, before)
    after = read_ply(path, activation)
    for name in ("means", "opacities", "sh0", "shN"):
        assert torch.equal(getattr(before, name), getattr(after, name)), name
    torch.testing.assert_close(after.standard_deviations(), before.standard_deviations())
    unit = torch.nn.functional.normalize(before.quats, dim=-1)
    torch.testing.assert_close(after.quats, unit)


def test_layout_of_3dgs(tmp_path):
    """Read back by hand, as the authors' code lays it out."""
    gaussians = cloud(2, 3, "softplus")
    write_ply(tmp_path / "a.ply", gaussians)
    head, body = (tmp_path / "a.ply").read_bytes().split(b"end_header\n")
    names = [line.split()[2] for line in head.decode().splitlines() if line[:8] == "property"]
    assert names == (
        ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
        + [f"f_rest_{i}" for i in range(9)]
        + ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    )
    row = dict(zip(names, np.frombuffer(body, "<f4").reshape(2, -1)[1], strict=True))
    assert row["f_rest_1"] == gaussians.shN[1, 1, 0].item()  # red first
    assert row["f_rest_3"] == gaussians.shN[1, 0, 1].item()  # then green
    assert row["opacity"] == gaussians.opacities[1].item()
    assert row["scale_2"] == pytest.approx(gaussians.standard_deviations()[1, 2].log().item())


def test_other_properties_elements_and_byte_order_are_read(tmp_path):
    write_ply(tmp_path / "a.ply", cloud(3, 0))
    head, body = (tmp_path / "a.ply").read_bytes().split(b"end_header\n")
    head = head.replace(b"little", b"big") + b"property uchar label\nelement face 0\n"
    head += b"property list uchar int vertex_indices\n"
    rows = np.frombuffer(body, "<f4").reshape(3, -1).astype(">f4")
    packed = b"".join(row.tobytes() + b"\x07" for row in rows)
    (tmp_path / "b.ply").write_bytes(head + b"end_header\n" + packed)
    assert torch.equal(read_ply(tmp_path / "b.ply").means, read_ply(tmp_path / "a.ply").means)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: b"not a ply", "not a PLY"),
        (lambda d: d[:-5], "ends after"),
        (lambda d: d[:60], "not a PLY"),
        (lambda d: d.replace(b"float opacity", b"float opacitx"), "lacks the property opacity"),
        (lambda d: d.replace(b"float f_rest_0", b"float g_rest_0"), "f_rest"),
        (lambda d: d.replace(b"binary_little_endian", b"ascii"), "format ascii"),
        (lambda d: d.replace(b"vertex 20", b"vertex -2"), "header is incomplete"),
        (lambda d: d.replace(b"float rot_3", b"float rot_2"), "twice"),
        (lambda d: d.replace(b"float rot_3", b"list rot_3"), "cannot read"),
        (lambda d: d.replace(b"float rot_3", b"floot rot_3"), "cannot read"),
        (lambda d: d[:-4] + np.float32(np.nan).tobytes(), "vertex 19: rot_3 is not finite"),
        (lambda d: d[:-16] + bytes(16), "rotation of length 0"),
    ],
)
def test_bad_files(tmp_path, change, match):
    path = tmp_path / "a.ply"
    write_ply(path, cloud())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BadInput, match=match) as caught:
        read_ply(path)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        read_ply(tmp_path / "none.ply")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.ply"
    write_ply(path, cloud())
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("methods.gaussians.ply.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_ply(path, cloud(seed=1))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
