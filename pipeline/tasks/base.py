"""The record `Task`, and the protocols of the modules of a task folder."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast, runtime_checkable

import pipeline.tasks
from pipeline.errors import UserError
from pipeline.facts import Exported, Prepared, Trained
from pipeline.fields import Field, Tensor
from pipeline.ranges import Between, FolderName
from pipeline.settings import closest
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.corpora.split_file import SplitFile
    from pipeline.corpora.splits import CorpusSplits
    from pipeline.export.ids_model import IdsModel
    from pipeline.export.predictor import Predictor
    from pipeline.report.page import ReportContent
    from pipeline.training.fit import TrainingPlan


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """Names of the run and of the exported model."""

    name: Annotated[str, FolderName] = "default"
    """Folder of this run below runs/<task>/."""
    version: Annotated[int, Between(1, 2**63 - 1)] = 1
    """Folder of the exported model below saved_models/<task>/."""


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """The result of an evaluation.

    Attributes:
        summary: one line for people.
        metrics: JSON-able: what metrics.json holds.
        report: the content of the report.
        warnings: sentences about the test data that a user must not miss.
    """

    summary: str
    metrics: Mapping[str, Any]
    report: ReportContent
    warnings: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs of an exported model.

    Attributes:
        name: of the signature in the SavedModel.
        inputs, outputs: name -> dtype, shape and description.
    """

    name: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Hub:
    """Metadata for a model hub about the models of a task.

    Attributes:
        pipeline_tag: the hub's name for the kind of task: "text-classification".
        metrics: entry of metrics.json -> the hub's name of the metric; the most important one
            first.
        languages: settings and the prepared folder -> the languages that the model reads and
            writes, as ISO 639-1 codes; empty for a model of numbers.
    """

    pipeline_tag: str
    metrics: Mapping[str, str]
    languages: Callable[[Any, Path], Sequence[str]] = lambda settings, prepared_folder: ()


def korean(settings: Any, prepared_folder: Path) -> Sequence[str]:
    """`Hub.languages` for a task whose models read Korean."""
    return ("ko",)


class Data(Protocol):
    """`data.py` of a task: reads files, splits them and turns splits into arrays."""

    def read(self, settings: Any, workspace: Workspace) -> CorpusSplits:
        """Reads the corpus that `settings` name, and splits it.

        Returns:
            Frames with a column `id` and one for each field of the task, which holds values; the
            stage stores them.

        Raises:
            UserError: a file of the user cannot be used.
        """

    def prepare(
        self, settings: Any, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
    ) -> Prepared:
        """Writes vocabulary and arrays into `folder`.

        Args:
            splits: name -> file; the cells of a field are as `Field.store` wrote them.
            corpus_folder: the folder with the files that cells name.
        """


@runtime_checkable
class StartsFromEncoder(Protocol):
    """A `data.py` of a task whose model may start from a pretrained encoder."""

    def encoder(self, settings: Any, workspace: Workspace) -> Path | None:
        """The folder of the encoder (`pipeline.pretrained`), or None where the model starts from
        random weights. Before `prepare` is called, its files are copied to `pretrained.ENCODER` in
        the folder.

        Raises:
            UserError: there is no such encoder, or it does not fit the settings.
        """


@runtime_checkable
class GivesExample(Protocol):
    """A `data.py` of a task whose example depends on the corpus (the channels of a series)."""

    def example(self, settings: Any, prepared_folder: Path) -> Any:
        """An example of the input field for the model of a run."""


@runtime_checkable
class ReadsFiles(Protocol):
    """A `data.py` that reads the file in `--file` by names that the model knows (columns of a
    table)."""

    def values_in(self, path: str, model: Path | None) -> list[Any]:
        """The values for `Predictor`; they may hold more than a value of the input field.

        Args:
            path: what was given; `-` is standard input.
            model: folder of the exported model; None where there is none yet.

        Raises:
            UserError: the file cannot be read, or does not fit the model.
        """


class Training(Protocol):
    """`training.py` of a task: builds a model that can be trained from arrays."""

    def plan(self, settings: Any, prepared_folder: Path) -> TrainingPlan:
        """The model, its loss, its batches and the evaluation on dev."""


class Evaluation(Protocol):
    """`evaluation.py` of a task: evaluates a finished run on its test split."""

    def evaluate(self, settings: Any, trained: Trained) -> Evaluated:
        """Reads the test split once and scores the best weights on it (`Trained.weights`)."""


@runtime_checkable
class EvaluationElsewhere(Protocol):
    """An `evaluation.py` that can also evaluate a run on another corpus."""

    def evaluate_on(self, settings: Any, trained: Trained, corpus: str, raw: Path) -> Evaluated:
        """Evaluates the best weights on `corpus`: a name of the catalogue, or a file."""


class Serving(Protocol):
    """`serving.py` of a task: exports the model, and loads the exported model."""

    SIGNATURE: Signature
    BATCH_SIZE: int
    """Values per call of the model: fewer for a slow model, so that answers are printed sooner."""
    HUB: Hub

    def inputs(self, values: Sequence[Any]) -> dict[str, Any]:
        """The inputs of the signature for values of the input field: name of each input -> a list
        or an array with one entry for each value (or a single number for all)."""

    def test_inputs(self, test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
        """The inputs of the signature with which the reported scores can be computed again."""

    def scores(
        self, outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path
    ) -> dict[str, float]:
        """The entries of metrics.json that follow from the outputs for `test_inputs`: with raw
        input, anybody can check a model against its report."""

    def export(self, settings: Any, trained: Trained, folder: Path) -> Exported:
        """Writes a SavedModel into an empty folder."""

    def load(self, folder: Path, asking: Any) -> Predictor:
        """The SavedModel in `folder`, as what answers people.

        Args:
            folder: of an exported model.
            asking: an instance of `Task.asking`, or None where the task has none.

        Raises:
            UserError: the model is damaged.
        """


@runtime_checkable
class GivesProbabilities(Protocol):
    """A `serving.py` whose exported model can give the probability of each label."""

    def load_probabilities(self, folder: Path) -> Predictor:
        """Loads the SavedModel in `folder` as a predictor that writes a table: its form has a
        header, and header and lines have tabs between cells. The labelled corpora of the task can
        be read from such a table.

        Raises:
            UserError: the model is damaged, or does not know its labels.
        """


@runtime_checkable
class GivesIdsModel(Protocol):
    """A `serving.py` that can give its model without the text processing, for formats without
    strings."""

    def ids_model(self, settings: Any, trained: Trained) -> IdsModel:
        """The model of a finished run, from ids to numbers."""


@dataclasses.dataclass(frozen=True)
class Task:
    """The record of a task: its input and output, its settings, and where its code is.

    Attributes:
        name: its name on the command line and in folders.
        package: the package with the modules data, training, evaluation and serving.
        summary: one line for `--help`.
        settings: a frozen dataclass of groups, `run: RunSettings` among them.
        input, output: the kinds of value it takes and gives, which are columns of its splits. One
            each: several things that are asked about together are one value of one field.
        example: settings -> a value of `input` to try on a model that was trained with them;
            where that depends on the corpus, `data.py` has an `example`, too (`GivesExample`), and
            this one is for those who have no model yet.
        tiny: settings with which all stages run in seconds on a bundled corpus and still learn
            something: what the contract tests run.
        target: the target of make with which people ask the exported model, if it has a name of
            its own; None for `predict-<name>`, which every task has.
        corpus_groups: groups of settings that decide how the corpus is read.
        prepare_groups: groups of settings that decide how it becomes arrays.
        search_settings: single settings that matter only after training: if one changes, the stages
            evaluate and export run again, but not train.
        asking: a frozen dataclass of further options for asking the exported model, or None.
    """

    name: str
    package: str
    summary: str
    settings: type
    input: Field[Any]
    output: Field[Any]
    example: Callable[[Any], Any]
    tiny: Any
    target: str | None = None
    corpus_groups: tuple[str, ...] = ("corpus",)
    prepare_groups: tuple[str, ...] = ()
    search_settings: tuple[str, ...] = ()
    asking: type | None = None

    def __post_init__(self) -> None:
        groups = {group.name for group in dataclasses.fields(self.settings)}
        for name in ("run", "training", *self.corpus_groups, *self.prepare_groups):
            if name not in groups:
                raise ValueError(f"the settings of {self.name} have no group {name!r}")

    @property
    def predict_target(self) -> str:
        """The target of make with which people ask the exported model; reports show it."""
        return self.target or f"predict-{self.name}"

    def example_of(self, settings: Any, prepared_folder: Path) -> Any:
        """An example of `input` for the model of a run."""
        data = self.data
        if isinstance(data, GivesExample):
            return data.example(settings, prepared_folder)
        return self.example(settings)

    @property
    def data(self) -> Data:
        """The module `data`: from files to splits to arrays."""
        return cast(Data, self._module("data"))

    @property
    def training(self) -> Training:
        """The module `training`: from arrays to a model that can be trained."""
        return cast(Training, self._module("training"))

    @property
    def evaluation(self) -> Evaluation:
        """The module `evaluation`: from a finished run to scores and a report."""
        return cast(Evaluation, self._module("evaluation"))

    @property
    def serving(self) -> Serving:
        """The module `serving`: exports a finished run, and asks the exported model."""
        return cast(Serving, self._module("serving"))

    def _module(self, name: str) -> object:
        """Imports a module of the task only when a stage needs it, so that no stage waits for
        others."""
        return importlib.import_module(f"{self.package}.{name}")


def task_names() -> list[str]:
    """The names of all tasks: the packages beside this module."""
    return sorted(m.name for m in pkgutil.iter_modules(pipeline.tasks.__path__) if m.ispkg)


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
    return cast(Task, importlib.import_module(f"pipeline.tasks.{name}").TASK)
