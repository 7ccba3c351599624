"""Long texts cut into passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.normalize import normalize
from pipeline.text.passages import passages

TEXT = st.text(st.sampled_from("가나다 .?!\"'a…”"), max_size=80).map(normalize)


@given(TEXT, st.integers(8, 30))
def test_nothing_is_lost_and_no_passage_is_too_long(text, longest):
    parts = list(passages(text, longest))
    assert all(0 < len(part) <= longest for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(part == normalize(part) for part in parts)


def test_it_is_cut_behind_a_sentence_then_before_a_word_then_anywhere():
    assert list(passages("비가 온다. 우산이 없다. 뛴다.", 15)) == [
        "비가 온다. 우산이 없다.",
        "뛴다.",
    ]
    assert list(passages("그는 “간다.” 하고 나갔다", 9)) == ["그는 “간다.”", "하고 나갔다"]
    assert list(passages("하나 둘셋 넷다섯", 8)) == ["하나 둘셋", "넷다섯"]
    assert list(passages("가" * 20, 8)) == ["가" * 8, "가" * 8, "가" * 4]
    assert list(passages("3.14 는 수다 그렇다", 9)) == ["3.14 는 수다", "그렇다"]


def test_a_short_text_stays_and_an_empty_one_has_none():
    assert list(passages("짧다.", 8)) == ["짧다."]
    assert list(passages("", 8)) == []
