"""Labels: one for each example, or one for each of its steps."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pipeline.errors import UserError
from pipeline.fields.field import Field, read_bytes
from pipeline.one_line import without_breaks
from pipeline.workspace import write_text

LabelOrLabels = str | Sequence[str]


@dataclasses.dataclass(frozen=True)
class Labels(Field[LabelOrLabels]):
    """A label, or a list of labels, one per step.

    Attributes:
        each_step: whether there is one for each step.

    Example:
        >>> Labels("label", "the phase of each frame", each_step=True).tensor
        Tensor(dtype='string', shape='[n, time]', description='the phase of each frame')
    """

    each_step: bool = False

    file_holds_many: ClassVar[bool] = True

    @property
    def shape(self) -> str:
        return "[n, time]" if self.each_step else "[n]"

    def store(self, value: LabelOrLabels, folder: Path) -> str:
        """The label itself; of several a JSON list."""
        if self.each_step:
            return json.dumps(list(value), ensure_ascii=False)
        return without_breaks(str(value))

    def load(self, cell: str, folder: Path) -> LabelOrLabels:
        return self.from_json(json.loads(cell)) if self.each_step else cell

    def digest(self, value: LabelOrLabels) -> str:
        cell = self.store(value, Path())
        return hashlib.sha256(cell.encode("utf-8")).hexdigest()

    def from_file(self, path: str) -> list[LabelOrLabels]:
        """A label, or a JSON list of labels, a line."""
        try:
            lines = read_bytes(path).decode("utf-8-sig").rstrip("\n").split("\n")
            return [self.load(line, Path()) for line in lines]
        except ValueError as error:
            raise UserError(f"holds no labels ({error})", where=path) from None

    def show(self, value: LabelOrLabels) -> str:
        return value if isinstance(value, str) else " ".join(value)

    def to_json(self, value: LabelOrLabels) -> Any:
        return value if isinstance(value, str) else list(value)

    def from_json(self, value: Any) -> LabelOrLabels:
        labels = value if self.each_step else [value]
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise ValueError(f"{value!r} is no label")
        checked: LabelOrLabels = value
        return checked

    def example_code(self, value: LabelOrLabels, file: str) -> str:
        return repr([value])

    def write_example(self, value: LabelOrLabels, folder: Path) -> None:
        write_text(folder / self.example_file, f"{self.store(value, folder)}\n")

    def read_example(self, folder: Path) -> LabelOrLabels:
        return self.load((folder / self.example_file).read_text("utf-8").rstrip("\n"), folder)
