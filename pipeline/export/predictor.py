"""An exported model that is asked for answers, and remembers what it could not read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.counts import counted
from pipeline.export.reading_limit import ReadingLimit, load_reading_limit

Kind = str | list["Kind"] | dict[str, "Kind"]
"""Of a value in an answer: "string", "int32" or "float32"; [kind] of a list; name -> kind of what
has several values."""


@dataclasses.dataclass(frozen=True)
class AnswerForm:
    """Answers that are names with values.

    Attributes:
        columns: name -> kind of its value, in their order.
        line: an answer as one line for people.
        header: the line above all answers, where they make a table.
    """

    columns: Mapping[str, Kind]
    line: Callable[[Mapping[str, Any]], str]
    header: str | None = None


class Predictor:
    """Asks an exported model, and counts the texts of which only a part was read.

    Args:
        answer: values of the input field -> an answer for each: one line for people, or, where it
            has a `form`, name -> value.
        limit: how much of a text the model reads; None where it reads all.
        form: of the answers; None where they are lines.
        by_place: whether the answer about a value depends on its place among those of the same
            call, so that they must be asked about in their order.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Any]], Sequence[Any]],
        limit: ReadingLimit | None = None,
        form: AnswerForm | None = None,
        by_place: bool = False,
    ):
        self._answer, self._limit = answer, limit
        self.form, self.by_place = form, by_place
        self._asked = self._longer = 0

    @classmethod
    def of(
        cls, folder: Path, answer: Callable[[Sequence[Any]], Sequence[Any]], form: AnswerForm
    ) -> Predictor:
        """With the limit that lies beside the SavedModel in `folder`, if there is one."""
        return cls(answer, load_reading_limit(folder), form)

    def answers(self, values: Sequence[Any]) -> Sequence[Any]:
        """One answer for each value."""
        self.count(values)
        return self._answer(values)

    def count(self, values: Sequence[Any]) -> None:
        """Lets `warnings` count values that somebody asked about before."""
        self._asked += len(values)
        if self._limit:
            self._longer += self._limit.longer(values)

    def line(self, answer: Any) -> str:
        """An answer as one line for people."""
        return self.form.line(answer) if self.form else answer

    def __call__(self, values: Sequence[Any]) -> list[str]:
        """One line for each value."""
        return list(map(self.line, self.answers(values)))

    def warnings(self) -> list[str]:
        """How many of all texts so far were cut, where any was."""
        if not self._longer or self._limit is None:
            return []
        return [
            f"longer than the model reads: {self._longer:,} of {counted(self._asked, 'text')}; "
            f"only the first {counted(self._limit.pieces, 'piece')} of each count"
        ]
