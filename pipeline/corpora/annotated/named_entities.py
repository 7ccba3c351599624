"""Readers of texts with named entities as published: KMOU, KLP and KLUE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts, Reading
from pipeline.corpora.annotated.bio import CHARACTERS, UNDERSCORES, WORDS, annotate, sentence_blocks
from pipeline.corpora.annotated.inline import parse_inline
from pipeline.corpora.rejects import Rejected
from pipeline.errors import UserError
from pipeline.text_file import read_text, split_lines

KMOU_LABELS = ("PER", "LOC", "ORG", "DAT", "TIM", "DUR", "MNY", "PNT", "NOH", "POH")
KLP_LABELS = ("PS", "LC", "OG", "DT", "TI")
KLUE_LABELS = (*KLP_LABELS, "QT")
_KLUE_TAG = re.compile(r"O|[BI]-[A-Z]+")


def read_kmou(paths: Iterable[Path]) -> AnnotatedTexts:
    """Reads files of KMOU NER (https://github.com/kmounlp/NER).

    A sentence is a block of `## number`, `## text`, `## text with markup` and one morpheme a
    line: surface, lemma, part of speech, tag; a space between words is a morpheme `_`.

    The markup is used; the tags are only compared with it. They differ in 660 of 23,964 sentences,
    and where they do, the tags cannot say what the markup says, since they stand at whole
    morphemes: `<12월1일:DAT>부로` is tagged as 12월1 because 일부 is one morpheme,
    `<한:ORG><일:ORG>` as one entity 한일 because that is one, and `<보라스:PER>+` not at all. The
    text is what the markup leaves, too: nine texts have a `_` of their own, which among the
    morphemes is a space. Where markup is broken (nowhere today), the tags are used.

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
        for first, block in sentence_blocks(lines):
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

    The markup is used: morphemes are not the letters of the text (지난 is 지나 and ㄴ), so tags
    have no place in it. Only the order of the labels is compared; it differs in 2 of 3,660
    sentences: `<한:LC><미:LC>` against one 한미, and 야스쿠니, tagged but not marked up.

    Returns:
        id is file name, `-`, number of the sentence. Details as of `read_kmou`.

    Raises:
        UserError: no such file, or not one of KLP's.
    """
    reading = Reading()
    for number, (first, block) in enumerate(sentence_blocks(_lines(path)), 1):
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

    The markup is used. Tags differ in 3 of the 5,000 sentences of the development file, where
    quotes are written `<` and `>`: of `<<레이:PS>>는` they take `<레이`, mistaking the bracket that
    is text for the one that is markup. Where markup is broken, the tags are used: in one
    sentence, with `20기:QT>` where no `<` is.

    Returns:
        id is the file's own. Details as of `read_kmou`; the joined characters are compared with
        the markup as `## text` is there.

    Raises:
        UserError: no such file, or not one of KLUE's.
    """
    reading = Reading()
    for first, block in sentence_blocks(_lines(path)):
        comments = [line for line in block if line.startswith("## ") and "\t" in line[:-2]]
        head = comments[-1].split("\t") if comments else []
        if len(head) != 2 or _KLUE_TAG.fullmatch(head[1]):
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


def _columns(lines: list[str], token: int) -> tuple[list[str], list[str]]:
    """Tokens and tags."""
    rows = [line.split("\t") for line in lines]
    return [row[min(token, len(row) - 1)] for row in rows], [row[-1] for row in rows]


def _lines(path: Path) -> list[str]:
    return split_lines(read_text(path)[0])
