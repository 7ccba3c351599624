"""Content of the report of a translator; the text is in report.md.j2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.evaluation.translation_scores import LONG
from pipeline.report import attention_pictures
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.tasks.translation.samples import shown_sample

if TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics
    from pipeline.report.attention_pictures import HeatMap

DIRECTIONS = {"ko-en": "Korean to English · 한→영", "en-ko": "English to Korean · 영→한"}


def translation_content(
    metrics: TranslationMetrics,
    run: RunFacts,
    direction: str,
    heat_maps: Sequence[HeatMap] = (),
    other_tests: Mapping[str, TranslationMetrics] | None = None,
) -> ReportContent:
    """Makes the report of a translator; unknown facts are left out.

    Args:
        metrics: of `translation.evaluate`.
        run: facts about the run; its history has a column dev_bleu.
        direction: "ko-en" or "en-ko".
        heat_maps: of `merge_attention`; drawn in this order.
        other_tests: name of a test set that is a part of the main one -> the scores on it.
    """
    return run_document(
        "tasks/translation/report.md.j2",
        run,
        score=("dev_bleu", "BLEU"),
        metrics=metrics,
        direction=DIRECTIONS[direction],
        long=LONG,
        word_pairs=next(row for row in metrics.repetition_by_order if row.order == 2),
        by_length=attention_pictures.bleu_by_length(
            {"this model": metrics.by_length or ()}, metrics.bleu
        ),
        other_tests=other_tests or {},
        orders=list(zip(metrics.repetition_by_order, metrics.bleu_precisions, strict=True)),
        samples={
            place: [shown_sample(sample) for sample in getattr(metrics, place)]
            for place in ("worst", "median", "best")
        },
        heat_maps=heat_maps,
    )
