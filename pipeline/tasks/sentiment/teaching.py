"""A corpus taught by finished runs: the mean of their probabilities, over texts with or without
labels."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.probabilities import (
    most_probable,
    probabilities_of,
    with_probabilities,
)
from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.corpora.splits import COLUMNS, CorpusSplits, read_split
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Trained
from pipeline.models.classifier import predict_logits
from pipeline.normalize import normalize
from pipeline.progress import Progress
from pipeline.ranges import FolderName
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import RunSettings
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.data import label_names
from pipeline.tasks.sentiment.settings import Settings
from pipeline.tasks.sentiment.training import trained_model
from pipeline.text.tokenizers import load_tokenizer
from pipeline.workspace import Workspace

# Texts that are ids at the same time, and sorted by length together.
_TEXTS_AT_ONCE = 1 << 14
_HELD_OUT = ("dev", "test")


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A finished run.

    Attributes:
        name: of the run.
        settings: it was trained with.
        trained: its weights, its pieces, its corpus.
        labels: in the order of its logits.
    """

    name: str
    settings: Settings
    trained: Trained
    labels: list[str]

    def __str__(self) -> str:
        result = self.trained.result
        return f"{self.name} ({result.parameters:,} parameters, {result.best:.4f} on its dev)"


def taught(settings: Settings, corpus: CorpusSplits, workspace: Workspace) -> CorpusSplits:
    """`corpus` with the mean of the teachers' probabilities in train, to which the texts without
    labels are added that are in neither dev nor test. Dev and test stay as they are.

    Raises:
        UserError: a teacher is no finished run, they have other labels than each other or than
            the corpus, or the texts cannot be read.
    """
    teachers = find_teachers(settings, workspace)
    labels = _labels(teachers, corpus)
    train, unlabelled = corpus.splits["train"], None
    if settings.teachers.unlabelled is not None:
        unlabelled = _unlabelled(settings.teachers.unlabelled, corpus, workspace)
    texts = [*train["text"], *([] if unlabelled is None else unlabelled.texts)]
    means = mean_probabilities(teachers, labels, texts)
    if unlabelled is not None:
        answers = [most_probable(labels, mean) for mean in means[len(train) :]]
        rows = zip(unlabelled.ids, unlabelled.texts, answers, strict=True)
        train = pd.concat(
            [train, pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")], ignore_index=True
        )
    labelled = np.arange(len(train)) < len(corpus.splits["train"])
    said = f"the mean probabilities of {counted(len(teachers), 'teacher')} in train"
    weights = [teacher.trained.weights.relative_to(workspace.root) for teacher in teachers]
    return dataclasses.replace(
        corpus,
        splits={**corpus.splits, "train": with_probabilities(train, labels, means, labelled)},
        files=[*corpus.files, *([] if unlabelled is None else unlabelled.files), *weights],
        rejects=[*corpus.rejects, *([] if unlabelled is None else unlabelled.rejects)],
        warnings=[
            *corpus.warnings,
            *([] if unlabelled is None else unlabelled.warnings),
            *_learnt_before(teachers, corpus),
        ],
        stand_in=corpus.stand_in or (unlabelled is not None and unlabelled.stand_in),
        besides={
            **corpus.besides,
            "teachers": ", ".join(map(str, teachers)),
            **({} if unlabelled is None else {"texts without labels": unlabelled.said}),
        },
        details={
            **corpus.details,
            "teachers": [teacher.name for teacher in teachers],
            **({} if unlabelled is None else unlabelled.details),
            "read_as": "; ".join(
                part
                for part in (
                    corpus.details.get("read_as"),
                    None if unlabelled is None else unlabelled.read_as,
                    said,
                )
                if part
            ),
        },
    )


def find_teachers(settings: Settings, workspace: Workspace) -> list[Teacher]:
    """The runs that `settings` name.

    Raises:
        UserError: there is no such run, it is not finished, or is named twice or its own teacher.
    """
    names = [name.strip() for name in (settings.teachers.teachers or "").split(",")]
    for name in names:
        if not FolderName.accepts(name):
            raise UserError(f"{name!r} is not {FolderName}", where="--teachers")
        if names.count(name) > 1:
            raise UserError(f"names {name} twice", where="--teachers", remedy="name each run once")
        if name == settings.run.name:
            raise UserError(
                f"{name} cannot teach itself",
                where="--teachers",
                remedy="give the student another name: NAME= of make, --name",
            )
    return [_teacher(name, settings.run.name, workspace) for name in names]


def _teacher(name: str, student: str, workspace: Workspace) -> Teacher:
    usual = dataclasses.replace(TASK.settings(), run=RunSettings(name))
    files = RunFiles.of(TASK, usual, workspace)
    if not files.folder.is_dir():
        runs = {path.parent.name for path in files.folder.parent.glob("*/training.json")}
        finished = sorted(runs - {student})
        raise UserError(
            "there is no such run to teach",
            where=files.folder,
            remedy=f"finished ones: {', '.join(finished[:20]) or 'none yet'}",
        )
    trained = files.trained()
    its = files.trained_settings(TASK, usual)
    return Teacher(name, its, trained, label_names(trained.prepared_folder))


def _labels(teachers: Sequence[Teacher], corpus: CorpusSplits) -> list[str]:
    """The labels that all of them know.

    Raises:
        UserError: one knows others, or the corpus has one that they do not know; or the corpus
            has probabilities of its own.
    """
    first = teachers[0]
    for other in teachers[1:]:
        if set(other.labels) != set(first.labels):
            raise UserError(
                f"{first.name} and {other.name} know different labels: "
                f"{_listed(first.labels)}; {_listed(other.labels)}",
                where="--teachers",
                remedy="teach with runs of the same labels",
            )
    of_corpus = {label for frame in corpus.splits.values() for label in frame["label"]}
    if unknown := of_corpus - set(first.labels):
        raise UserError(
            f"has labels that the teachers do not know: {_listed(sorted(unknown))}; they know "
            f"{_listed(first.labels)}",
            where=corpus.origin.source,
            remedy="write both alike, or train the teachers on it",
        )
    if probabilities_of(corpus.splits["train"])[0]:
        raise UserError(
            "has probabilities of its own, in the place of which those of the teachers would come",
            where=corpus.origin.source,
            remedy="leave out --teachers, or these columns",
        )
    return sorted(first.labels)


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (", …" if len(labels) > 8 else "")


@dataclasses.dataclass(frozen=True)
class _Unlabelled:
    """Texts without labels, of which none is in dev or test.

    Attributes:
        ids, texts: of each row.
        files, rejects, warnings, stand_in: as of `CorpusSplits`.
        read_as: what was concluded of them, for people.
        said: how many of what, for reports.
        details: counts.
    """

    ids: list[str]
    texts: list[str]
    files: Sequence[Path]
    rejects: Sequence
    warnings: Sequence[str]
    stand_in: bool
    read_as: str
    said: str
    details: dict[str, int]


def _unlabelled(name: str, corpus: CorpusSplits, workspace: Workspace) -> _Unlabelled:
    read = read_unlabelled_texts(UnlabelledCorpusSettings(corpus=name, dev_size=1), workspace.raw)
    # All of it is learnt from: dev and test are those of the corpus.
    frame = pd.concat(read.splits.values(), ignore_index=True)
    held_out = {normalize(text) for split in _HELD_OUT for text in corpus.splits[split]["text"]}
    stays = np.array([normalize(text) not in held_out for text in frame["text"]], bool)
    left_out, frame = int((~stays).sum()), frame[stays]
    if not len(frame):
        raise UserError(
            "every text of it is in dev or test",
            where=read.origin.source,
            remedy="give texts that the corpus does not have",
        )
    return _Unlabelled(
        ids=list(frame["id"]),
        texts=list(frame["text"]),
        files=read.files,
        rejects=read.rejects,
        warnings=read.warnings,
        stand_in=read.stand_in,
        read_as=read.details["read_as"]
        + (f"; {counted(left_out, 'text')} of dev or test left out" if left_out else ""),
        said=f"{len(frame):,} of {read.origin.title} ({read.origin.licence})",
        details={"unlabelled": len(frame), "unlabelled_left_out": left_out},
    )


def mean_probabilities(
    teachers: Sequence[Teacher], labels: Sequence[str], texts: Sequence[str]
) -> np.ndarray:
    """What the teachers think of texts, on average: float32 [texts, labels].

    One after the other is in memory, and the ids of a few thousand texts.

    Args:
        labels: in the order of the columns; each teacher has them in an order of its own.
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
    """The probabilities of some texts after the other, float64 [some, labels]."""
    model = trained_model(teacher.settings, teacher.trained)
    tokenizer = load_tokenizer(teacher.trained.prepared_folder)
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = tokenizer.normalize(texts[start : start + _TEXTS_AT_ONCE], os.cpu_count() or 1)
        rows = tokenizer.encode_normalized(part).truncated(teacher.settings.text.max_length)
        logits = predict_logits(model, rows).astype(np.float64)
        yield np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def _learnt_before(teachers: Sequence[Teacher], corpus: CorpusSplits) -> list[str]:
    """A sentence for each teacher that learnt from texts of dev or test.

    What is in this corpus's train as well, as short texts may be, is no matter: a student without
    teachers learns from it, too.
    """
    own = {normalize(text) for text in corpus.splits["train"]["text"]}
    rest = {
        split: [text for text in map(normalize, corpus.splits[split]["text"]) if text not in own]
        for split in _HELD_OUT
    }
    seen: dict[Path, dict[str, int]] = {}
    said: dict[str, list[str]] = collections.defaultdict(list)
    for teacher in teachers:
        folder = teacher.trained.corpus_folder
        if folder not in seen:
            theirs = {normalize(text) for text in read_split(folder / "train.tsv")["text"]}
            seen[folder] = {
                split: sum(text in theirs for text in texts) for split, texts in rest.items()
            }
        counts = seen[folder]
        if any(counts.values()):
            places = " and ".join(
                f"{count:,} of {counted(len(corpus.splits[split]), 'text')} of {split}"
                for split, count in counts.items()
                if count
            )
            said[places].append(teacher.name)
    return [
        f"The figures may be better than they should be: {places} were in what "
        f"{', '.join(names)} learnt from."
        for places, names in said.items()
    ]
