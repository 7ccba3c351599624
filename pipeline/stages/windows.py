"""Groups a stream of values into windows, sorts by size within each, and keeps the order of the
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

_MAX_CHARACTERS = 1_000_000  # characters; a longer text is asked alone
_MAX_BATCHES = 32
_MAX_WINDOW_CHARACTERS = 8_000_000  # characters

Value = TypeVar("Value")


def windows(
    values: Iterable[Value],
    size: Callable[[Value], int],
    batch_size: int,
    max_batches: int = _MAX_BATCHES,
) -> Iterator[list[Value]]:
    """Windows of values in their order: the first has as many as a batch, so that there is an
    answer soon, each next one twice as many, up to `max_batches` batches; fewer where values are
    large.

    How they are cut depends on the values alone.

    Args:
        size: of a value, as `Field.size` gives it.
    """
    window: list[Value] = []
    count, total = batch_size, 0
    for value in values:
        added = size(value)
        if window and (len(window) == count or total + added > _MAX_WINDOW_CHARACTERS):
            yield window
            window, total = [], 0
            count = min(2 * count, max_batches * batch_size)
        window.append(value)
        total += added
    if window:
        yield window


def parts(
    values: Sequence[Value], sizes: Sequence[int], max_count: int
) -> Iterator[Sequence[Value]]:
    """Parts of `max_count` values in their order; fewer where values are large.

    Args:
        values: any number of them.
        sizes: of each, as `Field.size` gives it.
        max_count: maximum number of values in a part.
    """
    start = total = 0
    for number, size in enumerate(sizes):
        if number > start and (number - start == max_count or total + size > _MAX_CHARACTERS):
            yield values[start:number]
            start, total = number, 0
        total += size
    if start < len(values):
        yield values[start:]


def answers_in_order(
    window: Sequence[Value],
    ask: Callable[[Sequence[Value]], Sequence[Any]],
    sizes: Sequence[int],
    batch_size: int,
    *,
    by_place: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Any]:
    """The answers for values, in the order of the values; values of similar size are asked
    together, since a batch costs as much as its largest value.

    Args:
        ask: values -> an answer for each.
        sizes: of each, as `Field.size` gives it.
        by_place: whether they must be asked about in their order (`Predictor`).
        advance: is told of each batch how many values it had.
    """
    order = list(range(len(window)))
    if not by_place:
        order.sort(key=sizes.__getitem__)
    answers: list[Any] = [None] * len(window)
    for part in parts(order, [sizes[number] for number in order], batch_size):
        for number, answer in zip(part, ask([window[n] for n in part]), strict=True):
            answers[number] = answer
        advance(len(part))
    return answers
