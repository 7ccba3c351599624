"""Teachers for distillation: finished runs, and texts without labels that they label."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import TeacherSettings, UnlabelledCorpusSettings
from pipeline.corpora.splits import CorpusSplits, held_out, read_split, text_id
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Trained
from pipeline.normalize import normalize
from pipeline.ranges import FolderName
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import RunSettings, Task
from pipeline.text.passages import passages
from pipeline.workspace import Workspace

_HELD_OUT = ("dev", "test")


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A finished run that teaches.

    Attributes:
        name: of the run.
        settings: it was trained with.
        trained: its weights, its pieces, its corpus.
        labels: that it knows, in its order.
    """

    name: str
    settings: Any
    trained: Trained
    labels: list[str]

    def __str__(self) -> str:
        result = self.trained.result
        return f"{self.name} ({result.parameters:,} parameters, {result.best:.4f} on its dev)"


def find_teachers(
    task: Task, settings: Any, labels_of: Callable[[Path], Sequence[str]], workspace: Workspace
) -> list[Teacher]:
    """Finds the runs that `settings` name.

    Args:
        settings: of the student; it has the groups `teachers` and `run`.
        labels_of: folder of what was prepared -> the labels a run knows, in its order.

    Raises:
        UserError: there is no such run, it is not finished, or is named twice or its own teacher;
            or one knows other labels than the first.
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
    teachers = [_teacher(task, name, settings.run.name, labels_of, workspace) for name in names]
    first = teachers[0]
    for other in teachers[1:]:
        if set(other.labels) != set(first.labels):
            raise UserError(
                f"{first.name} and {other.name} know different labels: "
                f"{_listed(first.labels)}; {_listed(other.labels)}",
                where="--teachers",
                remedy="teach with runs of the same labels",
            )
    return teachers


def _teacher(
    task: Task,
    name: str,
    student: str,
    labels_of: Callable[[Path], Sequence[str]],
    workspace: Workspace,
) -> Teacher:
    usual = dataclasses.replace(task.settings(), run=RunSettings(name))
    files = RunFiles.of(task, usual, workspace)
    if not files.folder.is_dir():
        runs = {path.parent.name for path in files.folder.parent.glob("*/training.json")}
        finished = sorted(runs - {student})
        raise UserError(
            "there is no such run to teach",
            where=files.folder,
            remedy=f"finished ones: {', '.join(finished[:20]) or 'none yet'}",
        )
    trained = files.trained()
    its = files.trained_settings(task, usual)
    return Teacher(name, its, trained, list(labels_of(trained.prepared_folder)))


def check_knows(teachers: Sequence[Teacher], labels: set[str], corpus: CorpusSplits) -> None:
    """Refuses teachers that do not know the labels of a corpus.

    Raises:
        UserError: there is one that they do not know.
    """
    if unknown := labels - set(teachers[0].labels):
        raise UserError(
            f"has labels that the teachers do not know: {_listed(sorted(unknown))}; they know "
            f"{_listed(teachers[0].labels)}",
            where=corpus.origin.source,
            remedy="write both alike, or train the teachers on it",
        )


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (", …" if len(labels) > 8 else "")


@dataclasses.dataclass(frozen=True)
class UnlabelledTexts:
    """Texts without labels, none of which is in dev or test.

    Attributes:
        ids, texts: of each row.
        files, rejects, warnings, stand_in: as of `CorpusSplits`.
        read_as: what was concluded of them, for people.
        summary: how many of what, for reports.
        details: counts.
    """

    ids: list[str]
    texts: list[str]
    files: Sequence[Path]
    rejects: Sequence[Rejected]
    warnings: Sequence[str]
    stand_in: bool
    read_as: str
    summary: str
    details: dict[str, int]


def unlabelled_texts(
    chosen: TeacherSettings, corpus: CorpusSplits, workspace: Workspace, passage_length: int = 0
) -> UnlabelledTexts:
    """Reads the texts that `chosen.unlabelled` names.

    Args:
        passage_length: characters; a longer text is cut into passages that end behind a sentence
            (`pipeline.text.passages`), under the text policy. 0 cuts none.

    Raises:
        UserError: they cannot be read, or all are in dev or test of `corpus`.
    """
    wanted = UnlabelledCorpusSettings(corpus=chosen.unlabelled or "", dev_size=1)
    read = read_unlabelled_texts(wanted, workspace.raw)
    # All of it is learnt from: dev and test are those of the corpus.
    texts = [text for part in read.splits.values() for text in part["text"]]
    if passage_length:
        cut = (passages(normalize(text), passage_length) for text in texts)
        texts = list(dict.fromkeys(passage for of_text in cut for passage in of_text))
    avoided = {normalize(text) for split in _HELD_OUT for text in corpus.splits[split]["text"]}
    new = [text for text in texts if normalize(text) not in avoided]
    left_out = len(texts) - len(new)
    if not new:
        raise UserError(
            "every text of it is in dev or test",
            where=read.origin.source,
            remedy="give texts that the corpus does not have",
        )
    ids = [text_id(text) for text in new]
    if 0 < chosen.max_unlabelled < len(new):
        drawn = held_out(ids, chosen.max_unlabelled)
        new, ids = (
            [cell for cell, is_in in zip(column, drawn, strict=True) if is_in]
            for column in (new, ids)
        )
    return UnlabelledTexts(
        ids=ids,
        texts=new,
        files=read.files,
        rejects=read.rejects,
        warnings=read.warnings,
        stand_in=read.stand_in,
        read_as=read.details["read_as"]
        + (f"; {counted(left_out, 'text')} of dev or test left out" if left_out else ""),
        summary=f"{len(new):,} of {read.origin.title} ({read.origin.licence})",
        details={"unlabelled": len(new), "unlabelled_left_out": left_out},
    )


def with_taught(
    corpus: CorpusSplits,
    train: pd.DataFrame,
    teachers: Sequence[Teacher],
    unlabelled: UnlabelledTexts | None,
    read_as: str,
    workspace: Workspace,
) -> CorpusSplits:
    """`corpus` with a split train that teachers made, and with the facts about that.

    Args:
        train: in the place of that of `corpus`.
        unlabelled: texts of which there are some in `train`, if there are.
        read_as: what the teachers did, for people.
    """
    more = (unlabelled,) if unlabelled is not None else ()
    weights = [teacher.trained.weights.relative_to(workspace.root) for teacher in teachers]
    sentences = [corpus.details.get("read_as"), *(each.read_as for each in more), read_as]
    return dataclasses.replace(
        corpus,
        splits={**corpus.splits, "train": train},
        files=[*corpus.files, *(file for each in more for file in each.files), *weights],
        rejects=[*corpus.rejects, *(row for each in more for row in each.rejects)],
        warnings=[
            *corpus.warnings,
            *(warning for each in more for warning in each.warnings),
            *_learnt_before(teachers, corpus),
        ],
        stand_in=corpus.stand_in or any(each.stand_in for each in more),
        besides={
            **corpus.besides,
            "teachers": ", ".join(map(str, teachers)),
            **({} if unlabelled is None else {"texts without labels": unlabelled.summary}),
        },
        details={
            **corpus.details,
            "teachers": [teacher.name for teacher in teachers],
            **({} if unlabelled is None else unlabelled.details),
            "read_as": "; ".join(sentence for sentence in sentences if sentence),
        },
    )


def _learnt_before(teachers: Sequence[Teacher], corpus: CorpusSplits) -> list[str]:
    """A sentence for each teacher that was trained on texts of dev or test.

    What is in this corpus's train as well, as short texts may be, is no matter: a student without
    teachers learns from it, too.
    """
    own = {normalize(text) for text in corpus.splits["train"]["text"]}
    rest = {
        split: [text for text in map(normalize, corpus.splits[split]["text"]) if text not in own]
        for split in _HELD_OUT
    }
    seen: dict[Path, dict[str, int]] = {}
    names_of: dict[str, list[str]] = collections.defaultdict(list)
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
            names_of[places].append(teacher.name)
    return [
        f"The figures may be better than they should be: {places} were in what "
        f"{', '.join(names)} learnt from."
        for places, names in names_of.items()
    ]
