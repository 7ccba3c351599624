"""The model card of an exported model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from pipeline.fields import Tensor

_FOLDER = Path(__file__).resolve().parent

# The second signature (docs/design.md), for tokenizers that cannot run in a graph.
IDS_INPUT = {
    "ids": Tensor(
        "int32",
        "[n, time]",
        "piece ids (line numbers of `vocab.txt` from 0), each row `[BOS] … [EOS]`, "
        "padded on the right with 0",
    )
}

IDS_EXAMPLE = [[2, 4, 3]]
"""A row of one piece."""


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """The contents of a model card.

    Attributes:
        task, summary: name and one line.
        folder: where the model lies, as a user types it.
        facts: name -> value, of the model: its shape, its labels.
        corpus: name -> value: title, source, licence, rows.
        warnings: sentences that must not be missed; they stand first.
        measured: one line on the test split.
        metrics: name -> number, on the test split.
        signature: its name in the SavedModel.
        inputs, outputs: name -> dtype, shape, what it is.
        example: input name -> Python for what the example passes.
        imports: modules that the example needs.
        about_text: whether it takes text, so that the text policy is told.
        limits: what not to expect.
        command: what made it.
        versions: package -> version it was made with.
    """

    task: str
    summary: str
    folder: str
    facts: Mapping[str, str]
    corpus: Mapping[str, str]
    warnings: Sequence[str]
    measured: str
    metrics: Mapping[str, float]
    signature: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    example: Mapping[str, str]
    imports: Sequence[str]
    about_text: bool
    limits: Sequence[str]
    command: str
    versions: Mapping[str, str]

    @property
    def takes_text(self) -> bool:
        """Whether the model takes raw text."""
        return any(dtype == "string" for dtype, _, _ in self.inputs.values())


def render_card(card: ModelCard) -> str:
    """Renders the card as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = code_span
    environment.filters["number"] = lambda v: f"{v:,}" if isinstance(v, int) else f"{v:.4f}"
    return environment.get_template("model_card.md.j2").render(card=card)


def code_span(text: object) -> str:
    """`text` as a Markdown code span in a table: on one line, every character literal."""
    one_line = " ".join(str(text).split()).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", one_line)), default=0))
    space = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{fence}{space}{one_line}{space}{fence}" if one_line else "—"
