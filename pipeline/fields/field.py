"""What every kind of input and output can do."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from pipeline.errors import UserError

Value = TypeVar("Value")


class Tensor(NamedTuple):
    """One input or output of a signature: "float32", "[n, time, channels]", and what it is."""

    dtype: str
    shape: str
    description: str


@dataclasses.dataclass(frozen=True)
class Asked(Generic[Value]):
    """Values that are asked about, one after the other: they may be more than memory holds.

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
        """The column of the splits that holds it."""
        return self.column or self.name

    @property
    def shape(self) -> str:
        """Of the tensor, with names for what may vary; n is the number of values."""
        return "[n]"

    @property
    def tensor(self) -> Tensor:
        """How the signature and the model card describe it."""
        return Tensor(self.dtype, self.shape, self.description)

    # ---- in a corpus

    @abc.abstractmethod
    def store(self, value: Value, folder: Path) -> str:
        """A value as a cell of a split that lies in `folder`: one line without tabs."""

    @abc.abstractmethod
    def load(self, cell: str, folder: Path) -> Value:
        """The value of a cell that `store` made.

        Raises:
            UserError: a file that the cell names is gone or was changed.
        """

    @abc.abstractmethod
    def digest(self, value: Value) -> str:
        """Hexadecimal hash of what a value says: splits by hash keep values with the same one
        together."""

    def load_all(self, cells: Sequence[str], folder: Path) -> list[Value]:
        """`load` of many cells."""
        return [self.load(cell, folder) for cell in cells]

    # ---- asked by a person

    def from_argument(self, argument: str) -> Value:
        """What `--text` means.

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

    def asked(self, path: str) -> Asked[Value]:
        """The values in a file, as a stream where it may hold many.

        Raises:
            UserError: as `from_file`; or, while they are read, it was changed.
        """
        values = self.from_file(path)
        return Asked(values, len(values))

    def how_to_ask(self, value: Value) -> str:
        """Options of the stage `predict` that ask about a value."""
        return "--example or --file"

    def answer(self, line: str) -> str:
        """How a single answer, which came on one line, is shown."""
        return line

    def show(self, value: Value) -> str:
        """A value on one line, for people."""
        return " ".join(str(value).split())

    def size(self, value: Value) -> int:
        """What a value adds to the size of a call: characters of a text; 0 where all are alike."""
        return 0

    def as_argument(self, value: Value, folder: str) -> str:
        """What `variable` is set to, to ask about the example that lies in `folder`."""
        return f"{folder}/{self.example_file}"

    # ---- served

    @abc.abstractmethod
    def to_json(self, value: Value) -> Any:
        """A value as JSON, in the way of TensorFlow Serving's REST protocol."""

    @abc.abstractmethod
    def from_json(self, value: Any) -> Value:
        """What `to_json` made, as a value again.

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
        """Writes a value to try into `folder` as `example_file`."""

    @abc.abstractmethod
    def read_example(self, folder: Path) -> Value:
        """What `write_example` wrote.

        Raises:
            OSError, UnicodeDecodeError: there is none.
        """


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file that a person names.

    Raises:
        UserError: there is no such file, or it is a folder.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError("no such file", where=path) from None
    except IsADirectoryError:
        raise UserError("is a folder, not a file", where=path) from None
