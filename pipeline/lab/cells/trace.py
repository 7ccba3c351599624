"""What a cell computes at each step, kept so that its derivatives can be written down."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

from keras import ops


@dataclasses.dataclass(frozen=True)
class Trace:
    """The quantities of a cell under the letters of its source; `h_tm1` stands for h_{t-1}.

    Every field is [batch, n] in the trace of one step, [batch, time, n] in that of a sequence.
    """

    def at(self, t: int | slice) -> Self:
        """One step of a sequence (the first is 0, negative ones count from the end), or several."""
        return type(self)(**{name: value[:, t] for name, value in self._fields()})

    @classmethod
    def over_time(cls, steps: Sequence[Self]) -> Self:
        """The traces of single steps as that of the sequence.

        Raises:
            ValueError: there is no step.
        """
        if not steps:
            raise ValueError("a sequence without a step leaves no trace")
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: ops.stack([getattr(s, name) for s in steps], axis=1) for name in names})

    def _fields(self):
        return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]
