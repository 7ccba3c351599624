"""Tables of labelled texts in the forms that people have: lines, delimiters, quotes and JSON."""

from __future__ import annotations

import csv
import json

import pytest

from own_tables import ROWS, label_first, numbered, pairs, read, refused, table

# Lines that are no data


@pytest.mark.parametrize(
    ("above", "delimiter", "rejected"),
    [
        ("2023년 영화 리뷰,,\n", ",", 1),
        ("2023년 영화 리뷰\n\n", ",", 1),
        ("# 출처: 네이버, 2023, 모두\n제목\n", ",", 2),
        ("영화 리뷰\n", "\t", 1),
        ("영화 리뷰;;\n;;\n", ";", 1),
        ("sep=,\n", ",", 0),
        ("sep=;\n", ";", 0),
        ("SEP=|\n", "|", 0),
    ],
)
@pytest.mark.parametrize("header", [("id", "text", "label"), ("말번호", "말", "뜻")])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_lines_above_the_header(tmp_path, above, delimiter, rejected, header, encoding):
    if above.startswith("#") and header[1] == "말":
        return  # which of two full lines is the header, nobody can tell
    content = (above + table(numbered(), delimiter, header)).replace("\n", "\r\n")
    texts = read(tmp_path, content.encode(encoding), name="my.csv")
    assert pairs(texts) == ROWS
    assert [row.line for row in texts.rejects] == list(range(1, rejected + 1))
    assert texts.details["header"] is True


def test_headers_of_joined_files(tmp_path):
    header = ("text", "label")
    first, second = ROWS[:20], ROWS[20:]
    for again in ("text,label\n", "\ufeffText, LABEL \n", "리뷰,평점\n"):
        joined = table(first, ",", header) + again + table(second, ",")
        texts = read(tmp_path, joined, name="my.csv")
        assert pairs(texts) == ROWS
        assert [row.line for row in texts.rejects] == [22]
    headless = read(tmp_path, table(first, ",") + table(second, ",", header), name="my.csv")
    assert pairs(headless) == ROWS
    assert [row.line for row in headless.rejects] == [21]
    both = read(tmp_path, "문장,분류\ntext,label\n" + table(ROWS, ","), name="my.csv")
    assert pairs(both) == ROWS
    crossed = table(first, ",", header) + table(label_first(second), ",", ("label", "text"))
    assert "line 22 names the columns in another order" in refused(tmp_path, crossed, name="my.csv")


# Delimiters and quotes


@pytest.mark.parametrize("header", [None, ("text", "label")])
@pytest.mark.parametrize(("delimiter", "name"), [(";", "my.csv"), (";", "my.txt"), ("|", "my.txt")])
def test_other_delimiters(tmp_path, delimiter, name, header):
    rows = [(f"{text}, 정말", label) for text, label in ROWS]
    assert pairs(read(tmp_path, table(rows, delimiter, header), name=name)) == rows
    decimals = [(text, f"{label},5") for text, label in ROWS]
    assert pairs(read(tmp_path, table(decimals, delimiter, header), name=name)) == decimals
    quoted = [(f'{text}{delimiter} "정말"', label) for text, label in ROWS]
    assert pairs(read(tmp_path, table(quoted, delimiter, header), name=name)) == quoted


def test_spaces_behind_commas(tmp_path):
    lines = [f'{label}, "{text}, 정말"' for text, label in ROWS]
    for header in ([], ["label, text"]):
        texts = read(tmp_path, "\n".join([*header, *lines]), name="my.csv")
        assert pairs(texts) == [(f"{text}, 정말", label) for text, label in ROWS]


def test_fasttext(tmp_path):
    lines = [f"__label__{label} {text}, 정말" for text, label in ROWS]
    texts = read(tmp_path, "\n".join(lines + ["__label__1 __label__0 둘", "없음"]), name="my.txt")
    assert pairs(texts) == [(f"{text}, 정말", label) for text, label in ROWS]
    assert len(texts.rejects) == 2


LONG = [
    (f'{text}\n"또" 봐도', label) if n % 3 == 0 else (text, label) for n, text, label in numbered()
]


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_quotes_between_tabs(tmp_path, quoting, encoding):
    for rows in (ROWS, LONG):
        for header in (None, ("text", "label")):
            content = table(rows, header=header, quoting=quoting)
            texts = read(tmp_path, content.replace("\n", "\r\n").encode(encoding), name="my.txt")
            assert pairs(texts) == rows
            assert texts.rejects == []


STRAY = [('그 "명작"이라던', "1"), ('"진짜" 별로', "0"), ('5" 화면', "1"), ('"다시는', "0")]


@pytest.mark.parametrize("label_is_first", [False, True])
def test_fields_of_several_lines_among_stray_quotes(tmp_path, label_is_first):
    """As spreadsheets copy them: quoted where they have line ends, and only there."""

    def cells(text, label):
        text = '"' + text.replace('"', '""') + '"' if "\n" in text else text
        return (label, text) if label_is_first else (text, label)

    rows = [*LONG, *STRAY, *LONG[:3]]
    content = "".join("\t".join(cells(*row)) + "\n" for row in rows)
    texts = read(tmp_path, content)
    assert pairs(texts) == rows
    assert texts.rejects == []


def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path):
    broken = ['"명작', *(f"{text}\t{label}" for text, label in ROWS[:9]), '화면 5"\t1']
    texts = read(tmp_path, "\n".join([*(f"{t}\t{x}" for t, x in ROWS), *broken]))
    assert len(texts.frame) == len(ROWS) + 10
    assert [row.content for row in texts.rejects] == ['"명작']


def test_halves_of_broken_fields_are_no_row(tmp_path):
    """`end of one field" TAB "beginning of the next` has as many fields as a row."""
    rows = [f"{text}\t{ROWS[n - 1][0]}" for n, text, _ in numbered()]
    rows[5:5] = ['"그는 "안녕" 하고', '말했다."\t"He said', '"hi" to me."']
    texts = read(tmp_path, "\n".join(rows), "1", "2")
    assert not any("말했다" in text for text in texts.frame["text"])
    assert len(texts.frame) == len(ROWS)
    assert len(texts.rejects) == 3


# Damage, and odds and ends


@pytest.mark.parametrize("codec", ["utf-8", "cp949"])
def test_one_damaged_byte_is_one_reject(tmp_path, codec):
    rows = [(f"{text}\n둘째 줄", label) for text, label in ROWS]
    content = table(rows, ",", ("text", "label")).encode(codec)
    content = content.replace("둘째".encode(codec), b"\xb5\xff", 1)
    texts = read(tmp_path, content, name="my.csv")
    assert pairs(texts) == rows[1:]
    assert [row.line for row in texts.rejects] == [2]
    whole = "".join(json.dumps({"text": t, "label": x}, ensure_ascii=False) + "\n" for t, x in ROWS)
    texts = read(tmp_path, whole.encode().replace("배우".encode(), b"\xeb", 1), name="my.jsonl")
    assert (len(texts.frame), len(texts.rejects)) == (len(ROWS) - 1, 1)


def test_blank_columns_at_the_end(tmp_path):
    rows = [(*row, "", "") if n % 2 else row for n, row in enumerate(ROWS)]
    for header in (("text", "label"), ("text", "label", "", "")):
        texts = read(tmp_path, table(rows, ",", header), name="my.csv")
        assert len(texts.frame) == len(ROWS)


def test_tables_with_nothing_in_them(tmp_path):
    assert "no row with a text" in refused(tmp_path, "text,label\n", name="my.csv")
    assert len(read(tmp_path, "text,label\n좋다,1\n", name="my.csv").frame) == 1
    assert "one column only" in refused(
        tmp_path, "\n".join(text for text, _ in ROWS), name="my.csv"
    )
    assert "HTML" in refused(tmp_path, "<html><table><tr><td>좋다</td></tr></table>", name="my.xls")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n"])
def test_line_ends_of_csv(tmp_path, end):
    content = table(ROWS, ",", ("text", "label")).replace("\n", end)
    assert pairs(read(tmp_path, content, name="my.csv")) == ROWS


# JSON


@pytest.mark.parametrize("name", ["my.jsonl", "my.json", "my.txt", "my.csv"])
def test_json(tmp_path, name):
    items = [{"no": n, "sentence": text, "label": int(x)} for n, text, x in numbered()]
    for content in ("\n".join(map(json.dumps, items)), json.dumps(items), json.dumps({"d": items})):
        texts = read(tmp_path, content, name=name)
        assert pairs(texts) == ROWS
        assert texts.details["text_column"] == "sentence"
    nested = [{"data": {"text": t}, "annotations": [{"choices": [x]}]} for t, x in ROWS]
    assert pairs(read(tmp_path, json.dumps(nested), name=name)) == ROWS
    assert pairs(read(tmp_path, json.dumps(nested), "text", "choices", name=name)) == ROWS
    flags = [{"t": text, "positive": x == "1"} for text, x in ROWS]
    assert set(read(tmp_path, json.dumps(flags), name=name).frame["label"]) == {"true", "false"}


def test_json_that_is_no_table(tmp_path):
    assert "not JSON" in refused(tmp_path, "좋다\t1\n", name="my.jsonl")
    assert "line 2" in refused(
        tmp_path, '[{"text": "좋다", "label": 1},\n{"text": ]', name="my.json"
    )
    assert "no row" in refused(tmp_path, '{"text": "좋다", "label": null}\n' * 3, name="my.jsonl")
