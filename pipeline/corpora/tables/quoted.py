"""Parses lines with fields between delimiters, some of them in quotes, into rows."""

from __future__ import annotations

import collections
import csv
import functools
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.table import Row, usual_width

# A quote that is never closed would swallow the rest of the file, one row at a time.
MAX_RECORD_LINES = 1000
# Longest field of several lines in a file in which a quote is otherwise a plain character.
_MAX_CELL_LINES = 100
_SPACED = re.compile(' +"')
_OPENS = re.compile(r'(?:^|[\t\n])"')
_QUOTED = re.compile(r'(?<![^\t\n])"((?:[^"]|"")*+)"(?![^\t\n])')


Rows = Iterator[Row | Rejected]
RowsOf = Callable[[Iterable[str]], Rows]
"""Parses lines, any number of them, into rows."""


def quoted_rows(lines: list[str], delimiter: str) -> tuple[list[Row | Rejected], RowsOf]:
    """Parses lines with quoted fields, as in RFC 4180, line ends included; also returns how to
    parse further lines of the same file.

    A row with an unpaired quote, or of more than 1,000 lines, is rejected, and reading goes on
    with the line after its first. White space behind a delimiter is dropped if fields have it
    before a quote and no fewer rows have the usual width without it (`a, "b, c"`).
    """
    how = functools.partial(_records, delimiter=delimiter)
    rows = list(how(lines))
    if any(_SPACED.match(field) for row in _only_rows(rows) for field in row.fields):
        other = functools.partial(how, skipinitialspace=True)
        without = list(other(lines))
        if _ragged(without) <= _ragged(rows):
            return without, other
    return rows, how


def tab_rows(lines: list[str]) -> tuple[list[Row | Rejected], RowsOf, bool]:
    """Parses lines with tabs; also returns how to parse further lines of the same file, and whether
    fields are quoted.

    They are if every quote of the file stands where CSV would have it, and either half of the
    rows have a quoted field or some field can only be explained so (it has a line end or a quote
    in it). In any other file a quote is a plain character, with one exception: a field that opens
    with a quote, does not end on its line, and gives a row of the usual width if it is read up to
    the closing quote, is a field of several lines, as spreadsheets copy them.
    """
    plain: list[Row | Rejected] = [
        Row(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()
    ]
    text = "\n".join(lines)
    quoted = functools.partial(_records, delimiter="\t")
    long = functools.partial(_with_long_cells, width=usual_width(_only_rows(plain)))
    if not _OPENS.search(text):
        return plain, long, False
    if _quotes_as_csv_does(text, len(plain)):
        rows = list(quoted(lines))
        if _ragged(rows) <= _ragged(plain):
            return rows, quoted, True
    return list(long(lines)), long, False


class _Lines:
    """An iterator over lines to which lines can be given back.

    Attributes:
        first: number of the first line that is not finished, from 1.
    """

    def __init__(self, lines: Iterable[str]):
        self.first = 1
        self._coming = iter(lines)
        self._waiting: collections.deque[str] = collections.deque()
        self._taken: list[str] = []

    def ahead(self, count: int) -> bool:
        """Whether there is a line left; looks at most `count` lines ahead."""
        self._waiting += itertools.islice(self._coming, max(count - len(self._waiting), 0))
        return bool(self._waiting)

    def record(self) -> Iterator[str]:
        """Yields lines with their ends, until `done` is called or 1,000 are taken."""
        while len(self._taken) < MAX_RECORD_LINES and self.ahead(1):
            self._taken.append(self._waiting.popleft())
            yield self._taken[-1] + "\n"

    def done(self) -> None:
        """Marks the lines that were taken as finished."""
        self.first += len(self._taken)
        self._taken = []

    def give_back(self) -> str:
        """Marks only the first of the lines that were taken as finished, and returns it."""
        first, *others = self._taken
        self._waiting.extendleft(reversed(others))
        self._taken = []
        self.first += 1
        return first


def _records(lines: Iterable[str], delimiter: str, skipinitialspace: bool = False) -> Rows:
    """The rows, parsed strictly; an error rejects one line."""
    csv.field_size_limit(sys.maxsize)
    source = _Lines(lines)
    while source.ahead(1):
        reader = csv.reader(
            source.record(), delimiter=delimiter, strict=True, skipinitialspace=skipinitialspace
        )
        try:
            for fields in reader:
                if any(fields):
                    yield Row(source.first, fields)
                source.done()
        except csv.Error as error:
            line = source.first
            yield Rejected(line, _reason(error), source.give_back())


def _reason(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote opens and is not closed"
    if "new-line" in str(error):
        return "a carriage return stands outside quotes"
    return f"not valid CSV ({error})"


def _only_rows(rows: Iterable[Row | Rejected]) -> list[Row]:
    return [row for row in rows if isinstance(row, Row)]


def _ragged(rows: list[Row | Rejected]) -> int:
    """The number of rows with another width than most, or that could not be parsed."""
    width = usual_width(_only_rows(rows))
    return sum(isinstance(row, Rejected) or len(row.fields) != width for row in rows)


def _quotes_as_csv_does(text: str, lines: int) -> bool:
    """Whether quotes stand only around whole fields, doubled inside, and there is a sign that they
    are meant so.

    A field of several lines with tabs in it is more likely an unclosed quote.
    """
    quotes = quoting_lines = end = 0
    explained = False
    for match in _QUOTED.finditer(text):
        content = match[1]
        has_line_end = "\n" in content
        if has_line_end and "\t" in content:
            return False
        quotes += 2 + content.count('"')
        quoting_lines += end == 0 or text.find("\n", end, match.start()) >= 0
        lines -= content.count("\n")
        explained = explained or has_line_end or '""' in content
        end = match.end()
    return quotes == text.count('"') and (explained or 2 * quoting_lines >= lines)


def _with_long_cells(lines: Iterable[str], width: int) -> Rows:
    """A row per line, or of several lines where a quoted field has line ends."""
    coming = iter(lines)
    near: collections.deque[str] = collections.deque()  # lines behind the one that is looked at
    number, cut = 0, False
    while (line := near.popleft() if near else next(coming, None)) is not None:
        number += 1
        if not line.strip():
            continue
        fields = line.split("\t")
        ragged = len(fields) != width
        if _is_open(fields[-1]):
            near += itertools.islice(coming, _MAX_CELL_LINES - 1 - len(near))
            row = None
            if ragged or _is_ragged(near, width):
                row = _long_row([line, *near], number, width)
            if row is not None:
                yield row
                for _ in range((row.written or "").count("\n")):
                    near.popleft()
                    number += 1
                cut = False
                continue
        if cut and not ragged and _closes_and_opens(fields):
            yield Rejected(number, "its quotes are those of fields with line ends", line)
        else:
            yield Row(number, fields)
        cut = cut and not ragged or ragged


def _is_open(cell: str) -> bool:
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _is_ragged(near: Sequence[str], width: int) -> bool:
    """Whether the first line has another width."""
    return len(near) > 0 and near[0].count("\t") + 1 != width


def _closes_and_opens(fields: list[str]) -> bool:
    """Whether a field of an earlier line ends on this line, and another begins and goes on."""
    return any(
        one.endswith('"') and one.count('"') % 2 and _is_open(other)
        for one, other in zip(fields, fields[1:], strict=False)
    )


def _long_row(near: Sequence[str], number: int, width: int) -> Row | None:
    """The row of several lines that begins on the first line, `number`; None if there is none."""
    reader = csv.reader((line + "\n" for line in near), delimiter="\t", strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        return None
    taken = list(itertools.islice(near, reader.line_num))
    whole_rows = any("\t" in line and '"' not in line for line in taken[1:])
    if len(taken) < 2 or len(fields) != width or whole_rows:
        return None
    return Row(number, fields, "\n".join(taken))
