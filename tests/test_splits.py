from __future__ import annotations

import collections
import hashlib
import random
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.splits import (
    by_group,
    by_share,
    connected,
    held_out,
    in_time,
    read_split,
    train_dev_test,
    write_split,
)
from pipeline.errors import UserError

IDS = st.lists(st.text("abcdefg가나다0123456789", max_size=4), min_size=2, max_size=60)
DISTINCT = IDS.map(lambda ids: sorted(set(ids), key=ids.index)).filter(lambda ids: len(ids) > 1)


def lowest(ids, count) -> set[str]:
    return set(sorted(ids, key=lambda name: hashlib.sha1(name.encode()).hexdigest())[:count])


@given(DISTINCT, st.data())
def test_the_lowest_hashes_are_held_out(ids, data):
    count = data.draw(st.integers(0, len(ids) - 1))
    mask = held_out(ids, count)
    assert mask.dtype == bool
    assert mask.shape == (len(ids),)
    assert {name for name, held in zip(ids, mask, strict=True) if held} == lowest(ids, count)


@given(IDS, st.randoms(use_true_random=False), st.data())
def test_order_does_not_matter(ids, random, data):
    count = data.draw(st.integers(0, len(ids) - 1)) if len(set(ids)) > 1 else 0
    order = list(range(len(ids)))
    random.shuffle(order)
    shuffled = held_out([ids[at] for at in order], count)
    assert (held_out(ids, count)[order] == shuffled).all()


@given(DISTINCT, st.data())
def test_growth_only_moves_the_boundary(ids, data):
    count = data.draw(st.integers(0, len(ids) - 1))
    known = data.draw(st.integers(count + 1, len(ids)))
    before, after = held_out(ids[:known], count), held_out(ids, count)[:known]
    assert not (after & ~before).any()  # nobody who was trained on is held out later


@given(IDS, st.data())
def test_the_same_id_is_never_on_both_sides(ids, data):
    count = data.draw(st.integers(1, len(ids) - 1))
    if len(set(ids)) == 1:
        with pytest.raises(UserError, match="1 group that"):
            held_out(ids, count)
        return
    mask = held_out(ids, count)
    held = {name for name, is_held in zip(ids, mask, strict=True) if is_held}
    assert held.isdisjoint(name for name, is_held in zip(ids, mask, strict=True) if not is_held)
    # The nearest number that whole groups, none of them too large, can give.
    ranked = sorted(set(ids), key=lambda name: hashlib.sha1(name.encode()).hexdigest())
    sizes = [ids.count(name) for name in ranked]
    small = np.cumsum([size for size in sizes if size <= max(count, min(sizes))])
    possible = small[: len(sizes) - 1]
    assert abs(mask.sum() - count) == np.abs(possible - count).min()


def test_shares_of_what_is_left_do_not_overlap():
    ids = np.array([str(n) for n in range(1000)])
    test = by_share(ids, 0.1)
    dev = by_share(ids[~test], 0.1)
    assert (test.sum(), dev.sum()) == (100, 90)
    assert lowest(ids, 190) == {*ids[test], *ids[~test][dev]}
    assert by_share(["a", "b", "c"], 0.01).sum() == 1
    with pytest.raises(ValueError, match="not between 0 and 1"):
        by_share(["a", "b"], 1.0)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.floats(0.01, 0.45))
def test_three_parts_have_something_each_or_there_are_no_three_ids(sizes, share):
    ids = [f"id {n}" for n, size in enumerate(sizes) for _ in range(size)]
    if len(sizes) < 3:
        with pytest.raises(UserError, match=r"group|cannot be held out"):
            train_dev_test(ids, share)
        return
    parts = train_dev_test(ids, share)
    assert list(parts) == ["train", "dev", "test"]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(ids)))
    of = {name: {ids[row] for row in rows} for name, rows in parts.items()}
    assert all(of.values())
    assert sum(map(len, of.values())) == len(sizes), "an id is in two splits"


@given(st.integers(20, 3000), st.sampled_from([0.05, 0.1, 0.2]))
def test_dev_and_test_have_the_share_of_all_rows_that_was_asked_for(rows, share):
    """Dev, too, though it is taken from what test has left."""
    parts = train_dev_test([str(n) for n in range(rows)], share)
    assert abs(len(parts["test"]) - share * rows) <= 1
    assert abs(len(parts["dev"]) - share * rows) <= 1


def test_an_id_of_too_many_rows_is_not_held_out():
    ids = ["large"] * 900 + [str(n) for n in range(100)]
    parts = train_dev_test(ids)
    assert {name: len(rows) for name, rows in parts.items()} == {
        "train": 900,
        "dev": 50,
        "test": 50,
    }
    assert 0 in parts["train"]


def test_something_must_be_left():
    with pytest.raises(UserError, match=r"10,000 rows cannot be held out of 880"):
        held_out([str(n) for n in range(880)], 10_000)
    with pytest.raises(UserError, match="cannot be held out of 2"):
        held_out(["a", "b"], 2)
    assert held_out([], 0).shape == (0,)


FIELD = st.text(st.characters(codec="utf-8"))
NAME = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"))
BREAKS = re.compile("[\t\n\r]+")


@settings(deadline=None)
@given(st.lists(st.tuples(NAME, FIELD, NAME)))
def test_a_split_comes_back_as_written(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "split.tsv"
    frame = pd.DataFrame(rows, columns=["id", "text", "label"], dtype="str")
    write_split(path, frame)
    read = read_split(path)
    expected = frame.assign(text=[BREAKS.sub(" ", text) for _, text, _ in rows])
    pd.testing.assert_frame_equal(read, expected.astype("str"))
    before = path.read_bytes()
    write_split(path, read)
    assert path.read_bytes() == before


def test_a_split_is_plain_tsv(tmp_path):
    rows = [("1", '"가"\u2028나\u0085\r\n다', "긍정"), ("2", "", "NA"), ("3", "nan", "None")]
    write_split(tmp_path / "s.tsv", pd.DataFrame(rows, columns=["id", "text", "label"]))
    assert (tmp_path / "s.tsv").read_bytes().decode("utf-8") == (
        'id\ttext\tlabel\n1\t"가"\u2028나\u0085 다\t긍정\n2\t\tNA\n3\tnan\tNone\n'
    )
    assert read_split(tmp_path / "s.tsv").loc[1:, "text"].tolist() == ["", "nan"]


def test_what_is_not_a_split_is_said(tmp_path):
    path = tmp_path / "s.tsv"
    with pytest.raises(UserError, match="no such file"):
        read_split(path)
    for content, what in (
        (b"id\ttext\tlabel\n1\t2\n", r"s\.tsv:2: 2 columns instead of 3"),
        (b"id\ttext\tlabel\n1\t2\t3", "last line end missing"),
        (b"text\tlabel\n", "is not a split"),
        (b"", "is not a split"),
        (b"id\ttext\tlabel\n1\t\xff\t0\n", "is not UTF-8"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=what):
            read_split(path)


SIDES = st.lists(st.tuples(st.sampled_from("가나다라마바사"), st.sampled_from("abcdefgh")))


def reachable(keys: list[tuple[str, str]]) -> list[frozenset[int]]:
    """By search: of every pair, all that can be reached from it over shared sides."""
    reached = []
    for start in range(len(keys)):
        found, queue = {start}, collections.deque([start])
        while queue:
            ko, en = keys[queue.popleft()]
            for other, (other_ko, other_en) in enumerate(keys):
                if other not in found and (ko == other_ko or en == other_en):
                    found.add(other)
                    queue.append(other)
        reached.append(frozenset(found))
    return reached


def columns(keys) -> tuple[list[str], list[str]]:
    return [ko for ko, _ in keys], [en for _, en in keys]


@given(SIDES, st.randoms(use_true_random=False))
def test_groups_are_what_is_connected(keys, draw):
    groups = connected(*columns(keys))
    members = collections.defaultdict(set)
    for row, group in enumerate(groups):
        members[group].add(row)
    assert [frozenset(members[group]) for group in groups] == reachable(keys)
    shuffled = draw.sample(range(len(keys)), len(keys))
    again = connected(*columns([keys[row] for row in shuffled]))
    assert again == [groups[row] for row in shuffled]


@given(SIDES, st.integers(1, 5))
def test_what_is_held_out_shares_no_side(keys, count):
    groups = connected(*columns(keys))
    if len(set(groups)) < 2 or count >= len(keys):
        return
    chosen = held_out(groups, count)
    assert 0 < chosen.sum() < len(keys)
    for side in columns(keys):
        held, rest = ({value for value, out in zip(side, chosen, strict=True) if out == wanted}
                      for wanted in (True, False))  # fmt: skip
        assert not held & rest


def test_how_many_of_what_is_connected_are_held_out():
    draw = random.Random(3)
    keys = [(f"가{draw.randrange(900)}", f"a{n}") for n in range(1000)]
    chosen = held_out(connected(*columns(keys)), 100)
    assert 97 <= chosen.sum() <= 103
    # Rows that come later change little.
    more = [*keys, *((f"나{n}", f"b{n}") for n in range(100))]
    assert (chosen != held_out(connected(*columns(more)), 110)[:1000]).sum() < 25


def test_a_column_says_the_same_of_itself_only():
    assert connected(["a", "b"], ["b", "a"]) == ["a", "b"]


@given(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=40), st.floats(0.05, 0.9))
def test_groups_stay_together_and_both_sides_have_one(groups, share):
    if len(set(groups)) < 2:
        with pytest.raises(UserError, match=r"1 group|cannot be held out"):
            by_group(groups, share)
        return
    mask = by_group(groups, share)
    held = {group for group, out in zip(groups, mask, strict=True) if out}
    kept = {group for group, out in zip(groups, mask, strict=True) if not out}
    assert held
    assert kept
    assert held.isdisjoint(kept)
    order = sorted(range(len(groups)), key=lambda i: groups[i])
    assert (by_group([groups[i] for i in order], share) == mask[order]).all()


@given(st.integers(1, 300), st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.integers(0, 5))
def test_nothing_from_the_future_is_in_train(rows, dev, test, gap):
    sizes = round(dev * rows), round(test * rows)
    if min(rows - sum(sizes) - 2 * gap, *sizes) < 1:
        with pytest.raises(UserError, match="too few"):
            in_time(rows, dev=dev, test=test, gap=gap)
        return
    parts = in_time(rows, dev=dev, test=test, gap=gap)
    assert list(parts) == ["train", "dev", "test"]
    assert parts["train"][-1] + gap + 1 == parts["dev"][0]
    assert parts["dev"][-1] + gap + 1 == parts["test"][0]
    assert parts["test"][-1] == rows - 1
    assert all(len(part) > 0 for part in parts.values())


def test_a_split_has_the_columns_of_its_task(tmp_path):
    frame = pd.DataFrame([("1", "a b", "c"), ("2", "", "d")], columns=["id", "history", "forecast"])
    write_split(tmp_path / "s.tsv", frame)
    pd.testing.assert_frame_equal(read_split(tmp_path / "s.tsv"), frame.astype("str"))
