"""BLEU by source length as a report shows it, for one translator or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.report import attention_pictures, figures
from pipeline.report.page import Picture

if TYPE_CHECKING:
    from pipeline.evaluation.translation_scores import LengthBucket

LENGTH_EXPLAINED = (
    "Without attention the decoder gets one vector, however long the source: BLEU falls with "
    "length, because that vector is a bottleneck (병목). Attention looks at the source again at "
    "every step.",
    "BLEU counts stretches of four words. Where no translation has four, there is none to count, "
    "and a dash stands in its place.",
)


def length_picture(
    curves: Mapping[str, Sequence[LengthBucket]], overall: float | None = None
) -> Picture:
    """The curves as `attention_pictures.bleu_by_length` draws them, with their numbers as words."""
    return Picture(
        figures.to_png(attention_pictures.bleu_by_length(curves, overall)),
        "; ".join(
            f"{name}, {b.name} pieces: {as_number(b.bleu)} of {b.count}"
            for name, buckets in curves.items()
            for b in buckets
        ),
    )


def as_number(value: float | None, digits: int = 2) -> str:
    return "—" if value is None else f"{value:.{digits}f}"
