"""Finished taggers that mark sentences for another one: what is added, and what is refused."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest

from finished_run import FinishedRun
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.settings import TeacherSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.models.tagger import tag_texts
from pipeline.normalize import normalize
from pipeline.stages.teachers import Teacher, find_teachers
from pipeline.tasks.base import RunSettings
from pipeline.tasks.ner import teaching
from pipeline.tasks.ner.data import load_tags
from pipeline.tasks.ner.served import trained_decoder
from pipeline.text.tokenizers import load_tokenizer
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


def test_a_taught_corpus_hangs_on_the_settings_of_the_corpus_alone(teacher, tmp_path):
    """Its folder is found by them; here reading any other group would fail."""
    texts = [f"{sentence} {number}" for number in range(3) for sentence in SENTENCES]
    file = write(tmp_path / "texts.txt", texts)
    run = student(teacher, teachers="default", unlabelled=file)
    needed = {*run.task.corpus_groups, "run"}
    others = {f.name: None for f in dataclasses.fields(run.task.tiny) if f.name not in needed}
    assert "model" in others
    corpus = run.task.data.read(dataclasses.replace(run.task.tiny, **others), run.workspace)
    assert set(texts) <= set(corpus.splits["train"]["text"])


def same_everywhere(pieces: int, labels: int, probability: float) -> keras.Model:
    """For it every piece is an entity of the first label, with this probability."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    table = np.zeros((pieces, 3 * labels), np.float32)
    table[:, 0] = probability
    rows = keras.layers.Embedding(pieces, 3 * labels, weights=[table])(ids)
    chain = keras.layers.Reshape((-1, 3, labels))(rows)
    return keras.Model({"ids": ids, "lengths": lengths}, chain)


def test_the_mean_of_probabilities_decides(one):
    """And no teacher alone: two of three are for no entity, the third is surer than they are."""
    tags = load_tags(one.trained.prepared_folder)
    text = "가 나"
    teacher = teaching._Tagger.of(one)

    def found(*probabilities: float, min_probability: float = 0.5) -> list:
        shape = len(teacher.tokenizer.vocabulary), len(tags.labels)
        asked = [
            dataclasses.replace(teacher, chain=same_everywhere(*shape, p)) for p in probabilities
        ]
        (of_text,) = teaching._mean_entities(asked, tags, [text], min_probability)
        return of_text

    label = tags.labels[0]
    assert found(0.4, 0.4, 0.9) == [(0, 1, label), (2, 3, label)]
    assert found(0.4) == []
    assert found(0.4, 0.4, 0.9, min_probability=0.6) == []


def test_teachers_that_cut_texts_differently_cannot_teach_together(one):
    tagger, tags = teaching._Tagger.of(one), load_tags(one.trained.prepared_folder)
    words = WordPieceTokenizer.learn(["서울에서 만났다"] * 5, 100, 1)
    other = dataclasses.replace(tagger, name="other", tokenizer=words)
    with pytest.raises(UserError, match="default and other cut the texts into other pieces"):
        teaching._mean_entities([tagger, other], tags, ["서울에서 만났다"], 0.4)


def test_one_teacher_finds_what_it_serves(one):
    """In texts over its length, too, which are read in parts."""
    folder, least = one.trained.prepared_folder, one.settings.model.min_probability
    texts = [*read_split(one.trained.corpus_folder / "test.tsv")["text"], " ".join(SENTENCES * 9)]
    found = teaching.mean_entities([one], texts, least)
    assert any(found)
    assert found == tag_texts(
        trained_decoder(one.settings, one.trained),
        load_tokenizer(folder),
        load_tags(folder),
        texts,
        max_length=one.settings.text.max_length,
    )


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
