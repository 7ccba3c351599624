"""Files of a user's own with a sentence and the list of its tags."""

from __future__ import annotations

import pytest

from entity_files import EXPECTED, MADE, read, tags_of, texts
from pipeline.corpora.annotated.entities import Entity


def rows(row: str, join: str = " ", outside: str = "O", write=str) -> str:
    return "".join(
        row.format(text=text, n=n, tags=join.join(write(tag) for tag in tags_of(text, of, outside)))
        + "\n"
        for n, (text, of) in enumerate(MADE)
    )


@pytest.mark.parametrize(
    "text",
    [
        rows("{text}\t{tags}"),
        rows("{text}\t{tags} "),
        rows(
            "{text}\t{tags}",
            outside="-",
            write=lambda tag: tag if tag == "-" else f"{tag[2:]}_{tag[0]}",
        ),
        rows("{text}\t{tags}", write=lambda tag: "-".join(tag.split("-")[::-1])),
        rows("{text}\t{tags}", join=","),
        rows("{text}\t{tags}", join=", "),
        rows("{tags}\t{text}"),
        rows("{n}\t{text}\t{tags}"),
        rows('{n},"{text}","{tags}"'),
        rows('{n};"{text}";"{tags}"'),
        rows('"{text}"\t"{tags}"'),
        rows("{text}\t['{tags}']", join="', '"),
        rows("{text}\t['{tags}']", join="' '"),
        "text,labels\n" + rows('"{text}",{tags}'),
        "문장\t개체명\n" + rows("{text}\t{tags}"),
        "\ufeff" + rows("{text}\t{tags}").replace("\n", "\r\n"),
    ],
)
def test_a_sentence_and_its_tags(tmp_path, text):
    found = read(tmp_path, text, "my.tsv")
    assert texts(found) == EXPECTED
    assert found.rejects == []
    assert found.details["format"] == "tag lists"


def test_other_columns_with_as_many_words(tmp_path):
    lines = [
        "\t".join([f"Sentence: {n}", text, "NNP " * len(text.split()), " ".join(tags_of(text, of))])
        for n, (text, of) in enumerate(MADE)
    ]
    for header in ("", "Sentence #\tSentence\tPOS\tTag\n"):
        assert texts(read(tmp_path, header + "\n".join(lines))) == EXPECTED


def test_a_sentence_and_as_many_tags_as_characters(tmp_path):
    def characters(text: str, of: list[Entity], skipped: str) -> str:
        tags = ["O"] * len(text)
        for start, end, label in of:
            tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        pairs = zip(text, tags, strict=True)
        return " ".join(tag for letter, tag in pairs if letter not in skipped)

    for skipped in ("", " "):
        lines = [f"{text}\t{characters(text, of, skipped)}" for text, of in MADE]
        assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED


def test_rows_whose_words_and_tags_differ(tmp_path):
    lines = rows("{text}\t{tags}").splitlines()
    lines[0] += " O"
    lines[1] = lines[1].replace("B-PER", "사람")
    lines[3] = lines[3].split("\t")[0]
    lines[4] = lines[4].replace(" ", "\u3000", 1)
    lines.append("\tO")
    found = read(tmp_path, "\n".join(lines))
    assert [row.line for row in found.rejects] == [1, 2, 4, 13]
    assert texts(found)[0] == EXPECTED[2]
    assert len(found.frame) == len(MADE) - 3
