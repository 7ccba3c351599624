"""Parallel corpora of the catalogue: in small, and as published."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from parallel_pairs import judge, made, read, shares_no_side, sizes
from pipeline.corpora import catalogue, download
from pipeline.corpora.catalogue import CATALOGUE
from pipeline.corpora.fetch import MIRROR, CorpusUnavailable, fetch
from pipeline.corpora.parallel import sources as parallel_sources
from pipeline.corpora.parallel.corpus import read_parallel_corpus
from pipeline.corpora.remote_files import RemoteFile
from pipeline.corpora.settings import PairCorpusSettings
from pipeline.errors import UserError
from pipeline.workspace import SAMPLES


@pytest.fixture
def sample(tmp_path) -> Path:
    path = tmp_path / "sample.tsv"
    path.write_text("\n".join(["ko\ten", *made(40, "표")]) + "\n", encoding="utf-8")
    return path


# The catalogue's corpora, in small


def tatoeba_file(lines: list[str]) -> bytes:
    rows = [line.split("\t") for line in lines]
    credit = "CC-BY 2.0 (France) Attribution: tatoeba.org #{} (a) & #{} (b)"
    return "".join(
        f"{en}\t{ko}\t{credit.format(n, n + 1000)}\n" for n, (ko, en) in enumerate(rows)
    ).encode()


@pytest.fixture
def corpora(monkeypatch, tmp_path, sample):
    """Small corpora in the catalogue, no network; `corpora(name, …)` puts one into the mirror."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.0)
    refused = functools.partial(fetch, host="http://127.0.0.1:9")
    monkeypatch.setattr(parallel_sources, "fetch", refused)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv(MIRROR, str(mirror))

    def blob(content: bytes) -> str:
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def put(name: str, contents: dict[str, bytes], counts: dict, missing: tuple = ()) -> None:
        files, unpinned = {}, {}
        for part, content in contents.items():
            known = (None, None) if part == "train" else (len(content), blob(content))
            file = RemoteFile("a/b", "c" * 40, f"{name}/x.{part}.tar.gz", *known, "none")
            (unpinned if part == "train" else files)[part] = file
            if part == "train":
                monkeypatch.setattr(parallel_sources, "NEWS_TRAIN_BLOB", blob(content)[:8])
            if part not in missing:
                path = mirror / file.relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        corpus = catalogue.Corpus(
            *(name, f"Small {name}", "none", "https://example.org", files),
            sentences=counts,
            unpinned=unpinned,
            kind="parallel",
        )
        monkeypatch.setitem(CATALOGUE, name, corpus)

    return put


def news(tmp_path: Path, **parts: list[str]) -> dict[str, bytes]:
    contents = {}
    for part, lines in parts.items():
        with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
            for side, ending in enumerate(("ko", "en")):
                data = "".join(line.split("\t")[side] + "\n" for line in lines).encode()
                member = tarfile.TarInfo(f"x.{part}.{ending}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        contents[part] = (tmp_path / "made.tar.gz").read_bytes()
    return contents


def test_tatoeba_is_split_by_its_sides(tmp_path, corpora):
    corpora("tatoeba", {"pairs": tatoeba_file(made(200))}, {"pairs": 200})
    found = read("tatoeba", tmp_path)
    assert sizes(found) == {"train": 160, "dev": 20, "test": 20}
    assert shares_no_side(found)
    ids = {name for frame in found.splits.values() for name in frame["id"]}
    assert ids == {f"{n}-{n + 1000}" for n in range(200)}
    assert found.origin.title == "Small tatoeba"
    judged = judge("tatoeba", tmp_path, direction="en-ko")
    assert judged.frame["label"].tolist() == found.splits["test"]["text"].tolist()
    assert (len(judged.frame), judged.origin.source) == (20, "https://example.org")
    corpora("tatoeba", {"pairs": tatoeba_file(made(199))}, {"pairs": 200})
    (tmp_path / "raw/github.com/a/b" / ("c" * 40) / "tatoeba/x.pairs.tar.gz").unlink()
    with pytest.raises(UserError, match="199 pairs found, 200 expected"):
        read("tatoeba", tmp_path)


def test_news_with_its_training_archive(tmp_path, corpora):
    parts = {"train": [*made(50), "넷.\tFour."], "dev": made(20, "나"), "test": ["네엣.\tFour."]}
    counts = {part: len(lines) for part, lines in parts.items()}
    corpora("news", news(tmp_path, **parts), counts)
    found = read("news", tmp_path)
    assert sizes(found) == {"train": 50, "dev": 20, "test": 1}
    assert found.splits["dev"]["id"][19] == "news-dev-20"
    assert found.details["filtered"]["shared"] == 1
    assert (found.warnings, found.stand_in) == ([], False)


def test_a_training_archive_that_is_another(tmp_path, corpora, monkeypatch):
    contents = news(tmp_path, train=made(50), dev=made(20, "나"), test=made(20, "다"))
    corpora("news", contents, {"train": 51, "dev": 20, "test": 20})
    with pytest.raises(UserError, match="50 pairs found, 51 expected"):
        read("news", tmp_path)
    monkeypatch.setattr(parallel_sources, "NEWS_TRAIN_BLOB", "00000000")
    with pytest.raises(UserError, match="not the published archive, whose git blob id begins with"):
        read("news", tmp_path)


def test_news_without_its_training_archive(tmp_path, corpora, sample):
    contents = news(tmp_path, train=made(50), dev=made(20, "나"), test=made(20, "다"))
    corpora("news", contents, {"train": 50, "dev": 20, "test": 20}, missing=("train",))
    found = read("news", tmp_path)
    assert (found.name, found.stand_in, sizes(found)["train"]) == ("sample", True, 32)
    assert "Small news could not be had" in found.warnings[0]
    assert "sample of hand-written pairs stands in" in found.warnings[0]
    # Its test set can still judge a model; and where other pairs were given, too, nothing
    # stands in for the ones that are missing.
    assert len(judge("news", tmp_path).frame) == 20
    with pytest.raises(CorpusUnavailable, match="could not be downloaded"):
        read(f"{sample},news", tmp_path)


# As they are


def test_the_bundled_sample(tmp_path):
    chosen = PairCorpusSettings("sample")
    found = read_parallel_corpus(chosen, tmp_path, SAMPLES / "translation.tsv")
    assert sizes(found) == {"train": 752, "dev": 94, "test": 94}
    assert found.rejects == found.warnings == []
    assert shares_no_side(found)
    assert found.origin.licence == "Apache-2.0"
    assert not found.stand_in


@pytest.fixture
def mirror(sample) -> Path:
    if MIRROR not in os.environ:
        pytest.skip("needs the published files")
    return Path(os.environ[MIRROR])


def test_tatoeba_as_published(mirror, tmp_path):
    found = read("tatoeba", tmp_path)
    assert sizes(found) == {"train": 4_599, "dev": 574, "test": 575}
    assert {why: count for why, count in found.details["filtered"].items() if count} == {"long": 1}
    assert shares_no_side(found)


def test_news_test_as_published(mirror, tmp_path):
    judged = judge("news", tmp_path)
    assert len(judged.frame) == 2_000
    doubtful = {why: count for why, count in judged.doubtful.items() if count}
    assert doubtful == {"script": 3, "ratio": 14, "duplicate": 4}


def test_the_workshop_set(mirror, tmp_path):
    """Three corpora of a user's own, each with its own dev and test set; a source of StyleKQC's
    test has two references."""
    folder = mirror / "prepared" / "parallel"
    names = ("tatoeba", "stylekqc", "kss")
    found = read(",".join(f"{folder / name}.train.tsv" for name in names), tmp_path)
    tests = {"test-tatoeba": 259, "test-stylekqc": 709, "test-kss": 255}
    assert sizes(found) == {"train": 45_744, "dev": 891, "test": 1_223, **tests}
    left_out = {why: count for why, count in found.details["filtered"].items() if count}
    assert left_out == {"long": 1, "script": 1, "ratio": 2, "duplicate": 5, "shared": 11}
    assert shares_no_side(found)
