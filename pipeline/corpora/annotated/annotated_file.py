"""Reads a user's own file of texts with entities, in any of the common formats."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts, Reading
from pipeline.corpora.annotated.bio import annotate
from pipeline.corpora.annotated.entity_labels import one_spelling, too_long
from pipeline.corpora.annotated.inline import Annotated, candidates, parse_inline
from pipeline.corpora.annotated.json_entities import pair_of, read_json_entities, texts_of
from pipeline.corpora.annotated.marked_up_tables import marked_up_column
from pipeline.corpora.annotated.markup_labels import learn_labels
from pipeline.corpora.annotated.tag_cells import DOCUMENT
from pipeline.corpora.annotated.tag_lists import read_tag_lists
from pipeline.corpora.annotated.tagged_columns import read_columns
from pipeline.corpora.json_records import SUFFIXES as JSON_SUFFIXES
from pipeline.corpora.json_records import Record, Records, read_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import text_id
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, is_damaged, read_text, split_lines, unix_line_ends

SUFFIXES = (".txt", ".tsv", ".csv", ".conll", ".bio", ".iob", *JSON_SUFFIXES)
_LISTS = re.compile(r"\s*\[\s*\[")
_SEPARATOR_LINE = re.compile(r"sep=.")
_SHOWN = 12
_MANY = 20


@dataclasses.dataclass
class _SentencesRead:
    """A file read in one format: its sentences, parsed or with what is wrong, and their places."""

    format: str
    read_as: str
    sentences: list[tuple[Annotated | str, Rejected]]
    rejects: list[Rejected] = dataclasses.field(default_factory=list)
    details: dict = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)


def read_annotated(path: Path, known: Collection[str] = ()) -> AnnotatedTexts:
    """Reads a user's own file, in whichever of these formats most of it is:

    1. JSON with spans, or with tokens and tags (`json_entities`);
    2. a sentence and the tags of its words a line (`tag_lists`);
    3. a tagged token a line, in columns (`tagged_columns`);
    4. a marked-up sentence a line (`inline`), with labels learnt from all of it
       (`markup_labels`); JSON objects whose texts are marked up are this, too.

    A sentence that cannot be read is rejected, never guessed at; the others stay.
    Labels that differ only in case or Unicode form become one (`entity_labels`); none has more
    than 64 characters. Encodings are those of `text_file.read_text`.

    Args:
        known: labels of the training file, if this is another file. They count as labels in
            markup, too, and an equal label of this file takes their spelling.

    Returns:
        id is `splits.text_id` of the text. With the details encoding, format ("json", "tag
        lists", "columns" or "markup"), read_as (how it was read, for people), rows,
        rejected, entities (by label) and, of tags, spacing and repaired (entities that begin
        with an I or E).

    Raises:
        UserError: no file, no text file, or no sentence in it that can be used.
    """
    return annotated_texts(*read_text(path), path, known)


def annotated_texts(
    text: str, encoding: str, path: Path, known: Collection[str] = ()
) -> AnnotatedTexts:
    """As `read_annotated`, for the text of a file.

    Args:
        encoding: of `text_file.decode`.
        path: for errors; its suffix may say that it is JSON.
        known: as of `read_annotated`.
    """
    # Byte order marks inside, from files that were joined.
    text = unix_line_ends(text).lstrip("\ufeff").replace("\n\ufeff", "\n")
    lines = split_lines(text)
    if _SEPARATOR_LINE.fullmatch(lines[0]):
        lines[0] = ""
    records = _pairs(text) or read_records(text, path)
    if records is not None:
        found = _json(text, records, path, known)
    else:
        found = _tag_lists(lines) or _columns(lines) or _marked_up_lines(lines, known)
    reading = Reading()
    reading.rejects += found.rejects
    warnings = found.warnings + _add(reading, found.sentences, known)
    reading.rejects.sort(key=lambda reject: reject.line)
    read = reading.result()
    if not len(read.frame):
        first = "".join(
            f" (line {row.line}: {row.reason})" for row in read.rejects[:1] if not row.kept
        )
        raise UserError(
            f"has no usable sentence{first}",
            where=path,
            remedy="write one sentence per line, its entities marked up: <증권거래소:OG>에 …",
        )
    kept = {name: read.details[name] for name in ("rows", "rejected", "entities")}
    read_as = f"{found.read_as}; {_label_counts(kept['entities'])}"
    details = {"encoding": encoding, "format": found.format, "read_as": read_as, **found.details}
    return dataclasses.replace(read, details=details | kept, warnings=warnings)


def _label_counts(entities: Mapping[str, int]) -> str:
    """Number of entities for each label, as text; of many labels the twelve most frequent."""
    commonest = sorted(entities, key=lambda label: -entities[label])[:_SHOWN]
    listed = [f"{label[:40]}: {entities[label]:,}" for label in sorted(commonest)]
    if len(entities) > _SHOWN:
        listed.append(f"{len(entities) - _SHOWN:,} more")
    return f"entities {', '.join(listed)}" if entities else "no entities"


def _add(
    reading: Reading,
    sentences: Sequence[tuple[Annotated | str, Rejected]],
    known: Collection[str],
) -> list[str]:
    """Adds sentences to `reading` with one spelling for each label; returns warnings."""
    labels = (
        entity.label
        for parsed, _ in sentences
        if isinstance(parsed, Annotated)
        for entity in parsed.entities
    )
    spelling, warnings = one_spelling(labels, known)
    for parsed, place in sentences:
        identity = ""
        if isinstance(parsed, Annotated):
            entities = [e._replace(label=spelling[e.label]) for e in parsed.entities]
            wrong = next((reason for e in entities if (reason := too_long(e.label))), None)
            if not parsed.text.strip():
                wrong = "no text"
            parsed = wrong or Annotated(parsed.text, entities)
            identity = text_id(parsed.text) if isinstance(parsed, Annotated) else ""
        reading.add(identity, parsed, place=place)
    return warnings


def _json(text: str, records: Records, path: Path, known: Collection[str]) -> _SentencesRead:
    if (found := read_json_entities(text, records, path)) is not None:
        details = {} if found.spacing is None else {"spacing": found.spacing}
        if found.spacing is not None:
            details["repaired"] = found.repaired
        return _SentencesRead("json", found.read_as, found.sentences, records.rejects, details)
    if (texts := texts_of(records)) is None:
        raise UserError(
            "is JSON, but most of its objects have no text under a usual key",
            where=path,
            remedy='give {"text": "…", "entities": [[0, 5, "OG"]]} or '
            '{"tokens": […], "ner_tags": ["B-OG", …]} for each text',
        )
    read = _marked_up(texts, known)
    read.rejects += records.rejects
    return dataclasses.replace(read, format="json", read_as=f"JSON, its texts {read.read_as}")


def _pairs(text: str) -> Records | None:
    """The records of a list of spaCy's pairs of text and annotations; None if it is none."""
    if not _LISTS.match(text):
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    pairs = [pair_of(item) for item in items]
    written = [json.dumps(item, ensure_ascii=False) for item in items]
    if not all(pairs) or is_damaged("".join(written)):
        return None
    return Records([Record(1, *pair) for pair in zip(pairs, written, strict=True)], [])


def _tag_lists(lines: Sequence[str]) -> _SentencesRead | None:
    found = read_tag_lists(lines)
    if found is None:
        return None
    return _SentencesRead(
        "tag lists", found.read_as, found.sentences, [], {"repaired": found.repaired}
    )


def _columns(lines: Sequence[str]) -> _SentencesRead | None:
    file = read_columns(lines)
    if file is None:
        return None
    repaired = 0
    sentences: list[tuple[Annotated | str, Rejected]] = []
    for sentence in file.sentences:
        found = annotate(sentence.tokens, sentence.tags, file.spacing)
        repaired += 0 if isinstance(found, str) else found[1]
        place = Rejected(sentence.line, "", " ".join(sentence.tokens))
        sentences.append((found if isinstance(found, str) else found[0], place))
    single = sum(len(sentence.tokens) == 1 for sentence in file.sentences)
    warnings = []
    if single >= max(_MANY, 0.95 * len(file.sentences)):
        warnings.append(
            f"{single:,} of {len(file.sentences):,} sentences are a single token: is there a blank "
            "line behind every token?"
        )
    details = {"spacing": file.spacing, "repaired": repaired}
    return _SentencesRead("columns", file.read_as, sentences, list(file.rejects), details, warnings)


def _marked_up_lines(lines: Sequence[str], known: Collection[str]) -> _SentencesRead:
    rows = [
        (n, line)
        for n, line in enumerate(lines, 1)
        if line.strip() and not line.startswith(DOCUMENT)
    ]
    column = marked_up_column([line for _, line in rows])
    if column is None:
        found = _marked_up([(line, Rejected(n, "", line)) for n, line in rows], known)
        return dataclasses.replace(found, read_as=f"a sentence a line, {found.read_as}")
    texts = [(column.text(line), Rejected(n, "", line)) for n, line in rows]
    if column.has_header:
        del texts[0]
    found = _marked_up([(text, place) for text, place in texts if text is not None], known)
    found.rejects += [
        dataclasses.replace(place, reason=f"not {column.width} columns")
        for text, place in texts
        if text is None
    ]
    read_as = f"column {column.number + 1} is the sentence, {found.read_as}"
    return dataclasses.replace(found, read_as=read_as)


def _marked_up(texts: Sequence[tuple[str, Rejected]], known: Collection[str]) -> _SentencesRead:
    """Parses texts with markup; lists as doubtful what resembles markup but is read as text."""
    labels = learn_labels((text for text, _ in texts), known)
    sentences: list[tuple[Annotated | str, Rejected]] = []
    doubts = []
    for text, place in texts:
        if is_damaged(text):
            sentences.append((DAMAGED, place))
            continue
        others = [c for c in candidates(text) if c.content and c.label not in labels.known]
        parsed = parse_inline(text, labels.known)
        rare = [one.label for one in others if one.label in labels.rare and not one.spaced]
        if rare:
            parsed = f"is {rare[0][:40]} a label? It has one text only"
        sentences.append((parsed, place))
        if others and isinstance(parsed, Annotated):
            shown = f"<{others[0].content[:40]}:{others[0].label[:40]}>"
            doubts.append(dataclasses.replace(place, reason=f"{shown} read as text", kept=True))
    return _SentencesRead("markup", "marked up as <content:LABEL>", sentences, doubts)
