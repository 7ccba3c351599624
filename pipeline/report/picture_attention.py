"""Draws a picture with its caption, and the attention for each word."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.report.attention_pictures import word_of_each_piece
from pipeline.report.figures import INK, drawn
from pipeline.report.fonts import drawable

_COLUMNS = 6
_MAX_WORDS = 17
_SIDE = 1.35  # inches
_SIDE_ALONE = 2.8
_TITLE = 0.28
_MAX_WORD_LENGTH = 14


@dataclasses.dataclass(frozen=True)
class CaptionedPicture:
    """A picture with a caption and its attention.

    Attributes:
        pixels: float [height, width, 3], 0 to 255.
        caption: of the model.
        words: its words; empty if there is no attention.
        weights: float [words, places per side, places per side], attention of each word.
    """

    pixels: np.ndarray
    caption: str
    words: Sequence[str] = ()
    weights: np.ndarray | None = None


def words_with_attention(
    pieces: Sequence[str], weights: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Joins pieces to words; the attention of a word is the mean over its pieces.

    Args:
        pieces: with the marks of their vocabulary.
        weights: float [pieces, places], places row by row of a square.

    Returns:
        The words, and float [words, side, side].
    """
    words, place = word_of_each_piece(pieces)
    side = round(weights.shape[1] ** 0.5)
    summed = np.zeros((len(words), weights.shape[1]))
    np.add.at(summed, place, weights)
    counts = np.bincount(np.array(place, int), minlength=len(words))
    return words, (summed / counts[:, None]).reshape(len(words), side, side)


@drawn
def captioned_picture(picture: CaptionedPicture) -> Figure:
    """Draws the picture, and a copy for each word, bright where its attention is high.

    Without words it is the picture alone, larger and without a title.
    """
    words = list(picture.words)[:_MAX_WORDS]
    cells = 1 + len(words)
    columns = min(cells, _COLUMNS)
    rows = -(-cells // columns)
    side, title = (_SIDE, _TITLE) if words else (_SIDE_ALONE, 0)
    figure = Figure(figsize=(columns * side, rows * (side + title)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    pixels = np.clip(picture.pixels, 0, 255) / 255
    height, width = pixels.shape[:2]
    for number, axis in enumerate(axes):
        axis.set_axis_off()
        if number >= cells:
            continue
        if number == 0:
            axis.imshow(pixels)
            if words:
                axis.set_title("picture · 사진", size=8, color=INK, loc="center")
            continue
        weights = picture.weights[number - 1]
        grey = pixels.mean(axis=2, keepdims=True).repeat(3, axis=2)
        axis.imshow(0.1 + 0.3 * grey)
        shade = weights / max(float(weights.max()), 1e-9)
        axis.imshow(pixels, alpha=_stretched(shade, height, width))
        word = drawable(words[number - 1], _MAX_WORD_LENGTH)
        axis.set_title(word, size=9, color=INK, loc="center")
    return figure


def _stretched(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales a grid of values to pixels, linearly between the centres of its cells."""
    for axis, size in ((0, height), (1, width)):
        count = values.shape[axis]
        at = (np.arange(size) + 0.5) / size * count - 0.5
        low = np.clip(np.floor(at).astype(int), 0, count - 1)
        high = np.minimum(low + 1, count - 1)
        part = np.clip(at - low, 0, 1)
        shape = [1, 1]
        shape[axis] = size
        part = part.reshape(shape)
        values = np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part
    return values
