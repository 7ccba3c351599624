from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.bio import (
    annotate,
    is_tag,
    join_tokens,
    sentence_blocks,
    tagged_spans,
)
from pipeline.corpora.annotated.entities import Entity
from pipeline.corpora.annotated.tagged_columns import read_columns


def spans(tags: str) -> list[tuple[int, int, str]]:
    found = tagged_spans(tags.split())
    assert not isinstance(found, str), found
    return [tuple(entity) for entity in found[0]]


def conlleval(tags: list[str]) -> list[tuple[int, int, str]]:
    """Chunks of IOB and IOBES tags, from the conditions of conlleval (Tjong Kim Sang, 2004).

    Each boundary between two tokens is looked at by itself: does a chunk end before it, does one
    begin behind it.
    """
    pairs = [("O", "")] + [(t[0], t[2:]) for t in tags] + [("O", "")]
    begun, found = 0, []
    for n in range(1, len(pairs)):
        (was, label), (now, new) = pairs[n - 1], pairs[n]
        if was != "O" and (was in "ES" or now in "BSO" or label != new):
            found.append((begun, n - 1, label))
        if now != "O" and (now in "BS" or was in "OES" or label != new):
            begun = n - 1
    return found


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O B-OG I-OG O B-PS", [(1, 3, "OG"), (4, 5, "PS")]),
        ("B-PS B-PS I-PS", [(0, 1, "PS"), (1, 3, "PS")]),
        ("B_OG I_OG", [(0, 2, "OG")]),
        ("OG-B OG-I O PS_B", [(0, 2, "OG"), (3, 4, "PS")]),
        ("B_PS I I O B_LC", [(0, 3, "PS"), (4, 5, "LC")]),
        ("PER_B - DAT_B DAT_I", [(0, 1, "PER"), (2, 4, "DAT")]),
        # IOB1: B- only where two of a kind touch.
        ("I-PS I-PS B-PS O I-LC I-PS", [(0, 2, "PS"), (2, 3, "PS"), (4, 5, "LC"), (5, 6, "PS")]),
        ("O I-OG I-OG", [(1, 3, "OG")]),
        ("B-OG I-PS", [(0, 1, "OG"), (1, 2, "PS")]),
        # IOBES and BILOU
        ("B-PS E-PS S-PS S-PS I-PS E-PS", [(0, 2, "PS"), (2, 3, "PS"), (3, 4, "PS"), (4, 6, "PS")]),
        ("B-PS L-PS U-LC", [(0, 2, "PS"), (2, 3, "LC")]),
        ("B-work_of_art I-work_of_art", [(0, 2, "work_of_art")]),
        ("", []),
    ],
)
def test_what_tags_say(tags, expected):
    assert spans(tags) == expected


def test_repairs_are_counted():
    assert tagged_spans(["B-OG", "I-OG", "O", "S-PS"])[1] == 0
    assert tagged_spans(["I-OG", "O", "B-OG", "I-PS", "E-LC", "I-LC"])[1] == 4


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ("O X", "'X' is no tag"),
        ("O B-", "'B-' is no tag"),
        ("O I", "I continues nothing, and has no label"),
        ("B-PS NNP", "'NNP' is no tag"),
    ],
)
def test_what_is_no_tag(tags, reason):
    assert tagged_spans(tags.split()) == reason


def test_read_as_conlleval_reads():
    """Every sequence of five tags of two kinds."""
    alphabet = ["O", "B-A", "I-A", "B-B", "I-B", "E-A", "S-B"]
    for tags in itertools.product(alphabet, repeat=5):
        found = [tuple(entity) for entity in tagged_spans(tags)[0]]
        assert found == conlleval(list(tags)), tags


def columns(text: str):
    return read_columns(text.split("\n"))


def sentences(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    file = columns(text)
    found = []
    for sentence in file.sentences:
        (text, entities), _ = annotate(sentence.tokens, sentence.tags, file.spacing)
        found.append((text, [(text[start:end], label) for start, end, label in entities]))
    return found


def test_words_are_joined_by_a_space():
    text = "EU NNP B-ORG\nrejects VBZ O\n\n\nPeter NNP B-PER\nBlackburn NNP I-PER\n"
    assert sentences(text) == [
        ("EU rejects", [("EU", "ORG")]),
        ("Peter Blackburn", [("Peter Blackburn", "PER")]),
    ]
    assert columns(text).spacing == "words"


def test_conll_documents_and_comments():
    text = "-DOCSTART- -X- -X- O\n\n# 1 글\n#\tO\n"
    assert [s.tokens for s in columns(text.replace("\t", " ")).sentences] == [["#"]]
    text = "## id 1\t<가:OG>\n## 또\n가\tB-OG\n\n#\tO\n나\tO\n"
    file = columns(text)
    assert [(s.line, s.tokens) for s in file.sentences] == [(3, ["가"]), (5, ["#", "나"])]


def test_characters_stand_close():
    text = "서\tB-LC\n울\tI-LC\n \tO\n_\tO\n \tB-PS\n김\tI-PS\n\n가\tO\n나\tO\n"
    assert sentences(text) == [("서울 _ 김", [("서울", "LC"), ("김", "PS")]), ("가나", [])]
    assert columns(text).spacing == "characters"
    assert sentences("가\tB-OG\n\tI-OG\n\u00a0\tI-OG\n나\tI-OG") == [
        ("가 \u00a0나", [("가 \u00a0나", "OG")])
    ]


def test_underscores_are_spaces():
    text = "오에\t오에\tNNG\tB-PER\n_\t_\t_\tI-PER\n겐자부로\tx\ty\tI-PER\n는\tx\ty\tO\n"
    assert sentences(text) == [("오에 겐자부로는", [("오에 겐자부로", "PER")])]
    assert columns(text).spacing == "underscores"


def test_spaces_at_the_edges_are_not_of_the_entity():
    assert sentences("가\tO\n \tB-OG\n나\tI-OG\n \tI-OG\n \tB-PS\n") == [
        ("가 나  ", [("나", "OG")])
    ]


def test_numbered_tokens():
    text = "1\t비토리오\tPER_B\n2\t양일\tDAT_B\n3\t.\t-\n\n1\t가\t-\n"
    assert sentences(text) == [
        ("비토리오 양일 .", [("비토리오", "PER"), ("양일", "DAT")]),
        ("가", []),
    ]
    # Numbers that are the tokens.
    assert sentences("1\tB-QT\n\n1\tB-QT\n") == [("1", [("1", "QT")])] * 2


def test_wrong_columns_cost_their_sentence():
    text = "가\tB-OG\n나\tO\n\n다\tO\n라\n마\tO\n\n바\tNNG\tO\n\n사\tO\n"
    file = columns(text)
    assert [s.tokens for s in file.sentences] == [["가", "나"], ["사"]]
    assert [(r.line, r.reason, r.content) for r in file.rejects] == [
        (5, "1 column instead of 2", "라"),
        (8, "3 columns instead of 2", "바\tNNG\tO"),
    ]


def test_blocks_and_their_lines():
    assert list(sentence_blocks(["", " ", "a", "b", "\t", "c"])) == [(3, ["a", "b"]), (6, ["c"])]
    assert list(sentence_blocks([])) == []
    assert columns("") is None


def test_is_tag():
    assert all(
        map(
            is_tag,
            ["O", "-", "I", "B-PS", "B_PS", "PS-B", "PS_I", "S-A", "U-A", "E-A", "o", "b-ps"],
        )
    )
    assert not any(map(is_tag, ["", "B", "NNG", "했다.", "B-", "-B", "X-PS"]))


TOKENS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=4)


@given(st.lists(TOKENS, min_size=1), st.sampled_from(["words", "characters", "underscores"]))
def test_tokens_stand_where_they_are_said_to(tokens, spacing):
    text, places = join_tokens(tokens, spacing)
    for token, (start, end) in zip(tokens, places, strict=True):
        shown = " " if (token, spacing) == ("_", "underscores") else token
        assert text[start:end] == shown
    assert places[0][0] == 0
    assert places[-1][1] == len(text)


@given(st.text(st.characters(exclude_characters="\t\n\r"), min_size=1), st.data())
def test_a_sentence_of_characters_comes_back(text, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    entities = [Entity(a, b, "OG") for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    entities = [e for e in entities if text[e.start : e.end].strip() == text[e.start : e.end]]
    tags = ["O"] * len(text)
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    assert annotate(list(text), tags, "characters") == ((text, entities), 0)
