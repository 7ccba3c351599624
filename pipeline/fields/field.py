"""The interface of all kinds of input and output."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from pipeline.errors import UserError

Value = TypeVar("Value")


class Tensor(NamedTuple):
    """An input or output of a signature: "float32", "[n, time, channels]", and a description."""

    dtype: str
    shape: str
    description: str


@dataclasses.dataclass(frozen=True)
class FileValues(Generic[Value]):
    """The values of a file, as a stream that may be larger than memory.

    Attributes:
        values: in their order. Those that have a checksum can be read again, and are the same then.
        count: how many they are; None where nobody knows before the end.
        checksum: of what they say; None where they cannot be read a second time (a pipe).
    """

    values: Iterable[Value]
    count: int | None
    checksum: str | None = None


@dataclasses.dataclass(frozen=True)
class Field(abc.ABC, Generic[Value]):
    """One input or output of a task, from the cell of a split to the tensor of a signature.

    Stages, model cards and the contract tests ask the field, and know nothing of text or
    pictures in particular. A task for which no field fits has one of its own: it derives from the
    one that nearly fits, or from this class and writes the abstract methods. docs/adding-a-task.md
    shows a whole one.

    A value exists in four forms: as Python has it (`Value`: a str, an array); as the cell of a
    split (`store`, `load`); as JSON (`to_json`, `from_json`); and as a file beside an exported
    model (`write_example`, `read_example`). Each pair of methods gives back a value with the same
    `digest`.

    Attributes:
        name: of the tensor in the signature.
        description: what it is, for the model card.
        column: of the splits; empty where it is called as the tensor.
        variable: variable of make with which a person gives a value (TEXT, FILE ...).

    Example:
        >>> label = Labels("label", "the most probable label")
        >>> label.in_column, label.load(label.store("긍정", folder), folder)
        ('label', '긍정')
    """

    name: str
    description: str
    column: str = ""
    variable: str = "FILE"

    dtype: ClassVar[str] = "string"
    """Of the tensor."""
    example_file: ClassVar[str] = "example.txt"
    """Name of the file beside an exported model that holds a value to try."""
    example_imports: ClassVar[tuple[str, ...]] = ()
    """Modules that `example_code` needs."""
    follows_text_policy: ClassVar[bool] = False
    """Whether it holds text, to which the exported graph applies the text policy; the model card
    then says so."""
    file_holds_many: ClassVar[bool] = False
    """Whether a file that a person gives may hold several values, as the lines of a text are.
    Answers about them then have a form (`pipeline.export.predictor.AnswerForm`)."""
    assets: ClassVar[tuple[str, ...]] = ()
    """Names of files that the export of a task that takes this must write into assets.extra."""

    @property
    def in_column(self) -> str:
        """The column of the splits that has the values."""
        return self.column or self.name

    @property
    def shape(self) -> str:
        """The shape of the tensor, with names for variable sizes; n is the number of values."""
        return "[n]"

    @property
    def tensor(self) -> Tensor:
        """The description for signature and model card."""
        return Tensor(self.dtype, self.shape, self.description)

    # ---- in a corpus

    @abc.abstractmethod
    def store(self, value: Value, folder: Path) -> str:
        """Writes a value as a cell of a split that lies in `folder`: one line without tabs."""

    @abc.abstractmethod
    def load(self, cell: str, folder: Path) -> Value:
        """Reads a value from a cell that `store` wrote.

        Raises:
            UserError: a file that the cell names is gone or was changed.
        """

    @abc.abstractmethod
    def digest(self, value: Value) -> str:
        """Hexadecimal hash of what a value says: splits by hash keep values with the same one
        together."""

    def load_all(self, cells: Sequence[str], folder: Path) -> list[Value]:
        """Reads many cells, as `load`."""
        return [self.load(cell, folder) for cell in cells]

    # ---- asked by a person

    def from_argument(self, argument: str) -> Value:
        """The value of `--text`.

        Raises:
            UserError: this kind of value cannot be typed.
        """
        raise UserError(
            f"{self.name} cannot be typed", where="--text", remedy="give a file with --file"
        )

    @abc.abstractmethod
    def from_file(self, path: str) -> list[Value]:
        """The values in a file; `-` is standard input.

        Raises:
            UserError: it cannot be read.
        """

    def open_values(self, path: str) -> FileValues[Value]:
        """The values in a file, as a stream if there may be many.

        Raises:
            UserError: as `from_file`; or, while they are read, it was changed.
        """
        values = self.from_file(path)
        return FileValues(values, len(values))

    def how_to_ask(self, value: Value) -> str:
        """The options of the stage `predict` for a value."""
        return "--example or --file"

    def answer(self, line: str) -> str:
        """A single answer, which came on one line, as it is shown."""
        return line

    def show(self, value: Value) -> str:
        """A value on one line, for people."""
        return " ".join(str(value).split())

    def size(self, value: Value) -> int:
        """The size of a value in a call of a model: characters of a text; 0 if all values have the
        same size."""
        return 0

    def as_argument(self, value: Value, folder: str) -> str:
        """The value of `variable` on the command line for the example in `folder`."""
        return f"{folder}/{self.example_file}"

    def unusual_values(self, example: Value) -> list[Value]:
        """Valid values that a tutorial never shows (an empty text, a picture of one pixel); the
        contract tests ask every model about them.

        Args:
            example: a usual value, for the shape of a series.
        """
        return []

    # ---- served

    @abc.abstractmethod
    def to_json(self, value: Value) -> Any:
        """A value as JSON, in the form of TensorFlow Serving's REST protocol."""

    @abc.abstractmethod
    def from_json(self, value: Any) -> Value:
        """Reads a value from the JSON of `to_json`.

        Raises:
            ValueError: it is something else.
        """

    @abc.abstractmethod
    def example_code(self, value: Value, file: str) -> str:
        """Python for a batch of one value, for the example in the model card: `['a text']`.

        Args:
            value: the example.
            file: path of the file in which it lies beside the model, for values that are not
                written out (`numpy.load("…")[None]`).
        """

    @abc.abstractmethod
    def write_example(self, value: Value, folder: Path) -> None:
        """Writes an example into `folder` as `example_file`."""

    @abc.abstractmethod
    def read_example(self, folder: Path) -> Value:
        """Reads the example that `write_example` wrote.

        Raises:
            OSError, UnicodeDecodeError: there is none.
        """


def read_bytes(path: str | Path) -> bytes:
    """Reads a file that a user names.

    Raises:
        UserError: there is no such file, or it is a folder.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError("no such file", where=path) from None
    except IsADirectoryError:
        raise UserError("is a folder, not a file", where=path) from None
