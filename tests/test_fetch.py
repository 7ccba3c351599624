from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pipeline
from pipeline.corpora import download
from pipeline.corpora.catalogue import RemoteFile
from pipeline.corpora.fetch import CorpusUnavailable, fetch, fetch_all, git_blob
from pipeline.errors import UserError

CONTENT = random.Random(1).randbytes(1_000_000)


def described(content: bytes, path: str = "폴더/ratings 1.txt") -> RemoteFile:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return RemoteFile("someone/corpus", "c" * 40, path, len(content), blob, "CC0-1.0")


FILE = described(CONTENT)


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch):
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
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def nowhere() -> str:
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


def test_blob_ids_are_gits(tmp_path):
    # The first is git's well-known empty blob, the second from "Pro Git", chapter 10.2.
    for content, blob in (
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"test content\n", "d670460b4b4aece5915caf5c68d12f560a9fe3e4"),
    ):
        (tmp_path / "file").write_bytes(content)
        assert git_blob(tmp_path / "file") == blob


def test_raw_before_mirror_before_network(tmp_path, monkeypatch, server, nowhere):
    raw, mirror = tmp_path / "raw", tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("CORPUS_MIRROR", str(mirror))

    path = fetch(FILE, tmp_path / "from network", host=server.host)  # the mirror lacks the file
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o222 == 0
    assert len(server.asked) == 1

    put(mirror, CONTENT)
    path = fetch(FILE, raw, host=nowhere)
    assert path == raw / FILE.relative
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o222 == 0
    assert files_under(raw) == [path]

    (mirror / FILE.relative).unlink()
    before = path.stat()
    assert fetch(FILE, raw, host=nowhere) == path
    assert path.stat() == before


def test_one_raw_folder_is_a_mirror_for_another(tmp_path, monkeypatch, server, nowhere):
    fetch(FILE, tmp_path / "one", host=server.host)
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path / "one"))
    assert fetch(FILE, tmp_path / "two", host=nowhere).read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["raw", "mirror", "network"])
@pytest.mark.parametrize("damage", [flipped, lambda content: content[:-1]], ids=["flip", "short"])
def test_a_wrong_file_is_named_with_both_ids(tmp_path, monkeypatch, server, place, damage):
    wrong = damage(CONTENT)
    raw, mirror = tmp_path / "raw", tmp_path / "mirror"
    where = FILE.url_on(server.host)
    if place == "raw":
        where = put(raw, wrong)
    elif place == "mirror":
        where = put(mirror, wrong)
        monkeypatch.setenv("CORPUS_MIRROR", str(mirror))
    else:
        server.content = wrong
    with pytest.raises(UserError) as caught:
        fetch(FILE, raw, host=server.host)
    message = str(caught.value)
    assert not isinstance(caught.value, CorpusUnavailable)
    assert message.startswith(f"{where}: ")
    assert FILE.git_blob in message
    assert described(wrong).git_blob in message
    assert "delete" in message if place == "raw" else "CORPUS_MIRROR" in message
    assert "\n" not in message
    assert len(server.asked) == (place == "network")
    assert files_under(raw) == ([where] if place == "raw" else [])


def test_a_mirror_that_is_no_folder_is_said(tmp_path, monkeypatch, server):
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path / "typo"))
    with pytest.raises(UserError, match=r"typo: CORPUS_MIRROR names no folder"):
        fetch(FILE, tmp_path / "raw", host=server.host)


def test_no_network_and_no_mirror(tmp_path, nowhere):
    with pytest.raises(
        CorpusUnavailable, match=r"ratings 1\.txt.*refused.*CORPUS_MIRROR"
    ) as caught:
        fetch(FILE, tmp_path, host=nowhere)
    assert "\n" not in str(caught.value)
    assert files_under(tmp_path) == []


def test_an_unknown_host_name(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CorpusUnavailable, match="host name cannot be resolved"):
        fetch(FILE, tmp_path, host="https://corpora.invalid")


def test_a_network_that_swallows_everything_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, never answers
        begun = time.monotonic()
        with pytest.raises(CorpusUnavailable, match="no answer in time"):
            fetch(FILE, tmp_path, host=f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert time.monotonic() - begun < 0.3 + download.CONNECT
    assert files_under(tmp_path) == []


def test_broken_connections_are_resumed(tmp_path, server):
    server.cuts = [300_000, 1, 200_000]
    server.statuses = [503]
    assert fetch(FILE, tmp_path, host=server.host).read_bytes() == CONTENT
    starts = [int(wanted[6:-1]) if wanted else 0 for wanted in server.asked]
    assert starts[:2] == [0, 0]  # 503, then from the beginning
    assert starts == sorted(starts)
    assert 0 < starts[2] <= 300_000


def test_a_server_without_ranges_starts_over(tmp_path, server):
    server.ranges, server.cuts = False, [300_000]
    assert fetch(FILE, tmp_path, host=server.host).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_server_that_keeps_failing_is_given_up(tmp_path, server):
    server.statuses = [503] * 50
    with pytest.raises(CorpusUnavailable, match="answered 503"):
        fetch(FILE, tmp_path, host=server.host)
    assert len(server.asked) == download.ANSWERED


def test_a_missing_page_is_asked_for_once(tmp_path, server):
    with pytest.raises(CorpusUnavailable, match="answered 404"):
        fetch(described(CONTENT, "other.txt"), tmp_path, host=server.host)
    assert len(server.asked) == 1


def test_a_damaged_beginning_is_downloaded_again(tmp_path, server):
    part = tmp_path / FILE.relative
    part = part.with_name(f".{part.name}.{FILE.git_blob[:8]}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(flipped(CONTENT[:700]))
    path = fetch(FILE, tmp_path, host=server.host)
    assert path.read_bytes() == CONTENT
    assert server.asked == ["bytes=700-", None]
    assert files_under(tmp_path) == [path]


def test_two_at_a_time_download_once(tmp_path, server):
    server.delay = 0.002
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch(FILE, tmp_path, host=server.host), range(4)))
    assert len(server.asked) == 1
    assert paths[0].read_bytes() == CONTENT
    assert files_under(tmp_path) == [paths[0]]


def test_killed_in_the_middle(tmp_path, server):
    script = """
import json, pathlib, sys
from pipeline.corpora.catalogue import RemoteFile
from pipeline.corpora.fetch import fetch
fields, raw, host = json.loads(sys.argv[1])
fetch(RemoteFile(*fields), pathlib.Path(raw), host=host)
"""
    fields = [getattr(FILE, name) for name in FILE.__dataclass_fields__]
    arguments = json.dumps([fields, str(tmp_path), server.host])
    server.delay = 0.05
    process = subprocess.Popen(
        [sys.executable, "-c", script, arguments],
        env={**os.environ, "PYTHONPATH": str(Path(pipeline.__file__).parent.parent)},
        stderr=subprocess.DEVNULL,
    )
    target = tmp_path / FILE.relative
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size >= 100_000 for path in files_under(tmp_path)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not target.exists()

    server.delay = 0.0
    assert fetch(FILE, tmp_path, host=server.host).read_bytes() == CONTENT
    assert int(server.asked[-1].removeprefix("bytes=").removesuffix("-")) >= 100_000
    assert files_under(tmp_path) == [target]


def test_progress_in_a_log_is_plain_lines(tmp_path, server, capsys):
    fetch(FILE, tmp_path, host=server.host)
    shown = capsys.readouterr().err
    assert "\r" not in shown
    assert shown.splitlines() == [
        "ratings 1.txt: downloading 1,000,000 bytes",
        *(f"ratings 1.txt: {share} %" for share in (25, 50, 75, 100)),
    ]


def test_progress_on_a_terminal_is_a_bar(tmp_path, server, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    fetch(FILE, tmp_path, host=server.host)
    assert "ratings 1.txt: 100%" in terminal.getvalue()
    assert "\r" in terminal.getvalue()


# Many files


def many(server: Server, count: int = 40) -> list[RemoteFile]:
    """So many small files, served."""
    files = []
    for n in range(count):
        content = random.Random(n).randbytes(100 + n)
        files.append(described(content, f"많은 글/{n:03}.txt"))
        server.others[files[-1].url_on("")] = content
    return files


def contents(paths: list[Path]) -> list[str]:
    return [git_blob(path) for path in paths]


def test_many_files_are_fetched_once_each(tmp_path, monkeypatch, server, nowhere, capsys):
    files = many(server)
    raw, mirror = tmp_path / "raw", tmp_path / "mirror"
    paths = fetch_all(files, raw, "texts", host=server.host)
    assert paths == [raw / file.relative for file in files]
    assert contents(paths) == [file.git_blob for file in files]
    assert len(server.asked) == len(files)
    assert sorted(files_under(raw)) == sorted(paths)
    assert capsys.readouterr().err == ""  # nothing for what is over so soon

    before = [path.stat() for path in paths]
    assert fetch_all(files, raw, "texts", host=nowhere) == paths
    assert [path.stat() for path in paths] == before

    raw.rename(mirror)
    monkeypatch.setenv("CORPUS_MIRROR", str(mirror))
    paths = fetch_all(files, raw, "texts", host=nowhere)
    assert contents(paths) == [file.git_blob for file in files]


def test_many_files_have_one_bar(tmp_path, monkeypatch, server):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    fetch_all(many(server), tmp_path, "texts", host=server.host)
    shown = terminal.getvalue()
    assert "texts" in shown
    assert "/40" in shown
    assert "001.txt" not in shown


def test_some_at_a_time(tmp_path, server):
    files = many(server, 24)
    server.delay = 0.05
    fetch_all(files, tmp_path, "texts", host=server.host)
    assert server.busiest > 1


def test_without_network_one_file_is_asked_for(tmp_path, server):
    files = many(server, 40)
    server.others.clear()
    with pytest.raises(CorpusUnavailable, match=r"000\.txt.*answered 404"):
        fetch_all(files, tmp_path, "texts", host=server.host)
    assert len(server.asked) == 1
    assert files_under(tmp_path) == []


def test_a_network_that_swallows_everything_is_given_up_once(tmp_path, monkeypatch, server):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        begun = time.monotonic()
        with pytest.raises(CorpusUnavailable, match="no answer in time"):
            host = f"http://127.0.0.1:{mute.getsockname()[1]}"
            fetch_all(many(server, 40), tmp_path, "texts", host=host)
        assert time.monotonic() - begun < 0.3 + download.CONNECT


def test_one_missing_of_many(tmp_path, server):
    """What came before it stays, and need not be fetched again."""
    files = many(server, 200)
    gone = server.others.pop(files[30].url_on(""))
    server.delay = 0.01
    with pytest.raises(CorpusUnavailable, match=r"030\.txt"):
        fetch_all(files, tmp_path, "texts", host=server.host)
    assert len(server.asked) < 190  # no further ones were begun
    there = files_under(tmp_path)
    assert there
    server.others[files[30].url_on("")] = gone
    server.asked.clear()
    fetch_all(files, tmp_path, "texts", host=server.host)
    assert len(server.asked) == 200 - len(there)


def test_one_wrong_of_many(tmp_path, server):
    files = many(server, 20)
    server.others[files[7].url_on("")] = b"x" * files[7].size
    with pytest.raises(UserError, match=r"007\.txt: is not the file the catalogue describes"):
        fetch_all(files, tmp_path, "texts", host=server.host)
    assert not (tmp_path / files[7].relative).exists()


# A file whose blob id nobody knows

UNPINNED = RemoteFile("someone/corpus", "c" * 40, FILE.path, None, None, "CC0-1.0")


def test_an_unpinned_file_has_the_length_the_server_says(tmp_path, server, nowhere):
    server.cuts = [300_000]
    path = fetch(UNPINNED, tmp_path, host=server.host)
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o222 == 0
    assert server.asked[0] is None
    assert len(server.asked) == 2  # broken off, resumed
    assert fetch(UNPINNED, tmp_path, host=nowhere) == path
    assert files_under(tmp_path) == [path]


def test_an_unpinned_file_that_cannot_be_had(tmp_path, server, nowhere):
    with pytest.raises(CorpusUnavailable, match="refused"):
        fetch(UNPINNED, tmp_path, host=nowhere)
    missing = RemoteFile("someone/corpus", "c" * 40, "gone.txt", None, None, "CC0-1.0")
    with pytest.raises(CorpusUnavailable, match="answered 404"):
        fetch(missing, tmp_path, host=server.host)
    server.length = False
    with pytest.raises(CorpusUnavailable, match="does not say how long"):
        fetch(UNPINNED, tmp_path, host=server.host)
    assert server.asked == []
    assert files_under(tmp_path) == []


def test_an_unpinned_file_from_a_mirror(tmp_path, monkeypatch, nowhere):
    put(tmp_path / "mirror", CONTENT)
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path / "mirror"))
    assert fetch(UNPINNED, tmp_path / "raw", host=nowhere).read_bytes() == CONTENT
