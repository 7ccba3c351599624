"""Entities to tags and back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.entities import Entity, read_entities, write_entities
from pipeline.text.ragged import Ragged
from pipeline.text.tags import TagSet, ids_and_tags
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.text.vocabulary import UNK

TAGS = TagSet(("DT", "OG", "PS"))


def test_the_example_of_the_lecture():
    text = "증권거래소에 주식을 상장하였다"
    tokenizer = learn_tokenizer("syllable", [text, text], 100)
    pieces = tokenizer.pieces(text)
    starts, ends = [p.start for p in pieces], [p.end for p in pieces]
    tags = TAGS.tags_of(starts, ends, [Entity(0, 5, "OG")])
    shown = [f"{p.text}/{TAGS.names[tag]}" for p, tag in zip(pieces, tags, strict=True)]
    assert shown[:6] == ["증/B-OG", "##권/I-OG", "##거/I-OG", "##래/I-OG", "##소/I-OG", "##에/O"]
    assert set(tags[6:]) == {0}
    assert TAGS.entities_of(tags, starts, ends) == [Entity(0, 5, "OG")]


def test_legal_is_iob2():
    for a, b in itertools.product(TAGS.names, TAGS.names):
        allowed = not b.startswith("I-") or (a != "O" and a[2:] == b[2:])
        assert TAGS.legal[TAGS.names.index(a), TAGS.names.index(b)] == allowed, (a, b)
    assert [TAGS.names[i] for i in np.flatnonzero(TAGS.legal_first)] == [
        "O",
        "B-DT",
        "B-OG",
        "B-PS",
    ]


@st.composite
def annotated(draw):
    """Piece spans with gaps between them, and entities that begin and end with pieces."""
    starts, ends, at = [], [], 0
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.integers(0, 2))
        starts.append(at)
        at += draw(st.integers(1, 3))
        ends.append(at)
    entities, piece = [], 0
    while piece < len(starts):
        last = piece + draw(st.integers(0, 3))
        if last < len(starts) and draw(st.booleans()):
            entities.append(Entity(starts[piece], ends[last], draw(st.sampled_from(TAGS.labels))))
        piece = last + 1
    return starts, ends, entities


@given(annotated())
def test_round_trip(case):
    starts, ends, entities = case
    tags = TAGS.tags_of(starts, ends, entities)
    assert len(tags) == len(starts)
    assert all(TAGS.legal[pair] for pair in itertools.pairwise([0, *tags]))
    assert TAGS.entities_of(tags, starts, ends) == entities
    assert read_entities(write_entities(entities)) == entities


def test_two_neighbours_of_one_kind_stay_two():
    entities = [Entity(0, 2, "PS"), Entity(2, 4, "PS")]
    assert (
        TAGS.entities_of(TAGS.tags_of(range(4), range(1, 5), entities), range(4), range(1, 5))
        == entities
    )


def test_every_piece_has_a_tag_a_start_and_an_end():
    for tags, starts, ends in (([0], [0, 1], [1, 2]), ([0, 1], [0], [1, 2]), ([0, 1], [0, 1], [1])):
        with pytest.raises(ValueError, match="zip"):
            TAGS.entities_of(tags, starts, ends)


def test_rows_count_in_pieces():
    rows = Ragged.from_lists([[0, 3, 4, 0], [0], [5, 5]])
    assert TAGS.entities_of_rows(rows) == [
        [Entity(1, 3, "OG")],
        [],
        [Entity(0, 1, "PS"), Entity(1, 2, "PS")],
    ]


@pytest.mark.parametrize("cell", ["3-4", "a-4:PS", "1-2:", "0-1:PS,3-4:PS x"])
def test_what_is_no_annotation_is_refused(cell):
    with pytest.raises(ValueError, match="start-end:label"):
        read_entities(cell)


def test_an_entity_across_the_edge_of_two_parts_goes_on_as_another():
    rows = Ragged.from_lists([[0, 3, 4, 4, 4], [], [1, 2]])
    parts = TAGS.in_parts(rows, 3)
    assert [parts.row(i).tolist() for i in range(4)] == [[0, 3, 4], [3, 4], [], [1, 2]]
    assert rows.ids.tolist() == [0, 3, 4, 4, 4, 1, 2]


def test_an_entity_that_holds_the_frame_begins_after_it():
    rows = Ragged.from_lists([[3, 4, 4, 0], [3, 4], [0, 0, 3, 4], [5, 5, 6, 6]])
    unframed = TAGS.unframed(rows)
    assert [unframed.row(i).tolist() for i in range(4)] == [[3, 4], [], [0, 3], [5, 6]]
    assert rows.ids.tolist()[:3] == [3, 4, 4]


def test_annotated_texts_as_ids_and_tags():
    """Unknown kinds and edges that no piece has are counted; an empty text stays a row."""
    texts = ["김민수가 서울에", "", "한\u1112\u1161\u11ab글"]
    tokenizer = learn_tokenizer("syllable", ["김민수가 서울에 한글"] * 2, 100)
    entities = [
        [Entity(0, 3, "PS"), Entity(5, 7, "LC")],
        [],
        # The second ends inside a syllable that is written as three characters.
        [Entity(0, 1, "OG"), Entity(1, 3, "DT")],
    ]
    ids, tags, lost = ids_and_tags(tokenizer, TAGS, texts, entities)
    names = tokenizer.vocabulary.pieces
    assert [[names[i] for i in ids.row(row)] for row in range(3)] == [
        ["김", "##민", "##수", "##가", "서", "##울", "##에"],
        [],
        ["한", names[UNK], "##글"],
    ]
    assert [[TAGS.names[tag] for tag in tags.row(row)] for row in range(3)] == [
        ["B-PS", "I-PS", "I-PS", "O", "O", "O", "O"],
        [],
        ["B-OG", "B-DT", "O"],
    ]
    assert lost == 2
