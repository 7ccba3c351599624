"""What was measured with few labels: a table that grows, and its means."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.records import from_json
from pipeline.workspace import write_text

WITH, WITHOUT = "with", "without"
SIDES = (WITH, WITHOUT)


@dataclasses.dataclass(frozen=True)
class DrawnTraining:
    """One training on drawn rows.

    Attributes:
        rows: that were drawn.
        draw: number of the draw, from 1.
        encoder: `WITH` or `WITHOUT`.
        learnt, choosing: how many of the rows were learnt from, and how many chose the weights.
        accuracy: on the whole test split, 0 to 1.
        choosing_accuracy: on the rows that chose.
        steps, best_step: of the training, and whose weights were chosen.
        seconds: of the training.
    """

    rows: int
    draw: int
    encoder: str
    learnt: int
    choosing: int
    accuracy: float
    choosing_accuracy: float
    steps: int
    best_step: int
    seconds: float

    @property
    def point(self) -> tuple[int, int, str]:
        """Which training it is."""
        return self.rows, self.draw, self.encoder


def write_results(path: Path, measured: Sequence[DrawnTraining]) -> None:
    """Writes a CSV file with a header, atomically."""
    columns = [field.name for field in dataclasses.fields(DrawnTraining)]
    table = pd.DataFrame([dataclasses.astuple(each) for each in measured], columns=columns)
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read_results(path: Path) -> list[DrawnTraining]:
    """Reads what `write_results` wrote; nothing where there is no file.

    Raises:
        UserError: it is damaged.
    """
    if not path.exists():
        return []
    try:
        table = pd.read_csv(path)
        if table.isna().any(axis=None):
            raise ValueError("it is cut off")
        measured = [from_json(DrawnTraining, row, where=path) for row in table.to_dict("records")]
        for each in measured:
            if each.encoder not in SIDES or not 0 <= each.accuracy <= 1:
                raise ValueError(f"{each.point} cannot be")
    except ValueError as error:
        raise UserError(
            f"is damaged ({error})", where=path, remedy="delete it to measure everything again"
        ) from None
    return measured


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1) over draws; nan for the deviation of a single one."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        return cls(statistics.fmean(values), deviation)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Both sides on the same draws of one size.

    Attributes:
        rows: of a draw.
        draws: how many draws both sides have learnt from.
        accuracy: side -> accuracy on test.
        difference: with minus without, draw by draw.
    """

    rows: int
    draws: int
    accuracy: dict[str, Spread]
    difference: Spread


def comparisons(measured: Sequence[DrawnTraining]) -> list[Comparison]:
    """Compares both sides at each size at which both have learnt from a draw, ascending."""
    known = {each.point: each.accuracy for each in measured}
    compared = []
    for rows in sorted({each.rows for each in measured}):
        draws = sorted({each.draw for each in measured if each.rows == rows})
        both = [d for d in draws if all((rows, d, side) in known for side in SIDES)]
        if not both:
            continue
        of = {side: [known[rows, d, side] for d in both] for side in SIDES}
        differences = [a - b for a, b in zip(of[WITH], of[WITHOUT], strict=True)]
        accuracy = {side: Spread.of(values) for side, values in of.items()}
        compared.append(Comparison(rows, len(both), accuracy, Spread.of(differences)))
    return compared
