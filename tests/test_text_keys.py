"""The splits of rows whose keys lie on the disk: those of a plain formula, in little memory."""

from __future__ import annotations

import collections
import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.corpora import stored_numbers, text_keys
from pipeline.corpora.group_sizes import GroupSizes
from pipeline.corpora.splits import SPLITS, connected, keys_of
from pipeline.corpora.stored_numbers import StoredNumbers
from pipeline.corpora.text_keys import TextKeys
from pipeline.corpora.text_splits import split_own_texts
from pipeline.errors import UserError

FEW, MANY = st.integers(0, 5), st.integers(0, 1000)
ROWS = st.lists(st.tuples(st.one_of(FEW, MANY), st.one_of(FEW, MANY)), min_size=1, max_size=40)
FILES = st.one_of(
    st.fixed_dictionaries({"train": ROWS}),
    st.fixed_dictionaries({"train": ROWS}, optional={"dev": ROWS, "test": ROWS}),
)


def lowest(sizes: dict[str, int], count: int, leave: int) -> set[str]:
    """The groups that are held out, in memory."""
    largest = max(count, min(sizes.values()))
    eligible = [group for group in sorted(sizes) if sizes[group] <= largest]
    most = len(sizes) - leave
    if len(eligible) < len(sizes):
        most = min(most, max(len(eligible) // leave, 1))
    reached = list(itertools.accumulate(sizes[group] for group in eligible[:most]))
    nearest = min(range(len(reached)), key=lambda number: abs(reached[number] - count))
    return set(eligible[: nearest + 1])


def expected(files: dict[str, list[tuple[int, int]]]) -> dict[str, list[int]] | None:
    """split -> rows of its file, in memory; None where there is none for one."""
    texts = {split: {text for _, text in rows} for split, rows in files.items()}
    found = {}
    for split in (split for split in SPLITS if split in files):
        later = set().union(*(texts[s] for s in SPLITS[SPLITS.index(split) + 1 :] if s in texts))
        rows = enumerate(files[split])
        found[split] = [row for row, (_, text) in rows if text not in later]
    if not found["train"] or not found.get("dev", [0]):
        return None
    missing = [split for split in ("test", "dev") if split not in files]
    if len(missing) == 2 and len(texts["train"]) < 3:
        return None
    rows = found["train"]
    ids, of_rows = zip(*(files["train"][row] for row in rows), strict=True)
    names = connected([f"{key:016x}" for key in keys_of(map(str, ids))], list(map(str, of_rows)))
    group_of = dict(zip(rows, names, strict=True))
    if missing and len(set(names)) < len(missing) + 1:
        return None
    for number, split in enumerate(missing):
        rows = found["train"]
        count = max(min(round(0.1 / (1 - 0.1 * number) * len(rows)), len(rows) - 1), 1)
        sizes = collections.Counter(group_of[row] for row in rows)
        held = lowest(sizes, count, leave=len(missing) - number)
        found[split] = [row for row in rows if group_of[row] in held]
        found["train"] = [row for row in rows if group_of[row] not in held]
    return {split: found[split] for split in SPLITS}


@given(st.lists(st.integers(1, 5), min_size=3, max_size=12), st.integers(1, 3), st.data())
def test_the_same_groups_are_held_out_in_blocks_of_any_size(sizes, at_once, data):
    count, leave = data.draw(st.integers(1, sum(sizes) - 1)), data.draw(st.integers(1, 2))
    keys = np.uint64(1 << 63) + np.arange(len(sizes), dtype=np.uint64)
    groups = np.stack([keys, np.array(sizes, np.uint64)], axis=1)
    blocks = [groups[first : first + at_once] for first in range(0, len(groups), at_once)]
    held = GroupSizes(lambda: blocks).lowest(count, leave=leave).has(keys)
    assert {f"{number:02}" for number in held.nonzero()[0]} == lowest(
        {f"{number:02}": size for number, size in enumerate(sizes)}, count, leave
    )


def keys(rows: list[tuple[int, int]], folder=None) -> TextKeys:
    found = TextKeys(folder)
    for part in (rows[:13], rows[13:]):
        found.add(pd.DataFrame(part, columns=["id", "text"]).astype("str"))
    return found


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("keys_at_once", [1, 7, 1 << 19])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(files=FILES)
def test_the_splits_are_those_of_a_plain_formula(
    tmp_path, monkeypatch, keys_at_once, on_disk, files
):
    monkeypatch.setattr(text_keys, "_KEYS_AT_ONCE", keys_at_once)
    monkeypatch.setattr(stored_numbers, "_ROWS", 5)
    folder = tmp_path if on_disk else None
    wanted = expected(files)
    try:
        found = split_own_texts({s: keys(rows, folder) for s, rows in files.items()}, "my.tsv")
    except UserError:
        assert wanted is None
        return
    rows = {split: chosen.mask().nonzero()[0].tolist() for split, (_, chosen) in found.rows.items()}
    assert rows == wanted
    assert list(rows) == list(SPLITS)
    assert {split: len(chosen) for split, (_, chosen) in found.rows.items()} == {
        split: len(those) for split, those in wanted.items()
    }
    assert {split: part for split, (part, _) in found.rows.items()} == {
        split: split if split in files else "train" for split in SPLITS
    }
    if len(files) == 3:
        dropped = {split: len(files[split]) - len(rows[split]) for split in SPLITS}
        assert found.dropped == {split: count for split, count in dropped.items() if count}


def peak(monkeypatch, folder, rows: int) -> int:
    """Bytes that the splits of random keys take at most, beside what they are made of; a tenth of
    the rows have a text that others have, too."""
    draw, left = np.random.default_rng(rows), rows
    known = TextKeys(folder)
    monkeypatch.setattr(text_keys, "keys_of", lambda values: np.fromiter(values, np.uint64))
    monkeypatch.setattr(text_keys, "normalize", lambda value: value)
    while left:
        count = min(left, 1 << 16)
        texts = draw.integers(0, 1 << 64, count, np.uint64)
        texts[: count // 10] = texts[: count // 10] >> np.uint64(48) << np.uint64(48)
        known.add(pd.DataFrame({"id": texts, "text": texts}))
        left -= count
    tracemalloc.start()
    found = split_own_texts({"train": known}, "my.tsv")
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(chosen) for _, chosen in found.rows.values()) == rows
    return taken


def test_memory_grows_by_two_bytes_a_row(tmp_path, monkeypatch):
    """One of them for the number of a row's split, and one while rows are chosen by it."""
    few, many = 500_000, 2_000_000
    assert peak(monkeypatch, tmp_path, many) - peak(monkeypatch, tmp_path, few) < 2.2 * (many - few)
    assert not any(tmp_path.iterdir())


def test_keys_are_read_as_often_for_many_ranges_as_for_one(monkeypatch):
    rows = [(number, number // 2) for number in range(2000)]
    files = {"train": keys(rows), "dev": keys(rows[:500])}
    read, blocks = collections.Counter(), StoredNumbers.blocks

    def counted(numbers: StoredNumbers):
        for rows, block in blocks(numbers):
            read[text_keys._KEYS_AT_ONCE] += len(block)
            yield rows, block

    monkeypatch.setattr(StoredNumbers, "blocks", counted)
    for keys_at_once in (50, 5000):
        monkeypatch.setattr(text_keys, "_KEYS_AT_ONCE", keys_at_once)
        split_own_texts(files, "my.tsv")
    assert read[50] == read[5000] > 0


def test_rows_that_are_all_alike_take_no_more_memory(tmp_path, monkeypatch):
    """One text in most rows of a file: its range of keys has most of them."""
    known = TextKeys(tmp_path)
    monkeypatch.setattr(text_keys, "_KEYS_AT_ONCE", 1 << 12)
    monkeypatch.setattr(stored_numbers, "_ROWS", 1 << 12)
    texts = [f"글 {n}" for n in range(2000)]
    for _ in range(4):
        known.add(pd.DataFrame({"id": ["같다"] * 25_000, "text": ["글"] * 25_000}))
    known.add(pd.DataFrame({"id": texts, "text": texts}))
    tracemalloc.start()
    found = split_own_texts({"train": known}, "my.tsv")
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 8 * len(known)
    assert len(found.rows["train"][1]) >= 100_000


def test_numbers_come_back_in_blocks_as_they_were_added(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_numbers, "_ROWS", 4)
    pairs = np.arange(20, dtype=np.uint64).reshape(10, 2)
    for numbers in (StoredNumbers(np.uint64, (2,), tmp_path / "new"), StoredNumbers("u8", (2,))):
        numbers.add(pairs[:3])
        first = numbers.blocks()
        assert next(first)[1].tolist() == pairs[:3].tolist()
        numbers.add(pairs[3:])
        assert len(numbers) == 10
        # Two at the same time.
        for (rows, block), (_, again) in zip(numbers.blocks(), numbers.blocks(), strict=True):
            assert block.tolist() == again.tolist() == pairs[rows].tolist()
    assert not any((tmp_path / "new").iterdir())
