"""Values in windows: none lost, all in order, no more of them at once than need be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages import windows as module
from pipeline.stages.windows import answers_in_order, parts, windows

TEXTS = st.lists(st.text("가 ", max_size=40), max_size=300)


@given(TEXTS, st.integers(1, 5))
def test_every_value_is_in_one_window(texts, batch_size):
    found = list(windows(texts, len, batch_size))
    assert [text for window in found for text in window] == texts
    assert all(window and len(window) <= 32 * batch_size for window in found)
    assert len(found[:1]) == bool(texts)
    assert all(len(window) <= batch_size for window in found[:1])


def test_long_values_make_small_windows(monkeypatch):
    monkeypatch.setattr(module, "_MAX_WINDOW_CHARACTERS", 10)
    assert list(windows([4, 4, 4, 30, 1, 9, 9], int, 3)) == [[4, 4], [4], [30], [1, 9], [9]]


def test_no_more_is_read_than_the_next_window():
    taken = []
    values = (taken.append(n) or n for n in range(100_000))
    seen = 0
    for window in windows(values, lambda _: 1, 8):
        seen += len(window)
        assert len(taken) <= seen + 1
    assert seen == len(taken) == 100_000


@given(TEXTS, st.integers(1, 7), st.booleans())
def test_answers_come_in_the_order_of_the_values(texts, batch_size, by_place):
    asked, advanced = [], []

    def ask(some):
        asked.append(list(some))
        return [f"answer to {text}" for text in some]

    answers = answers_in_order(
        texts,
        ask,
        [len(text) for text in texts],
        batch_size,
        by_place=by_place,
        advance=advanced.append,
    )
    assert answers == [f"answer to {text}" for text in texts]
    assert sum(advanced) == len(texts)
    assert all(len(part) <= batch_size for part in asked)
    flat = [text for part in asked for text in part]
    assert flat == (texts if by_place else sorted(texts, key=len))


def test_fewer_long_texts_are_asked_about_at_once(monkeypatch):
    monkeypatch.setattr(module, "_MAX_CHARACTERS", 10)
    sizes = [1, 1, 1, 1, 9, 30, 2, 8, 1, 0]
    assert list(parts(sizes, sizes, 3)) == [[1, 1, 1], [1, 9], [30], [2, 8], [1, 0]]
    assert list(parts([], [], 3)) == []
    assert [len(part) for part in parts(range(7), [0] * 7, 3)] == [3, 3, 1]
