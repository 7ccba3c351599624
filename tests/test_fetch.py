from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pipeline
from file_server import CONTENT, FILE, described, files_under, flipped, put
from pipeline.corpora import download
from pipeline.corpora.fetch import CorpusUnavailable, fetch, git_blob
from pipeline.corpora.remote_files import RemoteFile
from pipeline.errors import UserError

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


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
from pipeline.corpora.remote_files import RemoteFile
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
