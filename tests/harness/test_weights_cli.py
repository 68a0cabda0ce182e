"""`weights list` and `weights fetch` as a person reads them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from harness import weights
from tests.harness.fetch.weights_server import PAYLOAD, SHA256, serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def rows(monkeypatch, tmp_path, server):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    url = server.url
    base = weights.WeightEntry("known", "known.bin", "MIT", "a/b", url, len(PAYLOAD), SHA256)
    found = {
        "known": base,
        "bare": replace(base, id="bare", file="bare.bin", bytes=0, sha256=""),
        "by-hand": replace(base, id="by-hand", file="by-hand.bin", url="", how="Ask them."),
    }
    monkeypatch.setattr(weights, "registry", lambda: found)
    return found


@pytest.fixture
def call(command):
    """`weights` with these words."""
    return lambda *words: command("weights", *words)


def test_fetch_tells_the_sha256_and_what_it_is_worth(rows, call, tmp_path):
    code, out, _ = call("fetch", "known", "bare")
    assert code == 0
    known, bare = out.split("bare: ")
    assert str(tmp_path / "cache" / "weights" / "known.bin") in known
    assert f"sha256 {SHA256}\n  verified: its sha256 equals the registry's" in known
    assert f"sha256 {SHA256}\n  recorded: " in bare
    assert "none is published" in bare


def test_a_file_put_by_hand_is_told(rows, call, tmp_path):
    (tmp_path / "mine" / "bare.bin").write_bytes(b"abc")
    sha256 = hashlib.sha256(b"abc").hexdigest()
    code, out, _ = call("fetch", "bare")
    assert code == 0
    assert f"{tmp_path / 'mine' / 'bare.bin'} (0.0 kB)\n  sha256 {sha256}\n  unknown: " in out


def test_list_says_what_is_here(rows, call, tmp_path):
    call("fetch", "known", "bare")
    (tmp_path / "mine" / "by-hand.bin").write_bytes(b"wrong")
    code, out, _ = call("list")
    assert code == 0
    assert f"known · verified, sha256 {SHA256} · 512.0 kB\n" in out
    assert f"bare · recorded, sha256 {SHA256}\n" in out
    assert "by-hand · refused · 512.0 kB\n" in out
    assert "it has 5 bytes, the registry says 512000" in out
    assert "Ask them." in out
    (tmp_path / "mine" / "by-hand.bin").unlink()
    assert "by-hand · absent · 512.0 kB\n" in call("list")[1]


def test_all_fetches_what_has_a_download(rows, call, server):
    code, out, _ = call("fetch", "all", "known")
    assert code == 0
    assert out.count("sha256 ") == 2 + out.count("its sha256 ")
    assert len(server.ranges) == 2


def test_one_failure_does_not_stop_the_others(rows, call):
    code, out, err = call("fetch", "by-hand", "known")
    assert code == 2
    assert "known: " in out
    assert "by-hand: weights 'by-hand' is unavailable" in err
    assert "1 of 2 files could not be fetched" in err


def test_a_single_failure_is_one_sentence(rows, call, server):
    server.behaviour = 404
    code, out, err = call("fetch", "known")
    assert (code, out) == (2, "")
    assert err.strip().splitlines()[-1].startswith(f"error: {server.url}: the server answered 404")


def test_for_a_metric(rows, call, monkeypatch):
    from metrics import catalog

    spec = replace(catalog.spec("psnr"), id="x/y", weights=("known", "bare"))
    other = {"x/y": spec, "psnr": catalog.spec("psnr")}
    monkeypatch.setattr(catalog, "spec", lambda name: other[name])
    code, out, _ = call("fetch", "--for", "x/y")
    assert code == 0
    assert "known: " in out
    assert "bare: " in out
    code, _, err = call("fetch", "--for", "psnr")
    assert code == 2
    assert "--for psnr: it needs no weights" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "nothing is named"),
        (("knwon",), "Did you mean 'known'"),
        (("known", "nothing"), "unknown weights id 'nothing'"),
        (("--for", "lpips/alx"), "Did you mean 'lpips/alex'"),
    ],
)
def test_mistakes_are_told_before_anything_is_fetched(rows, call, server, arguments, sentence):
    code, _, err = call("fetch", *arguments)
    assert code == 2
    assert sentence in err
    assert server.ranges == []
