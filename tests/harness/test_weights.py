"""Weights that are here: found in order, compared with all that is known of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from harness import weights
from harness.contracts import BadInput, Unavailable, UnknownName
from metrics.catalog import users_of

BYTES = b"weights of a network"
SHA256 = hashlib.sha256(BYTES).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def rows(monkeypatch, tmp_path):
    """A registry with one entry, of which nothing is known."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HARNESS_WEIGHTS", f"{tmp_path / 'mine'}:{tmp_path / 'ours'}")
    for name in ("mine", "ours", "cache/weights"):
        (tmp_path / name).mkdir(parents=True)
    found = {"net": weights.WeightEntry("net", "net.bin", "-", "-", url="http://nowhere/net.bin")}
    monkeypatch.setattr(weights, "registry", lambda: found)
    return found


@pytest.fixture
def path(rows, tmp_path):
    target = tmp_path / "ours" / "net.bin"
    target.write_bytes(BYTES)
    return target


def known(rows, **fields):
    rows["net"] = replace(rows["net"], **fields)


def test_folders_are_looked_through_in_order(rows, path, tmp_path):
    (tmp_path / "cache" / "weights" / "net.bin").write_bytes(b"a later one")
    assert weights.resolve("net") == path
    first = tmp_path / "mine" / "net.bin"
    first.write_bytes(b"an earlier one")
    assert weights.resolve("net") == first
    first.unlink()
    path.unlink()
    assert weights.resolve("net") == tmp_path / "cache" / "weights" / "net.bin"


@pytest.mark.parametrize(
    ("fields", "record", "trust"),
    [
        ({}, None, "unknown"),
        ({"bytes": len(BYTES)}, None, "unknown"),
        ({"sha256": SHA256}, None, "verified"),
        ({"sha256": SHA256}, OTHER, "verified"),
        ({"sha256_prefix": SHA256[:8]}, None, "prefix"),
        ({"sha256_prefix": SHA256[:10]}, SHA256, "prefix"),
        ({}, SHA256, "recorded"),
        ({}, SHA256.upper() + "  net.bin\n", "recorded"),
    ],
)
def test_what_a_file_was_compared_with(rows, path, fields, record, trust):
    known(rows, **fields)
    if record:
        weights.record_of(path).write_text(record)
    found = weights.find("net")
    assert found == weights.WeightFile(path, SHA256, trust)
    assert trust in weights.TRUST
    assert weights.digests(["net"]) == {"net": SHA256}


@pytest.mark.parametrize(
    ("fields", "record", "fact", "cure"),
    [
        ({"bytes": 21}, None, "it has 20 bytes, the registry says 21", "fetch it again"),
        ({"sha256": OTHER}, None, f"{SHA256}, the registry says {OTHER}", "fetch it again"),
        ({"sha256_prefix": "00000000"}, None, "does not begin with 00000000", "fetch it again"),
        ({"sha256_prefix": SHA256[:8]}, OTHER, f"{OTHER} was recorded", "to accept it"),
        ({}, OTHER, f"{OTHER} was recorded", "net.bin.sha256 to accept it"),
        ({}, "not a hash", "it is not a sha256", "Delete it"),
        ({}, "", "it is not a sha256", "Delete it"),
    ],
)
def test_a_file_that_is_not_what_is_known_is_refused(rows, path, fields, record, fact, cure):
    known(rows, **fields)
    if record is not None:
        weights.record_of(path).write_text(record)
    with pytest.raises(BadInput, match=re.escape(fact)) as raised:
        weights.resolve("net")
    assert cure in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_that_changes_is_seen_at_the_next_load(rows, path):
    weights.record_of(path).write_text(SHA256)
    weights.resolve("net")
    path.write_bytes(BYTES[::-1])
    with pytest.raises(BadInput, match="was recorded when it was first fetched"):
        weights.resolve("net")


def test_a_file_is_read_once(rows, path, monkeypatch):
    calls = []

    def counted(file):
        calls.append(file)
        return SHA256

    monkeypatch.setattr(weights, "sha256_of", counted)
    for _ in range(3):
        weights.digests(["net", "net"])
    assert calls == [path]


def test_an_absent_file_names_the_command_or_the_authors(rows):
    with pytest.raises(Unavailable, match="weights fetch net"):
        weights.resolve("net")
    known(rows, url="", how="Ask them.")
    with pytest.raises(Unavailable, match="Ask them"):
        weights.resolve("net")
    with pytest.raises(UnknownName, match="Did you mean 'net'"):
        weights.resolve("nett")


def test_digest_compares_with_what_is_expected(path):
    assert weights.digest(path) == weights.digest(path, SHA256) == SHA256
    with pytest.raises(BadInput, match="the registry says"):
        weights.digest(path, OTHER)


def test_the_registry_is_well_formed():
    files = {}
    for entry in weights.registry().values():
        assert entry.file not in files, f"{entry.file} is of {entry.id} and {files[entry.file]}"
        files[entry.file] = entry.id
        assert entry.licence
        assert users_of(entry), f"nothing needs {entry.id}"
        assert entry.url or entry.how or entry.shipped, f"{entry.id}: nobody can obtain it"
        assert not entry.url or re.match(r"https://[^ ]+$", entry.url)
        assert re.fullmatch(r"([0-9a-f]{64})?", entry.sha256), entry.id
        assert re.fullmatch(r"([0-9a-f]{8,63})?", entry.sha256_prefix), entry.id
        assert not (entry.sha256 and entry.sha256_prefix), f"{entry.id}: the prefix says nothing"
        named = re.search(r"-([0-9a-f]{8,10})\.pth", entry.file)
        if named:  # the custom of torch.hub
            assert (entry.sha256 or entry.sha256_prefix).startswith(named[1]), entry.id
        if entry.shipped:
            assert entry.sha256
            assert entry.bytes


def test_every_metric_names_weights_that_are_registered():
    from metrics import catalog

    for spec in catalog.specs().values():
        assert set(spec.weights) <= set(weights.registry()), spec.id
