"""Reads a user's own table of labelled texts: TSV, CSV, JSON or Parquet."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.html_entities import count_with_entities, entities_in_words
from pipeline.corpora.labelled.columns import choose_columns, without_blank_ends
from pipeline.corpora.labelled.labels import (
    UnifiedLabels,
    counts_in_words,
    label_doubts,
    merged_in_words,
    shortened_label,
    unify_labels,
)
from pipeline.corpora.labelled.probabilities import (
    is_corrected,
    most_probable,
    parse_distribution,
    with_probabilities,
)
from pipeline.corpora.labelled.probability_columns import (
    columns_named_after_labels,
    columns_without_label,
)
from pipeline.corpora.read_texts import ReadTexts
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import text_id
from pipeline.corpora.tables.delimited import ABOVE
from pipeline.corpora.tables.in_blocks import read_in_blocks
from pipeline.corpora.tables.table import JSON, Row, Table
from pipeline.counts import counted
from pipeline.errors import UserError


class LabelledTexts(ReadTexts):
    """Texts with one label each.

    A text may be empty. Where labels have probabilities, `frame` has the columns of
    `with_probabilities`, too.
    """


def labelled_frame(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """A frame from rows of id, text and label."""
    return pd.DataFrame(list(rows), columns=["id", "text", "label"], dtype="str")


def read_labelled(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    known: Collection[str] = (),
) -> LabelledTexts:
    """Reads a user's own TSV, CSV, JSON or Parquet file; `LabelledFile` says how.

    Raises:
        UserError: no file, no text file, no usable row, or no such columns.
    """
    file = LabelledFile(path, text_column, label_column, known)
    frame = pd.concat(list(file.blocks()), ignore_index=True)
    return LabelledTexts(frame, file.rejects, file.details, file.warnings)


class LabelledFile:
    """A user's own TSV, CSV, JSON or Parquet file, read a block of rows at a time.

    Encoding, delimiter and rows are found as `in_blocks.read_in_blocks` says, columns and header as
    `columns.choose_columns` says. Texts are kept as they are, empty ones too; spellings of labels
    are unified as `labels.unify_labels` says. Columns of probabilities are found as
    `probability_columns` says; a row without a label then has the most probable one. Rejected are
    rows with too few or too many columns, without a label, or with cells that are no probabilities,
    what stands above the header, and headers further down.

    The id of a row is the one in its id column, if it has any. Otherwise it is `text_id` of the
    text, so that rows with the same text have the same id and come into the same split.

    In a large file the first block decides about the columns, the spelling of labels, and whether
    the labels of a table that a model wrote were corrected. Labels that only a later block has
    are labels, too.

    Args:
        path: of the file.
        text_column, label_column: a name from the header, or a number ("1" is the first column).
        known: labels of the training file, if this is another file (`labels.unify_labels`).

    Attributes (for the blocks read so far):
        rejects: in the order of the lines.
        counts: label -> number of rows.
        empty: number of rows with a blank text.
    """

    def __init__(
        self,
        path: Path,
        text_column: str | None = None,
        label_column: str | None = None,
        known: Collection[str] = (),
    ):
        self.path, self._asked, self._known = path, (text_column, label_column), known
        self.rejects: list[Rejected] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self._merged: dict[str, collections.Counter[str]] = {}
        self._warnings: list[str] = []
        self.empty = self._given = self._escaped = 0
        self._are_own: bool | None = None
        self._written: collections.Counter[str] = collections.Counter()
        self._first_labels: UnifiedLabels | None = None

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Frames with the columns id, text and label, and those of `with_probabilities` if labels
        have some. They can be read only once.

        Raises:
            UserError: no file, no text file, no usable row, or no such columns.
        """
        for number, table in enumerate(read_in_blocks(self.path)):
            if not number:
                self._decide(table)
            frame = self._frame(table, begins=not number)
            if len(frame) or not number:
                yield frame
        if not self.counts:
            raise _nothing_usable(self.path, self.rejects)

    @property
    def warnings(self) -> list[str]:
        """Sentences that a user must not miss."""
        rows = self.counts.total()
        first = self._first_labels
        doubts = [] if first is None else label_doubts(self._written, first.none_is_a_class)
        return [*doubts, *self._warnings, *entities_in_words(self._escaped, rows, self.path.name)]

    @property
    def details(self) -> dict[str, Any]:
        """read_as (a sentence that says which columns were taken and what labels they hold),
        encoding, delimiter (of `Table`), header, text_column and label_column (name or number),
        ids ("own" or "hash of the text"), rows, rejected, empty, and probabilities (rows that
        have them) where there are columns for these."""
        columns = self._columns
        names = columns.header or [str(n) for n in range(1, columns.width + 1)]
        details = {
            "read_as": self._read_as(),
            "encoding": self._table.encoding,
            "delimiter": self._table.delimiter,
            "header": columns.header is not None,
            "text_column": names[columns.text],
            "label_column": None if columns.label is None else names[columns.label],
            "ids": "hash of the text" if columns.id is None else "own",
            "rows": self.counts.total(),
            "rejected": len(self.rejects),
            "empty": self.empty,
        }
        if self._probabilities is not None:
            details["probabilities"] = self._given
        return details

    def _decide(self, table: Table) -> None:
        """Decides on the columns, as far as possible before the labels are known."""
        path, asked = self.path, self._asked
        if not table.rows:
            raise _nothing_usable(path, table.rejects)
        self._table = dataclasses.replace(table, rows=[], rejects=[])
        self._columns, self._probabilities = columns_without_label(table, *asked, path) or (
            choose_columns(table.rows, *asked, path, table.goes_on),
            None,
        )

    def _frame(self, table: Table, *, begins: bool) -> pd.DataFrame:
        columns = self._columns
        rejects = list(table.rejects)

        def reject(row: Row, reason: str) -> None:
            rejects.append(Rejected(row.line, reason, table.written(row)))

        for row in table.rows[: columns.above] if begins else []:
            reject(row, ABOVE)
        rows = []
        for row in table.rows[columns.first :] if begins else table.rows:
            if columns.is_header(row):
                reject(row, "names the columns again")
            elif columns.is_other_header(row):
                raise UserError(
                    f"line {row.line} names the columns in another order than before",
                    where=self.path,
                    remedy="give files of different columns one by one",
                )
            elif len(fields := without_blank_ends(row.fields, columns.width)) != columns.width:
                reject(row, f"{counted(len(row.fields), 'column')} instead of {columns.width}")
            else:
                rows.append((row, fields))
        written = ["" if columns.label is None else f[columns.label] for _, f in rows]
        labels = self._unified(table, written)
        probabilities = self._probabilities
        usable, shares, own_labels = [], [], []
        for (row, fields), label in zip(rows, labels, strict=True):
            try:
                share = (
                    None
                    if probabilities is None
                    else parse_distribution(probabilities.cells(fields))
                )
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
        self.rejects += sorted(rejects, key=lambda reject: reject.line)
        frame = labelled_frame(usable)
        self.counts.update(label for _, _, label in usable)
        self.empty += sum(not text.strip() for _, text, _ in usable)
        self._escaped += count_with_entities((text,) for _, text, _ in usable)
        if probabilities is None:
            return frame
        self._given += sum(share is not None for share in shares)
        classes = list(probabilities.positions)
        if self._are_own is None:
            self._are_own = not probabilities.are_predicted or any(
                is_corrected(classes, share, label)
                for share, label in zip(shares, own_labels, strict=True)
            )
        labelled = [
            label is not None if self._are_own else share is None
            for share, label in zip(shares, own_labels, strict=True)
        ]
        return with_probabilities(frame, classes, shares, labelled)

    def _unified(self, table: Table, written: list[str]) -> list[str | None]:
        """The labels of a block, in one spelling; the first block decides about probabilities."""
        first = self._first_labels
        labels = unify_labels(written, self._known, None if first is None else first.in_quotes)
        for label, others in labels.merged.items():
            self._merged.setdefault(label, collections.Counter()).update(others)
        known = {label for label in labels.labels if label is not None}.union(self._known)
        self._written.update(label for label in labels.labels if label is not None)
        if first is None or not self.counts:
            self._first_labels = dataclasses.replace(labels, labels=[])
            if self._probabilities is not None:
                self._probabilities = self._probabilities.renamed(known)
            else:
                self._probabilities, doubts = columns_named_after_labels(
                    table, self._columns, known, self.path
                )
                self._warnings += doubts
        self._known = known
        return labels.labels

    def _read_as(self) -> str:
        """How the table was read, for people: "column 2 is the text, column 1 the label: 2 labels,
        0: 1,234 rows, 1: 1,198; 900 rows have probabilities (columns 3, 4)"."""

        columns = self._columns

        def name(position: int) -> str:
            if self._table.delimiter == JSON and columns.header:
                return f"key {shortened_label(columns.header[position])}"
            called = f" ({shortened_label(columns.header[position])})" if columns.header else ""
            return f"column {position + 1}{called}"

        how = [] if self._table.encoding.startswith("UTF-8") else [self._table.encoding]
        if self._table.delimiter in ("semicolon", "bar"):
            how.append(f"fields between {self._table.delimiter}s")
        if self._table.delimiter == "tab" and self._table.quoted:
            how.append("fields in quotes between tabs")
        counts = self.counts
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
        if self._probabilities is not None:
            places = [name(place) for place in list(self._probabilities.positions.values())[:8]]
            more = ", …" if len(self._probabilities.positions) > 8 else ""
            have = "row has" if self._given == 1 else "rows have"
            parts.append(f"{self._given:,} {have} probabilities: {', '.join(places)}{more}")
        return "; ".join([*parts, *([merged_in_words(self._merged)] if self._merged else [])])


def _nothing_usable(path: Path, rejects: list[Rejected]) -> UserError:
    what = "has no row with a text and a label"
    if rejects:
        what += f" (line {rejects[0].line}: {rejects[0].reason})"
    return UserError(what, where=path, remedy="write one row per line: text, tab, label")
