"""Many files at once: one bar, some connections, one error."""

from __future__ import annotations

import io
import random
import socket
import sys
import time
from pathlib import Path

import pytest

from file_server import Server, described, files_under
from pipeline.corpora import download
from pipeline.corpora.fetch import CorpusUnavailable, fetch_all, git_blob
from pipeline.corpora.remote_files import RemoteFile
from pipeline.errors import UserError

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


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
