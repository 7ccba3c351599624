"""Readers of labelled texts: NSMC as published, and whatever table a user brings."""

from __future__ import annotations

import collections
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from pipeline.corpora.html_entities import entity_warnings
from pipeline.corpora.labelled.columns import Columns, choose, without_blank_ends
from pipeline.corpora.labelled.labels import (
    counts_in_words,
    merged_in_words,
    number_of,
    short,
    unify,
)
from pipeline.corpora.labelled.probabilities import (
    distribution,
    has_own_label,
    most_probable,
    with_probabilities,
)
from pipeline.corpora.labelled.probability_columns import (
    ProbabilityColumns,
    columns_named_after_labels,
    columns_without_label,
)
from pipeline.corpora.read_texts import ReadTexts
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import FEWEST_ROWS, text_id
from pipeline.corpora.tables.delimited import ABOVE, read_table
from pipeline.corpora.tables.table import JSON, Row, Table
from pipeline.counts import counted
from pipeline.errors import UserError

POLARITY = {"0": "negative", "1": "positive"}


class LabelledTexts(ReadTexts):
    """Texts with one label each.

    A text may be empty. Where labels have probabilities, `frame` has the columns of
    `with_probabilities`, too.
    """


def read_nsmc(path: Path, counts: Mapping[str, int] | None = None) -> LabelledTexts:
    """Reads one file of NSMC (https://github.com/e9t/nsmc): id, document, label 0 or 1.

    A line ends with LF alone. Empty documents are kept. Every document in which a quote occurs
    was written through CSV twice: doubled and enclosed, and that doubled and enclosed again.
    Both layers are undone (`_unquote_twice`), never a third, which would take the quotes that a
    reviewer put around the whole text (31 do). A document whose quotes do not have both layers
    is left as it is; the published files have none: 623 documents of train and 233 of test have
    quotes, all of them in two layers.

    Args:
        counts: what must be found: `rows`, and rows per label (`Corpus.counts`).

    Raises:
        UserError: no such file, not NSMC, or other counts than expected.
    """
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy="fetch it first") from None
    except UnicodeDecodeError as error:
        raise UserError(f"is not valid UTF-8 ({error.reason})", where=path) from None
    if lines[0].split("\t") != ["id", "document", "label"]:
        raise UserError(
            "is not an NSMC file: its first line is not id, document, label",
            where=path,
            remedy="give it as a file of your own instead",
        )
    rows, rejects, unquoted = [], [], 0
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) == 3 and fields[2] in POLARITY:
            if (plain := _unquote_twice(fields[1])) is not None:
                unquoted += 1
                fields[1] = plain
            rows.append((fields[0], fields[1], POLARITY[fields[2]]))
        elif line:
            wrong = (
                "its label is not 0 or 1" if len(fields) == 3 else counted(len(fields), "column")
            )
            rejects.append(Rejected(number, wrong, line))
    frame = _frame(rows)
    empty = int((frame["text"] == "").sum())
    details = {"rows": len(rows), "rejected": len(rejects), "empty": empty, "unquoted": unquoted}
    if counts:
        _check_counts(frame, counts, path)
    return LabelledTexts(frame, rejects, details)


def read_labelled(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    known: Collection[str] = (),
) -> LabelledTexts:
    """Reads a TSV, CSV or JSON file of a user's own.

    Encoding, delimiter and rows are found as `delimited.read_table` says, columns and header as
    `columns.choose` says. Texts are kept as they are, empty ones too; labels are made one as
    `labels.unify` says. Columns of probabilities are found as `probability_columns` says; a row
    without a label then has the most probable one. Rejected are rows with too few or too many
    columns, without a label, or with cells that are no probabilities, what stands above the
    header, and headers further down.

    A row's id is its own where there is an id column with something in it. Otherwise it is
    `text_id` of the text, so that rows with the same text have the same id and fall on the same
    side of every split.

    Args:
        text_column, label_column: a name from the header, or a number ("1" is the first column).
        known: labels of the file that is learnt from, where this is another (`labels.unify`).

    Returns:
        With the details read_as (a sentence that says which columns were taken and what labels
        they hold), encoding, delimiter (of `Table`), header, text_column and label_column (name
        or number), ids ("own" or "hash of the text"), rows, rejected, empty, and probabilities
        (rows that have them) where there are columns for these.

    Raises:
        UserError: no file, no text file, no usable row, or no such columns.
    """
    table = read_table(path)
    if not table.rows:
        raise _nothing_usable(path, table.rejects)
    columns, probabilities = columns_without_label(table, text_column, label_column, path) or (
        choose(table.rows, text_column, label_column, path),
        None,
    )
    rejects = list(table.rejects)

    def reject(row: Row, reason: str) -> None:
        rejects.append(Rejected(row.line, reason, table.written(row)))

    for row in table.rows[: columns.above]:
        reject(row, ABOVE)
    rows = []
    for row in table.rows[columns.first :]:
        if columns.is_header(row):
            reject(row, "names the columns again")
        elif columns.is_other_header(row):
            raise UserError(
                f"line {row.line} names the columns in another order than before",
                where=path,
                remedy="give files of different columns one by one",
            )
        elif len(fields := without_blank_ends(row.fields, columns.width)) != columns.width:
            reject(row, f"{counted(len(row.fields), 'column')} instead of {columns.width}")
        else:
            rows.append((row, fields))
    written = ["" if columns.label is None else f[columns.label] for _, f in rows]
    labels = unify(written, known)
    warnings = labels.warnings
    every_label = {label for label in labels.labels if label is not None}.union(known)
    if probabilities is not None:
        probabilities = probabilities.renamed(every_label)
    else:
        probabilities, doubts = columns_named_after_labels(table, columns, every_label, path)
        warnings = [*warnings, *doubts]
    usable, shares, own_labels = [], [], []
    for (row, fields), label in zip(rows, labels.labels, strict=True):
        try:
            share = None if probabilities is None else distribution(probabilities.cells(fields))
        except ValueError as fault:
            reject(row, str(fault))
            continue
        if label is None and (probabilities is None or share is None):
            reject(row, "no label")
            continue
        text = fields[columns.text]
        own = fields[columns.id].strip() if columns.id is not None else ""
        shares.append(share)
        own_labels.append(label)
        if label is None:
            label = most_probable(list(probabilities.positions), share)
        usable.append((own or text_id(text), text, label))
    rejects.sort(key=lambda reject: reject.line)
    if not usable:
        raise _nothing_usable(path, rejects)
    frame = _frame(usable)
    given = sum(share is not None for share in shares)
    names = columns.header or [str(n) for n in range(1, columns.width + 1)]
    details = {
        "read_as": _in_words(table, columns, frame["label"], labels.merged, probabilities, given),
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header": columns.header is not None,
        "text_column": names[columns.text],
        "label_column": None if columns.label is None else names[columns.label],
        "ids": "hash of the text" if columns.id is None else "own",
        "rows": len(usable),
        "rejected": len(rejects),
        "empty": int((frame["text"].str.strip() == "").sum()),
    }
    if probabilities is not None:
        details["probabilities"] = given
        classes = list(probabilities.positions)
        labelled = has_own_label(classes, shares, own_labels, probabilities.are_predicted)
        frame = with_probabilities(frame, classes, shares, labelled)
    warnings = [*warnings, *entity_warnings(frame["text"], path.name)]
    return LabelledTexts(frame, rejects, details, warnings)


def _in_words(
    table: Table,
    columns: Columns,
    labels: Iterable[str],
    merged: Mapping[str, Mapping[str, int]],
    probabilities: ProbabilityColumns | None,
    given: int,
) -> str:
    """What was concluded about a table, "column 2 is the text, column 1 the label: 2 labels, 0:
    1,234 rows, 1: 1,198; 900 rows have probabilities (columns 3, 4)"."""

    def name(position: int) -> str:
        if table.delimiter == JSON and columns.header:
            return f"key {short(columns.header[position])}"
        called = f" ({short(columns.header[position])})" if columns.header else ""
        return f"column {position + 1}{called}"

    how = [] if table.encoding.startswith("UTF-8") else [table.encoding]
    if table.delimiter in ("semicolon", "bar"):
        how.append(f"fields between {table.delimiter}s")
    if table.delimiter == "tab" and table.quoted:
        how.append("fields in quotes between tabs")
    counts = collections.Counter(labels)
    plural = "" if len(counts) == 1 else "s"
    label = (
        f"{name(columns.label)} the label"
        if columns.label is not None
        else ("the label is the most probable one")
    )
    said = (
        f"{name(columns.text)} is the text, {label}: "
        f"{len(counts):,} label{plural}, {counts_in_words(counts)}"
    )
    parts = [", ".join([*how, said])]
    if probabilities is not None:
        places = [name(place) for place in list(probabilities.positions.values())[:8]]
        more = ", …" if len(probabilities.positions) > 8 else ""
        have = "row has" if given == 1 else "rows have"
        parts.append(f"{given:,} {have} probabilities: {', '.join(places)}{more}")
    return "; ".join([*parts, *([merged_in_words(merged)] if merged else [])])


def read_sample(path: Path) -> LabelledTexts:
    """Reads the bundled sample: document and label, 0 for negative and 1 for positive."""
    read = read_labelled(path, "document", "label")
    unknown = set(read.frame["label"]) - set(POLARITY)
    if unknown or read.rejects:
        raise UserError(
            "is not the bundled sample: it has labels other than 0 and 1, or broken rows",
            where=path,
            remedy="check the file out again",
        )
    frame = read.frame.assign(label=read.frame["label"].map(POLARITY))
    return LabelledTexts(frame, [], read.details)


def check_trainable(frame: pd.DataFrame, where: object = None) -> None:
    """Raises UserError unless a classifier can be learnt from `frame`.

    It takes ten rows at least, a text in one of them, two labels at least, and half of the rows at
    least must have a label that others have, too.
    """
    if len(frame) < FEWEST_ROWS:
        raise UserError(
            f"has {counted(len(frame), 'usable row')}; at least {FEWEST_ROWS} are needed",
            where=where,
            remedy="give more rows",
        )
    if not frame["text"].str.strip().any():
        raise UserError(
            "every text is empty", where=where, remedy="say with --text-column where the text is"
        )
    counts = collections.Counter(frame["label"])
    if len(counts) == 1:
        raise UserError(
            f"every row has the same label, {short(next(iter(counts)))!r}",
            where=where,
            remedy="give rows of at least two labels",
        )
    once = [label for label, count in counts.items() if count == 1]
    if 2 * len(once) > len(frame):
        every = "no label occurs twice" if len(once) == len(counts) else "most labels occur once"
        raise UserError(
            f"{every} ({short(once[0])!r} and {len(counts) - 1:,} more)",
            where=where,
            remedy="they seem to be numbers on a scale; group them into a few classes"
            if all(_is_decimal(label) for label in once)
            else "is --label-column the right column?",
        )


def _is_decimal(label: str) -> bool:
    return number_of(label.replace(",", ".", 1)) is not None


def _unquote_twice(document: str) -> str | None:
    once = _unquote(document)
    return None if once is None else _unquote(once)


def _unquote(field: str) -> str | None:
    """The content of a quoted CSV field; None if `field` is not exactly one."""
    if len(field) < 2 or field[0] != '"' or field[-1] != '"':
        return None
    inner = field[1:-1]
    return None if '"' in inner.replace('""', "") else inner.replace('""', '"')


def _frame(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["id", "text", "label"], dtype="str")


def _check_counts(frame: pd.DataFrame, expected: Mapping[str, int], path: Path) -> None:
    found = {"rows": len(frame), **collections.Counter(frame["label"])}
    for name, count in expected.items():
        if found.get(name, 0) != count:
            raise UserError(
                f"{name}: {found.get(name, 0):,} found, {count:,} expected",
                where=path,
                remedy="delete it and run again; it will be fetched anew",
            )


def _nothing_usable(path: Path, rejects: list[Rejected]) -> UserError:
    what = "has no row with a text and a label"
    if rejects:
        what += f" (line {rejects[0].line}: {rejects[0].reason})"
    return UserError(what, where=path, remedy="one row a line: text, tab, label")
