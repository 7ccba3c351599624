"""Text: a string as it was written."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
from pathlib import Path
from typing import Any, ClassVar

from pipeline.compressed import unpacked_blocks
from pipeline.fields.field import Field, FileValues
from pipeline.normalize import normalize
from pipeline.one_line import as_written, without_breaks
from pipeline.text_lines import piped_lines, standard_input, text_lines
from pipeline.workspace import write_text

_UNUSUAL = (
    "",
    "두 줄\n짜리\t글",
    "ㅋㅋㅋ",
    "\u1100\u1161\u11a8",
    "👨\u200d👩\u200d👧",
    "\x00\u200b",
    "漢字 <b>&amp;",
)


@dataclasses.dataclass(frozen=True)
class Text(Field[str]):
    """A text: a cell of a TSV, `--text` or the lines of `--file`, a string tensor.

    Attributes:
        variable: variable of make that holds a text to ask about.
        multiline: whether it may have several lines, which are shown as such where it stands
            alone.

    Example:
        >>> Text("text", "reviews as they were written, UTF-8").tensor
        Tensor(dtype='string', shape='[n]', description='reviews as they were written, UTF-8')
    """

    variable: str = "TEXT"
    multiline: bool = False

    follows_text_policy: ClassVar[bool] = True
    file_holds_many: ClassVar[bool] = True
    assets: ClassVar[tuple[str, ...]] = ("vocab.txt", "tokenizer.json")

    def store(self, value: str, folder: Path) -> str:
        """A run of tabs and line breaks becomes one space, as the text policy would make it."""
        return without_breaks(value)

    def load(self, cell: str, folder: Path) -> str:
        return cell

    def digest(self, value: str) -> str:
        return hashlib.sha256(normalize(value).encode("utf-8")).hexdigest()

    def from_argument(self, argument: str) -> str:
        """Bytes that are no UTF-8, which Python carries as lone surrogates, become U+FFFD."""
        return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def from_file(self, path: str) -> list[str]:
        """The lines of a file, as `text_lines` and `piped_lines` read them; what is damaged in them
        becomes U+FFFD, so that there is an answer for each."""
        return list(self.open_values(path).values)

    def open_values(self, path: str) -> FileValues[str]:
        if path == "-":
            return FileValues(piped_lines(standard_input(), "standard input"), None)
        file = Path(path)
        if file.exists() and not file.is_file() and not file.is_dir():  # a pipe of the shell's
            return FileValues(piped_lines(unpacked_blocks(file, shown=False), file), None)
        lines = text_lines(file)
        return FileValues(lines, lines.count, lines.checksum)

    def size(self, value: str) -> int:
        return len(value)

    def as_argument(self, value: str, folder: str) -> str:
        return value

    def how_to_ask(self, value: str) -> str:
        of_make = f"with make {self.variable}= or FILE="
        return f"--text {shlex.quote(value)} or --file texts.txt; {of_make}"

    def answer(self, line: str) -> str:
        """The answer with its line breaks, if it may have some."""
        return as_written(line) if self.multiline else line

    def unusual_values(self, example: str) -> list[str]:
        return list(_UNUSUAL)

    def to_json(self, value: str) -> Any:
        return value

    def from_json(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no string")
        return value

    def example_code(self, value: str, file: str) -> str:
        return repr([value])

    def write_example(self, value: str, folder: Path) -> None:
        write_text(folder / self.example_file, f"{value}\n")

    def read_example(self, folder: Path) -> str:
        return (folder / self.example_file).read_text("utf-8").rstrip("\n")
