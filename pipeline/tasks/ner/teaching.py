"""Adds sentences with entities that teachers find together to the corpus of a student."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.corpora.annotated.entities import Entity, read_entities, write_entities
from pipeline.corpora.splits import COLUMNS, CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.layers.crf import LinearChainCRF
from pipeline.models.tagger import tag_probabilities
from pipeline.progress import Progress
from pipeline.stages.teachers import (
    Teacher,
    check_knows,
    find_teachers,
    unlabelled_texts,
    with_taught,
)
from pipeline.tasks.ner import TASK
from pipeline.tasks.ner.data import load_tags
from pipeline.tasks.ner.served import served
from pipeline.tasks.ner.settings import Settings
from pipeline.tasks.ner.training import trained_tagger
from pipeline.text.ragged import Ragged
from pipeline.text.tags import TagSet
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.tokenizers import load_tokenizer
from pipeline.text.vocabulary import BOS, EOS
from pipeline.workspace import Workspace

# Number of texts whose probabilities are in memory, and that are sorted by length together.
_TEXTS_AT_ONCE = 1 << 12
_BATCH_SIZE = 256
# In characters; sentences with entities are seldom longer.
_MAX_PASSAGE_LENGTH = 160


def taught(settings: Settings, corpus: CorpusSplits, workspace: Workspace) -> CorpusSplits:
    """Adds sentences with entities by the teachers to the train split of `corpus`.

    Texts without labels that are not in dev or test are added, long ones in passages that end
    behind a sentence, with the entities of `mean_entities`.

    Raises:
        UserError: there are no sentences, a teacher is no finished run, the labels of teachers and
            corpus differ, or the teachers cut texts into different pieces.
    """
    if settings.teachers.unlabelled is None:
        raise UserError(
            "the teachers have nothing to mark: sentences of the corpus keep their own entities",
            where="--teachers",
            remedy="name texts without labels: --unlabelled texts.txt",
        )
    teachers = find_teachers(TASK, settings, _labels, workspace)
    cells = [cell for part in corpus.splits.values() for cell in part["label"]]
    check_knows(teachers, {e.label for cell in cells for e in read_entities(cell)}, corpus)
    unlabelled = unlabelled_texts(settings.teachers, corpus, workspace, _MAX_PASSAGE_LENGTH)
    entities = mean_entities(teachers, unlabelled.texts)
    rows = zip(unlabelled.ids, unlabelled.texts, map(write_entities, entities), strict=True)
    added = pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")
    return with_taught(
        corpus,
        pd.concat([corpus.splits["train"], added], ignore_index=True),
        teachers,
        unlabelled,
        f"{counted(sum(map(len, entities)), 'entity', 'entities')} in them by "
        f"{counted(len(teachers), 'teacher')}",
        workspace,
    )


def mean_entities(teachers: Sequence[Teacher], texts: Sequence[str]) -> list[list[Entity]]:
    """The entities by all teachers: the legal sequence of tags with the largest product of
    probabilities, where the probability of a tag is the mean over the teachers (p(y_t | x) of
    their CRFs).

    Returns:
        For each text its entities, by characters of the text as given.

    Raises:
        UserError: a teacher cuts a text into other pieces than the first teacher.
    """
    taggers = [_Tagger.of(teacher) for teacher in teachers]
    tags = load_tags(teachers[0].trained.prepared_folder)
    found: list[list[Entity]] = []
    with Progress("teachers", len(texts), "texts") as progress:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = texts[start : start + _TEXTS_AT_ONCE]
            found += _mean_entities(taggers, tags, part)
            progress.advance(len(part))
    return found


@dataclasses.dataclass(frozen=True)
class _Tagger:
    """A teacher with its loaded model.

    Attributes:
        name: of the run.
        tokenizer: of its model.
        probabilities: model of `tag_probabilities`.
        max_length: largest number of pieces that it reads, with [BOS] and [EOS].
    """

    name: str
    tokenizer: Tokenizer
    probabilities: keras.Model
    max_length: int

    @classmethod
    def of(cls, teacher: Teacher) -> _Tagger:
        settings, trained = teacher.settings, teacher.trained
        return cls(
            teacher.name,
            load_tokenizer(trained.prepared_folder),
            served(tag_probabilities(trained_tagger(settings, trained))),
            settings.text.max_length,
        )


def _mean_entities(
    taggers: Sequence[_Tagger], tags: TagSet, texts: Sequence[str]
) -> list[list[Entity]]:
    pieces = [taggers[0].tokenizer.pieces(text) for text in texts]
    most = min(tagger.max_length for tagger in taggers) - 2
    means = np.zeros((), np.float32)
    for tagger in taggers:
        cut = pieces if tagger is taggers[0] else [tagger.tokenizer.pieces(text) for text in texts]
        if list(map(len, cut)) != list(map(len, pieces)):
            raise UserError(
                f"{taggers[0].name} and {tagger.name} cut the texts into other pieces",
                where="--teachers",
                remedy="teach with runs whose texts are cut alike",
            )
        ids = tagger.tokenizer.vocabulary.ids
        rows = Ragged.from_lists(ids([piece.text for piece in row]) for row in cut)
        parts = rows.in_parts(most).framed(BOS, EOS)
        means = means + _probabilities(tagger.probabilities, parts, len(tags)) / len(taggers)
    chosen = Ragged(tags.unframed(_most_probable(tags, parts, means)).ids, rows.row_splits)
    return [
        tags.entities_of(chosen.row(i).tolist(), [p.start for p in row], [p.end for p in row])
        for i, row in enumerate(pieces)
    ]


def _probabilities(tagger, rows: Ragged, tags: int) -> np.ndarray:
    """p(y_t | x) of every id of `rows`: float32 [ids, tags]."""
    found = np.zeros((len(rows.ids), tags), np.float32)
    for places, inputs in _batches(rows):
        for (start, end), of_row in zip(places, tagger.predict_on_batch(inputs), strict=True):
            found[start:end] = of_row[: end - start]
    return found


def _most_probable(tags: TagSet, rows: Ragged, probabilities: np.ndarray) -> Ragged:
    """The legal tags of each row with the largest product of probabilities."""
    crf = LinearChainCRF(tags.legal, tags.legal_first, learnt=False)
    crf.build((None, None, len(tags)))
    chosen = np.zeros(len(rows.ids), np.int32)
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    for places, inputs in _batches(rows):
        unary = np.zeros((*inputs["ids"].shape, len(tags)), np.float32)
        for of_row, (start, end) in zip(unary, places, strict=True):
            of_row[: end - start] = logs[start:end]
        best = np.asarray(crf.decode(unary, inputs["lengths"]))
        for of_row, (start, end) in zip(best, places, strict=True):
            chosen[start:end] = of_row[: end - start]
    return Ragged(chosen, rows.row_splits)


def _batches(rows: Ragged) -> Iterator[tuple[list[tuple[int, int]], dict[str, np.ndarray]]]:
    """Batches of rows of similar length: positions of the rows in `rows.ids`, and inputs."""
    batches = LengthBuckets(rows, None, _BATCH_SIZE)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        splits = rows.row_splits
        yield [(int(splits[i]), int(splits[i + 1])) for i in indices], inputs


def _labels(prepared_folder: Path) -> Sequence[str]:
    return load_tags(prepared_folder).labels
