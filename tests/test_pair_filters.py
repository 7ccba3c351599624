from __future__ import annotations

import pytest

from pipeline.corpora.parallel.pair_filters import (
    REASONS,
    HeldOutSides,
    PairFilter,
    without_repeated,
)
from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, to_frame
from pipeline.corpora.scripts import (
    count_hangul,
    count_latin,
    fits,
    is_english,
    is_korean,
    looks_swapped,
)


def texts(*rows: tuple[str, str]) -> PairTexts:
    pairs = [SentencePair(ko, en, f"{n}", n, "a.tsv") for n, (ko, en) in enumerate(rows, 1)]
    return PairTexts(pairs)


def sides(found: PairTexts) -> list[tuple[str, str]]:
    return [(pair.ko, pair.en) for pair in found.pairs]


GOOD = ("안녕.", "Hello.")
BAD = {
    "empty": [("", "Hello."), ("안녕.", " \u200b\t")],
    "identical": [("Python 3", "python  3"), ("3+4=7", "3+4=7")],
    "script": [("십", "10"), ("3.14", "π is three"), ("Salut.", "Hello."), ("はい", "はい。")],
    "long": [("가" * 51, "a" * 120), ("가" * 30, "a" * 101)],
    "ratio": [("번역 :", "a" * 60), ("가나다라마바사아자차" * 2, "six")],
    "duplicate": [("안녕.", "Hello."), (" 안녕. ", "Hello.\u200b")],
}


def pair_filter() -> PairFilter:
    return PairFilter(3.0, 100)


@pytest.mark.parametrize("reason", BAD)
def test_bad_pairs_are_left_out_counted_and_shown(reason):
    if reason == "long":
        rows = [GOOD, ("가" * 30, "a" * 100), *BAD[reason][1:]]
    else:
        rows = [GOOD, *BAD[reason]]
    found = pair_filter()(texts(*rows))
    good = len(rows) - found.left_out[reason]
    assert found.left_out[reason] == (1 if reason == "long" else 2 + 2 * (reason == "script"))
    assert sum(found.left_out.values()) == found.left_out[reason]
    assert sides(found) == rows[:good]
    assert found.doubtful == {}
    assert {(row.reason, row.kept) for row in found.rejects} == {
        (f"a.tsv: {REASONS[reason]}", False)
    }
    assert [row.line for row in found.rejects] == list(range(good + 1, len(rows) + 1))
    assert found.rejects[0].content == "\t".join(rows[good])


def test_held_out_sets_stay_as_they_are():
    rows = [GOOD, *(row for reason in BAD for row in BAD[reason])]
    found = pair_filter()(texts(*rows), published=True)
    assert found.left_out == {"empty": 2}
    assert sides(found) == [GOOD, *rows[3:]]
    kept = [row for row in found.rejects if row.kept]
    assert len(kept) == sum(found.doubtful.values()) == len(rows) - 3
    assert "kept, being held out as it is" in kept[0].reason


@pytest.mark.parametrize("published", [False, True])
def test_swapped_sides_are_turned(published):
    rows = [
        GOOD,
        ("I see.", "알겠어."),
        ("It is called 김치.", "그것은 kimchi라고 해."),
        ("Hm", ""),
    ]
    found = pair_filter()(texts(*rows), published=published)
    assert sides(found) == [GOOD, *((ko, en) for en, ko in rows[1:3])]
    assert (found.doubtful, found.left_out) == ({"swapped": 2}, {"empty": 1})
    assert [(row.line, row.kept) for row in found.rejects] == [(2, True), (3, True), (4, False)]
    assert found.rejects[0].content == "I see.\t알겠어."
    assert "kept the other way round: the sides are swapped" in found.rejects[0].reason


def test_the_ratio_is_one_of_letters():
    """Three letters a syllable, and ten for both: (30 + 10) / (x + 10)."""
    just = PairFilter(2.0, 100)
    assert sides(just(texts(("갑" * 10, "a" * 10)))) != []
    assert just(texts(("갑" * 10, "a" * 9))).left_out == {"ratio": 1}
    assert sides(just(texts(("갑" * 10, "a" * 70)))) != []
    assert just(texts(("갑" * 10, "a" * 71))).left_out == {"ratio": 1}


def test_scripts():
    assert (count_hangul("ㅋㅋ 한글\u1112\u1161 abc"), count_latin("Café 한글 3 π")) == (6, 4)
    assert is_korean("Tom은")
    assert not is_korean("Tom")
    assert is_english("Tom")
    assert not is_english("Tom은")
    assert not is_english("12:30")
    assert fits("PyDict_Check를 쓴다", "Use PyDict_Check")
    assert not fits("쓴다", "10")


@pytest.mark.parametrize(
    ("ko", "en", "swapped"),
    [
        ("안녕", "Hello", False),
        ("Hello", "안녕", True),
        ("PyDict_Check를 쓴다", "Use PyDict_Check", False),
        ("Use PyDict_Check", "PyDict_Check를 쓴다", True),
        ("'안녕'은 hello다", "The word '안녕' means hello", False),
        ("The word '안녕' means hello", "'안녕'은 인사로 hello다", True),
        ("10", "십", False),
        ("", "", False),
        ("Hello", "Bonjour", False),
    ],
)
def test_sides_that_are_swapped(ko, en, swapped):
    assert looks_swapped(ko, en) is swapped


def test_no_side_of_what_is_held_out():
    held_out = HeldOutSides(pair_filter())
    held_out.add(texts(("안녕.", "Hello."), ("응.", "Yes.")).pairs)
    rows = [("안녕하세요.", "HELLO. "), ("응.", "Yeah."), ("네.", "Right."), ("Yes.", "응.")]
    found = held_out.without_shared(texts(*rows))
    # A Korean side is not compared with English ones.
    assert sides(found) == rows[2:]
    assert found.left_out == {"shared": 2}
    assert [row.line for row in found.rejects] == [1, 2]
    assert found.rejects[0].reason == "a.tsv: shares a side with what is held out"


def test_the_same_pair_in_two_corpora():
    seen: set = set()
    same = pair_filter().sides
    one = without_repeated(texts(GOOD, ("응.", "Yes.")), seen, same)
    other = without_repeated(texts(("안녕. ", "Hello."), ("응.", "Yeah.")), seen, same)
    assert (len(one.pairs), one.left_out["duplicate"]) == (2, 0)
    assert (sides(other), other.left_out) == ([("응.", "Yeah.")], {"duplicate": 1})


def test_frames_go_either_way():
    pairs = texts(GOOD).pairs
    assert to_frame(pairs, "ko-en").values.tolist() == [["1", "안녕.", "Hello."]]
    assert to_frame(pairs, "en-ko").values.tolist() == [["1", "Hello.", "안녕."]]
    assert to_frame([], "en-ko").columns.tolist() == ["id", "text", "label"]
