"""One sentence, cut by every tokenizer side by side."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import UserError
from pipeline.text.morphemes import ANALYZERS, MorphemeAnalyzer
from pipeline.text.syllables import SyllableTokenizer
from pipeline.text.tokenizer import SETTINGS_FILE, Tokenizer, load_tokenizer


def every_tokenizer(folder: Path | None) -> dict[str, Tokenizer | MorphemeAnalyzer]:
    """Name -> tokenizer: the one learnt into `folder`, if there is one, and all analyzers.

    A wordpiece vocabulary knows every one of its syllables alone, so it also shows these.
    """
    found: dict[str, Tokenizer | MorphemeAnalyzer] = {}
    if folder is not None and (folder / SETTINGS_FILE).exists():
        learnt = load_tokenizer(folder)
        name = learnt.kind if learnt.morphemes is None else f"{learnt.kind}, {learnt.morphemes}"
        found[f"{name} (learnt)"] = learnt
        if learnt.kind == "wordpiece" and learnt.morphemes is None:
            found["syllable"] = SyllableTokenizer(learnt.vocabulary)
    return found | {name: MorphemeAnalyzer(name) for name in ANALYZERS}


def side_by_side(text: str, tokenizers: dict[str, Tokenizer | MorphemeAnalyzer]) -> str:
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
