"""Reads a user's own sentence pairs, in any of the common formats."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path, PurePosixPath

from pipeline.corpora.parallel.aligned_files import (
    AlignedFiles,
    aligned_files,
    aligned_names,
    pairs_of_lines,
    read_aligned,
)
from pipeline.corpora.parallel.packed import Packed, first_bytes, unpacked
from pipeline.corpora.parallel.pair_columns import SideColumns, choose_sides
from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, pair_id
from pipeline.corpora.parallel.tmx import is_xml, read_tmx
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.delimited import Row, Table, as_rows
from pipeline.corpora.tables.table import JSON
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, decode, is_damaged, read_text, split_lines

SUFFIXES = (".tsv", ".csv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".tmx", ".zip")
BARS = "|||"
"""The separator between two sides in files of Moses and fast_align."""
# Names of files in an archive that hold no sentences.
_NO_PAIRS = ("readme", "license", "licence", "_about", "about", "copying", "changelog", "citation")
_TABLES = (*SUFFIXES[:-1], "")


def read_pairs(own: Path | AlignedFiles) -> PairTexts:
    """Reads a user's own file of pairs.

    It is a table (`delimited.read_table`: TSV, CSV, JSON ..., or lines of `ko ||| en`), a TMX, two
    aligned files (`aligned_files`; `own` is both, either, or the beginning of their names), or one
    of these in an archive or compressed. The content decides which. The columns of a table are
    chosen by `pair_columns.choose_sides`.

    Sides are kept as they are; a row with too few or too many columns is rejected. If a row has
    several translations of a sentence, each gives a pair.

    Returns:
        id is `pair_id`. With the details encoding, format and read_as (a sentence for people); of a
        table also delimiter, header, ko_column and en_column (numbers from 1), and swapped (the
        header names them the other way round; there is a warning, too).

    Raises:
        UserError: no file, no text file, or no pairs of two languages in it.
    """
    if isinstance(own, AlignedFiles):
        return read_aligned(own)
    if (files := aligned_files(own)) is not None:
        return read_aligned(files)
    if (packed := unpacked(own)) is not None:
        return _read_packed(packed)
    with contextlib.suppress(OSError):
        if own.suffix.lower() == ".tmx" and own.stat().st_size or is_xml(first_bytes(own, 256)):
            with own.open("rb") as file:
                return read_tmx(file, own.name, own)
    return _read_table(*read_text(own), own, own)


def _read_packed(packed: Packed) -> PairTexts:
    """The two files, or the one table or TMX, in an archive."""
    sides = aligned_names(packed.names)
    if len(sides) == 1:
        names = [PurePosixPath(name).name for name in sides[0]]
        return pairs_of_lines(*zip(names, packed.read(sides[0]), strict=True), packed.path)
    tables = [name for name in packed.names if _may_have_pairs(name)]
    if len(packed.names) == 1:
        tables = packed.names
    if sides or len(tables) != 1:
        listed = [PurePosixPath(name).name for name in packed.names]
        raise UserError(
            f"which of the {counted(len(listed), 'file')} in it has the pairs is not clear"
            + (f" ({', '.join(listed[:5])})" if listed else ""),
            where=packed.path,
            remedy="unpack it, and name one file, or a .ko and a .en",
        )
    name, data = tables[0], packed.read(tables)[0]
    if is_xml(data[:256]):
        return read_tmx(io.BytesIO(data), PurePosixPath(name).name, packed.path)
    return _read_table(*decode(data, f"{packed.path}: {name}"), Path(name), packed.path)


def _may_have_pairs(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in _TABLES and not path.name.casefold().startswith(_NO_PAIRS)


def _read_table(text: str, encoding: str, path: Path, where: Path) -> PairTexts:
    table = _by_bars(text, encoding) or _by_lists(text, encoding) or as_rows(text, encoding, path)
    if not table.rows:
        raise UserError("has no row", where=where, remedy="write one pair per line: ko, tab, en")
    columns = choose_sides(table.rows, where, has_header=table.delimiter == JSON)
    texts = PairTexts([], details=_details(table, columns))
    if columns.swapped:
        texts.warnings.append(
            f"{path.name}: its columns are swapped, the one called Korean is English; "
            "they were read the other way round."
        )
    for reject in table.rejects:
        texts.reject_unpaired(path.name, reject.line, reject.reason, reject.content)
    for row in table.rows[columns.header :]:
        if len(row.fields) != columns.width:
            wrong = f"{counted(len(row.fields), 'column')} instead of {columns.width}"
            texts.reject_unpaired(path.name, row.line, wrong, table.written(row))
            continue
        if columns.header and row.fields == table.rows[0].fields:
            texts.reject_unpaired(path.name, row.line, "is the header again", table.written(row))
            continue
        for ko, en in _sides(row, columns, table.delimiter == JSON):
            texts.pairs.append(SentencePair(ko, en, pair_id(ko, en), row.line, path.name))
    texts.details["read_as"] = _read_as(texts, table, columns, path)
    return texts


def _sides(row: Row, columns: SideColumns, is_json: bool) -> list[tuple[str, str]]:
    """The sentence of a row with each of its translations; an empty one only if all are empty."""

    def written(*places: int) -> list[str]:
        cells = [row.fields[place] for place in places]
        if is_json:
            cells = [text for cell in cells for text in _listed(cell)]
        return [cell for cell in cells if cell.strip()] or cells[:1]

    korean = written(columns.ko, *columns.other_ko)
    english = written(columns.en, *columns.other_en)
    return list(dict.fromkeys((ko, en) for ko in korean for en in english))


def _listed(cell: str) -> list[str]:
    """The texts of a JSON list, such as several references; of any other cell the cell itself."""
    if cell.startswith('["'):
        with contextlib.suppress(ValueError):
            texts = json.loads(cell)
            if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
                return texts
    return [cell]


def _by_bars(text: str, encoding: str) -> Table | None:
    """The rows of a text with `|||` between the sides in most lines; None for any other text."""
    lines = split_lines(text)
    seen = [line for line in lines[:200] if line.strip()]
    with_tab, with_bars = (sum(mark in line for line in seen) for mark in ("\t", BARS))
    if 2 * with_bars <= len(seen) or 2 * with_tab >= len(seen):
        return None
    rows, rejects = [], []
    for number, line in enumerate(lines, 1):
        if is_damaged(line):
            rejects.append(Rejected(number, DAMAGED, line))
        elif line.strip():
            rows.append(Row(number, [field.strip() for field in line.split(BARS)], line))
    return Table(rows, rejects, encoding, BARS)


def _by_lists(text: str, encoding: str) -> Table | None:
    """The rows of JSON with a list of texts for each pair, in one list or a line each; None for any
    other text."""
    begin = text.lstrip("\ufeff \t\r\n")
    if not begin.startswith("["):
        return None
    lines = [line.strip().rstrip(",") for line in split_lines(begin) if line.strip()]
    try:
        whole = re.match(r"\[\s*\[", begin)
        items = json.loads(begin) if whole else list(map(json.loads, lines))
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(item, list) and all(isinstance(t, str) for t in item) for item in items):
        return None
    rows, rejects = [], []
    for number, item in enumerate(items, 1):
        if any(map(is_damaged, item)):
            rejects.append(Rejected(number, DAMAGED, "\t".join(item)))
        elif any(map(str.strip, item)):
            rows.append(Row(number, item))
    return Table(rows, rejects, encoding, "tab")


def _details(table: Table, columns: SideColumns) -> dict:
    return {
        "format": "table",
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header": columns.header,
        "ko_column": columns.ko + 1,
        "en_column": columns.en + 1,
        "swapped": columns.swapped,
    }


def _read_as(texts: PairTexts, table: Table, columns: SideColumns, path: Path) -> str:
    def described(place: int, others: tuple[int, ...]) -> str:
        names = []
        for number in (place, *others):
            name = table.rows[0].fields[number].strip() if columns.header else ""
            names.append(f"{number + 1} ({name})" if name else str(number + 1))
        return f"column{'s' if others else ''} {', '.join(names)}"

    between = "JSON" if table.delimiter == JSON else f"{table.delimiter} between columns"
    header = ", its first line names the columns" if columns.header and between != "JSON" else ""
    return (
        f"{path.name} ({table.encoding}, {between}{header}): Korean is "
        f"{described(columns.ko, columns.other_ko)}, English is "
        f"{described(columns.en, columns.other_en)}, {counted(len(texts.pairs), 'pair')}"
    )
