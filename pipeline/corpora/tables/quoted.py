"""Lines with fields between delimiters, some of them in quotes, as rows."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.table import Row, usual_width

# A quote that is never closed would swallow the rest of the file, one row at a time.
LONGEST_RECORD = 1000
# Of a field of several lines in a file in which a quote is otherwise a character.
_LONGEST_CELL = 100
_SPACED = re.compile(' +"')
_OPENS = re.compile(r'(?:^|[\t\n])"')
_QUOTED = re.compile(r'(?<![^\t\n])"((?:[^"]|"")*+)"(?![^\t\n])')


def quoted_rows(lines: list[str], delimiter: str) -> list[Row | Rejected]:
    """Rows of lines in which quotes quote, as in RFC 4180, line ends included.

    A row whose quotes do not come out even, or that runs over more than 1,000 lines, is rejected,
    and reading goes on with the line after its first. White space behind a delimiter is left out
    where fields have it before a quote and no fewer rows come out even without it (`a, "b, c"`).
    """
    rows = list(_records(lines, delimiter))
    if any(_SPACED.match(field) for row in _only_rows(rows) for field in row.fields):
        without = list(_records(lines, delimiter, skipinitialspace=True))
        if _ragged(without) <= _ragged(rows):
            return without
    return rows


def tab_rows(lines: list[str]) -> tuple[list[Row | Rejected], bool]:
    """Rows of lines with tabs, and whether quotes quote in them.

    They do where every quote of the file stands where CSV would have it, and either half of the
    rows have a quoted field or some field can only be explained so (a line end or a quote in
    it). Everywhere else a quote is a character like any other, but for one thing: a field that
    opens with a quote, does not end on its line, and gives a row of the usual width if read on to
    the quote that closes it, is a field of several lines, as spreadsheets copy them.
    """
    plain: list[Row | Rejected] = [
        Row(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()
    ]
    text = "\n".join(lines)
    if not _OPENS.search(text):
        return plain, False
    if _quotes_as_csv_does(text, len(plain)):
        rows = list(_records(lines, "\t"))
        if _ragged(rows) <= _ragged(plain):
            return rows, True
    return list(_with_long_cells(lines, usual_width(_only_rows(plain)))), False


def _records(
    lines: list[str], delimiter: str, skipinitialspace: bool = False
) -> Iterator[Row | Rejected]:
    """The rows; strict, and every mishap costs one line."""
    csv.field_size_limit(sys.maxsize)
    start = 0
    while start < len(lines):
        taken = start

        def feed() -> Iterator[str]:
            nonlocal taken
            while taken < min(len(lines), start + LONGEST_RECORD):  # noqa: B023
                taken += 1
                yield lines[taken - 1] + "\n"

        reader = csv.reader(
            feed(), delimiter=delimiter, strict=True, skipinitialspace=skipinitialspace
        )
        try:
            for fields in reader:
                if any(fields):
                    yield Row(start + 1, fields)
                start = taken
        except csv.Error as error:
            yield Rejected(start + 1, _reason(error), lines[start])
            start += 1


def _reason(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote opens and is not closed"
    if "new-line" in str(error):
        return "a carriage return stands outside quotes"
    return f"not valid CSV ({error})"


def _only_rows(rows: Iterable[Row | Rejected]) -> list[Row]:
    return [row for row in rows if isinstance(row, Row)]


def _ragged(rows: list[Row | Rejected]) -> int:
    """How many have another width than most, or could not be taken apart."""
    width = usual_width(_only_rows(rows))
    return sum(isinstance(row, Rejected) or len(row.fields) != width for row in rows)


def _quotes_as_csv_does(text: str, lines: int) -> bool:
    """Whether quotes stand around whole fields only, doubled inside, and there is a reason to
    take them for quoting.

    A field over several lines with tabs in it is more likely a quote that nobody closed.
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


def _with_long_cells(lines: list[str], width: int) -> Iterator[Row | Rejected]:
    """A row a line, or of several where a quoted field has line ends."""
    number, cut = 0, False
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip():
            continue
        fields = line.split("\t")
        ragged = len(fields) != width
        if _is_open(fields[-1]) and (ragged or _is_ragged(lines, number, width)):
            row = _long_row(lines, number - 1, width)
            if row is not None:
                yield row
                number += (row.written or "").count("\n")
                cut = False
                continue
        if cut and not ragged and _closes_and_opens(fields):
            yield Rejected(number, "its quotes are those of fields with line ends", line)
        else:
            yield Row(number, fields)
        cut = cut and not ragged or ragged


def _is_open(cell: str) -> bool:
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _is_ragged(lines: list[str], number: int, width: int) -> bool:
    return number < len(lines) and lines[number].count("\t") + 1 != width


def _closes_and_opens(fields: list[str]) -> bool:
    """Whether a field of one line before ends here, and one begins that ends on a line below."""
    return any(
        one.endswith('"') and one.count('"') % 2 and _is_open(other)
        for one, other in zip(fields, fields[1:], strict=False)
    )


def _long_row(lines: list[str], start: int, width: int) -> Row | None:
    """The row of several lines that begins at `start`, None where there is none."""
    feed = (line + "\n" for line in lines[start : start + _LONGEST_CELL])
    reader = csv.reader(feed, delimiter="\t", strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        return None
    taken = lines[start : start + reader.line_num]
    whole_rows = any("\t" in line and '"' not in line for line in taken[1:])
    if len(taken) < 2 or len(fields) != width or whole_rows:
        return None
    return Row(start + 1, fields, "\n".join(taken))
