"""Readers of texts with named entities: KMOU, KLP and KLUE as published, and a user's own file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from pipeline.corpora.annotated_texts import AnnotatedTexts, Reading
from pipeline.corpora.bio import (
    CHARACTERS,
    UNDERSCORES,
    WORDS,
    annotate,
    blocks,
    is_tag,
    read_columns,
)
from pipeline.corpora.inline import labels_in, parse_inline
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.reviews import text_id
from pipeline.errors import UserError
from pipeline.text_file import read_text, split_lines

KMOU_LABELS = ("PER", "LOC", "ORG", "DAT", "TIM", "DUR", "MNY", "PNT", "NOH", "POH")
KLP_LABELS = ("PS", "LC", "OG", "DT", "TI")
KLUE_LABELS = (*KLP_LABELS, "QT")
# Of a user's file, so many lines tell whether it has tagged columns.
_LOOKED_AT = 200


def read_kmou(paths: Iterable[Path]) -> AnnotatedTexts:
    """Reads files of KMOU NER (https://github.com/kmounlp/NER).

    A sentence is a block of `## number`, `## text`, `## text with markup` and one morpheme a
    line: surface, lemma, part of speech, tag; a space between words is a morpheme `_`.

    The markup counts, the tags are compared with it. They differ in 660 of 23,964 sentences,
    and where they do, the tags cannot say what the markup says, since they stand at whole
    morphemes: `<12월1일:DAT>부로` is tagged as 12월1 because 일부 is one morpheme,
    `<한:ORG><일:ORG>` as one entity 한일 because that is one, and `<보라스:PER>+` not at all. The
    text is what the markup leaves, too: nine texts have a `_` of their own, which among the
    morphemes is a space. Where markup is broken (nowhere today), the tags stand in.

    Returns:
        id is file name without suffix, `-`, number. Where tags differ, the sentence stands among
        the rejects as kept. With the details rows, rejected, entities (by label), tags_differ
        (sentences), text_differs (sentences whose markup leaves another text than `## text`).

    Raises:
        UserError: no such file, or not one of KMOU's.
    """
    reading = Reading()
    for path in paths:
        lines = _lines(path)
        for first, block in blocks(lines):
            number, text, inline = (line.removeprefix("## ") for line in [*block, "", ""][:3])
            if not (block[0].startswith("## ") and number.isdecimal()):
                raise UserError(
                    f"line {first} is not `## number` of a KMOU sentence",
                    where=path,
                    remedy="give it as a file of your own instead",
                )
            parsed = parse_inline(inline, KMOU_LABELS)
            if not inline:
                parsed = "no text with markup"
            reading.add(
                f"{path.stem}-{number}",
                parsed,
                plain=text,
                tagged=annotate(*_columns(block[3:], 0), UNDERSCORES),
                place=Rejected(first, f"{path.name}: ", inline),
            )
    return reading.result()


def read_klp(path: Path) -> AnnotatedTexts:
    """Reads one file of the KLP 2016 contest (https://github.com/kmounlp/NER, 2016klp).

    A sentence is `; text`, `$text with markup` and one morpheme a line: number of the word,
    morpheme, part of speech, tag (B_PS, then a bare I).

    The markup counts: morphemes are not the letters of the text (지난 is 지나 and ㄴ), so tags have
    no place in it. Compared are the labels in their order, which differ in 2 of 3,660 sentences:
    `<한:LC><미:LC>` against one 한미, and 야스쿠니, tagged but not marked up.

    Returns:
        id is file name, `-`, number of the sentence. Notes as of `read_kmou`.

    Raises:
        UserError: no such file, or not one of KLP's.
    """
    reading = Reading()
    for number, (first, block) in enumerate(blocks(_lines(path)), 1):
        if len(block) < 2 or block[0][0] != ";" or block[1][0] != "$":
            raise UserError(
                f"line {first} does not begin a KLP sentence (`; text`, then `$text`)",
                where=path,
                remedy="give it as a file of your own instead",
            )
        reading.add(
            f"{path.name}-{number}",
            parse_inline(block[1][1:], KLP_LABELS),
            plain=block[0][1:].removeprefix(" "),
            tagged=annotate(*_columns(block[2:], 1), WORDS),
            same_letters=False,
            place=Rejected(first, f"{path.name}: ", block[1]),
        )
    return reading.result()


def read_klue(path: Path) -> AnnotatedTexts:
    """Reads one file of KLUE-NER (https://github.com/KLUE-benchmark/KLUE).

    A sentence is `## id`, tab, text with markup, and then one character a line with its tag.

    The markup counts. Tags differ in 3 of the 5,000 sentences of the development file, where
    quotes are written `<` and `>`: of `<<레이:PS>>는` they take `<레이`, mistaking the bracket that
    is text for the one that is markup. Where markup is broken, the tags stand in: in one
    sentence, with `20기:QT>` where no `<` is.

    Returns:
        id is the file's own. Notes as of `read_kmou`; what the characters give is compared as
        `## text` is there.

    Raises:
        UserError: no such file, or not one of KLUE's.
    """
    reading = Reading()
    for first, block in blocks(_lines(path)):
        comments = [line for line in block if line.startswith("## ") and "\t" in line[:-2]]
        head = comments[-1].split("\t") if comments else []
        if len(head) != 2 or is_tag(head[1]):
            raise UserError(
                f"line {first} does not begin a KLUE sentence (`## id`, tab, text)",
                where=path,
                remedy="give it as a file of your own instead",
            )
        begin = block.index(comments[-1]) + 1
        characters, tags = _columns(block[begin:], 0)
        reading.add(
            head[0].removeprefix("## "),
            parse_inline(head[1], KLUE_LABELS),
            plain="".join(characters),
            tagged=annotate(characters, tags, CHARACTERS),
            place=Rejected(first + begin - 1, f"{path.name}: ", head[1]),
        )
    return reading.result()


def read_annotated(path: Path) -> AnnotatedTexts:
    """Reads a user's own file: a marked-up sentence a line, or a tagged token a line.

    It has tagged tokens where at least half of its first 200 lines that are not blank and do not
    begin with `#` end in a tag behind another column; they are read as `bio.read_columns` says.
    Otherwise every line that is not blank is a sentence (`inline.parse_inline`), and the labels
    are those of the whole file: at most 12 characters, the first a capital, then capitals,
    digits, `_`, `-`. Sentences whose markup or tags are broken are rejected, never guessed at.
    Encodings are those of `text_file.read_text`; a line ends with LF or CRLF and nothing else.

    Returns:
        id is `reviews.text_id` of the text. With the details encoding, format ("markup" or
        "columns"), rows, rejected, entities (by label) and, of columns, spacing and repaired
        (entities that begin with an I or E).

    Raises:
        UserError: no file, no text file, or no sentence in it that can be used.
    """
    text, encoding = read_text(path)
    lines = split_lines(text)
    reading = Reading()
    details = _read_tagged(lines, reading) if _has_tags(lines) else _read_marked_up(lines, reading)
    read = reading.result()
    if not len(read.frame):
        first = "".join(f" (line {row.line}: {row.reason})" for row in read.rejects[:1])
        raise UserError(
            f"has no usable sentence{first}",
            where=path,
            remedy="one sentence a line, its entities marked up: <증권거래소:OG>에 …",
        )
    kept = {name: read.details[name] for name in ("rows", "rejected", "entities")}
    return dataclasses.replace(read, details={"encoding": encoding, **details, **kept})


def _has_tags(lines: list[str]) -> bool:
    first = [line for line in lines if line.strip() and line[0] != "#"][:_LOOKED_AT]
    # The token may be a space.
    tagged = [len(line.split()) > 1 or "\t" in line for line in first if is_tag(line.split()[-1])]
    return 0 < len(first) <= 2 * sum(tagged)


def _read_tagged(lines: list[str], reading: Reading) -> dict:
    file = read_columns(lines)
    reading.rejects += file.rejects
    repaired = 0
    for sentence in file.sentences:
        found = annotate(sentence.tokens, sentence.tags, file.spacing)
        parsed = found if isinstance(found, str) else found[0]
        repaired += 0 if isinstance(found, str) else found[1]
        identity = "" if isinstance(parsed, str) else text_id(parsed.text)
        reading.add(identity, parsed, place=Rejected(sentence.line, "", " ".join(sentence.tokens)))
    reading.rejects.sort(key=lambda reject: reject.line)
    return {"format": "columns", "spacing": file.spacing, "repaired": repaired}


def _read_marked_up(lines: list[str], reading: Reading) -> dict:
    labels = {label for line in lines for label in labels_in(line)}
    for number, line in enumerate(lines, 1):
        if line.strip():
            parsed = parse_inline(line, labels)
            identity = "" if isinstance(parsed, str) else text_id(parsed.text)
            reading.add(identity, parsed, place=Rejected(number, "", line))
    return {"format": "markup"}


def _columns(lines: list[str], token: int) -> tuple[list[str], list[str]]:
    """Tokens and tags."""
    rows = [line.split("\t") for line in lines]
    return [row[min(token, len(row) - 1)] for row in rows], [row[-1] for row in rows]


def _lines(path: Path) -> list[str]:
    return split_lines(read_text(path)[0])
