"""The Task record: everything a stage needs to know about one task."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, FolderName
from pipeline.settings import closest
from pipeline.workspace import Workspace

if typing.TYPE_CHECKING:
    import pandas as pd

    from pipeline.corpora.splits import CorpusSplits
    from pipeline.report.page import ReportContent
    from pipeline.training.fit import TrainingPlan


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """Where the result goes."""

    name: Annotated[str, FolderName] = "default"
    """Folder of this run below runs/<task>/."""
    version: Annotated[int, AtLeast(1)] = 1
    """Folder of the exported model below saved_models/<task>/."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """A finished run, as evaluation and export see it."""

    run: Path
    corpus_folder: Path
    prepared_folder: Path
    corpus_notes: dict
    prepared_notes: dict
    training: dict
    warnings: list[str]


@dataclasses.dataclass(frozen=True)
class Signature:
    """What an exported model takes and gives, by name: for its model card and for whoever calls it.

    Attributes:
        name: of the signature in the SavedModel.
        inputs, outputs: name -> (dtype, shape, what it is), for instance
            ("string", "[n]", "reviews as they were written").
        ask: test split -> inputs, as lists or arrays of the first axis n.
        score: (outputs, test split) -> those entries of metrics.json that the answers decide;
            so anybody can check a model against its report with raw strings.
    """

    name: str
    inputs: dict[str, tuple[str, str, str]]
    outputs: dict[str, tuple[str, str, str]]
    ask: Callable[[pd.DataFrame], dict[str, typing.Any]]
    score: Callable[[dict[str, typing.Any], pd.DataFrame], dict[str, float]]


@dataclasses.dataclass(frozen=True)
class Task:
    """One task: where its corpus comes from, how text becomes ids, which model, which metrics.

    Attributes:
        name: what the command line and the folders call it.
        summary: one line for `--help`.
        settings: a frozen dataclass of groups, `run: RunSettings` among them.
        corpus_settings: which of the groups decide how the corpus is read.
        prepare_settings: which of the groups decide how text becomes ids.
        read_corpus: (settings, workspace) -> CorpusSplits.
        prepare: (settings, splits, folder) -> notes; writes tokenizer and ids into folder. Notes
            hold a `summary` line and, if there are any, `warnings` that must not be missed.
        plan: (settings, tokens folder) -> TrainingPlan.
        evaluate: (settings, Trained) -> (metrics, report); metrics holds a `summary`.
        export: (settings, Trained, folder) -> notes; writes a SavedModel into folder. Notes hold
            a `summary` line and, for the model card, `signatures` (their names) and `limits`
            (sentences on what not to expect).
        signature: what the exported model's main signature looks like.
        load_predictor: saved model folder -> (texts -> one line a text, for people). Where there
            is an `asking`, that comes behind the folder.
        example: a text to try.
        example_of: (settings) -> a text to try, where it hangs on them.
        target: of make, with which people ask the exported model.
        variable: of make, for the text that is asked about.
        asking: a frozen dataclass of what else can be said when the exported model is asked.
        writes_lines: whether an answer may have several lines, which the predictor writes as
            `pipeline.corpora.documents.on_one_line` does.
        evaluate_on: (settings, Trained, another corpus, raw folder) -> (metrics, report), where a
            finished model can be measured on a corpus that was made by others.
        lines_at_once: texts that the exported model is asked about at once: fewer where each takes
            longer, so that answers come as they are found.
        search_settings: single settings that matter only once there are weights: another value
            is another evaluation and another export, not another training.
        tiny: settings with which all stages run in seconds on a bundled corpus and still learn
            something: what the contract tests run.
    """

    name: str
    summary: str
    settings: type
    corpus_settings: tuple[str, ...]
    prepare_settings: tuple[str, ...]
    read_corpus: Callable[[typing.Any, Workspace], CorpusSplits]
    prepare: Callable[[typing.Any, dict[str, pd.DataFrame], Path], dict]
    plan: Callable[[typing.Any, Path], TrainingPlan]
    evaluate: Callable[[typing.Any, Trained], tuple[dict, ReportContent]]
    export: Callable[[typing.Any, Trained, Path], dict]
    signature: Signature
    load_predictor: Callable[..., Callable[[list[str]], list[str]]]
    example: str
    tiny: typing.Any
    target: str = "predict"
    variable: str = "TEXT"
    asking: type | None = None
    writes_lines: bool = False
    evaluate_on: Callable[[typing.Any, Trained, str, Path], tuple[dict, ReportContent]] | None = (
        None
    )
    lines_at_once: int = 512
    example_of: Callable[[typing.Any], str] | None = None
    search_settings: tuple[str, ...] = ()

    def example_for(self, settings) -> str:
        """A text to try on a model that was trained with `settings`."""
        return self.example if self.example_of is None else self.example_of(settings)


def task_names() -> list[str]:
    """The tasks there are: the modules beside this one."""
    folder = str(Path(__file__).parent)
    return sorted(m.name for m in pkgutil.iter_modules([folder]) if m.name != "base")


def find_task(name: str) -> Task:
    """The task called `name`.

    Raises:
        UserError: there is none; the remedy names the closest ones.
    """
    if name not in task_names():
        raise UserError(
            f"unknown task {name!r}",
            where="command line",
            remedy=f"closest: {closest(name, task_names())}",
        )
    return importlib.import_module(f"pipeline.tasks.{name}").TASK
