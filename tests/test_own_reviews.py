"""A user's own file of labelled texts, in whatever form it comes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.labelled.labelled_file import read_labelled
from pipeline.corpora.labelled.labels import unify_labels
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import text_id
from pipeline.corpora.tables.delimited import MAX_RECORD_LINES
from pipeline.corpora.tables.table import column_name
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED

ROWS = [("정말 재밌다", "1"), ("지루했다 ㅠㅠ", "0"), ("또 보고 싶다", "1"), ("뷁", "0")]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def tsv(rows=ROWS, header="document\tlabel", end="\n") -> str:
    return end.join([header, *("\t".join(row) for row in rows)]) + end


def pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["text"], frame["label"], strict=True))


def raises(match: str, path: Path, *settings) -> str:
    with pytest.raises(UserError, match=match) as caught:
        read_labelled(path, *settings)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp949", "CP949"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_and_line_end(tmp_path, encoding, named, end):
    text = tsv(end=end)
    path = write(tmp_path / "my.tsv", "\ufeff" * (encoding == "utf-16-be") + text, encoding)
    read = read_labelled(path)
    assert pairs(read.frame) == ROWS
    assert read.rejects == []
    assert ": 2 labels, 0: 2 rows, 1: 2" in read.details["read_as"]
    assert ("CP949" in read.details["read_as"]) == (named == "CP949")
    assert {key: found for key, found in read.details.items() if key != "read_as"} == {
        "encoding": named,
        "delimiter": "tab",
        "header": True,
        "text_column": "document",
        "label_column": "label",
        "ids": "hash of the text",
        "rows": 4,
        "rejected": 0,
        "empty": 0,
    }


def test_files_that_cannot_be_read_at_all(tmp_path):
    raises("no such file", tmp_path / "missing.tsv")
    raises("is a folder", tmp_path)
    raises("is empty", write(tmp_path / "empty.tsv", ""))
    raises("is empty", write(tmp_path / "blank.tsv", "\ufeff \r\n\t\n"))
    raises("no row with a text", write(tmp_path / "header.tsv", "document\tlabel\n"))
    raises(r"no row .*\(line 2: no label\)", write(tmp_path / "none.tsv", "text\tlabel\n가\t\n"))
    raises("one column only", write(tmp_path / "one.tsv", "그냥 글\n또 글\n"))
    raises("not a text file", write(tmp_path / "bare16.tsv", tsv(), "utf-16-le"))
    raises("Excel workbook .*CSV", write(tmp_path / "book.xlsx", "PK\x03\x04\x14\0\0\0"))
    odd = tmp_path / "odd.tsv"
    odd.write_bytes("\ufeff좋다\t1\n".encode("utf-16-le") + b"\0")
    raises("not valid UTF-16", odd)


def test_undecodable_bytes_cost_their_rows(tmp_path):
    path = tmp_path / "damaged.tsv"
    # Half a syllable is gone: no reason to take the rest for CP949, nor to refuse it.
    path.write_bytes(tsv(ROWS * 5).encode().replace("지루".encode(), "지루".encode()[:-1], 1))
    read = read_labelled(path)
    assert pairs(read.frame) == [ROWS[0], *ROWS[2:], *ROWS * 4]
    assert [(row.line, row.reason) for row in read.rejects] == [(3, DAMAGED)]
    path.write_bytes(tsv(ROWS * 5).encode("cp949") + b"\xff\xff\t1\n" * 5)
    raises("line 22 is not valid UTF-8 nor valid CP949", path)


def test_stray_quotes_in_tsv_are_text(tmp_path):
    rows = [('"명작', "1"), ('그 "명작"이라던', "0"), ('""', "1"), ("'5\" 화면'", "0")]
    assert pairs(read_labelled(write(tmp_path / "q.tsv", tsv(rows))).frame) == rows


def test_only_line_feeds_end_a_line(tmp_path):
    rows = [("가\u2028나\u2029다", "1"), ("가\u0085나\x1c다\x0b라\x0c마\r바", "0")]
    assert pairs(read_labelled(write(tmp_path / "u.tsv", tsv(rows))).frame) == rows


def test_csv_quotes_commas_and_line_ends(tmp_path):
    text = 'label,review\r\n1,"좋다, ""정말""\r\n좋다"\r\n0,별로 "그저" 그럼\r\n'
    read = read_labelled(write(tmp_path / "my.csv", text))
    assert pairs(read.frame) == [('좋다, "정말"\n좋다', "1"), ('별로 "그저" 그럼', "0")]
    assert read.details["delimiter"] == "comma"


def test_a_broken_quote_in_csv_costs_one_line(tmp_path):
    text = 'text,label\n좋다,1\n"안 닫힘,0\n싫다,0\n"여러\n줄",1\n"잘못"된,1\n끝,0\n'
    read = read_labelled(write(tmp_path / "my.csv", text))
    assert pairs(read.frame) == [("좋다", "1"), ("싫다", "0"), ("여러\n줄", "1"), ("끝", "0")]
    assert [(row.line, row.content) for row in read.rejects] == [
        (3, '"안 닫힘,0'),
        (7, '"잘못"된,1'),
    ]


def test_a_quote_left_open_does_not_swallow_the_file(tmp_path):
    lines = [f"글 {n},{n % 2}" for n in range(3 * MAX_RECORD_LINES)]
    lines[10], lines[2500] = '"글 10,0', '글 2500",0'  # far apart: hardly one text
    read = read_labelled(write(tmp_path / "my.csv", "\n".join(lines)))
    assert len(read.frame) == len(lines) - 1
    assert [(row.line, row.reason) for row in read.rejects] == [
        (11, "a quote opens and is not closed")
    ]


def test_a_line_of_a_megabyte_is_a_row(tmp_path):
    long = "영화 " * 350_000
    for name, text in (("my.tsv", tsv([*ROWS, (long, "1")])), ("my.csv", f'가,0\n"{long}",1\n')):
        read = read_labelled(write(tmp_path / name, text))
        assert read.frame["text"].tolist()[-1] == long
        assert read.rejects == []


def test_malformed_rows_are_set_aside(tmp_path):
    text = "document\tlabel\n좋다\t1\n\n라벨 없음\t \n칸\t하나\t더\n부족\n\t0\n싫다\t 0 \n"
    read = read_labelled(write(tmp_path / "my.tsv", text))
    assert pairs(read.frame) == [("좋다", "1"), ("", "0"), ("싫다", "0")]
    assert read.rejects == [
        Rejected(4, "no label", "라벨 없음\t "),
        Rejected(5, "3 columns instead of 2", "칸\t하나\t더"),
        Rejected(6, "1 column instead of 2", "부족"),
    ]
    assert (read.details["rows"], read.details["rejected"], read.details["empty"]) == (3, 3, 1)


@pytest.mark.parametrize(
    ("name", "text", "delimiter"),
    [
        ("a.txt", "가, 나\t1\n다\t0\n라, 마, 바\t1\n", "tab"),
        ("a.txt", "가,1\n나,0\n다,1\n", "comma"),
        ("a.csv", "가\t1\n나\t0\n", "tab"),  # the suffix is wrong
        ("a.csv", "가, 나, 다\t1\n나\t0\n", "tab"),
        ("a.csv", "가,1\n나\t나,0\n", "comma"),
        ("a.csv", "가\t가,1\n나\t나,0\n", "comma"),
        ("a.tsv", "가, 나\t1\n다,\t0\n", "tab"),
        ("a.TSV", "가, 나\t1\n다,\t0\n", "tab"),
        ("a.tsv", "가\t1\r나\t0\r", "tab"),  # a classic Macintosh file
    ],
)
def test_delimiters(tmp_path, name, text, delimiter):
    read = read_labelled(write(tmp_path / name, text))
    assert read.details["delimiter"] == delimiter
    assert read.frame["label"].tolist()[:2] == ["1", "0"]
    assert read.rejects == []


@pytest.mark.parametrize(
    ("text", "settings", "header", "first"),
    [
        # Known names, in any order and case, with columns of no interest.
        ("id\tdocument\tlabel\n7\t가\t1\n8\t나\t0\n", (), True, ("7", "가", "1")),
        ("날짜\t레이블\t리뷰\n오늘\t1\t가\n어제\t0\t나\n", (), True, (None, "가", "1")),
        ("Sentiment\tReview\n1\t가\n0\t나\n", (), True, (None, "가", "1")),
        ("문장\t무엇\n가\t1\n나\t0\n", (), True, (None, "가", "1")),
        # No header: by position.
        ("가\t1\n나\t0\n", (), False, (None, "가", "1")),
        ("7\t가\t1\n8\t나\t0\n", (), False, ("7", "가", "1")),
        # A text that happens to be a known name is not a header.
        ("리뷰\t1\n나\t0\n다\t1\n", (), False, (None, "리뷰", "1")),
        # Unknown names: the first row's label occurs once, every other one more than once.
        ("utt\tfeel\n가\t1\n나\t0\n다\t1\n라\t0\n", (), True, (None, "가", "1")),
        ("a\tutt\tfeel\n7\t가\t1\n8\t나\t1\n", (), True, ("7", "가", "1")),
        # Settings: names, numbers, one of each.
        ("a\tb\tc\td\nx\t가\ty\t1\n", ("b", "d"), True, (None, "가", "1")),
        ("a\tb\tc\td\nx\t가\ty\t1\n", ("B", "4"), True, (None, "가", "1")),
        ("1\t가\n0\t나\n1\t다\n", ("2", "1"), False, (None, "가", "1")),
        ("1\t가\n0\t나\n1\t다\n", ("2", None), False, (None, "가", "1")),
        ("1\tx\tx\t가\n0\tx\tx\t나\n1\tx\tx\t다\n", ("4", "1"), False, (None, "가", "1")),
        ("label\tx\tx\ttext\n0\tx\tx\t가\n", ("4", "1"), True, (None, "가", "0")),
        ("title\ttext\tlabel\n제목\t가\t1\n", ("title", None), True, (None, "제목", "1")),
    ],
)
def test_columns_and_header(tmp_path, text, settings, header, first):
    read = read_labelled(write(tmp_path / "my.tsv", text), *settings)
    assert read.details["header"] is header
    identity = first[0] or text_id(first[1])
    assert read.frame.iloc[0].tolist() == [identity, *first[1:]]
    assert read.details["ids"] == ("own" if first[0] else "hash of the text")
    assert len(read.frame) == text.count("\n") - header


def test_columns_that_are_not_there(tmp_path):
    path = write(tmp_path / "my.tsv", tsv(header="documents\tlabel"))
    message = raises("no column called 'document'", path, "document")
    assert "did you mean documents?" in message
    assert "documents, label" in message
    raises("no column 3.*there are 2", path, None, "3")
    raises("no column 0", path, "0")
    raises("column 2 cannot be both", path, "label", "label")
    raises("column 2 cannot be both", path, "2", "2")
    path = write(tmp_path / "four.tsv", "가\t나\t다\t1\n라\t마\t바\t1\n")
    raises("which column holds the text.*There are 4.*1 to 4", path)
    raises("which column holds the text", path, None, "4")
    path = write(tmp_path / "wide.tsv", "id\ttext\tp\tq\n1\t가\t1\t0\n")
    raises("which column holds the label.*id, text, p, q", path)


def test_rows_with_the_same_text_have_the_same_id(tmp_path):
    rows = [("같은 글", "1"), ("다른 글", "0"), ("같은  글 ", "0")]
    read = read_labelled(write(tmp_path / "my.tsv", tsv(rows)))
    ids = read.frame["id"].tolist()
    assert ids[0] == ids[2] != ids[1]


def test_an_id_that_is_missing_is_made(tmp_path):
    text = "id\ttext\tlabel\n\t가\t1\nb\t나\t0\n"
    read = read_labelled(write(tmp_path / "my.tsv", text))
    assert read.frame["id"].tolist() == [text_id("가"), "b"]


def one_label(label: str) -> str:
    """As it is read, all by itself."""
    return unify_labels([label]).labels[0]


LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).filter(
    one_label
)
# A quote that opens a field may be one that quotes.
TSV_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t")).filter(
    lambda text: not text.startswith('"')
)
CSV_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\t\ufeff"))


def told_apart(rows) -> bool:
    """No two labels are one label, and none is a name of a column."""
    labels = {label for _, label in rows}
    return unify_labels(list(labels)).merged == {} and not {column_name(x) for x in labels} & {
        "label"
    }


@settings(deadline=None)
@given(st.lists(st.tuples(TSV_TEXT, LABELS), min_size=1).filter(told_apart))
def test_tsv_comes_back_as_written(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "property.tsv"
    rows = [(text, label) for text, label in rows if not label.startswith('"')]
    read = read_labelled(write(path, tsv([*rows, ("끝", "1")])), "document", "label")
    assert pairs(read.frame) == [*((text, one_label(label)) for text, label in rows), ("끝", "1")]
    assert read.rejects == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(CSV_TEXT, LABELS), min_size=1).filter(told_apart),
    st.sampled_from([("a.csv", ","), ("b.csv", ";"), ("c.txt", "|"), ("d.tsv", "\t")]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_quoted_fields_come_back_as_written(tmp_path_factory, rows, kind, quoting):
    name, delimiter = kind
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(
        [("document", "label"), *rows, *[("글", "1")] * len(rows)]
    )
    path = tmp_path_factory.getbasetemp() / name
    said = f"sep={delimiter}\n" * (delimiter != "\t")
    read = read_labelled(write(path, said + out.getvalue()), "document", "label")
    assert pairs(read.frame)[: len(rows)] == [(text, one_label(label)) for text, label in rows]
    assert read.rejects == []


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.tsv", "a.csv", "a.txt"]))
def test_no_bytes_crash_the_reader(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        read = read_labelled(path)
    except UserError:
        return
    assert read.details["rows"] == len(read.frame) > 0
