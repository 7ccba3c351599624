"""The report about a translator: the numbers that were measured, samples, pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.translation import evaluate_translations
from pipeline.report.attention_pictures import HeatMap, merge_attention
from pipeline.report.page import render
from pipeline.report.run_facts import RunFacts
from pipeline.tasks.translation.report import translation_content
from pipeline.tasks.translation.samples import shared_words
from reported_run import NASTY, STEPS, Page, Tables, history, run_of, section, titles

HISTORY = history(dev_bleu=[2.5, 11.8125, 11.5])
RUN = run_of(
    "translation",
    history=HISTORY,
    model="an attention RNN",
    corpus={"name": "Tatoeba", "licence": "CC BY 2.0 FR", "train": 3000},
)
TARGET = ["▁Tom", "▁look", "ed", "▁lone", "ly", ".", "[EOS]"]
SOURCE = ["▁톰", "은", "▁외로", "워", "▁보였어", ".", "[EOS]"]


def measured(n: int = 60, seed: int = 0, **others):
    rng = np.random.default_rng(seed)
    references = [f"sentence {k} of this test is about {NASTY} and so on" for k in range(n)]
    translations = [
        " ".join(word for word in reference.split() if rng.random() < 0.9)
        for reference in references
    ]
    translations[0] = ""
    given = {
        "scores": -rng.random(n),
        "source_lengths": rng.integers(1, 50, n),
        "losses": {"teacher_forced": 1.875, "free_running": 2.4375},
    }
    sources = [f"{k}번째 문장은 {NASTY}" for k in range(n)]
    return evaluate_translations(sources, references, translations, **given | others)


def heat_map(caption: str = "톰은 외로워 보였어.") -> HeatMap:
    scores = np.random.default_rng(0).normal(size=(len(TARGET), len(SOURCE)))
    weights = np.exp(2 * scores) / np.exp(2 * scores).sum(axis=1, keepdims=True)
    return merge_attention(weights, TARGET, SOURCE, caption)


def test_all_sections_stand_in_the_report():
    metrics = measured()
    content = translation_content(
        metrics,
        dataclasses.replace(RUN, warnings=["주의하세요"], steps=STEPS),
        "ko-en",
        [heat_map(), heat_map("second")],
        other_tests={"news": measured(20, 1)},
    )
    assert titles(content) == [
        "What it learnt from",
        "Learning curves",
        "Gradients",
        "Teacher forcing and free running",
        "BLEU by source length",
        "Other test sets",
        "What BLEU is made of",
        "Samples",
        "Attention",
        "Settings",
        "How to reproduce",
        "Environment",
    ]
    html = render(content)
    assert html.count("<img ") == 5
    assert "주의하세요" in html
    assert "<script>" not in html


def test_the_numbers_are_those_that_were_measured():
    metrics, news = measured(), measured(20, 1)
    content = translation_content(metrics, RUN, "ko-en", other_tests={"news": news})
    page = Page(render(content)).text
    for number in (
        f"{metrics.bleu:.2f}",
        f"{metrics.bleu_low:.1f}–{metrics.bleu_high:.1f}",
        f"{metrics.chrf:.2f}",
        f"{metrics.length_ratio:.3f}",
        f"{metrics.repetition:.2%}",
        f"{metrics.long.bleu:.2f}",
        *(f"{bucket.bleu:.2f}" for bucket in metrics.by_length),
        *(f"{precision:.2f}" for precision in metrics.bleu_precisions),
        metrics.bleu_signature,
        metrics.chrf_signature,
        "1.8750",
        "2.4375",
        "+0.5625",
    ):
        assert number in page
    assert "Korean to English · 한→영; measured on 60 test sentences of Tatoeba" in page
    assert "The best dev BLEU was 11.8125, at epoch 1 of 1.5." in page
    assert "are exactly the reference, 1 are empty, and 0 are the source unchanged" in page
    (table,) = Tables(section(content, "Other test sets").body).tables
    assert [row[:3] for row in table.rows] == [["news", "20", f"{news.bleu:.2f}"]]


def test_what_is_not_known_is_left_out():
    metrics = evaluate_translations(["네."], ["Yes."], ["Yes."])
    content = translation_content(metrics, RunFacts(task="translation"), "en-ko")
    assert titles(content) == ["What BLEU is made of", "Samples"]
    assert content.title == "Translation · 번역"
    page = Page(render(content)).text
    assert "None" not in page
    assert "nan" not in page
    assert [each.get("class") for each in Page(content.opening).tags("div")].count("card") == 4


def test_a_bucket_without_bleu_shows_a_dash():
    metrics = evaluate_translations(["네."], ["Yes."], ["Yes."], source_lengths=[2])
    content = translation_content(
        metrics, dataclasses.replace(RUN, history=HISTORY[:1], steps=STEPS[:1]), "en-ko"
    )
    (table,) = Tables(section(content, "BLEU by source length").body).tables
    assert table.rows == [["up to 5", "1", "—", "—", "100.0", "1.000"]]
    assert "nan" not in Page(render(content)).text


def test_samples_stand_beside_their_references():
    metrics = measured()
    content = translation_content(metrics, RUN, "ko-en")
    worst, median, best = Tables(section(content, "Samples").body).tables
    for table, samples in ((worst, metrics.worst), (median, metrics.median), (best, metrics.best)):
        assert len(table.rows) == 3 * len(samples) == 30
        for k, sample in enumerate(samples):
            source, reference, (shown, said) = table.rows[3 * k : 3 * k + 3]
            assert source[0] == sample.source
            assert reference[0] == sample.reference
            assert shown == sample.translation or (not sample.translation and "empty" in shown)
            assert f"chrF {sample.chrf:.1f}, score {sample.score:.2f}" in said


@given(*[st.lists(st.sampled_from(["a", "b", "c", "톰은"]), max_size=8).map(" ".join)] * 2)
def test_marked_words_are_in_the_reference_in_order(translation, reference):
    spans = shared_words(translation, reference)
    assert "".join(span.text for span in spans) == translation
    marked = " ".join(span.text for span in spans if span.tone is not None).split()
    rest = iter(reference.split())
    assert all(word in rest for word in marked)  # a subsequence
    if translation == reference and translation:
        assert len(marked) == len(translation.split())
