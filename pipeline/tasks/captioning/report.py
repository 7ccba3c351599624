"""What the report of a captioner says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.corpora.captions.languages import LANGUAGES
from pipeline.counts import counted
from pipeline.evaluation.captions import ORDERS
from pipeline.report.figures import to_png
from pipeline.report.page import Card, Picture, ReportContent, Section, Table
from pipeline.report.picture_attention import CaptionedPicture, captioned_picture
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report

if TYPE_CHECKING:
    from pipeline.evaluation.captions import CaptionMetrics


@dataclasses.dataclass(frozen=True)
class Sample:
    """A picture of the test split, with what people said of it and the CIDEr of the caption."""

    picture: CaptionedPicture
    references: Sequence[str]
    cider: float


def captioning_content(
    metrics: Sequence[CaptionMetrics], samples: Sequence[Sample], run: RunFacts
) -> ReportContent:
    """Puts a captioner's report together.

    Args:
        metrics: of each language, that of most captions first.
        samples: pictures to show, the best first.
        run: what is known of the run; its history has a column dev_bleu4.
    """
    languages = [LANGUAGES.get(of.language, of.language) for of in metrics]
    return run_report(
        run,
        title="Captioning · 사진 설명",
        about=[" and ".join(languages)],
        measured=counted(metrics[0].count, "test picture"),
        cards=_cards(metrics[0]),
        body=(_pictures(samples), _scores(metrics), _said(samples)),
        score=("dev_bleu4", "BLEU-4"),
    )


def _cards(metrics: CaptionMetrics) -> tuple[Card, ...]:
    return (
        Card(
            "BLEU-4",
            f"{metrics.bleu4:.1f}",
            f"Stretches of one to four words that people's captions have, too (up to "
            f"{metrics.references} a picture), 0 to 100. BLEU-1 is {metrics.bleu1:.1f}.",
        ),
        Card(
            "CIDEr",
            f"{metrics.cider:.3f}",
            "Words that people use of this picture and of few others, 0 to 10; what suits every "
            "picture counts little.",
        ),
        Card(
            "chrF",
            f"{metrics.chrf:.1f}",
            "The same with stretches of one to six characters.",
        ),
        Card(
            "Seen in training · 학습한 문장",
            f"{metrics.seen_in_training:.1%}",
            f"Captions that stand word for word in training. {metrics.different:.1%} are different "
            "from all others.",
        ),
    )


def _scores(metrics: Sequence[CaptionMetrics]) -> Section:
    bleus = tuple(f"BLEU-{order}" for order in ORDERS)
    columns = ("language · 언어", *bleus, "CIDEr", "sacreBLEU", "chrF", "words · 단어 수")
    rows = [
        (
            LANGUAGES.get(of.language, of.language),
            *(f"{getattr(of, f'bleu{order}'):.1f}" for order in ORDERS),
            f"{of.cider:.3f}",
            f"{of.sacrebleu:.1f}",
            f"{of.chrf:.1f}",
            f"{of.mean_length:.1f} ({of.reference_length:.1f})",
        )
        for of in metrics
    ]
    signatures = [(of.language, of.sacrebleu_signature) for of in metrics]
    return Section(
        "Scores · 점수",
        [
            "BLEU-1 to BLEU-4 as the field scores captions: in lower case, words without "
            "punctuation, all references of a picture, the nearest length, no smoothing. Of Korean "
            "every character is a word. CIDEr is CIDEr-D. sacreBLEU is BLEU-4 as sacreBLEU counts "
            "it of the same texts. In brackets: words of a reference.",
        ],
        tables=[
            Table(columns, rows, numeric=range(1, len(columns))),
            Table(("", ""), signatures, compact=True, caption="sacreBLEU's signatures"),
        ],
    )


def _pictures(samples: Sequence[Sample]) -> Section | None:
    if not samples:
        return None
    pictures = [
        Picture(
            to_png(captioned_picture(sample.picture), dpi=120),
            f"A picture with the caption “{sample.picture.caption}”.",
            f"{sample.picture.caption} — CIDEr {sample.cider:.2f}",
        )
        for sample in samples
    ]
    return Section(
        "Pictures and captions · 사진과 설명",
        [
            "Pictures of the test split at even distances from the best caption to the worst, by "
            "CIDEr. Behind each picture the words of its caption: bright is where attention looked "
            "while the word was written (7 × 7 places, drawn smoothly).",
        ],
        pictures,
    )


def _said(samples: Sequence[Sample]) -> Section | None:
    if not samples:
        return None
    rows = []
    for sample in samples:
        rows.append((sample.picture.caption or "(empty)", f"caption · 설명 — {sample.cider:.2f}"))
        rows += [(text, "reference · 참조") for text in sample.references]
    return Section(
        "What people said · 사람이 쓴 설명",
        ["The same pictures: the model's caption above those of people, as they were learnt."],
        tables=[Table(("sentence · 문장", ""), rows, prose=True)],
    )
