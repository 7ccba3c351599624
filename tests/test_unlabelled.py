"""Raw texts: documents, what is dropped, what is held out, and what a corpus may be called."""

from __future__ import annotations

import gzip
import json
import lzma
import random

import pandas as pd
import pytest

from pipeline.corpora.annotated.corpus import read_annotated_corpus
from pipeline.corpora.catalogue import CATALOGUE, Corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.remote_files import ChangingFile
from pipeline.corpora.settings import (
    CorpusSettings,
    EntityCorpusSettings,
)
from pipeline.corpora.splits import COLUMNS, CorpusSplits
from pipeline.corpora.unlabelled import named_texts
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.workspace import SAMPLES
from raw_texts import LINES, documents, read, texts, write

# documents


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u200b", "\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_empty_lines_part_documents(blank, line_end, tmp_path):
    groups = [[f"글 {n}의 {line}째 문단" for line in range(n % 3 + 1)] for n in range(12)]
    text = f"\n{blank}\n".join("\n".join(group) for group in groups)
    path = write(tmp_path / "a.txt", f"\n\n{text}\n\n\n".replace("\n", line_end))
    assert documents(path) == groups


def test_a_few_empty_lines_part_nothing(tmp_path):
    path = write(tmp_path / "a.txt", "\n\n".join("\n".join(LINES[n : n + 10]) for n in (0, 10, 20)))
    assert documents(path) == [[line] for line in LINES]
    assert len(read(tmp_path, path).splits["test"]) == 3


def test_documents_stay_together_whatever_their_order(tmp_path):
    groups = [[f"글 {n}의 {line}째 문단" for line in range(n % 4 + 1)] for n in range(60)]
    found = []
    for seed in range(3):
        random.Random(seed).shuffle(groups)
        text = "\n\n".join("\n".join(group) for group in groups)
        splits = read(tmp_path, write(tmp_path / f"{seed}.txt", text))
        parts = {name: set(frame["label"]) for name, frame in splits.splits.items()}
        assert sum(map(len, parts.values())) == 60
        assert len(set().union(*parts.values())) == 60
        assert 10 <= len(splits.splits["dev"]) <= 20
        found.append({name: set(frame["text"]) for name, frame in splits.splits.items()})
    assert found[0] == found[1] == found[2]


def test_lines_follow_each_other_as_in_the_file(tmp_path):
    splits = read(tmp_path, write(tmp_path / "a.txt", "\n".join(LINES)))
    for frame in splits.splits.values():
        assert list(frame["text"]) == [line for line in LINES if line in set(frame["text"])]


def test_dev_and_test_have_the_size_that_is_asked_for(tmp_path):
    path = write(tmp_path / "a.txt", "\n".join(f"{n}째 줄" for n in range(500)))
    sizes = {size: read(tmp_path, path, dev_size=size).splits for size in (7, 2000)}
    assert [len(sizes[7][name]) for name in ("dev", "test")] == [7, 7]
    assert [len(sizes[2000][name]) for name in ("dev", "test")] == [50, 50]


# what is dropped


def test_a_line_equal_to_an_earlier_one_is_dropped_and_counted(tmp_path):
    again = ["0  번째 줄입니다. ", "\u1100\u1161나다", "\u200b1 번째 줄입니다."]
    path = write(tmp_path / "a.txt", "\n".join([*LINES, "가나다", *again, LINES[3]]))
    splits = read(tmp_path, path)
    assert sorted(texts(splits)) == sorted([*LINES, "가나다"])
    assert splits.details["repeated"] == 4
    assert not splits.rejects


def test_what_a_corpus_holds_out_is_taken_from_no_other_file(tmp_path, monkeypatch):
    def frame(rows):
        return pd.DataFrame([(t, t, "x") for t in rows], columns=COLUMNS, dtype="str")

    def labelled(*_):
        return CorpusSplits(
            "nsmc",
            {
                "train": frame(["배울  글", "", "시험 글"]),
                "dev": frame(["고를 글", ""]),
                "test": frame(["시험 글"]),
            },
            Origin("NSMC", "somewhere", "CC0"),
        )

    monkeypatch.setattr(named_texts, "read_labelled_corpus", labelled)
    path = write(tmp_path / "a.txt", "\n".join([*LINES, "고를  글", "시험 글이다"]))
    splits = read(tmp_path, f"{path},nsmc")
    assert sorted(texts(splits)) == sorted([*LINES, "배울  글", "시험 글이다"])
    assert splits.details["held_out"] == 2
    assert splits.name == "a-nsmc"


# folders, several, none


def test_a_folder_is_all_its_files(tmp_path):
    folder = tmp_path / "texts"
    write(folder / "b.txt", "\n".join(LINES[20:]))
    write(folder / "a" / "z.txt", "\n".join(LINES[:10]))
    write(folder / "a.jsonl", "\n".join(json.dumps({"text": line}) for line in LINES[10:20]))
    write(folder / "empty.txt", "")
    write(folder / ".hidden", "숨은 줄\n")
    write(folder / ".git" / "a.txt", "숨은 줄\n")
    splits = read(tmp_path, str(folder))
    assert sorted(texts(splits)) == sorted(LINES)
    assert splits.name == "texts"
    assert len(splits.files) == 3
    assert set(splits.details["encoding"]) == {"texts/a/z.txt", "texts/a.jsonl", "texts/b.txt"}


def test_the_folder_at_hand(tmp_path, monkeypatch):
    write(tmp_path / "texts" / "a.txt", "\n".join(LINES))
    monkeypatch.chdir(tmp_path / "texts")
    splits = read(tmp_path, ".")
    assert splits.name == splits.origin.title == "texts"


def test_several_with_commas_between(tmp_path):
    one = write(tmp_path / "one.txt", "\n".join(LINES[:20]))
    two = tmp_path / "둘.txt.xz"
    two.write_bytes(lzma.compress("\n".join(LINES[15:]).encode()))
    splits = read(tmp_path, f"{one}, {two},{one}")
    assert sorted(texts(splits)) == sorted(LINES)
    assert splits.name == "one-둘"
    assert splits.details["repeated"] == 5
    comma = write(tmp_path / "a,b.txt", "\n".join(LINES))
    assert sorted(texts(read(tmp_path, comma))) == sorted(LINES)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("few.txt", "\n".join(LINES[:9])),
        ("same.txt", "같은 줄\n" * 50),
        ("empty.txt", ""),
        ("blank.txt", "\ufeff\n \n\t\n"),
        ("page.txt", "<!DOCTYPE html>\n<html>\n" + "\n".join(LINES)),
        ("other.xml", "<?xml version='1.0'?>\n<a>\n" + "\n".join(LINES)),
        ("header.tsv", "text\tlabel\n"),
    ],
)
def test_too_little_or_no_text_is_refused_in_one_line(name, content, tmp_path):
    with pytest.raises(UserError) as caught:
        read(tmp_path, write(tmp_path / name, content))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_compressed_nothing_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(UserError, match="no text"):
        read(tmp_path, str(tmp_path / "a.gz"))


@pytest.mark.parametrize("corpus", ["nothing.txt", "kowikki", "", ",", "folder", "tatoebaa"])
def test_what_is_not_there_is_said(corpus, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        read(tmp_path, corpus)


def test_one_document_only_cannot_be_split(tmp_path):
    path = write(tmp_path / "a.json", json.dumps([{"text": "\n".join(LINES)}] * 2))
    with pytest.raises(UserError, match="group"):
        read(tmp_path, path)


# names


@pytest.fixture
def no_network(monkeypatch, nowhere, nothing_from_outside):
    """kowiki is at a host that refuses connections."""
    file = ChangingFile(f"{nowhere}/a/x.xml.bz2", f"{nowhere}/a/sums", "x", "CC0")
    entry = Corpus("kowiki", "Wiki", "CC0", "", {}, kind="unlabelled", changing={"articles": file})
    monkeypatch.setitem(CATALOGUE, "kowiki", entry)


def test_the_sample_has_nothing_that_a_task_holds_out(tmp_path):
    splits = read(tmp_path, "sample")
    learnt = set(texts(splits))
    reviews = read_labelled_corpus(CorpusSettings("sample"), tmp_path, SAMPLES / "sentiment.tsv")
    sentences = read_annotated_corpus(EntityCorpusSettings("sample"), tmp_path, SAMPLES / "ner.txt")
    for corpus in (reviews, sentences):
        assert set(corpus.splits["train"]["text"]) <= learnt
        for name in ("dev", "test"):
            assert learnt.isdisjoint(corpus.splits[name]["text"])
    assert any("대한민국은 민주공화국" in text for text in learnt)
    assert not splits.stand_in


def test_the_sample_stands_in_where_the_wikipedia_cannot_be_had(tmp_path, no_network):
    splits = read(tmp_path, "kowiki")
    assert splits.stand_in
    assert splits.name == "sample"
    assert len(splits.warnings) == 1
    assert set(texts(splits)) == set(texts(read(tmp_path, "sample")))


def test_nothing_stands_in_for_one_of_several(tmp_path, no_network):
    path = write(tmp_path / "a.txt", "\n".join(LINES))
    with pytest.raises(CorpusUnavailable):
        read(tmp_path, f"{path},kowiki")


def test_the_constitution_gives_what_is_not_held_out_of_it(tmp_path):
    splits = read(tmp_path, "constitution")
    assert splits.name == "constitution"
    assert len(texts(splits)) > 100
