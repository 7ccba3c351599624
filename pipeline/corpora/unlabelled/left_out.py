"""Texts that must not be learnt from: those of a name or a file, and the lines that hold one."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.unlabelled.named_texts import held_out_texts, is_named
from pipeline.corpora.unlabelled.overlap import TextIndex
from pipeline.corpora.unlabelled.text_files import read_text_file
from pipeline.errors import UserError

_STRAY_SHARE = 0.5
_TAGGED = (".conll", ".bio", ".iob")


@dataclasses.dataclass(frozen=True)
class TextsToAvoid:
    """Texts under one name.

    Attributes:
        name: as a person gave it; of a file without its folder.
        texts: each line, or each sentence without its markup.
        files: what they were read from.
        warnings: sentences that a user must not miss.
    """

    name: str
    texts: list[str]
    files: Sequence[Path]
    warnings: Sequence[str] = ()


def texts_to_avoid(name: str, raw: Path) -> TextsToAvoid:
    """The dev and test texts of a name of the catalogue, or all texts of a file: of a text a
    line, a table, JSON, tagged tokens, or sentences with entities marked up.

    Raises:
        CorpusUnavailable: a corpus of the catalogue cannot be had.
        UserError: a file that cannot be read.
    """
    if is_named(name):
        found = held_out_texts(name, raw)
        return TextsToAvoid(name, found.held_out, found.files, found.warnings)
    path = Path(name)
    return TextsToAvoid(path.name, _texts_of_file(path), [path])


def lines_to_leave_out(
    lines: Sequence[str], avoided: Sequence[TextsToAvoid]
) -> dict[str, set[int]]:
    """Which lines hold a text of each (`TextIndex.places`): name -> numbers of lines."""
    texts = [(each.name, text) for each in avoided for text in each.texts]
    found: dict[str, set[int]] = collections.defaultdict(set)
    for line, text in TextIndex([text for _, text in texts]).places(lines):
        found[texts[text][0]].add(line)
    return {each.name: found[each.name] for each in avoided}


def _texts_of_file(path: Path) -> list[str]:
    """The texts of a file without tags and markup; where only some lines seem to have markup,
    those lines both with and without it."""
    try:
        read = read_annotated(path)
        entities = sum(map(bool, read.frame["label"]))
    except UserError:  # not one of these formats, or compressed
        entities = 0
    if entities and (
        read.details["format"] != "markup" or entities >= _STRAY_SHARE * len(read.frame)
    ):
        return list(read.frame["text"])
    if path.suffix.lower() in _TAGGED:
        return list(read_annotated(path).frame["text"])  # or what is wrong with it
    lines = [line for document in read_text_file(path).documents for line in document]
    return lines + (list(read.frame["text"]) if entities else [])
