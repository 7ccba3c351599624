"""What a task is: a small record, and four modules whose functions are stated here."""

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
    """Where the result goes."""

    name: Annotated[str, FolderName] = "default"
    """Folder of this run below runs/<task>/."""
    version: Annotated[int, Between(1, 2**63 - 1)] = 1
    """Folder of the exported model below saved_models/<task>/."""


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """What an evaluation measured.

    Attributes:
        summary: one line for people.
        metrics: JSON-able: what metrics.json holds.
        report: the page that shows it.
        warnings: sentences on what it was measured on that a user must not miss.
    """

    summary: str
    metrics: Mapping[str, Any]
    report: ReportContent
    warnings: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Signature:
    """What an exported model takes and gives.

    Attributes:
        name: of the signature in the SavedModel.
        inputs, outputs: name -> dtype, shape, and what it is.
    """

    name: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Hub:
    """What a model hub is told about the models of a task.

    Attributes:
        pipeline_tag: the hub's name for the kind of task: "text-classification".
        metrics: entry of metrics.json -> the hub's name for such figures; the headline first.
        languages: settings and the folder of what was prepared -> the languages that the model
            reads and writes, as ISO 639-1 codes; none where it is about numbers.
    """

    pipeline_tag: str
    metrics: Mapping[str, str]
    languages: Callable[[Any, Path], Sequence[str]] = lambda settings, prepared_folder: ()


def korean(settings: Any, prepared_folder: Path) -> Sequence[str]:
    """`Hub.languages` of a task whose models read Korean."""
    return ("ko",)


class Data(Protocol):
    """`data.py` of a task: from files to splits to arrays."""

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
            corpus_folder: where files lie that cells name.
        """


@runtime_checkable
class StartsFromEncoder(Protocol):
    """A `data.py` of a task whose model may start from a pretrained encoder."""

    def encoder(self, settings: Any, workspace: Workspace) -> Path | None:
        """Its folder (`pipeline.pretrained`), or None where the model starts from nothing. Before
        `prepare` is called, its files are copied to `pretrained.ENCODER` in the folder.

        Raises:
            UserError: there is no such encoder, or it does not fit the settings.
        """


@runtime_checkable
class GivesExample(Protocol):
    """A `data.py` of a task whose example depends on the corpus (the channels of a series)."""

    def example(self, settings: Any, prepared_folder: Path) -> Any:
        """A value of the input field to try on the model of a run."""


@runtime_checkable
class ReadsFiles(Protocol):
    """A `data.py` that reads what people give with `--file` in its own way: what is in the file
    is found by names that the model knows (columns of a table)."""

    def values_in(self, path: str, model: Path | None) -> list[Any]:
        """What `Predictor` is asked about; it may hold more than a value of the input field.

        Args:
            path: what was given; `-` is standard input.
            model: folder of the exported model; None where there is none yet.

        Raises:
            UserError: the file cannot be read, or does not fit the model.
        """


class Training(Protocol):
    """`training.py` of a task: from arrays to a model that can be trained."""

    def plan(self, settings: Any, prepared_folder: Path) -> TrainingPlan:
        """Model, loss, batches, and the evaluation on dev."""


class Evaluation(Protocol):
    """`evaluation.py` of a task: a finished run on its test split."""

    def evaluate(self, settings: Any, trained: Trained) -> Evaluated:
        """Reads the test split once and scores the best weights on it (`Trained.weights`)."""


@runtime_checkable
class EvaluationElsewhere(Protocol):
    """An `evaluation.py` that can also measure a run on a corpus that others made."""

    def evaluate_on(self, settings: Any, trained: Trained, corpus: str, raw: Path) -> Evaluated:
        """Scores the best weights on `corpus`: a name of the catalogue, or a file."""


class Serving(Protocol):
    """`serving.py` of a task: the exported model, and how to ask it."""

    SIGNATURE: Signature
    BATCH_SIZE: int
    """Values that the model is asked about at once: fewer where each takes longer, so that
    answers come as they are made."""
    HUB: Hub

    def inputs(self, values: Sequence[Any]) -> dict[str, Any]:
        """What the signature is given to ask about values of the input field: name of each of its
        inputs -> a list or an array, one entry a value (or a single number for all)."""

    def test_inputs(self, test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
        """What the signature is given to repeat the reported scores."""

    def scores(
        self, outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path
    ) -> dict[str, float]:
        """The entries of metrics.json that these answers to `test_inputs` decide: with raw input,
        anybody can check a model against its report."""

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
    """A `serving.py` whose exported model can say how probable each label is."""

    def load_probabilities(self, folder: Path) -> Predictor:
        """The SavedModel in `folder` as what writes a table, whose form has a header; header and
        lines have tabs between cells. The labelled corpora of the task can be read from such a
        table.

        Raises:
            UserError: the model is damaged, or does not know its labels.
        """


@runtime_checkable
class GivesIdsModel(Protocol):
    """A `serving.py` that can take the text from in front of its model: for formats that have no
    strings."""

    def ids_model(self, settings: Any, trained: Trained) -> IdsModel:
        """The model of a finished run, from ids to numbers."""


@dataclasses.dataclass(frozen=True)
class Task:
    """One task: what goes in, what comes out, what can be set, and where its code is.

    Attributes:
        name: what the command line and the folders call it.
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
        target: of make, with which people ask the exported model; reports show it. `predict` asks
            sentiment, so another task that has a target names it here.
        corpus_groups: groups of settings that decide how the corpus is read.
        prepare_groups: groups of settings that decide how it becomes arrays.
        search_settings: single settings that matter only once there are weights: another value
            is another evaluation and another export, not another training.
        asking: a frozen dataclass of what else can be said when the exported model is asked.
    """

    name: str
    package: str
    summary: str
    settings: type
    input: Field[Any]
    output: Field[Any]
    example: Callable[[Any], Any]
    tiny: Any
    target: str = "predict"
    corpus_groups: tuple[str, ...] = ("corpus",)
    prepare_groups: tuple[str, ...] = ()
    search_settings: tuple[str, ...] = ()
    asking: type | None = None

    def __post_init__(self) -> None:
        groups = {group.name for group in dataclasses.fields(self.settings)}
        for name in ("run", "training", *self.corpus_groups, *self.prepare_groups):
            if name not in groups:
                raise ValueError(f"the settings of {self.name} have no group {name!r}")

    def example_of(self, settings: Any, prepared_folder: Path) -> Any:
        """A value of `input` to try on the model of a run."""
        data = self.data
        if isinstance(data, GivesExample):
            return data.example(settings, prepared_folder)
        return self.example(settings)

    @property
    def data(self) -> Data:
        """Files to splits to arrays."""
        return cast(Data, self._module("data"))

    @property
    def training(self) -> Training:
        """Arrays to a model that can be trained."""
        return cast(Training, self._module("training"))

    @property
    def evaluation(self) -> Evaluation:
        """A finished run to scores and a report."""
        return cast(Evaluation, self._module("evaluation"))

    @property
    def serving(self) -> Serving:
        """A finished run to an exported model, and how to ask it."""
        return cast(Serving, self._module("serving"))

    def _module(self, name: str) -> object:
        """Imported when a stage asks for it, so that no stage waits for what it does not need."""
        return importlib.import_module(f"{self.package}.{name}")


def task_names() -> list[str]:
    """The tasks there are: the packages beside this module."""
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
