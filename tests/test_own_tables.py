"""Tables of labelled texts in the forms that people have: what is the text, what the label."""

from __future__ import annotations

import collections
import csv
import io
import json
import random
import unicodedata
from pathlib import Path

import pytest

from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.labelled_file import LabelledTexts, read_labelled
from pipeline.corpora.labelled.labels import label_doubts, unify_labels
from pipeline.corpora.settings import CorpusSettings
from pipeline.errors import UserError
from pipeline.workspace import SAMPLES, read_json

ABOUT = ("영화", "배우", "음악", "배송", "가격", "포장", "이야기", "연출", "대사", "화면")
ROWS = [
    (f"{subject} {said}", label)
    for subject in ABOUT
    for label, words in (("1", ("정말 좋다", "최고다")), ("0", ("지루하다", "별로다")))
    for said in words
]
random.Random(1).shuffle(ROWS)


def table(rows, delimiter="\t", header=None, **writing) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", **writing)
    writer.writerows([*([header] if header else []), *rows])
    return out.getvalue()


@pytest.fixture
def read(tmp_path):
    def do(content: str | bytes, *settings, name: str = "my.tsv") -> LabelledTexts:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_labelled(path, *settings)

    return do


@pytest.fixture
def refused(read):
    def do(content: str | bytes, *settings, name: str = "my.tsv") -> str:
        with pytest.raises(UserError) as caught:
            read(content, *settings, name=name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return do


def pairs(texts: LabelledTexts) -> list[tuple[str, str]]:
    return list(zip(texts.frame["text"], texts.frame["label"], strict=True))


def numbered(rows=ROWS):
    return ((n, *row) for n, row in enumerate(rows))


# Columns by content


def label_first(rows=ROWS):
    return [(label, text) for text, label in rows]


@pytest.mark.parametrize(
    ("rows", "text", "label", "ids"),
    [
        (ROWS, 1, 2, "hash of the text"),
        (label_first(), 2, 1, "hash of the text"),
        (list(numbered()), 2, 3, "own"),
        ([(n, label, text) for n, text, label in numbered()], 3, 2, "own"),
        ([(text, label, n) for n, text, label in numbered()], 1, 2, "own"),
        ([("네이버", *row) for row in ROWS], 2, 3, "hash of the text"),
        ([(f"https://a.kr/{n}", t, x) for n, t, x in numbered()], 2, 3, "own"),
        ([(t, f"2020.{n % 3 + 1:02}.07.", x) for n, t, x in numbered()], 1, 3, "hash of the text"),
        (
            [(n, f"2020-01-{n % 9 + 1:02}", x, t) for n, t, x in numbered()],
            4,
            3,
            "hash of the text",
        ),
        ([(*"가나다", *[n] * 47, t, *[n] * 48, x) for n, t, x in numbered()], 51, 100, None),
    ],
)
def test_columns_without_a_header(read, rows, text, label, ids):
    texts = read(table(rows))
    assert texts.details["header"] is False
    assert (texts.details["text_column"], texts.details["label_column"]) == (str(text), str(label))
    assert pairs(texts) == ROWS
    assert ids in (texts.details["ids"], None)
    said = texts.details["read_as"]
    assert f"column {text} is the text, column {label} the label" in said
    assert "2 labels, 0: 20 rows, 1: 20" in said


def test_numbers_are_labels_though_texts_are_few(read):
    rows = [(n % 5, ("영화가 좋다", "별로")[n % 2]) for n in range(40)]
    assert set(read(table(rows)).frame["text"]) == {"영화가 좋다", "별로"}


def test_labels_that_are_words(read):
    rows = [(("매우 싫음", "매우 좋음")[int(label)], text) for text, label in ROWS]
    assert set(read(table(rows)).frame["label"]) == {"매우 싫음", "매우 좋음"}
    short = [("굿", 1), ("헐", 0), ("짱", 1), ("노잼", 0), ("꿀잼", 1), ("ㅠㅠ", 0)]
    for rows in (short, [(label, text) for text, label in short]):
        assert pairs(read(table(rows)))[0] == ("굿", "1")


def test_ratings_stay_what_they_are(read):
    rows = [(f"{n % 5 + 1}.0", text) for n, (text, _) in enumerate(ROWS)]
    assert set(read(table(rows)).frame["label"]) == {"1.0", "2.0", "3.0", "4.0", "5.0"}
    rows = [(text, "a,b" if label == "1" else "c") for text, label in ROWS]
    assert set(read(table(rows)).frame["label"]) == {"a,b", "c"}


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        # Two columns of labels, two of texts.
        ([(label, "책" if n % 3 else "옷", text) for n, text, label in numbered()], "label"),
        ([(text, ROWS[n - 1][0], label) for n, text, label in numbered()], "text"),
    ],
)
def test_what_is_not_clear_is_asked_for(read, refused, rows, asked):
    assert f"which column holds the {asked}" in refused(table(rows))
    settings = ("3", "1") if asked == "label" else ("1", "3")
    assert pairs(read(table(rows), *settings)) == ROWS


def test_settings_win(read):
    texts = read(table(numbered(), header=("id", "text", "label")), "1", "2")
    assert texts.frame["text"].tolist()[:2] == ["0", "1"]
    texts = read(table([(x, t, "b") for t, x in ROWS], header=("a", "b", "label")), "b", "a")
    assert pairs(texts) == ROWS


def test_names_of_columns(read, refused):
    for names in (("리뷰", "평점"), ("후기", "긍부정"), ("Comment", "RATING"), ("본문", "별점")):
        assert pairs(read(table(ROWS, header=names))) == ROWS
    rows = [(text, label, "1" if label == "0" else "0") for text, label in ROWS]
    twice = table(rows, header=("text", "label", "label"))
    assert "2 columns are called label: 2, 3" in refused(twice)
    assert pairs(read(twice, None, "2")) == ROWS
    assert read(twice, None, "3").frame["label"].tolist()[0] != ROWS[0][1]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("wanted", ["NFC", "NFD"])
def test_names_are_compared_under_the_text_policy(read, form, wanted):
    header = ("번호", "출처", "\ufeff 내용\u200b", "라벨\u00a0")
    rows = [(n, "네이버", *row) for n, row in enumerate(ROWS)]
    content = unicodedata.normalize(form, table(rows, header=header))
    settings = [unicodedata.normalize(wanted, name) for name in ("내용", "라벨")]
    for texts in (read(content), read(content, *settings)):
        assert texts.details["text_column"] == "내용"
        assert texts.details["ids"] == "own"
        assert len(texts.frame) == len(ROWS)


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
def test_lines_above_the_header(read, above, delimiter, rejected, header, encoding):
    if above.startswith("#") and header[1] == "말":
        return  # which of two full lines is the header, nobody can tell
    content = (above + table(numbered(), delimiter, header)).replace("\n", "\r\n")
    texts = read(content.encode(encoding), name="my.csv")
    assert pairs(texts) == ROWS
    assert [row.line for row in texts.rejects] == list(range(1, rejected + 1))
    assert texts.details["header"] is True


def test_headers_of_joined_files(read, refused):
    header = ("text", "label")
    first, second = ROWS[:20], ROWS[20:]
    for again in ("text,label\n", "\ufeffText, LABEL \n", "리뷰,평점\n"):
        joined = table(first, ",", header) + again + table(second, ",")
        texts = read(joined, name="my.csv")
        assert pairs(texts) == ROWS
        assert [row.line for row in texts.rejects] == [22]
    headless = read(table(first, ",") + table(second, ",", header), name="my.csv")
    assert pairs(headless) == ROWS
    assert [row.line for row in headless.rejects] == [21]
    both = read("문장,분류\ntext,label\n" + table(ROWS, ","), name="my.csv")
    assert pairs(both) == ROWS
    crossed = table(first, ",", header) + table(label_first(second), ",", ("label", "text"))
    assert "line 22 names the columns in another order" in refused(crossed, name="my.csv")


# Delimiters and quotes


@pytest.mark.parametrize("header", [None, ("text", "label")])
@pytest.mark.parametrize(("delimiter", "name"), [(";", "my.csv"), (";", "my.txt"), ("|", "my.txt")])
def test_other_delimiters(read, delimiter, name, header):
    rows = [(f"{text}, 정말", label) for text, label in ROWS]
    assert pairs(read(table(rows, delimiter, header), name=name)) == rows
    decimals = [(text, f"{label},5") for text, label in ROWS]
    assert pairs(read(table(decimals, delimiter, header), name=name)) == decimals
    quoted = [(f'{text}{delimiter} "정말"', label) for text, label in ROWS]
    assert pairs(read(table(quoted, delimiter, header), name=name)) == quoted


def test_spaces_behind_commas(read):
    lines = [f'{label}, "{text}, 정말"' for text, label in ROWS]
    for header in ([], ["label, text"]):
        texts = read("\n".join([*header, *lines]), name="my.csv")
        assert pairs(texts) == [(f"{text}, 정말", label) for text, label in ROWS]


def test_fasttext(read):
    lines = [f"__label__{label} {text}, 정말" for text, label in ROWS]
    texts = read("\n".join(lines + ["__label__1 __label__0 둘", "없음"]), name="my.txt")
    assert pairs(texts) == [(f"{text}, 정말", label) for text, label in ROWS]
    assert len(texts.rejects) == 2


LONG = [
    (f'{text}\n"또" 봐도', label) if n % 3 == 0 else (text, label) for n, text, label in numbered()
]


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_quotes_between_tabs(read, quoting, encoding):
    for rows in (ROWS, LONG):
        for header in (None, ("text", "label")):
            content = table(rows, header=header, quoting=quoting)
            texts = read(content.replace("\n", "\r\n").encode(encoding), name="my.txt")
            assert pairs(texts) == rows
            assert texts.rejects == []


STRAY = [('그 "명작"이라던', "1"), ('"진짜" 별로', "0"), ('5" 화면', "1"), ('"다시는', "0")]


@pytest.mark.parametrize("label_is_first", [False, True])
def test_fields_of_several_lines_among_stray_quotes(read, label_is_first):
    """As spreadsheets copy them: quoted where they have line ends, and only there."""

    def cells(text, label):
        text = '"' + text.replace('"', '""') + '"' if "\n" in text else text
        return (label, text) if label_is_first else (text, label)

    rows = [*LONG, *STRAY, *LONG[:3]]
    content = "".join("\t".join(cells(*row)) + "\n" for row in rows)
    texts = read(content)
    assert pairs(texts) == rows
    assert texts.rejects == []


def test_a_quote_that_is_never_closed_swallows_no_rows(read):
    broken = ['"명작', *(f"{text}\t{label}" for text, label in ROWS[:9]), '화면 5"\t1']
    texts = read("\n".join([*(f"{t}\t{x}" for t, x in ROWS), *broken]))
    assert len(texts.frame) == len(ROWS) + 10
    assert [row.content for row in texts.rejects] == ['"명작']


def test_halves_of_broken_fields_are_no_row(read):
    """`end of one field" TAB "beginning of the next` has as many fields as a row."""
    rows = [f"{text}\t{ROWS[n - 1][0]}" for n, text, _ in numbered()]
    rows[5:5] = ['"그는 "안녕" 하고', '말했다."\t"He said', '"hi" to me."']
    texts = read("\n".join(rows), "1", "2")
    assert not any("말했다" in text for text in texts.frame["text"])
    assert len(texts.frame) == len(ROWS)
    assert len(texts.rejects) == 3


# Labels


def test_one_label_in_several_spellings(read):
    spellings = {
        "1": ["1", "1.0", "1\u200b", "\u00a01 ", "1.00"],
        "0": ["0", "0.0", "0"],
    }
    rows = [(text, spellings[x][n % len(spellings[x])]) for n, text, x in numbered()]
    texts = read(table(rows, header=("text", "label")))
    assert set(texts.frame["label"]) == {"0", "1"}
    assert "1.0" in texts.details["read_as"]
    decomposed = [
        (text, unicodedata.normalize(("NFC", "NFD")[n % 2], ("부정", "긍정")[int(x)]))
        for n, text, x in numbered()
    ]
    texts = read(table(decomposed, header=("text", "label")))
    assert set(texts.frame["label"]) == {"긍정", "부정"}
    assert "긍정 is also written" in texts.details["read_as"]


def test_what_is_no_label(read):
    missing = ["nan", "NaN", "null", "None", "NA", "", " ", "NULL", "N/A"]
    rows = [*ROWS, *(("글", label) for label in missing)]
    texts = read(table(rows, header=("말", "뜻")))
    assert pairs(texts) == ROWS
    assert len(texts.rejects) == len(missing)
    assert len(read(table(label_first(rows))).frame) == len(ROWS)


def doubts(written: list[str]) -> list[str]:
    found = unify_labels(written)
    counts = collections.Counter(label for label in found.labels if label is not None)
    return list(label_doubts(counts, found.none_is_a_class))


def test_labels_in_one_spelling():
    assert unify_labels(["1.0", "1.0", "1", "x"]).labels == ["1.0", "1.0", "1.0", "x"]
    assert unify_labels(["007", "7", "1.5", "1,5"]).labels == ["007", "7", "1.5", "1,5"]
    assert unify_labels(["１", "1", "1"]).labels == ["1"] * 3
    assert unify_labels(['"1"', '"0"', ""]).labels == ["1", "0", None]
    assert unify_labels(['"1"', "0"]).labels == ['"1"', "0"]
    assert unify_labels(["a", "b"]).merged == {}
    assert unify_labels([" a ", "a"]).merged == {}
    # A third of the labels "none" is a class, one of a hundred is not.
    hate = unify_labels(["none", "hate", "hate"] * 9)
    assert (hate.labels[0], len(doubts(["none", "hate", "hate"] * 9))) == ("none", 1)
    assert unify_labels(["none"] + ["a", "b"] * 50).labels[0] is None


def test_labels_that_differ_by_case_stay_and_are_warned_of(read, tmp_path):
    rows = [(text, ("Neg", "pos", "neg", "Pos")[int(x) + 2 * (n % 2)]) for n, text, x in numbered()]
    texts = read(table(rows))
    assert len(set(texts.frame["label"])) == 4
    (warning,) = texts.warnings
    assert "Neg" in warning
    assert "neg" in warning
    corpus = read_labelled_corpus(
        CorpusSettings(corpus=str(tmp_path / "my.tsv")), tmp_path, SAMPLES
    )
    assert warning in corpus.warnings
    assert doubts(["True", "true"])


def test_scales_are_warned_of():
    assert doubts([f"{n % 30 / 10}" for n in range(300)])
    assert not doubts([str(n % 10) for n in range(300)])
    assert not doubts([f"KDC {n % 30}" for n in range(300)])


# Damage, and odds and ends


@pytest.mark.parametrize("codec", ["utf-8", "cp949"])
def test_one_damaged_byte_is_one_reject(read, codec):
    rows = [(f"{text}\n둘째 줄", label) for text, label in ROWS]
    content = table(rows, ",", ("text", "label")).encode(codec)
    content = content.replace("둘째".encode(codec), b"\xb5\xff", 1)
    texts = read(content, name="my.csv")
    assert pairs(texts) == rows[1:]
    assert [row.line for row in texts.rejects] == [2]
    whole = "".join(json.dumps({"text": t, "label": x}, ensure_ascii=False) + "\n" for t, x in ROWS)
    texts = read(whole.encode().replace("배우".encode(), b"\xeb", 1), name="my.jsonl")
    assert (len(texts.frame), len(texts.rejects)) == (len(ROWS) - 1, 1)


def test_blank_columns_at_the_end(read):
    rows = [(*row, "", "") if n % 2 else row for n, row in enumerate(ROWS)]
    for header in (("text", "label"), ("text", "label", "", "")):
        texts = read(table(rows, ",", header), name="my.csv")
        assert len(texts.frame) == len(ROWS)


def test_tables_with_nothing_in_them(read, refused):
    assert "no row with a text" in refused("text,label\n", name="my.csv")
    assert len(read("text,label\n좋다,1\n", name="my.csv").frame) == 1
    assert "one column only" in refused("\n".join(text for text, _ in ROWS), name="my.csv")
    assert "HTML" in refused("<html><table><tr><td>좋다</td></tr></table>", name="my.xls")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n"])
def test_line_ends_of_csv(read, end):
    content = table(ROWS, ",", ("text", "label")).replace("\n", end)
    assert pairs(read(content, name="my.csv")) == ROWS


# JSON


@pytest.mark.parametrize("name", ["my.jsonl", "my.json", "my.txt", "my.csv"])
def test_json(read, name):
    items = [{"no": n, "sentence": text, "label": int(x)} for n, text, x in numbered()]
    for content in ("\n".join(map(json.dumps, items)), json.dumps(items), json.dumps({"d": items})):
        texts = read(content, name=name)
        assert pairs(texts) == ROWS
        assert texts.details["text_column"] == "sentence"
    nested = [{"data": {"text": t}, "annotations": [{"choices": [x]}]} for t, x in ROWS]
    assert pairs(read(json.dumps(nested), name=name)) == ROWS
    assert pairs(read(json.dumps(nested), "text", "choices", name=name)) == ROWS
    flags = [{"t": text, "positive": x == "1"} for text, x in ROWS]
    assert set(read(json.dumps(flags), name=name).frame["label"]) == {"true", "false"}


def test_json_that_is_no_table(refused):
    assert "not JSON" in refused("좋다\t1\n", name="my.jsonl")
    assert "line 2" in refused('[{"text": "좋다", "label": 1},\n{"text": ]', name="my.json")
    assert "no row" in refused('{"text": "좋다", "label": null}\n' * 3, name="my.jsonl")


# The stage


def test_what_was_concluded_is_said_once(command, tmp_path):
    Path(tmp_path, "shop.txt").write_text(table(label_first()), encoding="utf-8")
    arguments = ("corpus", "sentiment", "--corpus", "shop.txt")
    said = command(tmp_path, *arguments)
    assert said.code == 0
    assert "column 2 is the text, column 1 the label: 2 labels, 0: 20 rows, 1: 20" in said.err
    assert command(tmp_path, *arguments).err == ""
    facts = read_json(tmp_path / "runs/sentiment/default/corpus.json")["facts"]
    assert facts["rows"] == {"train": 32, "dev": 4, "test": 4}


def test_files_that_are_not_there_or_too_small_are_named(command, tmp_path):
    Path(tmp_path, "small.jsonl").write_text('{"text": "좋다", "label": 1}\n', encoding="utf-8")
    for name in ("small.jsonl", "missing.jsonl", "nowhere/missing"):
        said = command(tmp_path, "corpus", "sentiment", "--corpus", name)
        assert said.code == 2
        assert name in said.err
        assert said.err.count("\n") == 1
