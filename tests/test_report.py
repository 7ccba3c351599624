"""The report: everything escaped, nothing from outside, and the numbers that were measured."""

from __future__ import annotations

import base64
import dataclasses
import io
import re

import jinja2
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation.classification import ClassificationMetrics, evaluate_classifier
from pipeline.report import figures
from pipeline.report.page import (
    MarkedSpan,
    ReportContent,
    ReportPicture,
    Section,
    component,
    render,
    write_report,
)
from pipeline.report.run_facts import RunFacts
from pipeline.tasks.sentiment.report import classification_content
from reported_run import NASTY, STEPS, Page, Tables, history, run_of, section, titles


def measured(n=400, names=("부정", "긍정"), seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(names), n)
    scores = np.exp(rng.normal(size=(n, len(names))) + 1.5 * np.eye(len(names))[labels])
    texts = [f"{i}번째 리뷰 {NASTY}" for i in range(n)]
    return evaluate_classifier(
        labels,
        scores / scores.sum(axis=1, keepdims=True),
        names,
        rng.integers(2, 60, n),
        texts,
        set(texts[: n // 10]),
    )


HISTORY = history(dev_accuracy=[0.75, 0.8125, 0.8])
RUN = run_of(
    "sentiment",
    history=HISTORY,
    model="two LSTM layers",
    corpus={"name": "NSMC", "licence": "CC0", "train": 145000, "test": 50000},
    settings={"model": {"units": 192}, "training": {"seed": 13000, "clip_norm": None}},
    commands=["make train-sentiment", "python -m pipeline train sentiment --name '가 & 나'"],
)


WARNING = "The bundled sample stands in for NSMC."


@pytest.fixture(scope="module")
def metrics() -> ClassificationMetrics:
    return measured()


@pytest.fixture(scope="module")
def content(metrics) -> ReportContent:
    return classification_content(
        metrics, dataclasses.replace(RUN, warnings=[WARNING], steps=STEPS)
    )


@pytest.fixture(scope="module")
def html(content) -> str:
    return render(content)


def test_all_sections_stand_in_the_report(content, html):
    assert titles(content) == [
        "What it learnt from",
        "Learning curves",
        "Gradients",
        "Confusion matrix",
        "Calibration",
        "Accuracy by length",
        "Seen in training or not",
        "Most confident mistakes",
        "Settings",
        "How to reproduce",
        "Environment",
    ]
    page = Page(html)
    assert len(page.tags("img")) == 5
    assert all(image["alt"] for image in page.tags("img"))
    links = {attrs["href"].removeprefix("#") for attrs in page.tags("a")}
    assert links == {attrs["id"] for attrs in page.tags("section")}


def test_what_is_not_known_is_left_out(metrics):
    less = dataclasses.replace(metrics, seen=None, unseen=None)
    content = classification_content(less, RunFacts(task="topic"))
    assert titles(content) == [
        "Confusion matrix",
        "Calibration",
        "Accuracy by length",
        "Most confident mistakes",
    ]
    assert content.title == "Topic"
    html = render(content)
    assert "None" not in Page(html).text
    assert 'role="alert"' not in html


def test_the_numbers_are_those_that_were_measured(metrics, html):
    page = Page(html)
    right = metrics.overall.correct
    assert f"{right} of 400 right" in page.text
    assert f"{right / 400:.1%}" in page.text
    assert f"{metrics.auc:.3f}" in page.text
    assert "The best dev accuracy was 0.8125, at epoch 1 of 1.5." in page.text
    assert "weights of step 200" in page.text
    # (0.5 * 100 + 0.25 * 100 + 0 * 200) / 400
    assert "18.8%" in page.text
    assert "145,000" in page.text
    assert "1,234,567" in page.text
    assert "training.seed 13000" in re.sub(r"\s+", " ", page.text)


def test_texts_from_outside_stay_texts():
    metrics = measured(names=(f"부정 {NASTY}", "긍정"))
    run = dataclasses.replace(
        RUN,
        corpus={"name": NASTY},
        model=NASTY,
        commands=[NASTY],
        warnings=[NASTY],
        steps=STEPS,
    )
    page = Page(render(classification_content(metrics, run)))
    assert NASTY in page.text
    assert not page.tags("script")
    assert not [attrs for _, attrs in page.elements if "onerror" in attrs]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.tags("img"))


@settings(deadline=None, max_examples=80)
@given(st.text(st.characters()))  # lone surrogates and control characters too
def test_any_string_can_be_reported(text):
    body = component("spans", [MarkedSpan(text, text, 1)])
    html = render(ReportContent(text, text, [text], sections=[Section(text, body)]))
    html.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    Page(html)


def test_nothing_is_fetched_from_outside(html):
    page = Page(html)
    assert not page.tags("link")
    assert not page.tags("script")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert set(re.findall(r"url\((.{10})", style)) <= {"data:font/"}
    assert "@import" not in style
    (policy,) = [m["content"] for m in page.tags("meta") if "http-equiv" in m]
    assert policy == (
        "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'"
    )


def test_hangul_is_drawn_where_no_font_has_it():
    """The page brings the characters that stand in it, and no others."""
    html = render(ReportContent("정확도 · 똠 <ㅋㅋ>", "中 \U0001f600"))
    font = base64.b64decode(re.search(r"data:font/woff;base64,([^)]*)\)", html)[1])
    known = TTFont(io.BytesIO(font)).getBestCmap()
    assert {*"정확도똠ㅋ"} <= {chr(code) for code in known}
    assert len(known) < 40
    assert len(font) < 20_000
    assert "@font-face" not in render(ReportContent("plain", "text", written="now"))


def test_warnings_stand_above_everything(html):
    assert html.index('role="alert"') < html.index(WARNING) < html.index('class="card"')


def test_pictures_are_inside_the_file():
    png = figures.to_png(figures.confusion_matrix([[3, 1], [0, 2]], ["부정", "긍정"]))
    page = Page(component("figure", ReportPicture(png, "혼동 행렬", "캡션")))
    (image,) = page.tags("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == png
    assert image["alt"] == "혼동 행렬"
    assert 300 < int(image["width"]) < 600


def test_marked_spans_keep_the_sentence_whole():
    sentence = [
        MarkedSpan("지난주 "),
        MarkedSpan("서울", "LOC", 0),
        MarkedSpan("에서 "),
        MarkedSpan("<김>", "PER", 9),
    ]
    page = Page(component("spans", sentence))
    assert page.text == "지난주 서울LOC에서 <김>PER"
    assert [mark["class"] for mark in page.tags("mark")] == ["tone-0", "tone-1"]


def test_many_classes_and_long_texts_stay_readable():
    metrics = measured(2000, tuple(f"주제 {k}" for k in range(25)))
    metrics = dataclasses.replace(
        metrics,
        mistakes=tuple(dataclasses.replace(m, text="길" * 5000) for m in metrics.mistakes),
    )
    content = classification_content(metrics, RUN)
    tables = Tables(section(content, "Most confident").body).tables
    assert len(tables) == 25
    assert all(len(table.rows) <= 3 for table in tables)
    assert all(len(row[0]) == 400 for table in tables for row in table.rows)
    assert "and 19 more" in content.subtitle


def test_one_text_is_enough_for_a_report():
    metrics = evaluate_classifier(
        np.array([0]), np.array([[0.8, 0.2]]), ["부정", "긍정"], np.array([3]), ["꽝"]
    )
    short = dataclasses.replace(RUN, history=HISTORY[:1], steps=STEPS[:1])
    page = Page(render(classification_content(metrics, short)))
    assert "1 of 1 right" in page.text
    assert "Undefined here" in page.text


def test_writing_replaces_the_file_as_a_whole(tmp_path):
    path = tmp_path / "runs" / "report.html"
    write_report(path, ReportContent("처음", "s"))
    write_report(path, ReportContent("다음", "s", written="2024-01-01"))
    html = path.read_text(encoding="utf-8")
    assert "다음" in html
    assert "처음" not in html
    assert "2024-01-01" in html
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_a_failed_writing_leaves_the_old_report(tmp_path):
    path = tmp_path / "report.html"
    write_report(path, ReportContent("처음", "s"))
    broken = ReportContent("다음", "s", sections=[None])
    with pytest.raises(jinja2.UndefinedError):
        write_report(path, broken)
    assert "처음" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
