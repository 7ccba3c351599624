"""The report about entities: the numbers that were measured, and spans marked where they are."""

from __future__ import annotations

import dataclasses
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.entities import Entity
from pipeline.evaluation.entities import EntityMetrics, evaluate_entities
from pipeline.report import entity_figures, figures
from pipeline.report.page import ReportContent, render
from pipeline.report.run_facts import RunFacts
from pipeline.tasks.ner.marks import excerpts, marked, tones
from pipeline.tasks.ner.report import entity_content
from reported_run import NASTY, STEPS, Page, Tables, history, run_of, section, titles

LABELS = ("PS", "LC", "OG")
HISTORY = history(
    dev_f1=[0.5, 0.8125, 0.8], dev_precision=[0.5, 0.8, 0.8], dev_recall=[0.5, 0.83, 0.8]
)
RUN = run_of(
    "ner",
    history=HISTORY,
    model="a tagger",
    corpus={"name": "KLUE-NER", "licence": "CC BY-SA 4.0", "train": 21008},
)


class Marks(Page):
    """Every marked stretch of a page: (text, small print, class)."""

    def __init__(self, html: str):
        self.found, self.inside, self.small = [], False, False
        super().__init__(html)

    def handle_starttag(self, tag, attrs):
        super().handle_starttag(tag, attrs)
        if tag == "mark":
            self.inside = True
            self.found.append(["", "", dict(attrs)["class"]])
        self.small = tag == "small"

    def handle_endtag(self, tag):
        super().handle_endtag(tag)
        self.inside = self.inside and tag != "mark"
        self.small = False

    def handle_data(self, data):
        super().handle_data(data)
        if self.inside:
            self.found[-1][self.small] += data


def measured(n: int = 60, labels=LABELS, seed: int = 0):
    """A test set with every kind of error in it."""
    rng = random.Random(seed)
    texts, gold, predicted = [], [], []
    for k in range(n):
        text = f"{k}번째 김철수 씨가 서울에서 한국은행에 {NASTY} 갔다"
        at = {name: text.index(name) for name in ("김철수", "서울", "한국은행")}
        wanted = [
            Entity(at["김철수"], at["김철수"] + 3, labels[0]),
            Entity(at["서울"], at["서울"] + 2, labels[1]),
            Entity(at["한국은행"], at["한국은행"] + 4, labels[2 + k % (len(labels) - 2)]),
        ]
        given = [
            e._replace(end=e.end - (rng.random() < 0.2), label=rng.choice([*labels, e.label]))
            for e in wanted
            if rng.random() < 0.8
        ]
        if rng.random() < 0.2:
            given.append(Entity(len(text) - 2, len(text), labels[0]))
        texts.append(text)
        gold.append(wanted)
        predicted.append(wanted if k % 5 == 0 else given)
    return evaluate_entities(
        texts, gold, predicted, labels, {("서울", labels[1]), ("한국은행", "QT")}
    )


@pytest.fixture(scope="module")
def metrics() -> EntityMetrics:
    return measured()


@pytest.fixture(scope="module")
def content(metrics) -> ReportContent:
    return entity_content(metrics, dataclasses.replace(RUN, warnings=["주의하세요"], steps=STEPS))


def test_all_sections_stand_in_the_report(content):
    assert titles(content) == [
        "What it learnt from",
        "Learning curves",
        "Gradients",
        "Labels",
        "Kinds of error",
        "Confusion matrix",
        "Seen in training or not",
        "F1 by length",
        "Characters",
        "Sentences",
        "Settings",
        "How to reproduce",
        "Environment",
    ]
    html = render(content)
    assert html.count("<img ") == 6
    assert "주의하세요" in html
    assert "<script>" not in html


def test_the_numbers_are_those_that_were_measured(metrics, content):
    page = Marks(render(content))
    for value in (
        metrics.f1,
        metrics.precision,
        metrics.recall,
        metrics.macro_f1,
        metrics.character_macro_f1,
        metrics.sentence_accuracy,
        metrics.overall.high,
        *(s.recall for s in metrics.per_label),
        *(s.precision for s in metrics.by_training if s.predicted),
    ):
        assert f"{value:.1%}" in page.text
    by_sentence, by_entity = Tables(section(content, "F1 by length").body).tables
    for table, scores in (
        (by_sentence, metrics.by_sentence_length),
        (by_entity, metrics.by_entity_length),
    ):
        assert table.rows == [[s.name, f"{s.f1:.1%}", f"{s.gold:,}"] for s in scores]
    assert "measured on 60 test sentences of KLUE-NER" in page.text
    assert "The best dev entity F1 was 0.8125, at epoch 1 of 1.5." in page.text
    for row in metrics.outcomes:
        assert row.count > 0
        assert re.search(rf"{row.name} · \S+ ?\S* {row.count:,} ", page.text)
    first = metrics.confusions[0]
    assert f"{first.gold_label} → {first.predicted_label} {first.count}" in page.text


def test_what_is_not_known_is_left_out():
    metrics = evaluate_entities(["서울", "부산"], [[Entity(0, 2, "LC")], []], [[], []], LABELS)
    content = entity_content(metrics, RunFacts(task="ner"))
    assert titles(content) == [
        "Labels",
        "Kinds of error",
        "Confusion matrix",
        "F1 by length",
        "Characters",
        "Sentences",
    ]
    assert content.title == "Named entities · 개체명 인식"
    assert "None" not in Marks(render(content)).text
    assert "new names" not in content.opening


def test_gold_stands_above_what_was_predicted_with_both_marked():
    metrics = evaluate_entities(
        ["김철수는 서울에 있다", "대전에 있다"],
        [[Entity(0, 3, "PS"), Entity(5, 7, "LC")], [Entity(0, 2, "LC")]],
        [[Entity(0, 3, "PS"), Entity(5, 8, "OG")], [Entity(0, 2, "LC")]],
        LABELS,
    )
    content = entity_content(metrics, RUN)
    wrong, right = Tables(section(content, "Sentences").body).tables
    gold, predicted = wrong.rows
    assert gold[1] == "gold · 정답"
    assert predicted[1] == "predicted · 예측 — wrong type and boundary: LC → OG"
    assert len(right.rows) == 1
    page = Marks(render(content))
    assert ["김철수", "PS", "tone-0"] in page.found
    assert ["서울", "LC ✗", "tone-1"] in page.found
    assert ["서울에", "OG ✗", "tone-2"] in page.found
    assert ["대전", "LC", "tone-1"] in page.found
    # The whole sentence stands there, whatever is marked in it.
    assert gold[0] == "김철수PS는 서울LC ✗에 있다"
    assert predicted[0] == "김철수PS는 서울에OG ✗ 있다"
    assert right.rows[0][0] == "대전LC에 있다"
    # the legend: with its meaning where one is known
    assert ["person · 인물", "PS", "tone-0"] in page.found
    assert ["organisation · 기관", "OG", "tone-2"] in page.found


def test_at_most_sixty_rows_of_sentences():
    texts = [f"{k}번째 서울" for k in range(400)]
    gold = [[Entity(len(text) - 2, len(text), "LC")] for text in texts]
    predicted = [[] if k % 2 else entities for k, entities in enumerate(gold)]
    content = entity_content(evaluate_entities(texts, gold, predicted, LABELS), RUN)
    tables = Tables(section(content, "Sentences").body).tables
    assert len(tables) == 2
    assert sum(len(table.rows) for table in tables) == 60


def test_ten_labels_share_eight_tones_and_keep_their_names():
    labels = tuple(f"L{k}" for k in range(10))
    metrics = measured(200, labels)
    tone_of = tones(labels, [s.gold for s in metrics.per_label])
    assert set(tone_of.values()) == set(range(8))
    shared = [label for label in labels if tone_of[label] == 7]
    assert len(shared) == 3
    rarest = max(s.gold for s in metrics.per_label if s.name in shared)
    assert rarest <= min(s.gold for s in metrics.per_label if s.name not in shared)
    page = Marks(render(entity_content(metrics, RUN)))
    assert {mark[1].removesuffix(" ✗") for mark in page.found} >= set(labels)


@pytest.mark.parametrize("count", [1, 7, 8])
def test_up_to_eight_labels_have_a_tone_each(count):
    labels = [f"L{k}" for k in range(count)]
    assert list(tones(labels, [1] * count).values()) == list(range(count))


def test_a_long_sentence_is_cut_around_what_is_wrong():
    text = "가" * 300 + "서울" + "나" * 300 + "부산" + "다" * 300
    seoul, busan = Entity(300, 302, "LC"), Entity(602, 604, "LC")
    metrics = evaluate_entities([text], [[seoul, busan]], [[seoul]], LABELS)
    tables = Tables(section(entity_content(metrics, RUN), "Sentences").body).tables
    gold, predicted = tables[0].rows
    assert gold[0] == "…" + "나" * 40 + "부산LC ✗" + "다" * 40 + "…"
    assert predicted[0] == "…" + "나" * 40 + "부산" + "다" * 40 + "…"


def test_two_distant_errors_are_both_shown():
    text = "가" * 300 + "서울" + "나" * 300 + "부산"
    both = [Entity(300, 302, "LC"), Entity(602, 604, "LC")]
    spans = marked(text, both, {"LC": 1}, both, excerpts(text, both, both))
    written = "".join(span.text for span in spans)
    assert written == "…" + "가" * 40 + "서울" + "나" * 40 + " … " + "나" * 40 + "부산"
    assert [(s.text, s.label) for s in spans if s.tone == 1] == [("서울", "LC ✗"), ("부산", "LC ✗")]


def test_a_whole_document_as_one_sentence_is_shown_in_part():
    text = "서울에서 부산까지 " * 30_000
    gold = [Entity(10 * i, 10 * i + 2, "LC") for i in range(0, 30_000, 10)]
    metrics = evaluate_entities([text], [gold], [[]], LABELS)
    page = render(entity_content(metrics, RUN))
    assert "서울" in page
    assert len(page) < 500_000


def test_a_very_long_entity_is_cut_in_its_middle():
    text = "가" * 500
    (span,) = marked(text, [Entity(0, 500, "PS")], {"PS": 0})
    assert span.text == "가" * 40 + "…" + "가" * 40


@given(
    st.integers(0, 700),
    st.lists(st.tuples(st.integers(0, 700), st.integers(1, 60)), max_size=5),
    st.lists(st.tuples(st.integers(0, 700), st.integers(1, 60)), max_size=5),
)
def test_windows_cut_through_no_entity(length, around, whole):
    def entities(spans):
        return [Entity(s, min(s + n, length), "PS") for s, n in spans if s < length]

    text, around, whole = "가" * length, entities(around), entities(whole)
    found = excerpts(text, around, [*around, *whole])
    assert all(low < high or length == 0 for low, high in found)
    assert all(one[1] < other[0] for one, other in zip(found, found[1:], strict=False))
    for entity in [*around, *whole]:
        inside = [low <= entity.start and entity.end <= high for low, high in found]
        apart = [entity.end <= low or high <= entity.start for low, high in found]
        assert sum(inside) == 1 or all(apart)
    for entity in around:
        assert any(low <= entity.start and entity.end <= high for low, high in found)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [([], []), ([Entity(0, 2, "LC")], []), ([], [Entity(0, 2, "LC")])],
)
def test_one_sentence_is_enough_for_a_report(gold, predicted):
    metrics = evaluate_entities(["서울"], [gold], [predicted], LABELS, [])
    content = entity_content(
        metrics, dataclasses.replace(RUN, history=HISTORY[:1], steps=STEPS[:1])
    )
    html = render(content)
    assert "nan" not in Marks(html).text
    assert ("F1 by length" in titles(content)) == bool(gold or predicted)


def test_a_label_may_have_any_name():
    labels = (NASTY.replace(" ", "_"), "개체명😀" * 9, "$x$")
    metrics = measured(30, labels)
    html = render(entity_content(metrics, RUN))
    assert "<script>" not in html
    assert labels[1] in html


def test_pictures_stand_rows_with_nothing_in_them():
    metrics = evaluate_entities(["서울"], [[]], [[Entity(0, 2, "LC")]], LABELS)
    for figure in (
        entity_figures.label_scores(metrics.per_label, metrics.f1),
        entity_figures.outcomes_by_label(metrics.outcomes_by_label),
        entity_figures.scores_by_length(
            metrics.by_sentence_length, metrics.by_entity_length, metrics.f1
        ),
    ):
        assert figures.to_png(figure).startswith(b"\x89PNG")


def test_the_bars_of_outcomes_fill_their_row(metrics):
    axes = entity_figures.outcomes_by_label(metrics.outcomes_by_label).axes[0]
    for row in range(len(LABELS)):
        widths = [bars[row].get_width() for bars in axes.containers]
        assert sum(widths) == pytest.approx(1)
    right = [bar.get_width() for bar in axes.containers[0]]
    assert right == pytest.approx([s.recall for s in metrics.per_label])


def test_metrics_of_a_report_can_be_written():
    json.dumps(measured().to_json(), allow_nan=False)


@pytest.mark.parametrize(("labels", "gold"), [(LABELS, []), ((), [Entity(0, 2, "CITY")])])
def test_a_corpus_without_anything_to_score_has_a_page(labels, gold):
    metrics = evaluate_entities(["서울에 간다"] * 3, [gold] * 3, [[]] * 3, labels)
    assert metrics.f1 == 0
    assert "서울에 간다" in render(entity_content(metrics, RUN)) or not gold
