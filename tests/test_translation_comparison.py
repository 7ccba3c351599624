"""The page that sets translators side by side: their numbers, and where they differ."""

from __future__ import annotations

import dataclasses

import numpy as np

from pipeline.counts import counted
from pipeline.evaluation.translation import evaluate_translations
from pipeline.evaluation.translation_scores import SentenceCounts, paired_bootstrap
from pipeline.report.page import render
from pipeline.tasks.translation.comparison import (
    Compared,
    TestSet,
    comparison_content,
    differing,
    metrics_side_by_side,
)
from reported_run import NASTY, Page, Tables, section, titles

SENTENCES = 90
REFERENCES = [f"sentence {k} of this test is about {NASTY} and so on" for k in range(SENTENCES)]
TEST = TestSet(
    title="Tatoeba",
    direction="ko-en",
    sources=[f"{k}번째 문장은 {NASTY}" for k in range(SENTENCES)],
    references=REFERENCES,
    lengths=np.arange(SENTENCES) % 30 + 1,
)
LOSSES = {"teacher_forced": 1.875, "free_running": 2.4375}


def model(name: str, kept: float, seed: int = 0, **settings) -> Compared:
    """One that says so large a share of the reference's words."""
    rng = np.random.default_rng(seed)
    said = [" ".join(w for w in text.split() if rng.random() < kept) for text in REFERENCES]
    return Compared(
        name,
        shape="2-layer LSTM",
        facts={"architecture": name, "parameters": f"{1000 * seed:,}"},
        settings={"units": 256, "architecture": name} | settings,
        metrics=evaluate_translations(
            TEST.sources, REFERENCES, said, source_lengths=TEST.lengths, losses=LOSSES
        ),
        translations=said,
        counts=SentenceCounts.of(said, REFERENCES, "13a"),
    )


def tables(content, title: str):
    """Of the section of that title."""
    return Tables(section(content, title).body).tables


MODELS = [model("rnn", 0.8, 1), model("attention", 0.95, 2), model("transformer", 0.9, 3)]


def test_the_table_holds_what_was_measured_in_the_order_of_the_models():
    table = metrics_side_by_side(MODELS, TEST)
    assert list(table)[:2] == ["architecture", "parameters"]
    assert table["architecture"] == ["rnn", "attention", "transformer"]
    assert table["test BLEU"] == [f"{m.metrics.bleu:.2f}" for m in MODELS]
    assert table["chrF"] == [f"{m.metrics.chrf:.2f}" for m in MODELS]
    # The lengths are those of the runs themselves here, so theirs is the same figure.
    assert table["BLEU over 15 pieces"] == [f"{m.metrics.long.bleu:.2f}" for m in MODELS]
    assert table["length ratio"] == [f"{m.metrics.length_ratio:.3f}" for m in MODELS]
    assert table["repetition"] == [f"{m.metrics.repetition:.2%}" for m in MODELS]
    assert (table["forced loss"], table["free loss"]) == (["1.875"] * 3, ["2.438"] * 3)


def test_everything_stands_on_the_page():
    content = comparison_content(MODELS, TEST, ["주의하세요"])
    assert titles(content) == [
        "Measured",
        "BLEU by source length",
        "Differences in BLEU",
        "Where they differ most",
        "Settings that differ",
    ]
    html = render(content)
    page = Page(html).text
    assert "주의하세요" in page
    assert "rnn, attention, transformer; Korean to English · 한→영; measured on 90" in page
    assert html.count("<img ") == 1
    assert "<script>" not in html
    measured, signatures = tables(content, "Measured")
    assert measured.columns == ["", "rnn", "attention", "transformer"]
    assert measured.rows == [
        [what, *each] for what, each in metrics_side_by_side(MODELS, TEST).items()
    ]
    assert signatures.rows == [["BLEU", MODELS[0].metrics.bleu_signature]]
    (by_length,) = tables(content, "BLEU by source length")
    for bucket, row in zip(MODELS[1].metrics.by_length, by_length.rows, strict=True):
        low, high = bucket.bleu_low, bucket.bleu_high
        assert row[:2] == [bucket.name, f"{bucket.count:,}"]
        assert row[3] == f"{bucket.bleu:.2f} ({low:.1f}–{high:.1f})"


def test_differences_are_of_every_pair_and_on_long_sources_too():
    (table,) = tables(comparison_content(MODELS, TEST), "Differences")
    rows = table.rows
    names = [row[0] for row in rows]
    assert names == ["attention − rnn", "transformer − rnn", "transformer − attention"]
    rnn, attention, _ = MODELS
    for chosen, cell in zip((TEST.lengths > 0, TEST.lengths > 15), rows[0][1:], strict=True):
        low, high = paired_bootstrap(attention.counts.bleu[chosen], rnn.counts.bleu[chosen])
        assert cell.endswith(f" ({low:+.1f} to {high:+.1f})")
    gain = attention.metrics.bleu - rnn.metrics.bleu
    assert rows[0][1].startswith(f"{gain:+.2f} ")
    assert gain > 0


def test_sentences_that_differ_most_are_found_by_brute_force():
    scores = np.array([m.counts.chrf for m in MODELS])
    found = differing(MODELS, TEST)
    assert [number for number, _ in found] == [0, 1, 2]
    for number, rows in found:
        best = [k for k in range(SENTENCES) if scores[:, k].argmax() == number]
        best.sort(key=lambda k: scores[:, k].min() - scores[:, k].max())
        assert rows == best[:5]
    shown = tables(comparison_content(MODELS, TEST), "Where they differ")
    for (number, rows), table in zip(found, shown, strict=True):
        assert MODELS[number].name in table.caption
        assert len(table.rows) == len(rows) * (2 + len(MODELS))
        for k, row in enumerate(rows):
            source, reference, *said = table.rows[5 * k : 5 * k + 5]
            assert (source[0], reference[0]) == (TEST.sources[row], REFERENCES[row])
            assert f"sentence {row + 1}, {counted(TEST.lengths[row], 'piece')}" in source[1]
            for m, (translation, told) in zip(MODELS, said, strict=True):
                assert translation == m.translations[row]
                assert told == f"{m.name} — chrF {m.counts.chrf[row]:.1f}"


def test_a_sentence_that_stands_in_the_test_set_twice_is_shown_once():
    twice = dataclasses.replace(TEST, sources=["같은 문장"] * SENTENCES)
    ((_, rows),) = differing(MODELS[:2], twice)
    scores = np.array([m.counts.chrf for m in MODELS[:2]])
    assert rows == [np.ptp(scores, axis=0).argmax()]


def test_one_model_under_two_names_differs_in_nothing():
    one, other = MODELS[0], dataclasses.replace(MODELS[0], name="again")
    content = comparison_content([one, other], TEST)
    assert "Where they differ most" not in titles(content)
    (differences,) = tables(content, "Differences")
    assert differences.rows == [["again − rnn", "+0.00 (+0.0 to +0.0)", "+0.00 (+0.0 to +0.0)"]]
    assert tables(content, "Settings") == []


def test_settings_that_differ_and_no_others():
    models = [MODELS[0], model("attention", 0.9, beam=5)]
    (table,) = tables(comparison_content(models, TEST), "Settings")
    assert table.rows == [["architecture", "rnn", "attention"], ["beam", "—", "5"]]


def test_a_test_set_without_long_sources_shows_a_dash():
    short = dataclasses.replace(TEST, lengths=np.full(SENTENCES, 7))
    assert metrics_side_by_side(MODELS, short)["BLEU over 15 pieces"] == ["—"] * 3
    (table,) = tables(comparison_content(MODELS, short), "Differences")
    assert {row[2] for row in table.rows} == {"—"}
