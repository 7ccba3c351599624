"""One sentence, cut by every tokenizer side by side."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import UserError
from pipeline.text.morphemes import ANALYZERS, MorphemeAnalyzer
from pipeline.text.tokenizer import SETTINGS_FILE, Tokenizer
from pipeline.text.tokenizers import KINDS, learn_tokenizer, load_tokenizer


def every_tokenizer(
    folder: Path | None, texts: Sequence[str], vocabulary_size: int = 8000
) -> dict[str, Tokenizer | MorphemeAnalyzer]:
    """Name -> tokenizer: every kind of pieces and every analyzer.

    Args:
        folder: of a tokenizer already learnt, or None.
        texts: what the kinds that are not in `folder` learn from.
        vocabulary_size: of those.
    """
    found: dict[str, Tokenizer | MorphemeAnalyzer] = {}
    learnt = None
    if folder is not None and (folder / SETTINGS_FILE).exists():
        learnt = load_tokenizer(folder)
        name = learnt.kind if learnt.morphemes is None else f"{learnt.morphemes} + {learnt.kind}"
        found[f"{name} (this run's)"] = learnt
    for kind in KINDS:
        if learnt is None or learnt.morphemes is not None or learnt.kind != kind:
            found[kind] = learn_tokenizer(kind, texts, vocabulary_size)
    return found | {name: MorphemeAnalyzer(name) for name in ANALYZERS}


def tokenizer_table(text: str, tokenizers: dict[str, Tokenizer | MorphemeAnalyzer]) -> str:
    """A table with a row for each tokenizer: name, pieces, how many.

    An analyzer that is not installed says so in its row.
    """
    table = Table("tokenizer")
    table.add_column("pieces", overflow="fold")
    table.add_column("count", justify="right")
    for name, tokenizer in tokenizers.items():
        try:
            found = (
                tokenizer.spans(text)
                if isinstance(tokenizer, MorphemeAnalyzer)
                else tokenizer.pieces(text)
            )
        except UserError as error:
            table.add_row(Text(name), Text(str(error), style="italic"), "-")
            continue
        # Text, not str: rich would read [UNK] as markup.
        pieces = Text(" | ").join(Text(piece.text) for piece in found)
        table.add_row(Text(name), pieces, str(len(found)))
    out = io.StringIO()
    Console(file=out, width=shutil.get_terminal_size((100, 24)).columns).print(table)
    return out.getvalue().rstrip("\n")
