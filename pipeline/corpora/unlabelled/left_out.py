"""Finds the texts that must not be learnt from, and the lines that contain one."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pipeline.compressed import unpacked_blocks, without_compression
from pipeline.corpora.annotated.annotated_file import annotated_texts
from pipeline.corpora.unlabelled.named_texts import held_out_texts, is_named
from pipeline.corpora.unlabelled.overlap import TextIndex
from pipeline.corpora.unlabelled.text_files import read_text_file
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.progress import track
from pipeline.text_file import decode

_TAGGED = (".conll", ".bio", ".iob")


@dataclasses.dataclass(frozen=True)
class TextsToAvoid:
    """Texts under one name.

    Attributes:
        name: as the user gave it; a file name without its folder.
        texts: the lines, or the sentences without markup.
        files: from which they were read.
        warnings: sentences that a user must not miss.
    """

    name: str
    texts: list[str]
    files: Sequence[Path]
    warnings: Sequence[str] = ()


def texts_to_avoid(name: str, raw: Path) -> TextsToAvoid:
    """The dev and test texts of a corpus of the catalogue, or all texts of a file: a text per line,
    a table, JSON, tagged tokens, or sentences with markup for entities.

    Raises:
        CorpusUnavailable: a corpus of the catalogue cannot be had.
        UserError: a file cannot be read.
    """
    if is_named(name):
        found = held_out_texts(name, raw)
        return TextsToAvoid(name, found.held_out, found.files, found.warnings)
    path = Path(name)
    texts, warnings = _texts_of_file(path)
    return TextsToAvoid(path.name, texts, [path], warnings)


def lines_to_leave_out(
    lines: Sequence[str], avoided: Sequence[TextsToAvoid]
) -> dict[str, set[int]]:
    """The lines that contain a text of each name (`TextIndex.places`): name -> numbers of lines."""
    texts = [(each.name, text) for each in avoided for text in each.texts]
    found: dict[str, set[int]] = collections.defaultdict(set)
    index = TextIndex([text for _, text in texts])
    for line, text in index.places(track(lines, "leaving out", unit="lines")):
        found[texts[text][0]].add(line)
    return {each.name: found[each.name] for each in avoided}


def _texts_of_file(path: Path) -> tuple[list[str], list[str]]:
    """The texts of a file without tags and markup, and warnings. If only some lines seem to have
    markup, these are included both with and without it."""
    named = path.with_name(without_compression(path.name))
    try:
        read = annotated_texts(*decode(b"".join(unpacked_blocks(path)), path), named)
    except UserError:
        if named.suffix.lower() in _TAGGED:
            raise
        return _lines_of_file(path), []
    marked_up = [t for t, e in zip(read.frame["text"], read.frame["label"], strict=True) if e]
    if read.details["format"] == "markup" and 2 * len(marked_up) < len(read.frame):
        return _lines_of_file(path) + marked_up, []
    unusable = sum(not reject.kept for reject in read.rejects)
    warning = (
        f"{counted(unusable, 'sentence')} of {path.name} could not be read, so nothing is left out "
        "for them."
    )
    return list(read.frame["text"]), [warning] if unusable else []


def _lines_of_file(path: Path) -> list[str]:
    return [line for document in read_text_file(path).documents for line in document]
