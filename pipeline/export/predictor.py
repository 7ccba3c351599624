"""An exported model that is asked for answers on a line, and remembers what it could not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.counts import counted
from pipeline.export.reading_limit import ReadingLimit, load_reading_limit


class Predictor:
    """Asks an exported model, and counts the texts of which only a part was read.

    Args:
        answer: values of the input field -> one line for people for each.
        limit: how much of a text the model reads; None where it reads all.
    """

    def __init__(
        self, answer: Callable[[Sequence[Any]], list[str]], limit: ReadingLimit | None = None
    ):
        self._answer, self._limit = answer, limit
        self._asked = self._longer = 0

    @classmethod
    def of(cls, folder: Path, answer: Callable[[Sequence[Any]], list[str]]) -> Predictor:
        """With the limit that lies beside the SavedModel in `folder`, if there is one."""
        return cls(answer, load_reading_limit(folder))

    def __call__(self, values: Sequence[Any]) -> list[str]:
        """One line for each value."""
        self._asked += len(values)
        if self._limit:
            self._longer += self._limit.longer(values)
        return self._answer(values)

    def warnings(self) -> list[str]:
        """How many of all texts so far were cut, where any was."""
        if not self._longer or self._limit is None:
            return []
        return [
            f"longer than the model reads: {self._longer:,} of {counted(self._asked, 'text')}; "
            f"only the first {counted(self._limit.pieces, 'piece')} of each count"
        ]
