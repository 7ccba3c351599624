"""Files of a user's own with a tagged token a line, in all the ways that people have them."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.errors import UserError
from tagged_columns import CITIES, MADE, NAMES, Token, columns, expected, read, texts


@pytest.mark.parametrize(
    "row",
    [
        "{word}\t{tag}",
        "{word} {tag}",
        "{word}   {pos}  {tag}",
        "{word}\t{tag}\t",
        "{word}\t{tag} ",
        "{word}\t{tag}\u3000",
        "{word}\t\t{tag}",
        "{word}\u3000{tag}",
        "  {word}\t{tag}",
        "{word}\t{pos}\tB-NP\t{tag}",
        "{word}\t{pos}\t{tag}\tB-NP",
        "{word}\tB-{pos}\t{tag}",
        "{word}\t{tag}\tO",
        "{tag}\t{word}",
        "{tag} {word}",
        "{pos}\t{word}\t{tag}",
        "{n}\t{word}\t{tag}",
        "{s}\t{n}\t{word}\t{pos}\t{tag}",
        "doc{s}\t0\t{n}\t{word}\t{pos}\t{tag}",
        "문서-1\t{word}\t{pos}\t{tag}",
        "id.{s}.{n}\t{word}\t{tag}",
        "{word}\tdoc{s}\t{tag}",
        "{word}\t_\t_\t{tag}",
        "{word}\t-\t-\t{tag}",
        "{word}\t{word}\t{pos}\t{tag}",
        "{word},{pos},{tag}",
        '"{word}","{tag}"',
        '"{word}"\t"{tag}"',
        "{word};{tag}",
        "{word}|{pos}|{tag}",
        "{s},{word},{tag}",
        "{s}\t{word}\t{pos}\t{tag}\t{n}",
    ],
)
def test_columns_are_told_by_content(tmp_path, row):
    found = read(tmp_path, columns(MADE, row), "my.txt")
    assert texts(found) == expected(MADE)
    assert found.rejects == []
    assert found.details["format"] == "columns"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("word\ttag", "{word}\t{tag}"),
        ("단어\t개체명", "{word}\t{tag}"),
        ("\ufeffWord\tPOS\tTag", "{word}\t{pos}\t{tag}"),
        ("token ner", "{word} {tag}"),
        ("Sentence #,Word,POS,Tag", "{first},{word},{pos},{tag}"),
        ("sentence_id,word,tag", "{s},{word},{tag}"),
        ("sentence_id;word;tag", "{s};{word};{tag}"),
        ("tag\tword", "{tag}\t{word}"),
        ("form\tner\tchunk", "{word}\t{tag}\tB-NX"),
        ("lemma\tword\ttag", "x{word}\t{word}\t{tag}"),
        ("word\tner\tner_fine", "{word}\t{tag}\tO"),
    ],
)
@pytest.mark.parametrize("between", ["\n", ""])
def test_a_header_is_no_sentence(tmp_path, header, row, between):
    named = header.casefold().startswith("sentence")
    if not between and not named:
        pytest.skip("nothing would tell sentences apart")
    found = read(tmp_path, f"{header}\n{columns(MADE, row, between)}", "my.csv")
    assert texts(found) == expected(MADE)
    assert found.rejects == []
    if between:
        found = read(tmp_path, f"{header}\n\n{columns(MADE, row, between)}", "my.csv")
        assert texts(found) == expected(MADE)
        twice = "\n".join([header, columns(MADE, row, between), header, columns(MADE, row)])
        assert texts(read(tmp_path, twice, "my.csv")) == expected(MADE) * 2


@pytest.mark.parametrize(
    "row",
    [
        "{s}\t{word}\t{tag}",
        "{first}\t{word}\t{tag}",
        "doc1\t{s}\t{word}\t{pos}\t{tag}",
        "{n}\t{word}\t{tag}",
        "{word}\t{tag}\t문장{s}",
    ],
)
def test_sentences_without_blank_lines(tmp_path, row):
    found = read(tmp_path, columns(MADE, row, between=""))
    assert texts(found) == expected(MADE)


def test_sentence_numbers_that_begin_anew_with_each_document(tmp_path):
    text = "".join(
        f"d{s // 3}\t{s % 3}\t{word}\t{tag}\n"
        for s, sentence in enumerate(MADE)
        for word, _, tag in sentence
    )
    assert texts(read(tmp_path, text)) == expected(MADE)


def test_nothing_tells_sentences_apart(tmp_path):
    found = read(tmp_path, columns(MADE, between=""))
    assert len(found.frame) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, end):
    text = columns(MADE).replace("\n", end)
    assert texts(read(tmp_path, text, encoding=encoding)) == expected(MADE)


@pytest.mark.parametrize("odd", ["_", "", "\u00a0", "\u3000", "\u200b"])
def test_one_odd_token_concerns_its_sentence(tmp_path, odd):
    made = [*MADE, [("가", "NNG", "O"), (odd, "SW", "O"), ("나", "NNG", "O")]]
    found = read(tmp_path, columns(made))
    assert texts(found)[: len(MADE)] == expected(MADE)
    assert found.details["spacing"] == "words"
    others = texts(found)[len(MADE) :]
    assert others in ([], [(f"가 {odd} 나", [])])
    assert len(others) + len(found.rejects) == 1


def characters(made: list[list[Token]], space: str) -> str:
    lines = []
    for text, entities in expected(made):
        done = 0
        tags = ["O"] * len(text)
        for content, label in entities:
            start = text.index(content, done)
            done = start + len(content)
            tags[start:done] = [f"B-{label}", *[f"I-{label}"] * (len(content) - 1)]
        lines += [f"{space if c == ' ' else c}\t{tag}" for c, tag in zip(text, tags, strict=True)]
        lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize(("space", "spacing"), [(" ", "characters"), ("_", "underscores")])
def test_characters_whose_sentences_have_few_spaces(tmp_path, space, spacing):
    """Most sentences are of one word; single characters tell, too."""
    short = [[(f"{a}{b}", "NNG", "B-PER")] for a in NAMES for b in CITIES]
    made = [*MADE[:3], *short]
    found = read(tmp_path, characters(made, space))
    assert texts(found) == expected(made)
    assert found.details["spacing"] == spacing
    assert texts(read(tmp_path, characters(short, space))) == expected(short)


def test_tokens_with_spaces(tmp_path):
    made = [*MADE, [("서울 시청", "NNP", "B-LOC"), ("앞", "NNG", "O")]]
    assert texts(read(tmp_path, columns(made))) == expected(made)


DOCUMENTS = ["-DOCSTART-", "-DOCSTART- -X- O O", "-DOCSTART-\tO", "-DOCSTART- (12)", "-docstart- O"]


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("row", ["{word}\t{tag}", "{word} {pos} B-NP {tag}"])
def test_docstart_never_swallows_its_neighbours(tmp_path, document, row):
    blocks = columns(MADE, row, between="\n\n").split("\n\n\n")
    assert len(blocks) == len(MADE)
    text = ""
    for n, block in enumerate(blocks):
        before, behind = ["\n", "\n\n"][n % 2], ["\n", "\n\n"][n // 2 % 2]
        text += f"{block.strip(chr(10))}{before}{document}{behind}"
    assert texts(read(tmp_path, f"{document}\n{text}")) == expected(MADE)
    assert read(tmp_path, text).rejects == []


def test_comments_between_and_within(tmp_path):
    text = columns(MADE).replace("\n\n", "\n\n# sent_id = 1\n# text = 가 나\n")
    assert texts(read(tmp_path, text)) == expected(MADE)
    text = columns(MADE).replace("\n\n", "\n## 다음 문장\n")
    assert texts(read(tmp_path, text)) == expected(MADE)
    hashes = [[("#", "SW", "O"), ("1", "SN", "O")], [("가", "NNG", "O"), ("#", "SW", "O")]]
    assert texts(read(tmp_path, columns([*MADE, *hashes]))) == expected([*MADE, *hashes])


def test_pieces_of_words(tmp_path):
    def cut(word: str, part: str, tag: str) -> list[Token]:
        if len(word) < 3:
            return [(word, part, tag)]
        return [(word[:2], part, tag), (f"##{word[2:]}", part, tag.replace("B-", "I-"))]

    made = [[piece for token in sentence for piece in cut(*token)] for sentence in MADE]
    found = read(tmp_path, columns(made))
    assert texts(found) == expected(MADE)
    assert found.details["spacing"] == "pieces"


def test_a_blank_line_behind_every_token_is_seen(tmp_path):
    found = read(tmp_path, columns(MADE).replace("\n", "\n\n"))
    assert len(found.warnings) == 1
    assert not read(tmp_path, columns(MADE)).warnings


def test_two_lines_of_names(tmp_path):
    text = "word,tag\n단어,개체명\n" + columns(MADE, "{word},{tag}")
    assert texts(read(tmp_path, text)) == expected(MADE)


def test_a_byte_order_mark_of_each_file_that_was_put_together(tmp_path):
    text = "\ufeff\ufeff" + columns(MADE) + "\n\ufeff" + columns(MADE)
    assert texts(read(tmp_path, text)) == expected(MADE) * 2


def test_rows_that_are_odd_cost_their_sentence(tmp_path):
    blocks = columns(MADE).split("\n\n")
    blocks[1] = blocks[1].replace("B-PER", "사람")
    blocks[2] = blocks[2].replace("\tB-ORG", "")
    blocks[3] = blocks[3].replace("\tO", "\tO\t무엇", 1)
    found = read(tmp_path, "\n\n".join(blocks))
    assert texts(found) == expected([MADE[0], *MADE[4:]])
    assert len(found.rejects) == 3
    assert found.details["rejected"] == 3


def test_a_damaged_byte_costs_its_sentence(tmp_path):
    path = tmp_path / "my.tsv"
    data = columns(MADE).encode()
    path.write_bytes(data.replace("거리에서".encode(), "거리에서".encode()[:-1], 1))
    found = read_annotated(path)
    assert texts(found) == expected([MADE[0], *MADE[2:]])
    assert [row.kept for row in found.rejects] == [False]


def test_other_files(tmp_path):
    outside = [[(w, p, "O") for w, p, _ in sentence] for sentence in MADE]
    for header in ("", "word\ttag\n"):
        assert texts(read(tmp_path, header + columns(outside))) == expected(outside)
    one = [[("서울", "NNP", "B-LOC")] for _ in range(3)]
    assert texts(read(tmp_path, columns(one))) == expected(one)
    for nothing in ("\n\n", "-DOCSTART- O\n\n"):
        with pytest.raises(UserError):
            read(tmp_path, nothing)


@given(st.integers(0, 10_000))
def test_any_order_of_columns_is_read(tmp_path_factory, seed):
    draw = random.Random(seed)
    kinds = ["{word}", "{tag}", *draw.sample(["{pos}", "d{s}", "{n}", "_", "B-NP"], 3)]
    draw.shuffle(kinds)
    separator = draw.choice(["\t", " ", ",", ";"])
    text = columns(MADE, separator.join(kinds))
    found = read(tmp_path_factory.getbasetemp(), text, "any.txt")
    assert texts(found) == expected(MADE)
    assert isinstance(found.frame, pd.DataFrame)
