"""Adds sentences with entities that teachers find together to the corpus of a student."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.corpora.annotated.entities import Entity, read_entities, write_entities
from pipeline.corpora.splits import COLUMNS, CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.layers.probable_entities import ProbableEntities
from pipeline.models.one_graph import predict_batch
from pipeline.models.settings import TaggerSettings
from pipeline.models.tagger import entity_chain
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
    # Not the student's own: a corpus hangs on the settings of the corpus alone.
    least = TaggerSettings().min_probability
    entities = mean_entities(teachers, unlabelled.texts, least)
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


def mean_entities(
    teachers: Sequence[Teacher], texts: Sequence[str], min_probability: float
) -> list[list[Entity]]:
    """The entities that all teachers find together: those whose probability, the mean over the
    teachers, exceeds `min_probability` (`pipeline.layers.probable_entities`).

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
            found += _mean_entities(taggers, tags, part, min_probability)
            progress.advance(len(part))
    return found


@dataclasses.dataclass(frozen=True)
class _Tagger:
    """A teacher with its loaded model.

    Attributes:
        name: of the run.
        tokenizer: of its model.
        chain: model of `entity_chain`.
        max_length: largest number of pieces that it reads, with [BOS] and [EOS].
    """

    name: str
    tokenizer: Tokenizer
    chain: keras.Model
    max_length: int

    @classmethod
    def of(cls, teacher: Teacher) -> _Tagger:
        settings, trained = teacher.settings, teacher.trained
        return cls(
            teacher.name,
            load_tokenizer(trained.prepared_folder),
            served(entity_chain(trained_tagger(settings, trained))),
            settings.text.max_length,
        )


def _mean_entities(
    taggers: Sequence[_Tagger], tags: TagSet, texts: Sequence[str], min_probability: float
) -> list[list[Entity]]:
    pieces = [taggers[0].tokenizer.pieces(text) for text in texts]
    most = min(tagger.max_length for tagger in taggers) - 2
    parts = []
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
        parts.append(rows.in_parts(most).framed(BOS, EOS))
    chosen = Ragged(np.zeros(len(parts[0].ids), np.int32), parts[0].row_splits)
    choose = ProbableEntities(min_probability)
    # Rows of equal lengths, so that all teachers have the same rows in a batch.
    batches = [LengthBuckets(part, None, _BATCH_SIZE) for part in parts]
    for indices, *asked in zip(batches[0].batch_rows, *batches, strict=True):
        chains = np.stack(
            [
                predict_batch(tagger.chain, inputs)
                for tagger, (inputs, _) in zip(taggers, asked, strict=True)
            ]
        )
        for row, of_row in zip(indices, keras.ops.convert_to_numpy(choose(chains)), strict=True):
            chosen.row(row)[:] = of_row[: len(chosen.row(row))]
    found = Ragged(tags.unframed(chosen).ids, rows.row_splits)
    return [
        tags.entities_of(found.row(i).tolist(), [p.start for p in row], [p.end for p in row])
        for i, row in enumerate(pieces)
    ]


def _labels(prepared_folder: Path) -> Sequence[str]:
    return load_tags(prepared_folder).labels
