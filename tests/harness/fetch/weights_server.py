"""An HTTP server that serves one file, well or badly, for the tests of fetching."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAYLOAD = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(PAYLOAD).hexdigest()


class Server(ThreadingHTTPServer):
    """`behaviour` decides how badly; `ranges` are the Range headers of all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "honest"
        self.payload = PAYLOAD
        self.drop = False  # whether a tagged answer ends after a third
        self.ranges: list[str | None] = []
        self.paths: list[str] = []
        self.go_on = threading.Event()  # what a stalled or slow answer waits for

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/net.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        wanted, how, payload = self.headers["Range"], self.server.behaviour, self.server.payload
        self.server.ranges.append(wanted)
        self.server.paths.append(self.path)
        if isinstance(how, int):
            return self.send_error(how)
        if how == "redirects" and self.path == "/net.bin":
            return self.redirect("/elsewhere.bin")
        if how == "redirects for ever":
            return self.redirect(self.path)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
        etag = f'"{hashlib.sha256(payload).hexdigest()[:8]}"'
        changed = self.headers["If-Range"] not in (None, etag)
        if wanted and (how == "ignores ranges" or changed):
            wanted, start = None, 0
        if wanted and (start >= len(payload) or how == "no ranges"):
            self.send_response(416)
            if how != "no ranges":
                self.send_header("Content-Range", f"bytes */{len(payload)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = payload[start:]
        if how == "wrong bytes":
            body = bytes(len(body))
        length = len(body) + {"claims more": 1000, "claims less": -1000}.get(how, 0)
        self.send_response(206 if wanted else 200)
        if how == "tags":
            self.send_header("ETag", etag)
        if how == "web page":
            self.send_header("Content-Type", "text/html; charset=utf-8")
        if how == "newer":
            self.send_header("Last-Modified", "Fri, 01 Jan 2100 00:00:00 GMT")
        if wanted:
            shown = start - 7 if how == "another range" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(payload) - 1}/{len(payload)}")
        if how in ("chunked", "broken chunks"):
            self.send_header("Transfer-Encoding", "chunked")
        elif how != "no length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.send_body(how, body)
        return None

    def send_body(self, how: str, body: bytes) -> None:
        third = len(body) // 3
        try:
            if how == "chunked":
                self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            elif how == "broken chunks":
                self.wfile.write(b"%x\r\n%s" % (len(body), body[:third]))
            elif how == "drops" or (how == "tags" and self.server.drop):
                self.wfile.write(body[:third])
            elif how in ("stalls", "slow"):
                self.wfile.write(body[:third])
                self.wfile.flush()
                self.server.go_on.wait(20)
                self.wfile.write(body[third:])
            else:
                self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()


def quiet(*args, **values):
    """Progress of a fetch that nobody looks at."""


def names(folder):
    """The files that a fetch left."""
    return sorted(path.name for path in folder.iterdir())
