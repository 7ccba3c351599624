from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.entities import Entity, read_entities, write_entities
from pipeline.corpora.annotated.inline import Candidate, candidates, parse_inline, to_inline
from pipeline.corpora.splits import read_split, write_split
from processor_time import processor_seconds

LABELS = ["PS", "LC", "OG", "NOH"]


def contents(line: str, labels=LABELS) -> list[tuple[str, str]]:
    """(content, label) of each entity, having checked that the offsets are right."""
    parsed = parse_inline(line, labels)
    assert not isinstance(parsed, str), parsed
    return [(parsed.text[start:end], label) for start, end, label in parsed.entities]


def test_the_example_of_the_readme():
    parsed = parse_inline("<증권거래소:OG>에 <한석규:PS>가 갔다.")
    assert parsed.text == "증권거래소에 한석규가 갔다."
    assert parsed.entities == [Entity(0, 5, "OG"), Entity(7, 10, "PS")]
    assert to_inline(*parsed) == "<증권거래소:OG>에 <한석규:PS>가 갔다."


@pytest.mark.parametrize(
    "line",
    [
        "점수는 3:2",
        "a < b",
        "a<b:c>d",
        "1 < 2 > 0 : 끝",
        "<어벤져스: 엔드게임>을 봤다",
        "<뚝방전설>을 만든",
        "한<일:;LC>월드컵",
        "짱귀엽>▽<",
        ":-> <-:",
        "<시즌 3:2>",
        "http://example.org:80/<a:b>",
        "A:PS 형, B:LC 형",
        "",
        " ",
    ],
)
@pytest.mark.parametrize("labels", [LABELS, None])
def test_text_that_only_looks_like_markup(line, labels):
    assert parse_inline(line, labels) == (line, [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<3:2로 이긴 경기:NOH>", [("3:2로 이긴 경기", "NOH")]),
        ("<점수: 3:2:NOH>", [("점수: 3:2", "NOH")]),
        ("영화 <<트럼보:OG>>가", [("트럼보", "OG")]),
        ("<이하 <박정아:PS> 소속사 전문>", [("박정아", "PS")]),
        ("<1:NOH>><2:NOH>><3:NOH>", [("1", "NOH"), ("2", "NOH"), ("3", "NOH")]),
        ("<<2>:NOH> 문제", [("2>", "NOH")]),
        ("a < b <서울:LC>", [("서울", "LC")]),
        ("<서울:LC><시청:OG>", [("서울", "LC"), ("시청", "OG")]),
        ("최근< 24살:NOH>이나 <3일 :NOH>", [("24살", "NOH"), ("3일", "NOH")]),
        ("<" * 50 + "서울:LC>" + ">" * 50, [("서울", "LC")]),
    ],
)
def test_what_is_an_entity(line, expected):
    assert contents(line) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("<김민배:PS 기자", "no > after :PS"),
        ("<김민배:PS", "no > after :PS"),
        ("<김민배:PS 기자 <서울:LC>에서", "no > after :PS"),
        ("<서울:LC>의 <김민배:PS 기자", "no > after :PS"),
        ("<서울:LC 시청:OG>", "no > after :LC"),
        ("<<서울:LC> 시청:OG>", "markup inside markup, closed by :OG>"),
        ("<가 <나:PS> 다 <라:LC> 마:OG>", "markup inside markup, closed by :OG>"),
        ("<가 <나:PS> 다 <라:LC> 마:OG> 바:PS>", "markup inside markup, closed by :OG>"),
        ("<19:NOH>, 20기:NOH>로", ":NOH> without a <"),
        ("<:PS>", "an empty entity, <:PS>"),
        ("< :PS>", "an empty entity, < :PS>"),
        ("<서울:XYZ>", "unknown label XYZ"),
        ("<서울:lc>", "unknown label lc"),
        ("<서울:LOCATION_OF_THE_CITY>", "unknown label LOCATION_OF_THE_CITY"),
    ],
)
def test_broken_markup_is_named(line, reason):
    assert parse_inline(line, LABELS) == reason


def test_labels_nobody_knows():
    assert contents("<가:A> <나:ORG_2-X> <다: LCP_CAPITALCITY >", None) == [
        ("가", "A"),
        ("나", "ORG_2-X"),
        ("다", "LCP_CAPITALCITY"),
    ]
    assert parse_inline("<나 <가:A>:B>") == "markup inside markup, closed by :B>"
    assert candidates("<가:A> 나:B <다 : 인물> 1:2> <라:d2> < :C>") == [
        Candidate("가", False, "A"),
        Candidate("다", True, "인물"),
        Candidate("라", False, "d2"),
        Candidate("", False, "C"),
    ]
    assert candidates("나:B> <http://x.kr> <오후 3:30> <마:b c>") == []


def test_white_space_and_labels_of_any_script():
    labels = ["PS", "인물", "per"]
    for colon in (":", ": ", " :", " : ", ":\u00a0", ":\u200b"):
        for label in labels:
            assert contents(f"<김민수{colon}{label}>가", labels) == [("김민수", label)]
            assert contents(f"<김민수{colon}{label} >가", labels) == [("김민수", label)]
    assert parse_inline("<김민배:인물 기자", labels) == "no > after :인물"
    assert parse_inline("<김민배:PS가", labels) == "no > after :PS"
    assert parse_inline("<영화: OST>", labels) == ("<영화: OST>", [])


def test_white_space_is_what_the_split_file_makes_of_it(tmp_path):
    import pandas as pd

    parsed = parse_inline("가\t\r\n<나\t다:OG>\u2028라\u0085 <\n마\t:PS>", LABELS)
    assert parsed.text == "가 나 다\u2028라\u0085  마 "
    row = ("1", parsed.text, write_entities(parsed.entities))
    write_split(tmp_path / "s.tsv", pd.DataFrame([row], columns=["id", "text", "label"]))
    back = read_split(tmp_path / "s.tsv")
    text = back["text"][0]
    found = [(text[s:e], label) for s, e, label in read_entities(back["label"][0])]
    assert found == [("나 다", "OG"), ("마", "PS")]


def test_a_very_long_sentence():
    line = "가나다라마 <서울:LC>에 < " * 700
    assert processor_seconds(lambda: parse_inline(line, LABELS)) < 2
    parsed = parse_inline(line, LABELS)
    assert len(parsed.text) > 5_000
    assert len(parsed.entities) == 700
    assert to_inline(*parsed) == line
    nested = "<" * 20_000 + ":PS>" * 20_000
    assert parse_inline(nested, LABELS) == "an empty entity, <:PS>"
    for odd in ("<가:b>" * 20_000, nested):
        assert processor_seconds(lambda odd=odd: parse_inline(odd, LABELS)) < 1.5


def test_what_cannot_be_marked_up():
    for entities in (
        [Entity(0, 2, "A"), Entity(1, 3, "B")],
        [Entity(2, 2, "A")],
        [Entity(3, 4, "A")],
        [Entity(-1, 2, "A")],
    ):
        with pytest.raises(ValueError, match="cannot be marked up"):
            to_inline("가나다", entities)
    assert to_inline("가나다", [Entity(2, 3, "B"), Entity(0, 1, "A")]) == "<가:A>나<다:B>"


RUNNING = st.characters(codec="utf-8", exclude_characters="\t\n\r")
CONTENT = st.characters(codec="utf-8", exclude_characters="\t\n\r<")


@st.composite
def annotated(draw):
    """A text and entities that markup can say: no `<` in entities, no white space at edges."""
    text, entities = "", []
    for _ in range(draw(st.integers(0, 5))):
        text += draw(st.text(RUNNING, max_size=8))
        content = draw(st.text(CONTENT, min_size=1, max_size=8).map(str.strip).filter(bool))
        entities.append(Entity(len(text), len(text) + len(content), draw(st.sampled_from(LABELS))))
        text += content
    text += draw(st.text(RUNNING, max_size=8))
    return text, entities


@given(annotated())
def test_marking_up_and_taking_apart(made):
    text, entities = made
    if re.search(r":[A-Za-z]", text):  # may be markup; the cases above have that
        return
    line = to_inline(text, entities)
    assert parse_inline(line, LABELS) == (text, entities)
    assert parse_inline(line) == (text, entities)
    assert read_entities(write_entities(entities)) == entities


@given(st.text(st.sampled_from("<>:PSLC가 a\t")), st.sampled_from([LABELS, None]))
def test_anything_is_taken_apart_or_refused(line, labels):
    parsed = parse_inline(line, labels)
    if isinstance(parsed, str):
        assert parsed
        return
    text, entities = parsed
    letters = [c for c in line if c not in "\t "]
    assert len(letters) == len([c for c in text if c != " "]) + sum(
        len(f"<:{entity.label}>") for entity in entities
    )
    ends = [0]
    for start, end, label in entities:
        assert ends[-1] <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert labels is None or label in labels
        ends.append(end)
