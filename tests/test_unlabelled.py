"""Raw texts: their lines and documents, what is dropped, and what is held out."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import threading
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.corpus import read_annotated_corpus
from pipeline.corpora.catalogue import CATALOGUE, ChangingFile, Corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.settings import (
    CorpusSettings,
    EntityCorpusSettings,
    UnlabelledCorpusSettings,
)
from pipeline.corpora.splits import COLUMNS, CorpusSplits
from pipeline.corpora.unlabelled import named_texts, text_files
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.corpora.unlabelled.text_files import read_text_file
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.workspace import SAMPLES

LINES = [f"{number} 번째 줄입니다." for number in range(30)]


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return str(path)


def read(
    tmp_path: Path, corpus: str, leave_out: str | None = None, dev_size: int = 2000
) -> CorpusSplits:
    return read_unlabelled_texts(
        UnlabelledCorpusSettings(corpus, leave_out, dev_size), tmp_path / "raw"
    )


def texts(splits: CorpusSplits) -> list[str]:
    return [text for frame in splits.splits.values() for text in frame["text"]]


def documents(path: str) -> list[list[str]]:
    return read_text_file(Path(path)).documents


# files


@pytest.mark.parametrize("opened", [open, gzip.open, bz2.open, lzma.open])
def test_a_text_a_line_whatever_it_is_compressed_with(opened, tmp_path):
    path = tmp_path / "texts"
    with opened(path, "wb") as file:
        file.write("\n".join(LINES).encode())
    splits = read(tmp_path, str(path))
    assert sorted(texts(splits)) == sorted(LINES)
    assert {name: len(frame) for name, frame in splits.splits.items()} == {
        "train": 24,
        "dev": 3,
        "test": 3,
    }
    assert all((frame["id"] == frame["label"]).all() for frame in splits.splits.values())


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_damaged_compressed_data_is_one_line(packed, tmp_path):
    data = packed("\n".join(LINES).encode())
    for damaged in (data[:-20], data[:40] + b"\0" * 30 + data[70:]):
        (tmp_path / "texts").write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            read(tmp_path, str(tmp_path / "texts"))


def test_streams_one_behind_the_other_are_one_file(tmp_path):
    path = tmp_path / "texts.xz"
    path.write_bytes(b"".join(lzma.compress(f"{line}\n".encode()) for line in LINES))
    assert documents(str(path)) == [[line] for line in LINES]


def test_what_is_compressed_otherwise_or_no_text_is_named(tmp_path):
    for content in (
        b"(\xb5/\xfd" + bytes(20),
        b"PK\x03\x04" + bytes(50),
        bytes(300),
        b"%PDF-1.7\n",
    ):
        (tmp_path / "a.txt").write_bytes(content)
        with pytest.raises(UserError):
            read(tmp_path, str(tmp_path / "a.txt"))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_encodings_and_line_ends(encoding, line_end, tmp_path):
    path = write(tmp_path / "a.txt", line_end.join([*LINES, ""]), encoding)
    assert documents(path) == [[line] for line in LINES]
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))
    assert documents(str(packed)) == [[line] for line in LINES]


def test_every_character_of_a_line_stays(tmp_path):
    odd = [
        "  두 칸  안 세 칸   ",
        "\t탭\t사이\t",
        "한글".encode().decode(),
        "\u1112\u1161\u11ab 풀어 쓴 글자",
        "가\u2028나\x0b다\x85라",
        "\u3000전각\u00a0공백",
        'quotes "in" it, and, commas',
        "가\r나",
    ]
    assert documents(write(tmp_path / "a.txt", "\n".join(odd + LINES))) == [
        [line] for line in odd + LINES
    ]


@given(
    lines=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9), max_size=40)
)
def test_a_stream_gives_the_lines_that_the_file_has(lines, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    path = write(folder / "stream.txt", "\n".join(["처음", *lines, "마지막"]))
    read = text_files._lines(
        data[i : i + 3] for data in [Path(path).read_bytes()] for i in range(0, len(data), 3)
    )
    assert list(read) == ["처음", *lines, "마지막"]


def test_a_file_that_begins_in_ascii_is_what_all_of_it_says(tmp_path):
    begin = "plain words only\n" * 70_000  # more than is looked at first
    path = write(tmp_path / "a.txt", begin + "\n".join(LINES), "cp949")
    assert documents(path)[-30:] == [[line] for line in LINES]


def test_a_damaged_line_is_rejected_alone(tmp_path):
    data = "\n".join(LINES).encode().replace("7 번째 줄".encode(), b"\xb0\xa1", 1)
    (tmp_path / "a.txt").write_bytes(data)
    splits = read(tmp_path, str(tmp_path / "a.txt"))
    assert [reject.line for reject in splits.rejects] == [8]
    assert set(texts(splits)) == set(LINES) - {LINES[7]}


def test_a_pipe_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("\n".join(LINES), "utf-8"))
    writer.start()
    assert documents(str(path)) == [[line] for line in LINES]
    writer.join()


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


# JSON and tables


@pytest.mark.parametrize("key", ["text", "document", "아무개"])
def test_a_record_of_json_is_a_document(key, tmp_path):
    records = [{"id": str(n), key: f"{n}번 글의 문단\r\n\r\n{n}번 글의 둘째"} for n in range(12)]
    expected = [[f"{n}번 글의 문단", f"{n}번 글의 둘째"] for n in range(12)]
    rows = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert documents(write(tmp_path / "a.jsonl", rows)) == expected
    assert documents(write(tmp_path / "a.txt", rows)) == expected
    assert documents(write(tmp_path / "b.json", json.dumps(records, indent=1))) == expected
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    assert documents(str(tmp_path / "c.jsonl.gz")) == expected


def test_json_without_texts_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"n": 1}\n{"n": 2}\n')
    with pytest.raises(UserError):
        documents(path)
    with pytest.raises(UserError):
        documents(write(tmp_path / "b.json", "[1, 2"))


def test_text_that_begins_like_json_is_text(tmp_path):
    lines = ["[스포] 재미있어요", "{중괄호} 로 시작", *LINES]
    assert documents(write(tmp_path / "a.txt", "\n".join(lines))) == [[line] for line in lines]


@pytest.mark.parametrize("suffix", [".txt", ".tsv", ""])
def test_nsmcs_own_file_is_a_table(suffix, tmp_path):
    rows = [f"{n}\t{n} 번째 영화, 좋다\t{n % 2}" for n in range(40)]
    path = write(tmp_path / f"ratings{suffix}", "\n".join(["id\tdocument\tlabel", *rows, ""]))
    assert documents(path) == [[f"{n} 번째 영화, 좋다"] for n in range(40)]


def test_tables_of_other_makes(tmp_path):
    csv = 'label,내용\n1,"좋다, 정말"\n0,"별로\n다"\n' + "\n".join(f"1,{n}번" for n in range(20))
    expected = [["좋다, 정말"], ["별로", "다"], *([f"{n}번"] for n in range(20))]
    for name in ("a.csv", "a.txt"):
        assert documents(write(tmp_path / name, csv)) == expected
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(csv.encode()))
    assert documents(str(tmp_path / "a.csv.xz")) == expected
    tags = "\n".join(f"__label__{n % 2} {line}" for n, line in enumerate(LINES))
    assert documents(write(tmp_path / "f.txt", tags)) == [[line] for line in LINES]
    bare = "\n".join(f"{line}\t{n % 2}" for n, line in enumerate(LINES))
    assert documents(write(tmp_path / "bare.tsv", bare)) == [[line] for line in LINES]
    one = "\n".join(["text", *LINES])
    assert documents(write(tmp_path / "one.csv", one)) == [[line] for line in LINES]


def test_rows_of_another_width_are_rejected(tmp_path):
    rows = "\n".join(f"{line}\t1" for line in LINES)
    path = write(tmp_path / "a.tsv", f"text\tlabel\n{rows}\n가\t나\t다\ntext\tlabel\n")
    splits = read(tmp_path, path)
    assert [reject.line for reject in splits.rejects] == [32, 33]
    assert sorted(texts(splits)) == sorted(LINES)


@pytest.mark.parametrize(
    "lines",
    [
        [f"{line}\t{n}" for n, line in enumerate(LINES)],
        [f"{n}, {line}" for n, line in enumerate(LINES)],
        ["내용", *LINES],
        ["리뷰, 정말 좋은 영화", *LINES],
        ["본문\t텍스트", *LINES],
        ["글 | 그림", *(f"{line} | 그" for line in LINES)],
    ],
)
def test_plain_text_without_a_header_is_no_table(lines, tmp_path):
    assert documents(write(tmp_path / "a.txt", "\n".join(lines))) == [[line] for line in lines]


@pytest.mark.parametrize(
    "rows",
    [
        "\n".join(f"{n}\t{n + 1}" for n in range(20)),
        "\n".join("글, " * (n % 5) + "끝" for n in range(20)),
    ],
)
def test_a_table_whose_texts_nobody_can_tell_is_refused(rows, tmp_path):
    with pytest.raises(UserError, match="column"):
        documents(write(tmp_path / "a.csv", rows))


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
