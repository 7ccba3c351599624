"""Asks an exported model, and counts the texts that it cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.counts import counted
from pipeline.export.reading_limit import ReadingLimit, load_reading_limit

Kind = str | list["Kind"] | dict[str, "Kind"]
"""The type of a value in an answer: "string", "int32" or "float32"; [kind] for a list; name -> kind
for an object."""


@dataclasses.dataclass(frozen=True)
class AnswerForm:
    """The form of answers that have named values.

    Attributes:
        columns: name -> type of its value, in their order.
        line: an answer as one line for people.
        header: the line above all answers, if they form a table.
    """

    columns: Mapping[str, Kind]
    line: Callable[[Mapping[str, Any]], str]
    header: str | None = None


class Predictor:
    """Asks an exported model, and counts the texts that were cut.

    Args:
        answer: values of the input field -> an answer for each: one line for people, or, where it
            has a `form`, name -> value.
        limit: the maximum length of a text for the model; None if there is no limit.
        form: the form of the answers; None if they are lines.
        by_place: whether the answer for a value depends on its position in the call, so that values
            must be asked in their order.
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
        """A predictor with the reading limit of the SavedModel in `folder`, if it has one."""
        return cls(answer, load_reading_limit(folder), form)

    def answers(self, values: Sequence[Any]) -> Sequence[Any]:
        """One answer for each value."""
        self.count(values)
        return self._answer(values)

    def count(self, values: Sequence[Any]) -> None:
        """Counts values that were asked in an earlier process, for `warnings`."""
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
        """A sentence on how many of all texts so far were cut, if any."""
        if not self._longer or self._limit is None:
            return []
        return [
            f"longer than the model reads: {self._longer:,} of {counted(self._asked, 'text')}; "
            f"only the first {counted(self._limit.pieces, 'piece')} of each count"
        ]
