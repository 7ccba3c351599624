"""Finished taggers that mark sentences for another one: what is added, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from finished_run import FinishedRun
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.settings import TeacherSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.models.tagger import best_tags, predict_tags, tag_probabilities
from pipeline.normalize import normalize
from pipeline.stages.teachers import Teacher, find_teachers
from pipeline.tasks.base import RunSettings
from pipeline.tasks.ner import teaching
from pipeline.tasks.ner.data import load_tags
from pipeline.tasks.ner.training import trained_tagger
from pipeline.text.ragged import Ragged
from pipeline.text.wordpiece import WordPieceTokenizer

SENTENCES = [
    f"{place}에서 열린 회의에 {name} 교수가 {number}월에 왔다."
    for number, (place, name) in enumerate(
        [("서울", "김철수"), ("부산시", "박지원"), ("한국은행", "이순신"), ("대구", "최영희")], 1
    )
]


@pytest.fixture(scope="module")
def teacher(finished, tmp_path_factory) -> FinishedRun:
    return finished("ner").copy(tmp_path_factory.mktemp("taggers"))


def student(run: FinishedRun, name="student", **teachers) -> FinishedRun:
    tiny = dataclasses.replace(
        run.task.tiny, teachers=TeacherSettings(**teachers), run=RunSettings(name)
    )
    return FinishedRun(dataclasses.replace(run.task, tiny=tiny), run.workspace)


@pytest.fixture(scope="module")
def one(teacher) -> Teacher:
    """It as a teacher."""
    settings = student(teacher, teachers="default").task.tiny
    (found,) = find_teachers(teacher.task, settings, teaching._labels, teacher.workspace)
    return found


def write(path, lines) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
    return str(path)


def test_sentences_with_what_the_teachers_find_are_added_to_train(teacher, tmp_path):
    """Its own stay as they are, and so do dev and test, of which none is added."""
    held_out = list(read_split(teacher.corpus / "test.tsv")["text"])
    long = " ".join(SENTENCES * 2)
    file = write(tmp_path / "texts.txt", [*held_out, *SENTENCES, long])
    run = student(teacher, teachers="default", unlabelled=file)
    run.do("corpus")
    plain, train = (read_split(each.corpus / "train.tsv") for each in (teacher, run))
    pd.testing.assert_frame_equal(train[: len(plain)], plain)
    added = train[len(plain) :]
    assert len(added) > len(SENTENCES)  # the long one in passages
    assert set(SENTENCES) <= set(added["text"])
    assert max(map(len, added["text"])) <= 160
    assert not {*map(normalize, added["text"])} & {*map(normalize, held_out)}
    for text, cell in zip(added["text"], added["label"], strict=True):
        for entity in read_entities(cell):
            assert text[entity.start : entity.end].strip() == text[entity.start : entity.end] != ""
    for split in ("dev", "test"):
        assert (run.corpus / f"{split}.tsv").read_bytes() == (
            teacher.corpus / f"{split}.tsv"
        ).read_bytes()


def test_a_number_of_texts_is_drawn_by_their_hash(teacher, tmp_path):
    texts = [f"{sentence} {number}" for number in range(5) for sentence in SENTENCES]
    drawn = []
    for number, order in enumerate((texts, texts[::-1])):
        file = write(tmp_path / f"texts{number}.txt", order)
        run = student(teacher, teachers="default", unlabelled=file, max_unlabelled=7)
        run.do("corpus")
        train = read_split(run.corpus / "train.tsv")["text"]
        drawn.append(sorted(set(train) & set(texts)))
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 7


class Certain:
    """A tagger that gives each piece of every row the same probabilities."""

    def __init__(self, probabilities):
        self.probabilities = np.asarray(probabilities, np.float32)

    def predict_on_batch(self, inputs):
        return np.broadcast_to(self.probabilities, (*inputs["ids"].shape, len(self.probabilities)))


def test_the_mean_of_probabilities_decides(one):
    """And no teacher alone: two of three are for no entity, the third is surer than they are."""
    tags = load_tags(one.trained.prepared_folder)
    none, unsure = np.zeros(len(tags)), np.zeros(len(tags))
    none[0], none[1] = 0.6, 0.4
    unsure[0], unsure[1] = 0.1, 0.9
    text = "가 나"
    sure = teaching._Tagger.of(one)

    def found(*shares) -> list:
        asked = [dataclasses.replace(sure, probabilities=Certain(share)) for share in shares]
        (of_text,) = teaching._mean_entities(asked, tags, [text])
        return of_text

    label = tags.labels[0]
    assert found(none, none, unsure) == [(0, 1, label), (2, 3, label)]
    assert found(none) == []


def test_teachers_that_cut_texts_differently_cannot_teach_together(one):
    tagger, tags = teaching._Tagger.of(one), load_tags(one.trained.prepared_folder)
    words = WordPieceTokenizer.learn(["서울에서 만났다"] * 5, 100, 1)
    other = dataclasses.replace(tagger, name="other", tokenizer=words)
    with pytest.raises(UserError, match="default and other cut the texts into other pieces"):
        teaching._mean_entities([tagger, other], tags, ["서울에서 만났다"])


def test_a_teacher_gives_each_piece_probabilities(one):
    """And where each tag is nearly certain, those of its own decoding."""
    tagger = trained_tagger(one.settings, one.trained)
    rows = Ragged.load(one.trained.prepared_folder / "test")
    found = teaching._probabilities(tag_probabilities(tagger), rows, tagger.output.shape[-1])
    # In float32, from log sums as large as a long row's score.
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-3)
    own = predict_tags(best_tags(tagger), rows)
    certain = [
        i
        for i in range(len(rows))
        if found[rows.row_splits[i] : rows.row_splits[i + 1]].max(axis=1).min() > 0.95
    ]
    assert certain
    best = Ragged(found.argmax(axis=1).astype(np.int32), rows.row_splits)
    for i in certain:
        np.testing.assert_array_equal(best.row(i), own.row(i))


@pytest.mark.parametrize(
    ("teachers", "message"),
    [
        ({"teachers": "default"}, "--unlabelled"),
        ({"unlabelled": "texts.txt"}, "--teachers"),
        ({"teachers": "nobody", "unlabelled": "texts.txt"}, "default"),
        ({"teachers": "default,default", "unlabelled": "texts.txt"}, "twice"),
    ],
)
def test_what_cannot_be_taught_is_one_line(teacher, teachers, message):
    with pytest.raises(UserError) as raised:
        student(teacher, **teachers).do("corpus")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
