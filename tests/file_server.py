"""A server on this machine for the tests of fetching, and what it serves."""

from __future__ import annotations

import hashlib
import http.server
import random
import socket
import threading
import time
from pathlib import Path

import pytest

from pipeline.corpora import download
from pipeline.corpora.remote_files import RemoteFile

CONTENT = random.Random(1).randbytes(1_000_000)


def described(content: bytes, path: str = "폴더/ratings 1.txt") -> RemoteFile:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return RemoteFile("someone/corpus", "c" * 40, path, len(content), blob, "CC0-1.0")


FILE = described(CONTENT)


@pytest.fixture
def nothing_from_outside(monkeypatch):
    """No mirror, no proxy before this machine, and no long pauses between attempts."""
    monkeypatch.delenv("CORPUS_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.01)


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` under FILE's path, and `others`; the attributes make it misbehave."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.others: dict[str, bytes] = {}  # path -> content
        self.asked: list[str | None] = []  # the Range header of each request
        self.statuses: list[int] = []  # answered first, one per request
        self.cuts: list[int] = []  # bytes after which the connection breaks, one per request
        self.ranges = True
        self.delay = 0.0  # seconds per 16 KiB
        self.length = True  # whether HEAD says how long the file is
        self.busy = self.busiest = 0  # requests being answered
        self.lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        with server.lock:
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        try:
            self.answer(server)
        finally:
            with server.lock:
                server.busy -= 1

    def answer(self, server):
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if (content := self.wanted_content()) is None:
            return self.send_error(404)
        if server.statuses:
            return self.send_error(server.statuses.pop(0))
        start = 0
        if wanted and server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        else:
            self.send_response(200)
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else len(body)
        for at in range(0, cut, 1 << 14):
            try:
                self.wfile.write(body[at : min(cut, at + (1 << 14))])
                self.wfile.flush()
            except OSError:  # the client was killed
                return None
            time.sleep(server.delay)
        return None

    def do_HEAD(self):
        if (content := self.wanted_content()) is None:
            return self.send_error(404)
        self.send_response(200)
        if self.server.length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return None

    def wanted_content(self) -> bytes | None:
        if FILE.url_on(self.server.host) == self.server.host + self.path:
            return self.server.content
        return self.server.others.get(self.path)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A running server of its own for each test."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def nowhere() -> str:
    """A host that refuses every connection."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def put(folder: Path, content: bytes) -> Path:
    path = folder / FILE.relative
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def flipped(content: bytes) -> bytes:
    return content[:500] + bytes([content[500] ^ 1]) + content[501:]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
