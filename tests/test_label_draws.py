"""What the study of few labels draws, and the table of what it measured."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.lab.labels.draws import MAX_CHOOSING, check_labels, draw, sizes_of
from pipeline.lab.labels.results import (
    SIDES,
    WITH,
    WITHOUT,
    DrawnTraining,
    comparisons,
    read_results,
    write_results,
)

# ---- draws


@given(
    available=st.integers(10, 400),
    sizes=st.tuples(st.integers(10, 400), st.integers(10, 400)),
    number=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_smaller_draws_are_part_of_larger_ones(available, sizes, number, seed):
    small, large = sorted(min(size, available) for size in sizes)
    few, many = (draw(available, size, number, seed) for size in (small, large))
    for split in ("train", "dev"):
        assert set(few[split]) <= set(many[split])
    for size, rows in ((small, few), (large, many)):
        together = np.concatenate([rows["train"], rows["dev"]])
        assert len(set(together)) == size
        assert together.max() < available
        assert len(rows["dev"]) == size // 5


def test_draws_of_two_numbers_or_seeds_are_others_and_the_same_again_the_same():
    first = draw(1000, 100, 1, 1)
    for other in (draw(1000, 100, 2, 1), draw(1000, 100, 1, 2)):
        shared = len(set(first["train"]) & set(other["train"]))
        assert shared < 30  # 80 of 1,000 and 80 of 1,000 share 6.4 by chance
    again = draw(1000, 100, 1, 1)
    np.testing.assert_array_equal(first["train"], again["train"])


def test_not_more_rows_choose_than_usual():
    assert len(draw(145_000, 145_000, 1, 1)["dev"]) == MAX_CHOOSING


@pytest.mark.parametrize(
    ("asked", "available", "expected"),
    [
        ("100,300,all", 704, ([100, 300, 704], [])),
        ("all,30,30,1000", 704, ([30, 704], [1000])),
        ("704,all", 704, ([704], [])),
        ("800,all", 704, ([704], [800])),
    ],
)
def test_sizes_are_what_the_corpus_has(asked, available, expected):
    assert sizes_of(asked, available) == expected


@pytest.mark.parametrize(("asked", "available"), [("1000", 704), ("9,100", 704), ("all", 8)])
def test_sizes_that_cannot_be_are_refused(asked, available):
    with pytest.raises(UserError, match="--sizes"):
        sizes_of(asked, available)


def test_a_draw_of_one_label_is_refused():
    check_labels(["a", "b", "a"], np.array([0, 1]))
    with pytest.raises(UserError, match="'a'"):
        check_labels(["a", "b", "a"], np.array([0, 2]))


# ---- the table


def measured(rows: int, number: int, side: str, accuracy: float) -> DrawnTraining:
    choosing = rows // 5
    return DrawnTraining(rows, number, side, rows - choosing, choosing, accuracy, 0.5, 20, 10, 1.5)


def test_the_table_comes_back_as_it_was(tmp_path):
    path = tmp_path / "results.csv"
    assert read_results(path) == []
    rows = [measured(100, 1, WITH, 1 / 3), measured(100, 1, WITHOUT, 0.1 + 0.2)]
    write_results(path, rows)
    assert read_results(path) == rows


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace("accuracy", "score"),
        lambda text: text[:-9],
        lambda text: text.replace("0.25", "1.25"),
        lambda text: text.replace("with,", "perhaps,"),
        lambda text: "",
    ],
)
def test_a_damaged_table_is_one_line(tmp_path, harm):
    path = tmp_path / "results.csv"
    write_results(path, [measured(100, 1, WITH, 0.25)])
    path.write_text(harm(path.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(UserError, match=r"results\.csv"):
        read_results(path)


def test_means_are_of_draws_that_both_sides_have_learnt_from():
    values = {WITH: [0.8, 0.9, 0.4], WITHOUT: [0.6, 0.8]}
    table = [
        measured(100, number, side, value)
        for side in SIDES
        for number, value in enumerate(values[side], 1)
    ]
    (found,) = comparisons([*table, measured(300, 1, WITH, 0.9)])
    assert (found.rows, found.draws) == (100, 2)
    assert found.accuracy[WITH].mean == pytest.approx(0.85)
    assert found.accuracy[WITHOUT].deviation == pytest.approx(statistics.stdev([0.6, 0.8]))
    assert found.difference.mean == pytest.approx(0.15)
    assert found.difference.deviation == pytest.approx(statistics.stdev([0.2, 0.1]))
