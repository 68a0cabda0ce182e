"""A weights server, a registry that names it, and the cache that fetches go to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import weights
from tests.harness.fetch.weights_server import PAYLOAD, SHA256, serving


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("HARNESS_WEIGHTS", raising=False)
    with serving() as running:
        yield running


@pytest.fixture
def rows(server, monkeypatch):
    """The registry: `net` with everything known of it, `bare` with nothing but its address."""
    net = weights.WeightEntry(
        id="net",
        file="net.bin",
        licence="-",
        also_for="a test",
        url=server.url,
        bytes=len(PAYLOAD),
        sha256=SHA256,
    )
    bare = replace(net, id="bare", bytes=0, sha256="")
    by_hand = replace(bare, id="by-hand", url="", how="Ask them.")
    found = {row.id: row for row in (net, bare, by_hand)}
    monkeypatch.setattr(weights, "registry", lambda: found)
    return found


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "weights"
