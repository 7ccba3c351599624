"""The page on few labels: what was done, the curve, the figures, the command."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pipeline.counts import counted
from pipeline.lab.labels import pictures
from pipeline.lab.labels.draws import CHOOSING_SHARE, MAX_CHOOSING
from pipeline.lab.labels.results import WITH, WITHOUT, Comparison, Measured, Spread, comparisons
from pipeline.report.figures import to_png
from pipeline.report.page import Card, Picture, ReportContent, Section, Table

TITLE = "Few labels · 라벨이 적을 때"


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
    min_steps: int
    epochs: int
    learning_rate: float
    draws: dict[int, int]
    seed: int
    commands: Sequence[str]
    quick: bool = False


def page_of(measured: Sequence[Measured], how: Circumstances) -> ReportContent:
    """The page of what has been measured so far."""
    found = comparisons(measured)
    curve = [_curve(found)] if found else []
    done, planned = len(measured), 2 * sum(how.draws.values())
    quick = "Quick: few steps. " if how.quick else ""
    return ReportContent(
        title=TITLE,
        subtitle=f"{quick}Measured on {how.corpus}: {done:,} of {planned:,} trainings.",
        warnings=how.warnings,
        cards=_cards(found[0]) if found else (),
        sections=[_experiment(how), *curve, _figures(found, how), _again(how)],
    )


def _cards(first: Comparison) -> list[Card]:
    draws = counted(first.draws, "draw")
    of = f"of the test split right, with {first.rows:,} labelled rows; mean of {draws}"
    return [
        Card("With the encoder · 인코더", f"{first.accuracy[WITH].mean:.1%}", of),
        Card("Without · 처음부터", f"{first.accuracy[WITHOUT].mean:.1%}", of),
    ]


def _experiment(how: Circumstances) -> Section:
    return Section(
        "What was done · 실험",
        [
            f"A classifier ({how.model}) learns from a few of the {how.available:,} labelled rows "
            f"of the training split, and is measured on all {how.test:,} rows of the test split. "
            "Once it starts from a pretrained encoder (사전 학습), once from random weights. Both "
            "have the same shape, the same settings and the same rows.",
            f"The encoder is {how.encoder}, which learnt from {how.trained_on}: text without "
            "labels. It brings its pieces. Without it the pieces are learnt from the drawn rows "
            "alone, as by somebody who has no more than these.",
            "Rows are drawn at random. A draw of more rows has all rows of the smaller draw of "
            "the same number. One drawn row of "
            f"{CHOOSING_SHARE} (at most {MAX_CHOOSING:,}) is not learnt from: these rows choose "
            "the best weights and the end of the training. The dev split of the corpus plays no "
            "part, since somebody with few labels has none. Where all rows are drawn, draws "
            "differ in what chooses, and in the random numbers of the training.",
            f"Passes over the rows (epochs): {how.epochs}, or as many more as give "
            f"{how.min_steps} steps; the training ends before where the rows that choose see "
            f"nothing better. Learning rate {how.learning_rate:g}, other settings as in make "
            "train-sentiment. Few rows are learnt in small batches; the table says how small. "
            f"Seed {how.seed}.",
        ],
    )


def _curve(found: Sequence[Comparison]) -> Section:
    png = to_png(pictures.accuracy_by_rows(found))
    alt = "Accuracy on test over the number of labelled rows, with the encoder and without"
    return Section(
        "The curve · 학습 곡선",
        [
            "Points are means over draws, bars the standard deviation (표준편차) over draws. A "
            "point of a single draw has no bar. The axis of rows is logarithmic."
        ],
        figures=[Picture(png, alt)],
    )


def _figures(found: Sequence[Comparison], how: Circumstances) -> Section:
    rows = [
        [
            f"{each.rows:,}",
            f"{how.batch_sizes[each.rows]:,}",
            f"{each.draws:,}",
            written(each.accuracy[WITH]),
            written(each.accuracy[WITHOUT]),
            written(each.difference, sign="+"),
        ]
        for each in found
        if each.rows in how.batch_sizes
    ]
    table = Table(
        (
            "rows · 행",
            "rows a batch · 배치",
            "draws · 추출",
            "with, % · 인코더",
            "without, % · 처음부터",
            "difference · 차이",
        ),
        rows,
        numeric=range(6),
    )
    return Section(
        "The figures · 수치",
        [
            "Accuracy on test in per cent: mean ± standard deviation over draws. The difference is "
            "taken draw by draw, in points. All trainings are in results.csv beside this page."
        ],
        tables=[table],
    )


def written(spread: Spread, sign: str = "") -> str:
    """In per cent, with one decimal.

    Example:
        >>> written(Spread(0.815, 0.012)), written(Spread(0.1, math.nan), "+")
        ('81.5 ± 1.2', '+10.0')
    """
    mean = f"{100 * spread.mean:{sign}.1f}"
    return mean if math.isnan(spread.deviation) else f"{mean} ± {100 * spread.deviation:.1f}"


def _again(how: Circumstances) -> Section:
    return Section(
        "The command · 명령",
        ["It goes on where it was stopped, and measures nothing twice."],
        commands=how.commands,
    )
