from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.corpora.annotated.entities import Entity, read_entities
from pipeline.corpora.annotated.inline import parse_inline
from pipeline.corpora.annotated.label_maps import DATE_OR_TIME, as_common, common_labels
from pipeline.corpora.annotated.named_entities import (
    KLP_LABELS,
    KLUE_LABELS,
    KMOU_LABELS,
    read_klue,
)
from pipeline.corpora.catalogue import find_corpus

KMOU_ON_KLUE = {
    "PER": "PS",
    "LOC": "LC",
    "ORG": "OG",
    "DAT": "DT",
    "TIM": "TI",
    "DUR": DATE_OR_TIME,
    "MNY": "QT",
    "PNT": "QT",
    "NOH": "QT",
    "POH": None,
}


def same(labels) -> dict[str, str]:
    return {label: label for label in labels}


def test_kmou_on_klue_and_back():
    assert common_labels(KMOU_LABELS, KLUE_LABELS) == (KMOU_ON_KLUE, same(KLUE_LABELS))
    assert common_labels(KLUE_LABELS, KMOU_LABELS) == (same(KLUE_LABELS), KMOU_ON_KLUE)


def test_klp_has_no_quantities():
    without = {name: None if to == "QT" else to for name, to in KMOU_ON_KLUE.items()}
    assert common_labels(KMOU_LABELS, KLP_LABELS) == (without, same(KLP_LABELS))
    assert common_labels(KLP_LABELS, KMOU_LABELS) == (same(KLP_LABELS), without)
    assert common_labels(KLUE_LABELS, KLP_LABELS)[0] == {**same(KLP_LABELS), "QT": None}


@pytest.mark.parametrize("labels", [KMOU_LABELS, KLUE_LABELS, KLP_LABELS, ("A", "B")])
def test_the_same_labels_stay(labels):
    assert common_labels(labels, labels[::-1]) == (same(labels), same(labels))


def test_unknown_labels_stay():
    odd = ("PS", "LC", "제품")
    assert common_labels(KMOU_LABELS, odd) == (same(KMOU_LABELS), same(odd))
    assert common_labels(odd, KMOU_LABELS) == (same(odd), same(KMOU_LABELS))
    assert common_labels((), KLUE_LABELS) == ({}, same(KLUE_LABELS))


def test_some_labels_of_a_system():
    """A small file need not have all of them."""
    model, corpus = common_labels(KMOU_LABELS, ("PS", "TI"))
    assert corpus == same(("PS", "TI"))
    assert model == {**dict.fromkeys(KMOU_LABELS), "PER": "PS", "TIM": "TI", "DUR": "TI"}


def common(inline: str, corpus=KLUE_LABELS) -> list[tuple[str, str]]:
    text, entities = parse_inline(inline, KMOU_LABELS)
    labels = common_labels(KMOU_LABELS, corpus)[0]
    return [(text[s:e], label) for s, e, label in as_common(text, entities, labels)]


def test_entities_under_common_labels():
    assert common("<김:PER>은 <무한도전:POH>에 <100만원:MNY>을 <3%:PNT> <둘:NOH>") == [
        *(("김", "PS"), ("100만원", "QT"), ("3%", "QT"), ("둘", "QT"))
    ]
    assert common("<김:PER> <둘:NOH>", KLP_LABELS) == [("김", "PS")]
    assert as_common("가", [Entity(0, 1, "XX")], {"PS": "PS"}) == []


@pytest.mark.parametrize(
    "words",
    [
        *("90분", "2시간", "20여 분", "한 시간", "7초간", "몇 분", "3시간 반", "5분여"),
        *("오전 9시부터 오후 6시", "11시∼13시", "오후 7시 30분~자정", "42.1초"),
    ],
)
def test_durations_of_hours_are_times(words):
    assert common(f"<{words}:DUR>") == [(words, "TI")]
    assert common(f"<{words}:DUR>", ("PS", "DT")) == []


@pytest.mark.parametrize(
    "words",
    [
        *("3년", "조선시대", "2015∼2016시즌", "3분기", "90년대 초반", "100일", "한 달", "일주일"),
        *("1867~1916", "2016시즌", "4차 산업혁명 시기", "5월 26일부터 6월 21일", "80년대 초"),
    ],
)
def test_longer_durations_are_dates(words):
    assert common(f"<{words}:DUR>") == [(words, "DT")]


@pytest.mark.skipif("CORPUS_MIRROR" not in os.environ, reason="needs the published file")
def test_klue_calls_durations_so_too():
    """The figures of the docstring."""
    path = Path(os.environ["CORPUS_MIRROR"]) / find_corpus("klue").files["dev"].relative
    frame = read_klue(path).frame
    taken, right = 0, 0
    for text, cell in zip(frame["text"], frame["label"], strict=True):
        for start, end, label in read_entities(cell):
            if label in ("DT", "TI"):
                as_if = as_common(text, [Entity(start, end, "DUR")], {"DUR": DATE_OR_TIME})
                taken += as_if[0].label == "TI"
                right += as_if[0].label == label == "TI"
    assert (taken, right) == (499, 496)
