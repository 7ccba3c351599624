"""Plots of a translator: attention between words, and BLEU by source length."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET, drawn, to_png
from pipeline.report.fonts import drawable
from pipeline.text.unigram import WORD_MARK
from pipeline.text.vocabulary import BOS, CONTINUES, EOS, PAD, SPECIALS

if TYPE_CHECKING:
    from pipeline.evaluation.translation_scores import LengthBucket

_ALONE = {SPECIALS[i] for i in (PAD, BOS, EOS)}
_WIDTH = 6.4  # inches
_CELL = 0.36  # inches
_MAX_WORDS = 36  # a side; more cannot be read
_MAX_CHARACTERS = 16  # of a word
_LINES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), ("#CC79A7", "D"), ("#E69F00", "v"), (INK, "P"))


@dataclasses.dataclass(frozen=True)
class HeatMap:
    """Attention between words.

    Attributes:
        weights: float [target words, source words].
        target_words, source_words: words of the rows and of the columns.
        caption: a line below the picture.
    """

    weights: np.ndarray
    target_words: tuple[str, ...]
    source_words: tuple[str, ...]
    caption: str = ""

    @functools.cached_property
    def png(self) -> bytes:
        """The plot as a PNG file, which the report and TensorBoard show."""
        return to_png(attention_heat_map(self))

    def __post_init__(self):
        if self.weights.shape != (len(self.target_words), len(self.source_words)):
            raise ValueError(
                f"weights {self.weights.shape} for {len(self.target_words)} target and "
                f"{len(self.source_words)} source words"
            )


def word_of_each_piece(pieces: Sequence[str]) -> tuple[list[str], list[int]]:
    """Joins pieces to words (Korean: eojeol).

    If any piece has ▁ (SentencePiece), a word begins at every piece with it, and before and after
    special pieces; otherwise (WordPiece, syllables) `##` marks pieces that continue a word. [PAD],
    [BOS] and [EOS] are words of their own.

    Returns:
        The words, and for each piece the position of its word among them.
    """
    marked = any(piece.startswith(WORD_MARK) for piece in pieces)
    words: list[str] = []
    place: list[int] = []
    previous = None
    for piece in pieces:
        alone = piece in _ALONE or previous is None or previous in _ALONE
        if marked:
            begins, text = piece.startswith(WORD_MARK), piece.removeprefix(WORD_MARK)
        else:
            begins = not piece.startswith(CONTINUES) or piece == CONTINUES
            text = piece if begins else piece.removeprefix(CONTINUES)
        if begins or alone:
            words.append(text)
        else:
            words[-1] += text
        place.append(len(words) - 1)
        previous = piece
    return words, place


def merge_attention(
    weights: np.ndarray,
    target_pieces: Sequence[str],
    source_pieces: Sequence[str],
    caption: str = "",
) -> HeatMap:
    """Converts attention between pieces to attention between words.

    The weight of a source word is the *sum* over its pieces; the row of a target word is the *mean*
    over its pieces. So a row sums to the mean of the sums of its pieces' rows (to 1, if those do),
    and rows times their numbers of pieces add up to the total weight.

    Args:
        weights: float [target pieces, source pieces]; row t has the weights of step t, which
            wrote piece t. For several heads or layers give their mean or one of them.
        target_pieces, source_pieces: with the marks of their vocabulary, ▁ or ##, and with
            special pieces if `weights` has them.
        caption: a line below the picture.

    Raises:
        ValueError: the shapes do not fit.
    """
    weights = np.asarray(weights, np.float64)
    if weights.shape != (len(target_pieces), len(source_pieces)):
        raise ValueError(
            f"weights {weights.shape} for {len(target_pieces)} target and "
            f"{len(source_pieces)} source pieces"
        )
    target_words, row_of = word_of_each_piece(target_pieces)
    source_words, column_of = word_of_each_piece(source_pieces)
    columns = np.zeros((len(target_pieces), len(source_words)))
    np.add.at(columns.T, column_of, weights.T)
    rows = np.zeros((len(target_words), len(source_words)))
    np.add.at(rows, row_of, columns)
    pieces_in = np.bincount(np.array(row_of, int), minlength=len(target_words))
    return HeatMap(rows / pieces_in[:, None], tuple(target_words), tuple(source_words), caption)


@drawn
def attention_heat_map(heat_map: HeatMap, title: str = "Attention · 어텐션") -> Figure:
    """Draws a heat map: target words in rows, source words in columns; dark cells have more weight.

    Of a very long sentence only the first 36 words per side are drawn, and the title says so.
    """
    weights = heat_map.weights[:_MAX_WORDS, :_MAX_WORDS]
    rows, columns = weights.shape
    if weights.size < heat_map.weights.size:
        title += f" — the first {rows} × {columns} words"
    figure = Figure(
        figsize=(max(2.4 + _CELL * columns, 4.4), max(1.9 + _CELL * rows, 2.6)),
        layout="constrained",
    )
    axes = figure.subplots()
    cells = np.zeros((max(rows, 1), max(columns, 1)))  # a side without words is a blank row
    cells[:rows, :columns] = weights
    image = axes.imshow(cells, cmap=_shades(), vmin=0, vmax=max(cells.max(), 1e-9))
    sides = (heat_map.source_words[:columns], heat_map.target_words[:rows])
    source, target = ([drawable(w, _MAX_CHARACTERS) for w in side] for side in sides)
    axes.set_xticks(range(columns), source, rotation=55, color=INK)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(rows), target, color=INK)
    axes.set_xlabel("source · 원문")
    # Beside one to three words there is no room for a longer label.
    axes.set_ylabel("translation · 번역" if rows > 3 else "번역")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(1, columns) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, rows) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=24, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4))
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.suptitle(title, x=0.01, ha="left", size=11.5, weight="bold")
    return figure


def _shades() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("attention", ["#f3f6f9", "#8fc1de", BLUE, "#00304d"])


@drawn
def bleu_by_length(
    curves: Mapping[str, Sequence[LengthBucket]], overall: float | None = None
) -> Figure:
    """Draws BLEU in buckets of source length, one line per model, with 95 % intervals.

    Args:
        curves: name of a model -> its buckets, shortest first. A bucket without a BLEU leaves a
            gap. Numbers of sentences are shown if all models have the same.
        overall: BLEU over all sentences, drawn as a line; for one model.
    """
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    buckets = {bucket.low: bucket for curve in curves.values() for bucket in curve}
    lows = sorted(buckets)
    at = {low: place for place, low in enumerate(lows)}
    if overall is not None:
        axes.axhline(overall, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for number, (name, curve) in enumerate(curves.items()):
        colour, marker = _LINES[number % len(_LINES)]
        # side by side, so that the intervals of two models do not cover each other
        aside = 0.08 * (number - (len(curves) - 1) / 2)
        shown = [b for b in curve if b.bleu is not None]
        value = np.full(len(lows), np.nan)
        below, above = value.copy(), value.copy()
        for b in shown:
            value[at[b.low]] = b.bleu
            if b.bleu_low is not None:
                below[at[b.low]] = max(b.bleu - b.bleu_low, 0)
                above[at[b.low]] = max(b.bleu_high - b.bleu, 0)
        axes.errorbar(
            np.arange(len(lows)) + aside, value, [below, above],
            fmt=f"{marker}-", color=colour, markersize=6, elinewidth=1.4, capsize=3,
            label=drawable(name, 40),
        )  # fmt: skip
    axes.set_xticks(range(len(lows)), [_tick(curves, buckets[low]) for low in lows])
    axes.set_xlim(-0.5, max(len(lows), 1) - 0.5)
    axes.set_ylim(bottom=0)
    axes.margins(y=0.1)
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("pieces in the source (and how many sentences) · 원문 토큰 수")
    dashed = "" if overall is None else f" — dashed: all sentences, {overall:.1f}"
    axes.set_title(f"BLEU by source length · 원문 길이별 BLEU{dashed}")
    if len(curves) > 1:
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def _tick(curves: Mapping[str, Sequence[LengthBucket]], bucket: LengthBucket) -> str:
    counts = {b.count for curve in curves.values() for b in curve if b.low == bucket.low}
    return f"{bucket.name}\n{counts.pop():,}" if len(counts) == 1 else bucket.name
