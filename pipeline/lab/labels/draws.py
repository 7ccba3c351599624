"""Draws rows of a training split that stand for a corpus with few labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.errors import UserError

ALL = "all"
MIN_SIZE = 10
"""Rows of the smallest draw."""
CHOOSING_SHARE = 5
"""One drawn row of so many is kept for choosing."""
MAX_CHOOSING = 5000
"""Rows for choosing, at most."""


def draw(available: int, size: int, number: int, seed: int) -> dict[str, np.ndarray]:
    """Draws rows at random; one of five is for choosing the best weights, the others are learnt.

    Draws of one number are nested: what a smaller one learns from, a larger one learns from, and
    what chooses in it chooses in the larger one. Draws of two numbers are independent.

    Args:
        available: rows of the training split.
        size: rows to draw.
        number: of the draw.
        seed: of all draws.

    Returns:
        "train", "dev" -> int [rows], ascending.
    """
    order = np.random.default_rng((seed, number)).permutation(available)[:size]
    choosing = np.arange(CHOOSING_SHARE - 1, size, CHOOSING_SHARE)[:MAX_CHOOSING]
    return {"train": np.sort(np.delete(order, choosing)), "dev": np.sort(order[choosing])}


def sizes_of(asked: str, available: int) -> tuple[list[int], list[int]]:
    """Reads `--sizes` as numbers of rows, ascending.

    Args:
        asked: whole numbers and `all`, with commas between.
        available: rows of the training split.

    Returns:
        The sizes that can be drawn, and those that cannot.

    Raises:
        UserError: none can be drawn, or one is too small.
    """
    numbers = sorted({available if word == ALL else int(word) for word in asked.split(",")})
    if numbers[0] < MIN_SIZE:
        raise UserError(
            f"{numbers[0]} rows are too few to learn from and to choose with",
            where="--sizes",
            remedy=f"draw at least {MIN_SIZE}",
        )
    possible = [number for number in numbers if number <= available]
    if not possible:
        raise UserError(
            f"the training split has {available:,} rows, fewer than any size that is asked for",
            where="--sizes",
            remedy=f"ask for smaller ones, or for {ALL}",
        )
    return possible, numbers[len(possible) :]


def check_labels(labels: Sequence[str], rows: np.ndarray) -> None:
    """Refuses a draw that shows one label only.

    Args:
        labels: of the training split.
        rows: what is learnt from.

    Raises:
        UserError: all of `rows` have one label.
    """
    drawn = {labels[row] for row in rows}
    if len(drawn) == 1:
        raise UserError(
            f"all {len(rows):,} rows to learn from have the label {drawn.pop()!r}",
            where="--sizes",
            remedy="ask for larger sizes, or try another --seed",
        )
