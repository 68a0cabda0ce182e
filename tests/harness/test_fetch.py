"""Fetching weights from a server that drops connections, lies and sends wrong bytes."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import fetch, weights
from harness.contracts import BadInput, Unavailable, UnknownName

PAYLOAD = bytes(range(256)) * 2000


class Server(BaseHTTPRequestHandler):
    """Serves PAYLOAD with ranges; `behaviour` decides how badly."""

    behaviour = "honest"
    ranges: list = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        Server.ranges.append(wanted)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
        if start >= len(PAYLOAD):
            self.send_error(416)
            return
        body = PAYLOAD[start:]
        if Server.behaviour == "wrong bytes":
            body = bytes(len(body))
        if Server.behaviour == "missing":
            self.send_error(404)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if Server.behaviour == "drops":
            self.wfile.write(body[: len(body) // 3])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def entry(monkeypatch, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Server.behaviour, Server.ranges = "honest", []
    row = weights.WeightEntry(
        id="net",
        file="net.bin",
        licence="-",
        needed_by="a test",
        url=f"http://127.0.0.1:{server.server_port}/net.bin",
        bytes=len(PAYLOAD),
        sha256=hashlib.sha256(PAYLOAD).hexdigest(),
    )
    rows = {"net": row, "by-hand": weights.WeightEntry("by-hand", "x", "-", "-", how="Ask them.")}
    monkeypatch.setattr(fetch, "registry", lambda: rows)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    yield row
    server.shutdown()
    server.server_close()


def quiet(*args, **values):
    pass


def test_fetches_and_verifies(entry, tmp_path):
    path = fetch.fetch_weights("net", quiet)
    assert path.read_bytes() == PAYLOAD
    assert path.with_name("net.bin.sha256").read_text().strip() == entry.sha256
    assert not list(tmp_path.rglob("*.part"))


def test_resumes_after_a_dropped_connection(entry, tmp_path):
    Server.behaviour = "drops"
    with pytest.raises(BadInput, match="goes on where it stopped"):
        fetch.fetch_weights("net", quiet)
    part = tmp_path / "weights" / "net.bin.part"
    have = part.stat().st_size
    assert 0 < have < len(PAYLOAD)
    Server.behaviour = "honest"
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD
    assert Server.ranges[-1] == f"bytes={have}-"


def test_refuses_wrong_bytes_and_deletes_them(entry, tmp_path):
    Server.behaviour = "wrong bytes"
    with pytest.raises(BadInput, match="sha256"):
        fetch.fetch_weights("net", quiet)
    assert not list((tmp_path / "weights").iterdir())


def test_a_missing_file_is_a_sentence(entry):
    Server.behaviour = "missing"
    with pytest.raises(BadInput, match="404"):
        fetch.fetch_weights("net", quiet)


def test_names_and_sources(entry):
    with pytest.raises(UnknownName, match="Did you mean 'net'"):
        fetch.fetch_weights("nett", quiet)
    with pytest.raises(Unavailable, match="Ask them"):
        fetch.fetch_weights("by-hand", quiet)
