"""Files of a user's own with marked-up sentences, a line or a cell of a table each."""

from __future__ import annotations

import contextlib

import pytest

from entity_files import EXPECTED, LABELS, MADE, read, renamed, texts
from pipeline.corpora.annotated.inline import to_inline
from pipeline.errors import UserError
from processor_time import processor_seconds

LABEL_SETS = [
    ["PS_NAME", "LCP_CAPITALCITY", "OGG_ECONOMY_AND_OTHER_THINGS"],
    ["per", "loc", "org"],
    ["Person", "Location", "Organisation"],
    ["인물", "지명", "기관"],
    ["인물_이름", "지명-1", "기관2"],
    ["PER", "loc", "기관"],
    ["P", "L", "O"],
]


@pytest.mark.parametrize("names", LABEL_SETS)
@pytest.mark.parametrize("colon", [":", ": ", " :", " : "])
def test_markup_with_labels_of_any_kind(tmp_path, names, colon):
    labels = dict(zip(LABELS, names, strict=True))
    lines = [
        to_inline(text, [e._replace(label=labels[e.label]) for e in of]).replace(
            ":", colon if of else ":"
        )
        for text, of in MADE
    ]
    if names[0] == "PER" and colon.endswith(" "):
        pytest.skip("a single Hangul label behind a space may be text")
    found = read(tmp_path, "\n".join(lines))
    # White space within the brackets is of the text.
    assert [(" ".join(text.split()), of) for text, of in texts(found)] == renamed(labels)
    assert found.rejects == []


def test_markup_with_a_space_now_and_then(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace(":", ": ")
    lines[1] = lines[1].replace(":LOC", ":\u00a0LOC ")
    assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED


PLAIN = [
    "<어벤져스: 엔드게임>을 봤다",
    "<어벤져스:엔드게임>을 봤다",
    "<오후 3:30>에 만나",
    "<b>굵게</b> <a href='http://x.kr:80'>",
    "<http://example.org/가>를 보라",
    "a<b:c>d",
    "<사진: 연합뉴스> <자료: 연합뉴스> <영상: 연합뉴스>",
    "<시즌 3:2> ^:^> <:ㅠ>",
    "<영화: OST>",
]


@pytest.mark.parametrize("plain", PLAIN)
def test_text_that_resembles_markup(tmp_path, plain):
    lines = [to_inline(*pair) for pair in MADE]
    found = read(tmp_path, "\n".join([*lines, plain, plain]))
    assert texts(found) == [*EXPECTED, (plain, []), (plain, [])]
    assert all(row.kept for row in found.rejects)


def test_what_may_be_a_hangul_label_is_not_guessed_at(tmp_path):
    labels = dict(zip(LABELS, ["인물", "지명", "기관"], strict=True))
    lines = [to_inline(text, [e._replace(label=labels[e.label]) for e in of]) for text, of in MADE]
    odd = ["<어벤져스:엔드게임>을 봤다", "<어벤져스: 엔드게임>을 봤다"]
    found = read(tmp_path, "\n".join([*lines, *odd]))
    assert texts(found) == [*renamed(labels), (odd[1], [])]
    assert [(row.content, row.kept) for row in found.rejects] == [(odd[0], False), (odd[1], True)]


def test_spellings_of_a_label_in_markup(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace("ORG", "org")
    lines[1] = lines[1].replace("PER", "P\u200bER")
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == EXPECTED
    assert len(found.warnings) == 1


def test_the_limit_of_labels_is_named(tmp_path):
    lines = [*(to_inline(*pair) for pair in MADE), f"<가:{'X' * 64}>", f"<나:{'Y' * 65}>"]
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == [*EXPECTED, ("가", [("가", "X" * 64)])]
    assert ["64" in row.reason for row in found.rejects] == [True]


def test_a_damaged_byte_costs_its_line(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines.insert(3, "가나\udcec다")
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == EXPECTED
    assert [(row.line, row.kept) for row in found.rejects] == [(4, False)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("", "{n}\t{marked}\n"),
        ("id\ttext\n", "{n}\t{marked}\n"),
        ("", "{text}\t{marked}\n"),
        ("문장\t출처\n", "{marked}\t뉴스\n"),
        ("id,text\n", '{n},"{marked}"\n'),
        ("text;id\n", '"{marked}";{n}\n'),
        ("sep=;\ntext;id\n", '"{marked}";{n}\n'),
    ],
)
def test_a_table_with_a_column_of_marked_up_sentences(tmp_path, header, row):
    rows = [
        row.format(n=n, text=pair[0], marked=to_inline(*pair)) for n, pair in enumerate(MADE * 2)
    ]
    found = read(tmp_path, header + "".join(rows), "my.csv")
    assert texts(found) == EXPECTED * 2
    assert found.rejects == []
    found = read(tmp_path, header + "".join([*rows, "<가:PER>\n"]), "my.csv")
    assert texts(found) == EXPECTED * 2
    assert len(found.rejects) == 1


def test_sentences_with_a_tab_or_a_comma_are_no_table(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace(" ", "\t", 1)
    commas = [line.replace(" ", ", ", 1) for line in lines]
    assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED
    assert len(read(tmp_path, "\n".join(commas), "my.csv").frame) == len(MADE)
    assert read(tmp_path, "\n".join(commas), "my.csv").rejects == []


def test_time_is_linear_in_odd_lines(tmp_path):
    lines = (
        "가:b>" * 20_000,
        "<가: : : " * 20_000,
        "<" * 40_000 + ":PS>" * 40_000,
        "<가:a" + "\u200b" * 40_000,
        "<가:B" * 20_000,
        "가나 <서울:LC>에 " * 20_000,
    )

    def read_all():
        for line in lines:
            with contextlib.suppress(UserError):
                read(tmp_path, line + "\n")

    assert processor_seconds(read_all) < 8
