"""Neither network nor mirror: the bundled sample stands in, and nobody can miss it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re

import pytest

from pipeline.corpora import catalogue, download
from pipeline.corpora.fetch import MIRROR, fetch
from pipeline.corpora.labelled import corpus as labelled
from pipeline.corpora.remote_files import RemoteFile
from pipeline.tasks.sentiment.data import SAMPLE
from pipeline.workspace import Workspace, read_json


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


def described(name: str, content: bytes) -> RemoteFile:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return RemoteFile("someone/reviews", "c" * 40, name, len(content), blob, "CC0-1.0")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A catalogue of one small corpus, a network that refuses every connection, and no mirror.

    Gives a function that fills a mirror and names it.
    """
    sample = SAMPLE.read_text(encoding="utf-8").split("\n")[1:-1]
    rows = [f"{i}\t{line}" for i, line in enumerate(sample)]
    parts = {"train": rows[:400], "test": rows[400:500]}
    contents = {
        name: "\n".join(["id\tdocument\tlabel", *part, ""]).encode() for name, part in parts.items()
    }
    files = {name: described(f"{name}.txt", content) for name, content in contents.items()}
    reviews = catalogue.Corpus(
        "nsmc", "Reviews of a mirror", "CC0-1.0", "https://example.org", files
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "nsmc", reviews)
    monkeypatch.setattr(labelled, "fetch", functools.partial(fetch, host="http://127.0.0.1:9"))
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(MIRROR, raising=False)

    def mirror() -> None:
        for name, file in files.items():
            path = tmp_path / "mirror" / file.relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[name])
        monkeypatch.setenv(MIRROR, str(tmp_path / "mirror"))

    return mirror


def test_without_network_the_sample_stands_in_loudly(run, quick, tmp_path, command, offline):
    """On the screen, in the report and in the model card; and no longer than need be."""
    root = tmp_path / "checkout"
    root.mkdir()
    corpus = dataclasses.replace(run.task.tiny.corpus, corpus="nsmc", dev_size=50)
    words = run.words(dataclasses.replace(quick(), corpus=corpus))
    outcome = command(root, "corpus", "sentiment", *words)
    assert outcome.code == 0
    assert "!!!!!" in outcome.err
    assert "Reviews of a mirror could not be had" in outcome.err
    assert "connection was refused" in outcome.err
    folder = Workspace(root).run("sentiment", "default")
    asked_first = (folder / "corpus.json").stat().st_mtime_ns
    for stage in ("prepare", "train", "evaluate", "export"):
        assert command(root, stage, "sentiment", *words).code == 0
    warning = "sample of hand-written reviews stands in"
    report = (folder / "report.html").read_text(encoding="utf-8")
    card = Workspace(root).saved_model("sentiment", 1) / "assets.extra" / "model_card.md"
    assert warning in re.sub(r"\s+", " ", report)
    assert warning in card.read_text(encoding="utf-8")

    offline()
    outcome = command(root, "corpus", "sentiment", *words)
    assert "!!!!!" not in outcome.err
    assert (folder / "corpus.json").stat().st_mtime_ns > asked_first
    assert read_json(folder / "corpus.json")["facts"]["rows"] == {
        "train": 350,
        "dev": 50,
        "test": 100,
    }
    assert "changed after this training" not in command(root, "prepare", "sentiment", *words).err
    assert "changed after this training" in command(root, "export").error
    outcome = command(root, "train", "sentiment", *words)
    assert "is kept in" in outcome.err, "the model of the sample"
    for stage in ("evaluate", "export"):
        assert command(root, stage).code == 0
    assert warning not in re.sub(r"\s+", " ", (folder / "report.html").read_text(encoding="utf-8"))
    assert warning not in card.read_text(encoding="utf-8")
    assert "Reviews of a mirror" in card.read_text(encoding="utf-8")
