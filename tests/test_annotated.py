from __future__ import annotations

import functools
import hashlib
import os
import random
from pathlib import Path

import pytest

from pipeline.corpora import catalogue, download
from pipeline.corpora.annotated import corpus as annotated
from pipeline.corpora.annotated.corpus import (
    EntityCorpusSettings,
    kmou_split,
    read_annotated_corpus,
    read_evaluation_corpus,
)
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.annotated.inline import parse_inline
from pipeline.corpora.fetch import MIRROR, CorpusUnavailable, fetch, fetch_all
from pipeline.corpora.remote_files import RemoteFile
from pipeline.corpora.splits import CorpusSplits, read_split, text_id, write_split
from pipeline.errors import UserError
from pipeline.tasks.ner.data import SAMPLE

SPLITS = ("train", "dev", "test")


def made(count: int, seed: int = 1) -> list[str]:
    """Sentences with markup, all different."""
    draw = random.Random(seed)
    names = ["서연", "민수", "지우"]
    return [
        f"<{draw.choice(names)}:PS>는 {seed}{n}번 <서울:LC>에 갔다." if n % 3 else f"{seed}{n}번."
        for n in range(count)
    ]


@pytest.fixture
def sample(tmp_path) -> Path:
    path = tmp_path / "sample.txt"
    path.write_text("\n".join(made(40, seed=7)) + "\n", encoding="utf-8")
    return path


def read(corpus: object, tmp_path: Path) -> CorpusSplits:
    chosen = EntityCorpusSettings(str(corpus))
    return read_annotated_corpus(chosen, tmp_path / "raw", tmp_path / "sample.txt")


def own(tmp_path: Path, lines: list[str], name: str = "my.txt") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def no_text_twice(splits: dict) -> bool:
    ids = [set(map(text_id, frame["text"])) for frame in splits.values()]
    return len(set.union(*ids)) == sum(map(len, ids))


# A user's own file, and the sample


def test_a_file_is_split_by_its_texts(tmp_path):
    lines = made(200)
    found = read(own(tmp_path, lines), tmp_path)
    assert {name: len(frame) for name, frame in found.splits.items()} == {
        "train": 160,
        "dev": 20,
        "test": 20,
    }
    assert list(found.splits) == list(SPLITS)
    assert (found.name, list(found.warnings), found.rejects) == ("my", [], [])
    assert found.origin.title == "my.txt"
    assert found.details["labels"] == ["LC", "PS"]
    assert found.details["dropped"] == {}
    assert found.details["format"] == "markup"
    assert sum(sum(counts.values()) for counts in found.details["entities"].values()) == 266
    # Order does not matter, and what the split files give back is the same.
    shuffled = random.Random(1).sample(lines, len(lines))
    again = read(own(tmp_path, shuffled, "other.txt"), tmp_path)
    for name, frame in found.splits.items():
        assert set(frame["text"]) == set(again.splits[name]["text"])
        write_split(tmp_path / "split.tsv", frame)
        back = read_split(tmp_path / "split.tsv")
        assert back.equals(frame)
        for text, cell in zip(back["text"], back["label"], strict=True):
            for start, end, label in read_entities(cell):
                assert text[start:end] in {"LC": ["서울"], "PS": ["서연", "민수", "지우"]}[label]


def test_the_same_text_never_stands_in_two_splits(tmp_path):
    lines = made(60)
    spaced = [line.replace(" ", "  ") for line in lines]
    found = read(own(tmp_path, lines + spaced + lines), tmp_path)
    assert no_text_twice(found.splits)
    assert sum(map(len, found.splits.values())) == 180


def test_tagged_columns(tmp_path):
    blocks = [f"서울\tB-LC\n에\tO\n{n}번\tO\n" for n in range(30)]
    found = read(own(tmp_path, ["\n".join(blocks)], "my.conll"), tmp_path)
    assert sum(map(len, found.splits.values())) == 30
    assert (found.details["format"], found.details["spacing"]) == ("columns", "words")
    assert set(found.splits["train"]["label"]) == {"0-2:LC"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (made(9), r"has 9 usable sentences; at least 10 are needed"),
        (["<가:OG>"], r"has 1 usable sentence; at least 10"),
        ([f"{n}번" for n in range(30)], "no sentence has an entity .* — mark them up, <증권거래소"),
        (["<가:OG 나"] + ["<:OG>"], "no usable sentence"),
    ],
)
def test_files_nothing_can_be_learnt_from(tmp_path, lines, expected):
    path = own(tmp_path, lines)
    with pytest.raises(UserError, match=expected) as caught:
        read(path, tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_entities_must_be_left_to_learn_from(tmp_path):
    """None is, where all are in the sentences held out."""
    marked = [f"<{n}:QT>번" for n in range(30)]
    frames = read(own(tmp_path, marked), tmp_path).splits
    learnt = set(frames["train"]["text"])
    lines = [f"{n}번" if f"{n}번" in learnt else marked[n] for n in range(30)]
    with pytest.raises(UserError, match="all are in the 3 and 3 sentences held out"):
        read(own(tmp_path, lines), tmp_path)


def test_names_that_are_none(tmp_path):
    with pytest.raises(UserError, match="'kmuo'.*did you mean kmou"):
        read("kmuo", tmp_path)
    with pytest.raises(UserError, match="the texts of nsmc are labelled, not annotated.*kmou"):
        read("nsmc", tmp_path)
    with pytest.raises(UserError, match="missing.bio: no such file"):
        read(tmp_path / "missing.bio", tmp_path)


def test_the_sample(tmp_path, sample):
    found = read("sample", tmp_path)
    assert found.name == "sample"
    assert {name: len(frame) for name, frame in found.splits.items()} == {
        "train": 32,
        "dev": 4,
        "test": 4,
    }
    assert found.origin.licence == "Apache-2.0"
    assert not found.stand_in


# The catalogue's corpora, in small


def kmou_file(*lines: str) -> bytes:
    blocks = []
    for number, line in enumerate(lines, 1):
        plain = line.replace("<", "").replace(":PER>", "").replace(":LOC>", "")
        rows = "\n".join(f"{c}\t{c}\tNNG\tO" if c != " " else "_\t_\t_\tO" for c in plain)
        blocks.append(f"## {number}\n## {plain}\n## {line}\n{rows}\n\n")
    return "".join(blocks).encode()


def klue_file(lines: list[str]) -> bytes:
    text = "## 주석 : ##\n"
    for number, line in enumerate(lines):
        parsed = parse_inline(line, ["PS", "LC"])
        tags = ["O"] * len(parsed.text)
        for start, end, label in parsed.entities:
            tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
        rows = "\n".join(f"{c}\t{tag}" for c, tag in zip(parsed.text, tags, strict=True))
        text += f"## klue-{number}\t{line}\n{rows}\n\n"
    return text.encode()


@pytest.fixture
def corpora(monkeypatch, tmp_path, sample):
    """Small corpora in the catalogue, no network; `corpora(name, …)` puts one into the mirror."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.0)
    host = "http://127.0.0.1:9"
    monkeypatch.setattr(annotated, "fetch", functools.partial(fetch, host=host))
    monkeypatch.setattr(annotated, "fetch_all", functools.partial(fetch_all, host=host))
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv(MIRROR, str(mirror))

    def put(
        name: str,
        contents: dict[str, bytes],
        sentences: dict[str, int],
        unpinned: dict[str, bytes | None] | None = None,
    ) -> None:
        def described(part: str, content: bytes | None) -> RemoteFile:
            size, blob = None, None
            if content is not None:
                size = len(content)
                blob = hashlib.sha1(b"blob %d\0" % size + content).hexdigest()
            return RemoteFile("a/b", "c" * 40, f"{name}/{part}", size, blob, "none")

        files = {part: described(part, content) for part, content in contents.items()}
        unknown = {part: described(part, None) for part in unpinned or {}}
        for part, file in {**files, **unknown}.items():
            if (content := {**contents, **(unpinned or {})}[part]) is not None:
                path = mirror / file.relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        corpus = catalogue.Corpus(
            *(name, f"Small {name}", "none", "https://example.org", files),
            sentences=sentences,
            unpinned=unknown,
            kind="annotated",
        )
        monkeypatch.setitem(catalogue.CATALOGUE, name, corpus)

    return put


def named_for(split: str, count: int) -> list[str]:
    names = (f"{n:05}_NER.txt" for n in range(10_000))
    return [name for name in names if kmou_split(name) == split][:count]


def test_kmou_is_split_by_file(tmp_path, corpora):
    a, b = named_for("train", 2)
    (c,), (d,) = named_for("dev", 1), named_for("test", 1)
    contents = {
        # Twice, with other entities, in dev, in test.
        a: kmou_file("<김:PER>은 갔다", "<김:PER>은 갔다", "김은 갔다", "겹친 글", "겹친  둘"),
        b: kmou_file("<서울:LOC>에 있다"),
        c: kmou_file("겹친 글", "또 겹침", "<이:PER>"),
        d: kmou_file("또  겹침", "겹친 둘", "<부산:LOC>"),
    }
    corpora("kmou", contents, {"train": 5, "dev": 3, "test": 3})
    found = read("kmou", tmp_path)
    assert {name: frame["text"].tolist() for name, frame in found.splits.items()} == {
        "train": ["김은 갔다", "김은 갔다", "서울에 있다"],
        "dev": ["겹친 글", "이"],
        "test": ["또  겹침", "겹친 둘", "부산"],
    }
    assert found.splits["train"]["label"].tolist() == ["0-1:PER", "", "0-2:LOC"]
    assert found.splits["train"]["id"].tolist()[0] == f"{a[:-4]}-1"
    assert found.details["repeated"] == {"train": 1, "dev": 0, "test": 0}
    assert found.details["dropped"] == {"train": 2, "dev": 1}
    assert found.details["entities"]["test"] == {"LOC": 1}
    assert found.details["tags_differ"] == 5
    assert {row.kept for row in found.rejects} == {True}
    judged = read_evaluation_corpus("kmou", tmp_path / "raw", SAMPLE)
    assert judged.frame.equals(found.splits["test"])
    assert (judged.origin.title, judged.labels) == ("Small kmou", ["LOC"])
    assert (len(judged.frame), judged.details["entities"]) == (3, {"LOC": 1})


def test_other_numbers_than_published_are_said(tmp_path, corpora):
    names = [named_for(split, 1)[0] for split in SPLITS]
    contents = {name: kmou_file("<김:PER>", f"{name}") for name in names}
    corpora("kmou", contents, {"train": 3, "dev": 2, "test": 2})
    with pytest.raises(UserError, match=r"2 sentences found, 3 expected — delete it and run"):
        read("kmou", tmp_path)


def test_klue_without_its_training_file(tmp_path, corpora):
    """Its development file can still judge a model."""
    lines = made(20)
    corpora("klue", {"dev": klue_file(lines)}, {"train": 30, "dev": 20}, {"train": None})
    found = read("klue", tmp_path)
    assert found.name == "sample"
    assert found.stand_in is True
    assert "Small klue could not be had" in found.warnings[0]
    assert "connection was refused" in found.warnings[0]
    judged = read_evaluation_corpus("klue", tmp_path / "raw", SAMPLE)
    assert len(judged.frame) == 20
    assert judged.details["tags_differ"] == 0
    assert judged.origin.source == "https://example.org"


def test_klue_with_its_training_file(tmp_path, corpora):
    judged, learnt = made(20), made(100, seed=2) + made(20)[:3]
    corpora(
        "klue",
        {"dev": klue_file(judged)},
        {"train": 103, "dev": 20},
        {"train": klue_file(learnt)},
    )
    found = read("klue", tmp_path)
    assert len(found.splits["test"]) == 20
    assert found.details["dropped"]["train"] + found.details["dropped"].get("dev", 0) == 3
    assert len(found.splits["train"]) + len(found.splits["dev"]) == 100
    assert 8 <= len(found.splits["dev"]) <= 10
    assert no_text_twice(found.splits)
    assert not found.warnings


def test_a_training_file_that_is_not_whole(tmp_path, corpora):
    """Nobody knows its blob id: its sentences are counted."""
    corpora(
        "klue",
        {"dev": klue_file(made(20))},
        {"train": 100, "dev": 20},
        {"train": klue_file(made(99))},
    )
    with pytest.raises(UserError, match=r"/train: 99 sentences found, 100 expected"):
        read("klue", tmp_path)


def test_without_network_the_sample_stands_in(tmp_path, corpora, monkeypatch):
    names = [named_for(split, 1)[0] for split in SPLITS]
    corpora("kmou", {name: kmou_file("<김:PER>") for name in names}, {})
    monkeypatch.delenv(MIRROR)
    found = read("kmou", tmp_path)
    assert (found.name, found.stand_in) == ("sample", True)
    assert "sample of hand-written sentences stands in" in found.warnings[0]
    with pytest.raises(CorpusUnavailable, match="could not be downloaded"):
        read_evaluation_corpus("kmou", tmp_path / "raw", SAMPLE)


# As published


@pytest.fixture
def published(tmp_path, sample):
    if MIRROR not in os.environ:
        pytest.skip("needs the published files")
    return functools.partial(read, tmp_path=tmp_path)


def test_kmou_as_published(published):
    found = published("kmou")
    assert {name: len(frame) for name, frame in found.splits.items()} == {
        "train": 19_259,
        "dev": 2_035,
        "test": 2_467,
    }
    assert found.details["dropped"] == {"train": 80, "dev": 3}
    assert found.details["repeated"] == {"train": 112, "dev": 5, "test": 3}
    assert no_text_twice(found.splits)
    assert len(found.details["labels"]) == 10


def test_klp_as_published(published, tmp_path):
    found = published("klp")
    assert {name: len(frame) for name, frame in found.splits.items()} == {
        "train": 2_928,
        "dev": 366,
        "test": 366,
    }
    assert found.details["dropped"] == {}
    assert read_evaluation_corpus("klp", tmp_path / "raw", SAMPLE).frame.equals(
        found.splits["test"]
    )
    assert len(read_evaluation_corpus("klue", tmp_path / "raw", SAMPLE).frame) == 5_000


def test_the_bundled_sentences_can_be_measured_on(tmp_path):
    judged = read_evaluation_corpus("sample", tmp_path / "raw", SAMPLE)
    assert len(judged.frame) > 100
    assert judged.labels
