"""What the report of a translator says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.counts import counted
from pipeline.evaluation.translation_scores import LONG
from pipeline.report import attention_pictures, figures
from pipeline.report.page import Card, Picture, ReportContent, Section, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report
from pipeline.tasks.translation.length_curve import LENGTH_EXPLAINED, as_number, length_picture
from pipeline.tasks.translation.samples import samples

if TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics
    from pipeline.report.attention_pictures import HeatMap

DIRECTIONS = {"ko-en": "Korean to English · 한→영", "en-ko": "English to Korean · 영→한"}
_SCORES = ("BLEU", "95% interval", "chrF", "length ratio · 길이 비율", "repetition · 반복")


def translation_content(
    metrics: TranslationMetrics,
    run: RunFacts,
    direction: str | None = None,
    heat_maps: Sequence[HeatMap] = (),
    other_tests: Mapping[str, TranslationMetrics] | None = None,
) -> ReportContent:
    """Puts a translator's report together. What is not known is left out, never guessed.

    Args:
        metrics: from `translation.evaluate`.
        run: what is known of the run; its history has a column dev_bleu.
        direction: "ko-en" or "en-ko", if known.
        heat_maps: from `merge_attention`; drawn in this order.
        other_tests: name of a test set that is part of the one measured -> what the model got
            on it.
    """
    return run_report(
        run,
        title="Translation · 번역",
        about=[DIRECTIONS.get(direction, direction)],
        measured=counted(metrics.count, "test sentence"),
        cards=_cards(metrics),
        body=(
            _exposure(metrics),
            _length(metrics),
            _tests(other_tests or {}),
            _words(metrics),
            samples(metrics),
            _attention(heat_maps),
        ),
        score=("dev_bleu", "BLEU"),
    )


def _cards(metrics: TranslationMetrics) -> tuple[Card, ...]:
    own = next(row for row in metrics.repetition_by_order if row.order == 2)
    cards = [
        Card(
            "BLEU",
            f"{metrics.bleu:.2f}",
            f"How many stretches of one to four words are also in the reference, 0 to 100 (95% "
            f"interval {metrics.bleu_low:.1f}–{metrics.bleu_high:.1f}, from redrawn sentences).",
        ),
        Card(
            "chrF",
            f"{metrics.chrf:.2f}",
            "The same thought with stretches of one to six characters: a wrong ending costs an "
            "ending, not the whole word.",
        ),
        Card(
            "Length ratio · 길이 비율",
            f"{metrics.length_ratio:.3f}",
            "Words of the translations for each word of the references. Too short ones cost BLEU: "
            f"it was multiplied by {metrics.brevity_penalty:.3f}.",
        ),
        Card(
            "Repetition · 반복",
            f"{metrics.repetition:.2%}",
            "Word pairs that the same translation had already; the references themselves repeat "
            f"{own.references:.2%}.",
        ),
    ]
    if metrics.long is not None:
        bleu = "—" if metrics.long.bleu is None else f"{metrics.long.bleu:.2f}"
        cards.append(
            Card(
                "BLEU of long sources · 긴 문장",
                bleu,
                f"On the {metrics.long.count:,} sentences of more than {LONG} pieces, which one "
                "vector holds badly.",
            )
        )
    if metrics.losses is not None:
        cards.append(
            Card(
                "Free-running loss · 자유 실행 손실",
                f"{metrics.losses.free_running:.3f}",
                f"Nats a piece after its own output; after the reference's pieces it is "
                f"{metrics.losses.teacher_forced:.3f}.",
            )
        )
    return tuple(cards)


def _exposure(metrics: TranslationMetrics) -> Section | None:
    if metrics.losses is None:
        return None
    forced, free = metrics.losses.teacher_forced, metrics.losses.free_running
    rows = [
        ("teacher forcing · 교사 강요", "the reference's own pieces", f"{forced:.4f}"),
        ("free running · 자유 실행", "its own pieces", f"{free:.4f}"),
        ("gap · 차이", "", f"{free - forced:+.4f}"),
    ]
    return Section(
        "Teacher forcing and free running · 교사 강요와 자유 실행",
        [
            "In training every step sees the reference up to there, however wrong the model was. "
            "When it translates, it sees what it wrote itself. Both losses are of the reference's "
            "pieces; the second predicts each of them after as many pieces that the model chose, "
            "the best one at every step.",
            "The gap is what that difference costs (exposure bias · 노출 편향). A good translation "
            "in other words than the reference's costs as much as a mistake, so the gap is for "
            "comparing models.",
        ],
        tables=[Table(("", "each step sees", "nats a piece · 손실"), rows, numeric=(2,))],
    )


def _length(metrics: TranslationMetrics) -> Section | None:
    if not metrics.by_length:
        return None
    rows = [
        (
            b.name,
            f"{b.count:,}",
            as_number(b.bleu),
            "—" if b.bleu_low is None else f"{b.bleu_low:.1f}–{b.bleu_high:.1f}",
            f"{b.chrf:.1f}",
            as_number(b.length_ratio, 3),
        )
        for b in metrics.by_length
    ]
    columns = (
        "pieces · 토큰 수",
        "sentences · 문장 수",
        "BLEU",
        "95% interval",
        "mean chrF · 문장 chrF 평균",
        "length ratio · 길이 비율",
    )
    return Section(
        "BLEU by source length · 원문 길이별 BLEU",
        LENGTH_EXPLAINED,
        [length_picture({"this model · 이 모델": metrics.by_length}, metrics.bleu)],
        [Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _tests(other_tests: Mapping[str, TranslationMetrics]) -> Section | None:
    if not other_tests:
        return None
    rows = [(name, f"{m.count:,}", *_scores(m)) for name, m in other_tests.items()]
    columns = ("test set · 시험 자료", "sentences · 문장 수", *_SCORES)
    return Section(
        "Other test sets · 다른 시험 자료",
        ["Where the test set above was put together from several, each of them by itself."],
        tables=[Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _words(metrics: TranslationMetrics) -> Section:
    said = [
        "Precision: of all stretches of n words in the translations, how many are in the "
        "reference. Repetition: how many the same text had already. Languages repeat a little by "
        "themselves, so the references stand beside; more than that is a decoder in circles.",
        "A word is what sacreBLEU makes of the text, named behind “tok” in the signature: 13a "
        "takes words and punctuation, char takes every character. Figures of different "
        "signatures cannot be compared.",
        f"Of {metrics.count:,} translations {metrics.exact:,} are exactly the reference, "
        f"{metrics.empty:,} are empty, and {metrics.copied:,} are the source unchanged.",
    ]
    orders = [
        (f"{row.order}", f"{precision:.2f}%", f"{row.translations:.2%}", f"{row.references:.2%}")
        for row, precision in zip(metrics.repetition_by_order, metrics.bleu_precisions, strict=True)
    ]
    columns = (
        "words · 단어 수",
        "precision · 정밀도",
        "repetition · 반복",
        "of the references · 참조 번역의 반복",
    )
    signatures = [("BLEU", metrics.bleu_signature), ("chrF", metrics.chrf_signature)]
    return Section(
        "What BLEU is made of · BLEU의 구성",
        said,
        tables=[
            Table(columns, orders, numeric=(1, 2, 3)),
            Table(("", ""), signatures, compact=True, caption="sacreBLEU's signatures"),
        ],
    )


def _attention(heat_maps: Sequence[HeatMap]) -> Section | None:
    if not heat_maps:
        return None
    pictures = [
        Picture(
            figures.to_png(attention_pictures.attention_heat_map(heat_map)),
            f"Attention of “{' '.join(heat_map.target_words)}” over "
            f"“{' '.join(heat_map.source_words)}”.",
            heat_map.caption,
        )
        for heat_map in heat_maps
    ]
    return Section(
        "Attention · 어텐션",
        [
            "Each row is a word of the translation and shows where in the source the model looked "
            "while writing it. Pieces are put together to words (eojeol · 어절): summed over the "
            "source word, averaged over the steps of the target word, so that a row is 100%.",
            "Korean puts the verb last, so between Korean and English the dark cells leave the "
            "diagonal.",
        ],
        pictures,
    )


def _scores(metrics: TranslationMetrics) -> tuple[str, ...]:
    return (
        f"{metrics.bleu:.2f}",
        f"{metrics.bleu_low:.1f}–{metrics.bleu_high:.1f}",
        f"{metrics.chrf:.2f}",
        f"{metrics.length_ratio:.3f}",
        f"{metrics.repetition:.2%}",
    )
