from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_pairs import judge, read, shares_no_side, sizes
from pipeline.corpora.parallel.aligned_files import (
    AlignedFiles,
    aligned_files,
    aligned_names,
    pairs_of_lines,
)
from pipeline.corpora.parallel.own_pairs import read_pairs
from pipeline.corpora.parallel.sources import names_in
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED

KOREAN = [f"나는 책 {n}권을 샀다." for n in range(2, 14)]
ENGLISH = [f"I bought {n} books." for n in range(2, 14)]


def written(folder: Path, name: str, lines, end: str = "\n", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(line + end for line in lines).encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def both(folder: Path, ko: str, en: str) -> tuple[Path, Path]:
    return written(folder, ko, KOREAN), written(folder, en, ENGLISH)


def sides(own) -> list[tuple[str, str]]:
    return [(pair.ko, pair.en) for pair in read_pairs(own).pairs]


EXPECTED = list(zip(KOREAN, ENGLISH, strict=True))


@pytest.mark.parametrize(
    ("ko", "en", "begin"),
    [
        ("train.ko", "train.en", "train"),
        ("mine.ko-en.ko", "mine.ko-en.en", "mine.ko-en"),
        ("Open.en-ko.ko", "Open.en-ko.en", "Open.en-ko"),
        ("train.ko.gz", "train.en.gz", "train"),
        ("train.ko.gz", "train.en", "train"),
        ("a.ko-KR", "a.en-US", "a"),
        ("a.KO", "a.EN", "a"),
        ("train.kor", "train.eng", "train"),
        ("train_ko.txt", "train_en.txt", "train"),
        ("train.ko.txt", "train.en.txt", "train"),
        ("korean.txt", "english.txt", None),
        ("ko.txt", "en.txt", None),
        ("kor_Hang.devtest", "eng_Latn.devtest", None),
        (unicodedata.normalize("NFD", "글.한국어"), "글.영어", "글"),
        ("train.src", "train.tgt", "train"),
        ("train.tgt", "train.src", "train"),
        ("책 1:2.ko", "책 1:2.en", "책 1:2"),
    ],
)
def test_names_that_belong_together(tmp_path, ko, en, begin):
    korean, english = both(tmp_path, ko, en)
    written(tmp_path, "other.en", ["Something else."])
    for own in (korean, english, *([tmp_path / begin] if begin else [])):
        assert sides(own) == EXPECTED
        assert sizes(read(own, tmp_path)) == {"train": 10, "dev": 1, "test": 1}
    for setting in (f"{korean},{english}", f"{english}, {korean}"):
        assert len(names_in(setting)) == 1
        assert sum(sizes(read(setting, tmp_path)).values()) == 12
        assert len(judge(setting, tmp_path).frame) == 12


def test_two_files_of_any_names(tmp_path):
    korean, english = both(tmp_path, "ko/train.txt", "en/train.txt")
    assert aligned_files(korean) is None
    for setting in (f"{korean},{english}", f"{english},{korean}"):
        assert names_in(setting) == [setting]
        assert sum(sizes(read(setting, tmp_path)).values()) == 12
        assert list(judge(setting, tmp_path).frame["text"]) == KOREAN
    table = written(tmp_path, "table.tsv", [f"{ko} 또\t{en} Yes." for ko, en in EXPECTED])
    found = read(f"{table},{korean},{english}", tmp_path)
    assert sum(sizes(found)[name] for name in ("train", "dev", "test")) == 24


def test_tables_that_are_called_by_languages(tmp_path):
    rows = [f"{ko}\t{en}" for ko, en in EXPECTED]
    for name in ("a_ko.tsv", "a_en.tsv", "b.ko-en.tsv", "b.en-ko.tsv"):
        assert aligned_files(written(tmp_path, name, rows)) is None
        assert sides(tmp_path / name) == EXPECTED


def test_one_side_alone(tmp_path):
    with pytest.raises(UserError, match=r"one column.*\.ko"):
        read_pairs(written(tmp_path, "a.ko", KOREAN))
    assert aligned_files(tmp_path / "a") is aligned_files(tmp_path / "none" / "a.ko") is None
    with pytest.raises(UserError, match="no corpus is called"):
        read("a", tmp_path)
    with pytest.raises(UserError, match="is empty"):
        written(tmp_path, "a.en", [])
        read_pairs(tmp_path / "a.ko")


def test_the_case_of_names_counts_where_both_are_there(tmp_path):
    both(tmp_path, "A.ko", "A.en")
    written(tmp_path, "a.en", ["No."])
    assert sides(tmp_path / "A.ko") == EXPECTED


@pytest.mark.parametrize("encodings", [("utf-8-sig", "utf-8"), ("cp949", "utf-8"), ("utf-16",) * 2])
@pytest.mark.parametrize("ends", [("\r\n", "\n"), ("\n", "\r\n"), ("\r", "\n")])
def test_encodings_and_line_ends_of_each_file(tmp_path, encodings, ends):
    written(tmp_path, "a.ko", KOREAN, ends[0], encodings[0])
    written(tmp_path, "a.en", ENGLISH, ends[1], encodings[1])
    assert sides(tmp_path / "a.ko") == EXPECTED


def test_empty_lines_keep_the_others_in_place(tmp_path):
    korean, english = list(KOREAN), list(ENGLISH)
    korean[1] = english[3] = korean[5] = english[5] = ""
    korean[7] = "나는\u2028 책을\x85 샀다.\x0b"
    written(tmp_path, "a.ko", korean)
    written(tmp_path, "a.en", [*english, "", ""])  # behind the last line
    texts = read_pairs(tmp_path / "a.ko")
    expected = [pair for n, pair in enumerate(zip(korean, english, strict=True), 1) if n != 6]
    assert [(pair.ko, pair.en) for pair in texts.pairs] == expected
    assert texts.pairs[-1].line == 12
    assert len(judge(tmp_path / "a.ko", tmp_path).frame) == 9


def test_a_damaged_line_costs_itself(tmp_path):
    path = written(tmp_path, "a.ko", KOREAN)
    path.write_bytes(path.read_bytes().replace("책 4".encode(), b"\xeb\xb1 4"))
    written(tmp_path, "a.en", ENGLISH)
    texts = read_pairs(path)
    assert len(texts.pairs) == 11
    assert [(row.line, DAMAGED in row.reason) for row in texts.rejects] == [(3, True)]


def test_files_that_cannot_be_paired(tmp_path):
    korean, english = both(tmp_path, "a.ko", "a.en")
    written(tmp_path, "a.en", [*ENGLISH, "More.", "And more."])
    for own in (korean, english, f"{korean},{english}", tmp_path / "a"):
        with pytest.raises(UserError, match="12 lines .* 14"):
            read(own, tmp_path)
        with pytest.raises(UserError, match="12 lines .* 14"):
            judge(own, tmp_path)
    written(tmp_path, "a.en", KOREAN)
    with pytest.raises(UserError, match="no line of a.ko"):
        read_pairs(korean)


def test_names_that_are_exchanged(tmp_path):
    korean, english = both(tmp_path, "a.en", "a.ko")
    texts = read_pairs(english)
    assert [(pair.ko, pair.en) for pair in texts.pairs] == EXPECTED
    assert len(texts.warnings) == 1


def test_held_out_files_stand_beside(tmp_path):
    for part, begin in (("train", 0), ("dev", 4), ("test", 8)):
        written(tmp_path, f"{part}.ko", KOREAN[begin : begin + 4] * 5)
        written(
            tmp_path,
            f"{part}.en",
            [f"{en} {n}" for n in range(5) for en in ENGLISH[begin : begin + 4]],
        )
    found = read(tmp_path / "train", tmp_path)
    assert sizes(found) == {"train": 20, "dev": 20, "test": 4}  # of test, each source once
    assert shares_no_side(found)
    names = {Path(file).name for file in found.files}
    assert names >= {f"{part}.{side}" for part in ("train", "dev", "test") for side in ("ko", "en")}
    assert names_in(",".join(map(str, sorted(tmp_path.glob("*.*"))))) == [
        str(tmp_path / "train.en")
    ]
    assert len(judge(tmp_path / "test.ko", tmp_path).frame) == 4


def test_names_in_archives():
    names = ["README", "b/X.en-ko.en", "a/X.en-ko.ko", "b/X.en-ko.ko", "b/X.en-ko.ids", "x.fr"]
    assert aligned_names(names) == [("b/X.en-ko.ko", "b/X.en-ko.en")]
    assert aligned_names(["dev.ko", "dev.en", "test.en", "test.ko"]) == [
        ("dev.ko", "dev.en"),
        ("test.ko", "test.en"),
    ]


@given(st.text(max_size=20))
def test_no_name_crashes(name):
    found = aligned_files(Path(name))
    assert found is None or isinstance(found, AlignedFiles)
    assert aligned_names([name]) == []


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8)


@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_every_line_stays_beside_its_own(rows):
    rows = [*rows, ("끝", "End")]
    korean, english = ("".join(row[side] + "\n" for row in rows).encode() for side in (0, 1))
    if any(
        data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) for data in (korean, english)
    ):
        return
    if b"\0" in korean + english:
        return
    found = pairs_of_lines(("a.ko", korean), ("a.en", english), "a")
    kept = [row for row in rows if row[0].strip() or row[1].strip()]
    pairs = [(pair.ko, pair.en) for pair in found.pairs]
    assert pairs in (kept, [row[::-1] for row in kept])
