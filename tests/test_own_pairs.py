"""A user's own pairs in every form that people have them in: the same pairs come out of all."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import lzma
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.parallel import packed
from pipeline.corpora.parallel.own_pairs import read_pairs
from pipeline.errors import UserError

PAIRS = [(f"나는 책 {n}권을 샀다.", f"I bought {n} books, and read.") for n in range(2, 14)]
CREDIT = "CC-BY 2.0 (France) Attribution: tatoeba.org #1 (A) & #2 (B)"


def sides(own) -> list[tuple[str, str]]:
    return [(pair.ko, pair.en) for pair in read_pairs(own).pairs]


def lines(rows, between: str = "\t") -> str:
    return "".join(between.join(row) + "\n" for row in rows)


def written(folder: Path, name: str, text: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def objects(keys, rows=PAIRS, **more) -> list[dict]:
    return [{**more, **dict(zip(keys, row, strict=True))} for row in rows]


def json_lines(items) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


# JSON


@pytest.mark.parametrize(
    "keys",
    [
        ("ko", "en"),
        ("KO", "EN"),
        ("source", "target"),
        ("src", "tgt"),
        ("korean", "english"),
        ("한국어", "영어"),
        ("원문", "번역문"),
        ("kor_Hang", "eng_Latn"),
        ("sentence_kor_Hang", "sentence_eng_Latn"),
        ("ko_text", "en_text"),
        ("input", "output"),
        ("ko", "translation"),
        ("sentence1", "sentence2"),  # says nothing: the script does
    ],
)
def test_keys_of_json(tmp_path, keys):
    path = written(tmp_path, "a.jsonl", json_lines(objects(keys)))
    assert sides(path) == PAIRS
    turned = [dict(reversed(item.items())) for item in objects(keys, id="7", domain="경제 일반")]
    assert sides(written(tmp_path, "b.json", json.dumps(turned, indent=1))) == PAIRS
    other = objects(keys[::-1])  # English under the Korean name
    assert sides(written(tmp_path, "c.jsonl", json_lines(other))) == PAIRS


def test_nested_json_as_the_hub_has_it(tmp_path):
    items = [
        {"id": str(n), "translation": {"ko": ko, "en": en}} for n, (ko, en) in enumerate(PAIRS)
    ]
    for name in ("a.jsonl", "a.json", "a.txt"):
        assert sides(written(tmp_path, name, json_lines(items))) == PAIRS
    assert sides(written(tmp_path, "b.json", json.dumps({"data": items}))) == PAIRS
    deep = [{"ko": {"text": ko}, "en": {"text": en}} for ko, en in PAIRS]
    assert sides(written(tmp_path, "c.jsonl", json_lines(deep))) == PAIRS


def test_the_translation_by_a_person_is_taken(tmp_path):
    """As AI-Hub gives it out: the Korean before it was edited, what a machine made of it, and the
    English that a person mended."""
    items = [
        {
            "sn": f"A{n}",
            "data_set": "기술과학",
            "domain": "의료 보건",
            "ko_original": f"{ko}!!",
            "ko": ko,
            "mt": f"Machine: {en}",
            "en": en,
            "source_language": "ko",
            "target_language": "en",
            "word_count_ko": 3,
            "source": "크라우드 소싱",
            "license": "open",
        }
        for n, (ko, en) in enumerate(PAIRS)
    ]
    path = written(tmp_path, "a.json", json.dumps({"data": items}, ensure_ascii=False))
    assert sides(path) == PAIRS
    table = [("ID", "대분류", "원문", "기계번역", "번역문")]
    table += [(f"K{n}", "일상 대화", ko, f"Machine {en}", en) for n, (ko, en) in enumerate(PAIRS)]
    assert sides(written(tmp_path, "a.tsv", lines(table))) == PAIRS


def test_records_that_are_damaged_or_short_cost_themselves(tmp_path):
    items = objects(("ko", "en"))
    items[3] = {"ko": "혼자"}
    text = json_lines(items).split("\n")
    text[1] = text[1][:-4]
    texts = read_pairs(written(tmp_path, "a.jsonl", "\n".join(text)))
    assert len(texts.pairs) == len(PAIRS) - 1  # the short one is empty on a side: for the filter
    assert [reject.line for reject in texts.rejects] == [2]


def test_a_list_for_each_pair(tmp_path):
    for rows in (PAIRS, [("ko", "en"), *PAIRS]):
        text = json.dumps(rows, ensure_ascii=False, indent=1)
        assert sides(written(tmp_path, "a.json", text)) == PAIRS
        text = "".join(json.dumps(row) + "\n" for row in rows)
        assert sides(written(tmp_path, "a.jsonl", text)) == PAIRS
    with pytest.raises(UserError):
        read_pairs(written(tmp_path, "b.json", "[[1, 2], [3, 4]]"))
    bracketed = [(f"[광고] {ko}", f"[Ad] {en}") for ko, en in PAIRS]
    assert sides(written(tmp_path, "c.tsv", lines(bracketed))) == bracketed


# Text with other separators


@pytest.mark.parametrize("between", ["\t", " ||| ", "|||"])
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_separators(tmp_path, between, header, turned):
    rows = [("한국어", "English"), *PAIRS] if header else PAIRS
    rows = [row[::-1] for row in rows] if turned else rows
    for end, encoding in (
        ("\n", "utf-8"),
        ("\r\n", "utf-8-sig"),
        ("\n", "cp949"),
        ("\r", "utf-16"),
    ):
        path = written(tmp_path, "a.txt", lines(rows, between).replace("\n", end), encoding)
        assert sides(path) == PAIRS


@pytest.mark.parametrize("between", ["    ", " = ", " => ", " / "])
def test_commas_of_sentences_are_no_separator(tmp_path, between):
    with pytest.raises(UserError, match="column"):
        read_pairs(written(tmp_path, "a.txt", lines(PAIRS, between)))


def test_bars_within_sides(tmp_path):
    rows = [(f"{ko} ||| 네", f"{en} ||| Yes") for ko, en in PAIRS]
    assert sides(written(tmp_path, "a.tsv", lines(rows))) == rows


def test_a_table_with_columns_that_are_no_sentences(tmp_path):
    ids = [str(n) for n in range(70, 70 + len(PAIRS))]
    tatoeba = [(i, ko, f"1{i}", en) for i, (ko, en) in zip(ids, PAIRS, strict=True)]
    assert sides(written(tmp_path, "a.tsv", lines(tatoeba))) == PAIRS
    crawled = [("http://a.kr/1", "http://a.com/1", en, ko, "1.07") for ko, en in PAIRS]
    assert sides(written(tmp_path, "b.tsv", lines(crawled))) == PAIRS
    mined = [("1.2", "kor_Hang", "eng_Latn", ko, en) for ko, en in PAIRS]
    assert sides(written(tmp_path, "c.tsv", lines(mined))) == PAIRS
    scored = [(ko, en, "0.3 0.4", "0-0 1-1") for ko, en in PAIRS]
    assert sides(written(tmp_path, "d.txt", lines(scored, " ||| "))) == PAIRS
    classed = [("일상 대화", ko, en, "daily talk") for ko, en in PAIRS]
    assert sides(written(tmp_path, "e.tsv", lines(classed))) == PAIRS


@pytest.mark.parametrize(
    "header",
    [
        ("한국어", "영어"),
        ("한국어 문장", "영어 문장"),
        ("kor sentence", "eng sentence"),
        ("0", "1"),
    ],
)
def test_headers_are_no_pair(tmp_path, header):
    rows = [tuple(unicodedata.normalize("NFD", name) for name in header), *PAIRS]
    texts = read_pairs(written(tmp_path, "a.tsv", lines(rows)))
    assert texts.details["header"] is True
    assert [(pair.ko, pair.en) for pair in texts.pairs] == PAIRS


@pytest.mark.parametrize(
    "first", [("ㅋㅋ", "lol"), ("같은 말", "같은 말"), ("OK.", "OK!"), ("3", "4")]
)
def test_a_first_row_that_is_no_header(tmp_path, first):
    texts = read_pairs(written(tmp_path, "a.tsv", lines([first, *PAIRS])))
    assert texts.details["header"] is False
    assert len(texts.pairs) == len(PAIRS) + 1


def test_one_language_only(tmp_path):
    korean = lines([(ko,) for ko, _ in PAIRS])
    with pytest.raises(UserError, match="one column"):
        read_pairs(written(tmp_path, "a.txt", korean))
    with pytest.raises(UserError, match="one column"):
        read_pairs(written(tmp_path, "a.jsonl", json_lines({"text": ko} for ko, _ in PAIRS)))
    with pytest.raises(UserError, match="English"):
        read_pairs(written(tmp_path, "a.tsv", lines([(ko, ko) for ko, _ in PAIRS])))


# Several translations of a sentence

SEVERAL = [("나는 갔다.", "I went.", "I did go."), ("왔다.", "He came.", "")]
SEVERAL_PAIRS = [
    ("나는 갔다.", "I went."),
    ("나는 갔다.", "I did go."),
    ("왔다.", "He came."),
]


@pytest.mark.parametrize(
    "header",
    [("ko", "en", "en2"), ("ko", "en_1", "en_2"), ("ko", "ref1", "ref2"), ("src", "ref", "ref 2"),
     ("source", "reference_1", "reference_2"), ("ko", "en", "ref2"), ("원문", "번역1", "번역2")],
)  # fmt: skip
def test_each_translation_is_a_pair(tmp_path, header):
    assert sides(written(tmp_path, "a.tsv", lines([header, *SEVERAL]))) == SEVERAL_PAIRS
    assert (
        sides(written(tmp_path, "a.jsonl", json_lines(objects(header, SEVERAL)))) == SEVERAL_PAIRS
    )


def test_a_list_of_references(tmp_path):
    items = [{"ko": ko, "references": [text for text in more if text]} for ko, *more in SEVERAL]
    assert sides(written(tmp_path, "a.jsonl", json_lines(items))) == SEVERAL_PAIRS


def test_a_machines_translation_is_no_reference(tmp_path):
    rows = [("src", "translation", "ref"), *((ko, f"Bad {en}", en) for ko, en in PAIRS)]
    assert sides(written(tmp_path, "a.tsv", lines(rows))) == PAIRS


# Packed


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def tarred(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


KOREAN, ENGLISH = (lines([(row[side],) for row in PAIRS]) for side in (0, 1))
MOSES = {
    "README": "about",
    "LICENSE": "free",
    "X.en-ko.en": ENGLISH,
    "X.en-ko.ko": KOREAN,
    "X.en-ko.xml": "<?xml version='1.0'?><a/>",
}
ANKI = {"_about.txt": "about", "kor.txt": lines((en, ko, CREDIT) for ko, en in PAIRS)}


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "members",
    [
        MOSES,
        {f"../../up/{name}": text for name, text in MOSES.items()},
        {"__MACOSX/._kor.txt": "x", **ANKI},
        {"data/mine.jsonl": json_lines(objects(("ko", "en")))},
        {"mine.csv": "ko,en\n" + lines(((ko, f'"{en}"') for ko, en in PAIRS), ",")},
    ],
)
def test_archives(tmp_path, pack, members):
    path = pack(tmp_path / "a.bin", members)  # the content says what it is
    before = sorted(tmp_path.rglob("*"))
    assert sides(path) == PAIRS
    assert sorted(tmp_path.rglob("*")) == before


def test_a_compressed_table(tmp_path):
    data = lines(PAIRS).encode()
    assert sides(written(tmp_path, "a.tsv.gz", gzip.compress(data))) == PAIRS
    assert sides(written(tmp_path, "a.tsv.xz", lzma.compress(data))) == PAIRS
    assert sides(written(tmp_path, "a.bin", gzip.compress(data))) == PAIRS
    memory = (
        '<tmx><body><tu><tuv lang="ko"><seg>가</seg></tuv><tuv lang="en"><seg>A</seg></tuv></tu>'
    )
    memory = gzip.compress(f"{memory}</body></tmx>".encode())
    assert sides(written(tmp_path, "a.tmx.gz", memory)) == [("가", "A")]


def test_archives_that_cannot_be_read(tmp_path, monkeypatch):
    def refused(path: Path, match: str) -> None:
        with pytest.raises(UserError, match=match) as caught:
            read_pairs(path)
        assert "\n" not in str(caught.value)

    refused(zipped(tmp_path / "a.zip", {"a.tsv": lines(PAIRS), "b.tsv": lines(PAIRS)}), "a.tsv")
    refused(zipped(tmp_path / "b.zip", {"README": "nothing", "a.pdf": ""}), "not clear")
    refused(zipped(tmp_path / "c.zip", {}), "not clear")
    refused(zipped(tmp_path / "d.xlsx", {"[Content_Types].xml": "", "xl/a.xml": ""}), "spreadsheet")
    whole = zipped(tmp_path / "e.zip", ANKI).read_bytes()
    refused(written(tmp_path, "f.zip", whole[: len(whole) // 2]), "unpacked")
    packed_text = gzip.compress(lines(PAIRS).encode())
    refused(written(tmp_path, "f.gz", packed_text[:-20]), "unpacked")
    refused(written(tmp_path, "g.gz", packed_text[:10] + b"?" * 20), "unpacked")
    refused(zipped(tmp_path / "h.zip", {"a.ko": KOREAN, "a.en": ENGLISH + "More.\n"}), "12 .* 13")
    monkeypatch.setattr(packed, "MAX_MEMBER_BYTES", 1000)
    bomb = "가\tgo\n" * 10_000
    refused(zipped(tmp_path / "i.zip", {"a.tsv": bomb}), "1,000 bytes")
    refused(tarred(tmp_path / "i.tgz", {"a.tsv": bomb}), "1,000 bytes")
    refused(written(tmp_path, "i.gz", gzip.compress(bomb.encode())), "1,000 bytes")


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"BZh9", b"<?xml ", b"{"]),
    st.sampled_from(["a.zip", "a.tmx", "a.jsonl", "a.ko", "a.gz"]),
)
def test_no_bytes_crash_the_reader(tmp_path_factory, data, begin, name):
    path = written(tmp_path_factory.getbasetemp() / "bytes", name, begin + data)
    with contextlib.suppress(UserError):
        read_pairs(path)
    path.unlink()
