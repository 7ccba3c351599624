"""Adds the mean probabilities of teachers to a corpus, for texts with and without labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.probabilities import (
    most_probable,
    probabilities_of,
    with_probabilities,
)
from pipeline.corpora.splits import COLUMNS, CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.models.classifier import predict_logits
from pipeline.progress import Progress
from pipeline.stages.teachers import (
    Teacher,
    check_knows,
    find_teachers,
    unlabelled_texts,
    with_taught,
)
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.data import label_names
from pipeline.tasks.sentiment.settings import Settings
from pipeline.tasks.sentiment.training import trained_model
from pipeline.text.tokenizers import load_tokenizer
from pipeline.workspace import Workspace

# Number of texts whose ids are in memory, and that are sorted by length together.
_TEXTS_AT_ONCE = 1 << 14


def taught(settings: Settings, corpus: CorpusSplits, workspace: Workspace) -> CorpusSplits:
    """Adds the mean probabilities of the teachers to train, and the texts without labels that are
    in neither dev nor test. Dev and test stay as they are.

    Raises:
        UserError: a teacher is no finished run, the labels of teachers and corpus differ, or the
            texts cannot be read.
    """
    corpus = corpus.in_memory()
    teachers = find_teachers(TASK, settings, label_names, workspace)
    check_knows(
        teachers, {label for part in corpus.splits.values() for label in part["label"]}, corpus
    )
    train, unlabelled = corpus.splits["train"], None
    if probabilities_of(train)[0]:
        raise UserError(
            "has probabilities of its own, in the place of which those of the teachers would come",
            where=corpus.origin.source,
            remedy="leave out --teachers, or these columns",
        )
    labels, labelled = sorted(teachers[0].labels), len(train)
    if settings.teachers.unlabelled is not None:
        unlabelled = unlabelled_texts(settings.teachers, corpus, workspace)
    texts = [*train["text"], *([] if unlabelled is None else unlabelled.texts)]
    means = mean_probabilities(teachers, labels, texts)
    if unlabelled is not None:
        answers = [most_probable(labels, mean) for mean in means[labelled:]]
        rows = zip(unlabelled.ids, unlabelled.texts, answers, strict=True)
        train = pd.concat(
            [train, pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")], ignore_index=True
        )
    return with_taught(
        corpus,
        with_probabilities(train, labels, means, np.arange(len(train)) < labelled),
        teachers,
        unlabelled,
        f"the mean probabilities of {counted(len(teachers), 'teacher')} in train",
        workspace,
    )


def mean_probabilities(
    teachers: Sequence[Teacher], labels: Sequence[str], texts: Sequence[str]
) -> np.ndarray:
    """The mean probabilities of the teachers for texts: float32 [texts, labels].

    Only one teacher at a time is in memory, and the ids of a few thousand texts.

    Args:
        labels: in the order of the columns; each teacher may have another order.
    """
    means = np.zeros((len(texts), len(labels)), np.float32)
    with Progress("teachers", len(teachers) * len(texts), "texts") as progress:
        for teacher in teachers:
            order = [teacher.labels.index(label) for label in labels]
            start = 0
            for answers in _answers(teacher, texts):
                means[start : start + len(answers)] += answers[:, order] / len(teachers)
                start += len(answers)
                progress.advance(len(answers), teacher.name)
    return means


def _answers(teacher: Teacher, texts: Sequence[str]) -> Iterator[np.ndarray]:
    """Yields the probabilities of one group of texts after the other, float64 [texts, labels]."""
    model = trained_model(teacher.settings, teacher.trained)
    tokenizer = load_tokenizer(teacher.trained.prepared_folder)
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = tokenizer.normalize(texts[start : start + _TEXTS_AT_ONCE], os.cpu_count() or 1)
        rows = tokenizer.encode_normalized(part).truncated(teacher.settings.text.max_length)
        logits = predict_logits(model, rows).astype(np.float64)
        yield np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
