"""Files of a user's own with a tagged token a line, in all the ways that people have them."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts
from pipeline.corpora.annotated.entities import read_entities
from pipeline.errors import UserError

NAMES = ["김민수", "이영희", "박철수", "최지우", "정다은", "한서준"]
CITIES = ["서울", "부산", "대구", "인천", "광주"]

Token = tuple[str, str, str]  # word, part of speech, tag


def sentences(count: int = 12) -> list[list[Token]]:
    """Of two kinds in turn, with an entity of two words in the second."""
    made: list[list[Token]] = []
    for n in range(count):
        name, city = NAMES[n % len(NAMES)], CITIES[n % len(CITIES)]
        if n % 2:
            made.append(
                [
                    (name, "NNP", "B-PER"),
                    ("대표는", "NNG", "O"),
                    (city, "NNP", "B-LOC"),
                    ("거리에서", "NNG", "O"),
                    (f"{n}번", "SN", "O"),
                    ("말했다", "VV", "O"),
                ]
            )
        else:
            made.append(
                [
                    (f"{city}", "NNP", "B-ORG"),
                    (f"{n + 1}은행은", "NNG", "I-ORG"),
                    ("금리를", "NNG", "O"),
                    ("올렸다", "VV", "O"),
                ]
            )
    return made  # fmt: skip


def expected(made: list[list[Token]]) -> list[tuple[str, list[tuple[str, str]]]]:
    found = []
    for sentence in made:
        entities: list[tuple[str, str]] = []
        for word, _, tag in sentence:
            if tag.startswith("B-"):
                entities.append((word, tag[2:]))
            elif tag.startswith("I-"):
                entities[-1] = (f"{entities[-1][0]} {word}", tag[2:])
        found.append((" ".join(word for word, _, _ in sentence), entities))
    return found


def read(tmp_path: Path, text: str, name: str = "my.tsv", encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_annotated(path)


def texts(found: AnnotatedTexts) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text, [(text[start:end], label) for start, end, label in read_entities(cell)])
        for text, cell in zip(found.frame["text"], found.frame["label"], strict=True)
    ]


def columns(made: list[list[Token]], row="{word}\t{tag}", between: str = "\n") -> str:
    """`row` may name word, pos, tag, s (number of the sentence), n (of the token) and first (the
    number of the sentence, in its first row only)."""
    lines = []
    for s, sentence in enumerate(made):
        lines.append(
            "".join(
                row.format(word=w, pos=p, tag=t, s=s, n=n, first="" if n else f"Sentence: {s}")
                + "\n"
                for n, (w, p, t) in enumerate(sentence)
            )
        )
    return between.join(lines)


MADE = sentences()


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


@pytest.mark.parametrize(
    "written",
    [
        lambda tag: tag.replace("-", "_"),
        lambda tag: "-".join(reversed(tag.split("-"))),
        lambda tag: "_".join(reversed(tag.split("-"))),
        lambda tag: "-" if tag == "O" else tag,
        lambda tag: (
            tag.replace("B-", "b-").replace("I-", "i-").replace("O", "o")
            if tag == "O"
            else tag[0].lower() + tag[1:]
        ),
        lambda tag: f" {tag}\u200b",
    ],
)
def test_tags_in_many_spellings(tmp_path, written):
    made = [[(w, p, written(t)) for w, p, t in sentence] for sentence in MADE]
    assert texts(read(tmp_path, columns(made))) == expected(MADE)


@pytest.mark.parametrize("single", ["S", "U", "W"])
def test_tags_with_ends(tmp_path, single):
    end = "L" if single == "U" else "E"
    made = []
    for sentence in MADE:
        tags = [t for _, _, t in sentence] + ["O"]
        new = []
        for here, behind in zip(tags, tags[1:], strict=False):
            ends = here != "O" and not behind.startswith("I-")
            new.append(f"{single if here[0] == 'B' else end}{here[1:]}" if ends else here)
        made.append([(w, p, t) for (w, p, _), t in zip(sentence, new, strict=True)])
    assert texts(read(tmp_path, columns(made))) == expected(MADE)


def test_labels_without_b_and_i(tmp_path):
    made = [[(w, p, t[2:] or t) for w, p, t in sentence] for sentence in MADE]
    found = read(tmp_path, columns(made, "{word}\t{pos}\t{tag}"))
    assert texts(found) == expected(MADE)
    assert "B and I" in found.details["read_as"]


@pytest.mark.parametrize("outside", ["", "_", "0", "X", "None"])
def test_what_stands_for_outside(tmp_path, outside):
    made = [[(w, p, outside if t == "O" else t) for w, p, t in s] for s in MADE]
    found = read(tmp_path, columns(made, "{word}\t{pos}\t{tag}"))
    assert texts(found) == expected(MADE)
    assert found.rejects == []


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


def test_spellings_of_a_label_become_one(tmp_path):
    made = [list(sentence) for sentence in MADE]
    spellings = ["B-per", "B-PER\u200b", "B-Per", "B-ＰＥＲ"]
    for sentence, tag in zip(made[1::2], spellings, strict=False):
        sentence[0] = (sentence[0][0], "NNP", tag)
    found = read(tmp_path, columns(made))
    assert texts(found) == expected(MADE)
    assert "PER" in found.warnings[0]
    hangul = [[(w, p, t.replace("PER", "인물")) for w, p, t in s] for s in MADE]
    hangul[1][0] = (hangul[1][0][0], "NNP", "B-" + unicodedata.normalize("NFD", "인물"))
    found = read(tmp_path, columns(hangul))
    assert set(found.details["entities"]) == {"인물", "LOC", "ORG"}
    assert found.warnings


def test_the_limit_of_labels_is_named(tmp_path):
    made = [*MADE, [("가", "NNG", "B-" + "X" * 65)], [("나", "NNG", "B-" + "Y" * 64)]]
    found = read(tmp_path, columns(made))
    assert texts(found)[-1] == ("나", [("나", "Y" * 64)])
    assert [("64" in row.reason, row.kept) for row in found.rejects] == [(True, False)]


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
