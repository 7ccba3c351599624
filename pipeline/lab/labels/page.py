"""The page on few labels: what was done, the curve, the figures. Its words are in page.md.j2."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pipeline.lab.labels import pictures
from pipeline.lab.labels.draws import CHOOSING_SHARE, MAX_CHOOSING
from pipeline.lab.labels.results import WITH, WITHOUT, DrawnTraining, Spread, comparisons
from pipeline.report.document import document
from pipeline.report.page import ReportContent


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """What the measurements were made with.

    Attributes:
        corpus: title.
        available, test: rows of its training and its test split.
        warnings: sentences on the corpus that must not be missed.
        encoder: what was asked for.
        trained_on: title of the texts that the encoder learnt from.
        model: the shape of both sides in a few words.
        batch_sizes: drawn rows -> rows of a batch.
        repeated: drawn rows that are learnt several times from the encoder.
        trainings: how many times.
        min_steps, epochs, learning_rate: of all trainings.
        draws: planned trainings a side and size: drawn rows -> how many.
        seed: of the study.
        commands: that make this page.
        quick: whether it is a first look only.
    """

    corpus: str
    available: int
    test: int
    warnings: Sequence[str]
    encoder: str
    trained_on: str
    model: str
    batch_sizes: dict[int, int]
    repeated: Sequence[int]
    trainings: int
    min_steps: int
    epochs: int
    learning_rate: float
    draws: dict[int, int]
    seed: int
    commands: Sequence[str]
    quick: bool = False


def page_of(measured: Sequence[DrawnTraining], how: Circumstances) -> ReportContent:
    """The page of what has been measured so far."""
    compared = comparisons(measured)
    content = document(
        "lab/labels/page.md.j2",
        how=how,
        compared=compared,
        done=len(measured),
        planned=2 * sum(how.draws.values()),
        choosing_share=CHOOSING_SHARE,
        max_choosing=MAX_CHOOSING,
        WITH=WITH,
        WITHOUT=WITHOUT,
        curve=pictures.accuracy_by_rows(compared) if compared else None,
        written=written,
    )
    return dataclasses.replace(content, warnings=how.warnings)


def written(spread: Spread, sign: str = "") -> str:
    """A mean and its deviation in per cent, with one decimal.

    Example:
        >>> written(Spread(0.815, 0.012)), written(Spread(0.1, math.nan), "+")
        ('81.5 ± 1.2', '+10.0')
    """
    mean = f"{100 * spread.mean:{sign}.1f}"
    return mean if math.isnan(spread.deviation) else f"{mean} ± {100 * spread.deviation:.1f}"
