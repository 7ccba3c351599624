"""Mention replacement: what may change, and what never does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.corpora.annotated.inline import parse_inline
from pipeline.text.mentions import MentionSampler
from pipeline.text.ragged import Ragged
from pipeline.text.tags import TagSet
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.text.vocabulary import BOS, EOS
from pipeline.workspace import SAMPLES

TAGS = TagSet(("DT", "LC", "OG", "PS", "TI"))


def encoded(lines: list[str]):
    """(tokenizer, framed ids, framed tags) of marked-up sentences."""
    parsed = [parse_inline(line) for line in lines]
    tokenizer = learn_tokenizer("syllable", [p.text for p in parsed], 4000, min_frequency=1)
    ids, tags = [], []
    for text, entities in parsed:
        pieces = tokenizer.pieces(text)
        ids.append(tokenizer.vocabulary.ids([p.text for p in pieces]))
        starts, ends = [p.start for p in pieces], [p.end for p in pieces]
        tags.append(TAGS.tags_of(starts, ends, entities))
    return tokenizer, Ragged.from_lists(ids).framed(BOS, EOS), Ragged.from_lists(tags).framed(0, 0)


def sample(lines: list[str], share: float, seed: int = 1):
    tokenizer, ids, tags = encoded(lines)
    sampler = MentionSampler(ids, tags, TAGS, tokenizer.vocabulary, share=share, seed=seed)
    return tokenizer, ids, tags, sampler


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()


def outside(ids: Ragged, tags: Ragged, row: int) -> list[int]:
    return ids.row(row)[tags.row(row) == 0].tolist()


def labels(tags: Ragged, row: int) -> list[str]:
    row_tags = tags.row(row).tolist()
    pieces = len(row_tags)
    found = TAGS.entities_of(row_tags, range(pieces), range(1, pieces + 1))
    return [e.label for e in found]


def mentions(tokenizer, ids: Ragged, tags: Ragged) -> list[tuple[str, str]]:
    found = []
    for row, entities in enumerate(TAGS.entities_of_rows(tags)):
        for start, end, label in entities:
            pieces = [tokenizer.vocabulary.pieces[i] for i in ids.row(row)[start:end]]
            # whether it begins a word is a matter of where it stands, not of the entity
            found.append((" ".join(pieces).removeprefix("##"), label))
    return found


def test_a_draw_changes_names_and_nothing_else(lines):
    tokenizer, ids, tags, sampler = sample(lines, 0.5)
    known = set(mentions(tokenizer, ids, tags))
    drawn_ids, drawn_tags = sampler.draw(3)
    assert len(drawn_ids) == len(ids)
    assert drawn_ids.row_splits.tolist() == drawn_tags.row_splits.tolist()
    for row in range(len(ids)):
        assert outside(drawn_ids, drawn_tags, row) == outside(ids, tags, row)
        assert labels(drawn_tags, row) == labels(tags, row)
        assert all(TAGS.legal[pair] for pair in itertools.pairwise(drawn_tags.row(row)))
    before, after = mentions(tokenizer, ids, tags), mentions(tokenizer, drawn_ids, drawn_tags)
    assert set(after) <= known
    changed = np.mean([a != b for a, b in zip(before, after, strict=True)])
    assert 0.35 < changed < 0.55


def test_particles_stay_right():
    pairs = [("민수", "가"), ("지영", "이"), ("서연", "이"), ("나라", "가"), ("BTS", "가")]
    lines = [f"<{name}:PS>{particle} 왔다." for name, particle in pairs] * 3
    tokenizer, ids, tags, sampler = sample(lines, 1.0)
    particle = dict(pairs)
    seen = set()
    for epoch in range(20):
        drawn = sampler.draw(epoch)
        for row in range(len(lines)):
            text = tokenizer.decode(drawn[0].row(row))
            name = next(name for name in particle if text.startswith(name))
            assert text == f"{name}{particle[name]} 왔다."
            seen.add((row, name))
    assert {name for row, name in seen if row == 1} == {"지영", "서연"}
    assert {name for row, name in seen if row == 4} == {"BTS"}


def test_inside_a_word_a_name_goes_on_with_the_word():
    lines = ["“<민수:PS>가 왔다.", "<유나:PS>가 왔다.", "“<유나:PS>가 왔다.", "<민수:PS>가 왔다."]
    tokenizer, _, _, sampler = sample(lines, 1.0)
    for epoch in range(10):
        drawn, _ = sampler.draw(epoch)
        for row in range(4):
            text = tokenizer.decode(drawn.row(row))
            assert text.startswith("“") == (row in (0, 2))
            assert text.removeprefix("“") in ("민수가 왔다.", "유나가 왔다.")


def test_draws_depend_on_seed_and_epoch_alone(lines):
    _, _, _, one = sample(lines[:100], 0.5)
    _, _, _, same = sample(lines[:100], 0.5)
    _, _, _, other = sample(lines[:100], 0.5, seed=2)
    one.draw(7)
    assert one.draw(2)[0].ids.tolist() == same.draw(2)[0].ids.tolist()
    assert one.draw(2)[0].ids.tolist() != one.draw(3)[0].ids.tolist()
    assert one.draw(2)[0].ids.tolist() != other.draw(2)[0].ids.tolist()


@pytest.mark.parametrize("rows", [["이름이 없다.", "여기도 없다."], ["<민수:PS>"]])
def test_nothing_to_replace(rows):
    _, ids, tags, sampler = sample(rows, 1.0)
    drawn = sampler.draw(0)
    assert drawn[0].ids.tolist() == ids.ids.tolist()
    assert drawn[1].ids.tolist() == tags.ids.tolist()


def test_share_of_nothing_is_the_text_itself(lines):
    _, ids, tags, sampler = sample(lines, 0.0)
    assert sampler.draw(1) == (ids, tags)
