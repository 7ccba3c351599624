"""Text for language models: read, divided into documents, held out in its own order."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora import download
from pipeline.corpora.catalogue import find_corpus
from pipeline.corpora.fetch import MIRROR, CorpusUnavailable, fetch
from pipeline.corpora.running import corpus as running_text
from pipeline.corpora.running.corpus import (
    TextCorpusSettings,
    constitution_file,
    read_running_text,
)
from pipeline.corpora.running.documents import (
    Document,
    as_written,
    cut_in_order,
    from_frame,
    on_one_line,
    read_documents,
    to_frame,
)
from pipeline.corpora.splits import read_split, write_split
from pipeline.errors import UserError

POEM = "산에는 꽃 피네\n꽃이 피네\n\n갈 봄 여름 없이\n꽃이 피네"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def texts_of(path: Path, division: str) -> list[tuple[int, str]]:
    return [(d.line, d.text) for d in read_documents(path, division).documents]


# documents


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_falls_into_documents(line_end, tmp_path):
    text = f"\n \n{POEM}\n \t\n\n  산에\n산에\n\n"
    path = write(tmp_path / "poem.txt", text.replace("\n", line_end))
    whole = f"{POEM}\n \t\n\n  산에\n산에"
    assert texts_of(path, "file") == [(3, whole)]
    first, second = POEM.split("\n\n")
    assert texts_of(path, "paragraph") == [(3, first), (6, second), (10, "  산에\n산에")]
    assert texts_of(path, "line") == [
        (3, "산에는 꽃 피네"),
        (4, "꽃이 피네"),
        (6, "갈 봄 여름 없이"),
        (7, "꽃이 피네"),
        (10, "  산에"),
        (11, "산에"),
    ]


def test_other_line_ends_belong_to_the_text(tmp_path):
    path = write(tmp_path / "a.txt", "가\u2028나\x0b다\x85라\n마")
    assert texts_of(path, "line") == [(1, "가\u2028나\x0b다\x85라"), (2, "마")]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8-sig", "UTF-8 with BOM"), ("utf-16", "UTF-16"), ("cp949", "CP949")],
)
def test_other_encodings_are_read(encoding, name, tmp_path):
    read = read_documents(write(tmp_path / "a.txt", POEM, encoding), "file")
    assert (read.documents[0].text, read.encoding, read.rejects) == (POEM, name, [])


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"\0\1\2\3", "NUL"),
        ("\u3000\x0b".encode(), "no text"),
    ],
)
def test_what_is_no_text_is_refused(content, wrong, tmp_path):
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError, match=f"a.txt.*{wrong}.* — "):
        read_documents(tmp_path / "a.txt", "file")


def test_damaged_characters_are_marked(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(f"{POEM}\n\n{POEM}".encode().replace("봄".encode(), b"\xeb\xb4", 1))
    read = read_documents(path, "paragraph")
    assert [d.text for d in read.documents] == [
        *POEM.replace("봄", "\ufffd\ufffd").split("\n\n"),
        *POEM.split("\n\n"),
    ]
    assert [(row.line, row.kept) for row in read.rejects] == [(4, True)]


JSON_LINES = [{"id": 1, "text": POEM}, {"id": 2, "text": "산에\n산에"}, {"id": 3, "text": ""}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("division", "expected"),
    [
        ("file", [POEM, "산에\n산에"]),
        ("paragraph", [*POEM.split("\n\n"), "산에\n산에"]),
        ("line", [line for line in POEM.split("\n") if line] + ["산에", "산에"]),
    ],
)
def test_the_texts_of_json_are_documents(tmp_path, division, expected, indent):
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in JSON_LINES)
    whole = json.dumps(JSON_LINES, indent=indent)
    for text in (lines + "\n{broken\n", whole):
        path = write(tmp_path / "a.txt", text)
        assert [d.text for d in read_documents(path, division).documents] == expected
    read = read_documents(write(tmp_path / "a.jsonl", lines + "\n{broken\n"), division)
    assert [row.line for row in read.rejects] == [4]
    assert read.documents[-1].line in (2, 3)


def test_json_without_texts_is_refused(tmp_path):
    for items in ([{"a": 1}, {"a": 2}], [{"a": POEM, "b": POEM + "!"}] * 2, [{}, {}]):
        path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, items)))
        with pytest.raises(UserError, match="a.jsonl: is JSON, and which key"):
            read_documents(path, "file")
    found = read_documents(write(tmp_path / "b.json", json.dumps([{"n": 7, "글": POEM}])), "file")
    assert [d.text for d in found.documents] == [POEM]


FIELDS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\\nrt\n\r\t")))


@settings(max_examples=25)
@given(st.lists(FIELDS, min_size=1))
def test_a_text_survives_a_table(tmp_path, texts):
    """`write_split` would make one space of line feeds."""
    path = tmp_path / "train.tsv"
    frame = to_frame([Document("a.txt", n, text, n % 2 > 0) for n, text in enumerate(texts)])
    write_split(path, frame)
    found, ends = from_frame(read_split(path))
    assert found == texts
    assert ends == [n % 2 > 0 for n in range(len(texts))]
    for text in texts:
        assert as_written(on_one_line(text)) == text
        assert not set(on_one_line(text)) & set("\n\r\t")


# splits


def joined(parts) -> str:
    """What was there before it was cut, a line feed for each end."""
    return "".join(d.text + "\n" * d.ends for part in parts for d in part)


sizes = st.lists(st.integers(1, 400), min_size=1, max_size=80).filter(lambda s: sum(s) > 1000)


@given(sizes, st.sampled_from(["", "\n", " ", "\n가나 다"]), st.sampled_from([0.1, 0, 0.3]))
def test_parts_follow_each_other_and_lose_nothing(lengths, between, test_share):
    documents = [
        Document("a.txt", n, (f"{n}가나다라{between}" * length)[:length])
        for n, length in enumerate(lengths)
    ]
    parts = cut_in_order(documents, test_share)
    shares = {"train": 0.9 - test_share, "test": test_share, "dev": 0.1}
    assert list(parts) == [name for name, share in shares.items() if share]
    assert joined(parts.values()) == joined([documents])
    total = sum(map(len, documents))
    for name, part in parts.items():
        share = shares[name]
        assert abs(sum(map(len, part)) / total - share) <= 0.04 + 2 / total
        assert all(len(document.text) for document in part)


def test_cuts_are_where_they_harm_least():
    """Between documents; where they are too long between lines; then between words."""

    def last_of_train(documents: list[Document]) -> Document:
        return cut_in_order(documents, 0.1)["train"][-1]

    verse = "가" * 49
    assert last_of_train([Document("a", n, verse) for n in range(99)]) == Document("a", 78, verse)

    lines = Document("a", 5, "\n".join([verse] * 99))
    assert last_of_train([lines]) == Document("a", 5, (verse + "\n") * 79, ends=False)
    assert cut_in_order([lines], 0.1)["test"][0].line == 5 + 79

    words = Document("a", 1, " ".join([verse] * 99))
    assert last_of_train([words]) == Document("a", 1, (verse + " ") * 79, ends=False)

    nothing = Document("a", 1, "가" * 4999)
    assert last_of_train([nothing]) == Document("a", 1, "가" * 4000, ends=False)


def test_without_a_test_dev_stands_for_it(tmp_path):
    corpus = read_running_text(TextCorpusSettings(test_share=0.0), tmp_path)
    assert corpus.reported == "dev"
    assert corpus.characters == {"train": 15131 + 1884, "dev": 1869, "test": 1869}
    assert corpus.splits["test"].equals(corpus.splits["dev"])


def test_a_test_of_next_to_nothing_is_refused(tmp_path):
    with pytest.raises(UserError, match="too few characters for test: .*--test-share 0"):
        read_running_text(TextCorpusSettings(test_share=0.001), tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05])
def test_a_small_test_is_about_as_large_as_it_was_asked_for(share, tmp_path):
    path = write(tmp_path / "a.txt", "\n".join(["가나다라 마바사 " * 45] * 40))
    corpus = read_running_text(TextCorpusSettings(str(path), test_share=share), tmp_path)
    found = corpus.characters
    assert found["test"] == pytest.approx(share * sum(found.values()), rel=0.6)


def test_too_little_text_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", POEM)
    with pytest.raises(UserError, match="a.txt: too few characters: 32; at least 1,000"):
        read_running_text(TextCorpusSettings(str(path)), tmp_path / "raw")


# corpora


def test_the_constitution_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(running_text, "fetch", None)
    corpus = read_running_text(TextCorpusSettings(), tmp_path / "raw")
    train, dev, test = (from_frame(corpus.splits[name])[0][0] for name in ("train", "dev", "test"))
    assert train.startswith("대한민국헌법\n\n유구한 역사와 전통에 빛나는")
    assert dev.endswith("그 직무를 행한다.")
    assert "\r" not in train
    written = constitution_file().read_bytes().decode("utf-8").replace("\r\n", "\n")
    assert train + test + dev == written.strip("\n"), "test stands between train and dev"
    assert corpus.name == "constitution"
    assert corpus.characters == {"train": 15131, "dev": 1869, "test": 1884}
    assert corpus.splits["train"]["label"].tolist() == ["goes on"]
    assert corpus.splits["dev"]["label"].tolist() == ["ends"]


def test_the_constitution_does_not_load_konlpy():
    code = (
        "import sys; from pipeline.corpora.running.corpus import constitution_file;"
        "assert constitution_file().is_file(); assert 'konlpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_konlpy_there_is_another_way(tmp_path, monkeypatch):
    monkeypatch.setattr(running_text.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="KoNLPy, which is not installed.*--corpus"):
        read_running_text(TextCorpusSettings(), tmp_path / "raw")


@pytest.mark.skipif("CORPUS_MIRROR" not in os.environ, reason="needs the corpora mirror")
def test_tiny_shakespeare_is_split_as_is_usual(tmp_path):
    corpus = read_running_text(TextCorpusSettings("shakespeare"), tmp_path)
    (file,) = find_corpus("shakespeare", "running").files.values()
    usual = (tmp_path / file.relative).read_text(encoding="utf-8")
    usual = usual[int(0.9 * len(usual)) :]
    (dev,), _ = from_frame(corpus.splits["dev"])
    # Theirs begins in the middle of a line, with the last two characters of it.
    assert usual == f"?\n{dev}\n"
    # What is published has no test: all before dev is learnt from.
    assert corpus.characters == {"train": 1003856, "dev": 111538, "test": 111538}
    assert corpus.reported == "dev"
    corpus = read_running_text(TextCorpusSettings("shakespeare", test_share=0.1), tmp_path)
    assert corpus.characters == {"train": 892324, "dev": 111538, "test": 111532}
    assert corpus.reported == "test"


def test_without_network_nothing_stands_in_for_shakespeare(tmp_path, monkeypatch):
    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.0)
    refused = functools.partial(fetch, host="http://127.0.0.1:9", quiet=True)
    monkeypatch.setattr(running_text, "fetch", refused)
    with pytest.raises(CorpusUnavailable, match="refused.*--corpus constitution"):
        read_running_text(TextCorpusSettings("shakespeare"), tmp_path)


def test_several_files_of_a_users_own(tmp_path):
    one = write(tmp_path / "시 모음.txt", "\n".join(["산에는 꽃 피네"] * 100))
    two = write(tmp_path / "b.txt", "\n\n".join([POEM] * 50), "cp949")
    corpus = read_running_text(TextCorpusSettings(f"{one}, {two},{one}", "paragraph"), tmp_path)
    assert corpus.name == "시-모음-b"
    assert corpus.details["encoding"] == {"시 모음.txt": "UTF-8", "b.txt": "CP949"}
    assert corpus.details["documents"] == "paragraph"
    assert corpus.splits["train"]["id"].tolist()[:3] == ["시 모음.txt:1", "b.txt:1", "b.txt:4"]
    assert set(corpus.splits["train"]["label"]) == {"ends"}
    assert sum(corpus.characters.values()) == 100 * 9 + 50 * (len(POEM) + 1 - 1)


def test_a_file_may_be_called_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "하나, 둘", "가나다 " * 400)
    assert read_running_text(TextCorpusSettings("하나, 둘"), tmp_path).name == "하나-둘"
    (tmp_path / "shakespeare").mkdir()
    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setattr(running_text, "fetch", lambda file, raw: tmp_path / "하나, 둘")
    assert read_running_text(TextCorpusSettings("shakespeare"), tmp_path).name == "shakespeare"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (
            "shakespear",
            "no corpus is called 'shakespear' — did you mean shakespeare; or .*; constitution",
        ),
        ("nsmc", "the texts of nsmc are labelled, not running — there is shakespeare"),
        ("missing.txt", "missing.txt: no such file — "),
        ("", "no corpus is called ''"),
    ],
)
def test_a_wrong_name_names_what_there_is(name, wrong, tmp_path):
    with pytest.raises(UserError, match=wrong):
        read_running_text(TextCorpusSettings(name), tmp_path)
