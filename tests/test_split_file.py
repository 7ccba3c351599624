"""Splits that are read in blocks or a cell at a time, held to what is read whole."""

from __future__ import annotations

import tracemalloc

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import read_split, write_split
from pipeline.errors import UserError
from pipeline.text.line_file import line_blocks, line_writer, spread_lines

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"))


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL)), st.integers(1, 60))
def test_blocks_are_the_whole(tmp_path_factory, rows, size: int):
    path = tmp_path_factory.getbasetemp() / "split.tsv"
    frame = pd.DataFrame(rows, columns=["id", "text", "label"], dtype="str")
    write_split(path, frame)
    split = SplitFile(path, size)
    blocks = list(split.blocks())
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), frame)
    pd.testing.assert_frame_equal(split.frame(), frame)
    assert all(len("".join(map("".join, block[:-1].to_numpy()))) <= size for block in blocks)
    assert len(split) == len(frame)
    assert split.columns == ["id", "text", "label"]
    cells = split.cells("text", str.upper)
    assert list(cells) == [text.upper() for text in frame["text"]]
    assert cells[1:] == list(cells)[1:]


def test_memory_is_that_of_a_block(tmp_path):
    path = tmp_path / "split.tsv"
    frame = pd.DataFrame({"id": range(8000), "text": "영화 " * 20, "label": "좋음"}).astype("str")
    write_split(path, frame)

    def peak(size: int) -> int:
        tracemalloc.start()
        rows = sum(map(len, SplitFile(path, size).blocks()))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == len(frame)
        return most

    assert peak(20_000) < peak(1 << 24) / 10


def test_a_cell_counts_from_either_end(tmp_path):
    write_split(tmp_path / "s.tsv", pd.DataFrame({"id": ["1", "2"], "text": ["가", "나"]}))
    cells = SplitFile(tmp_path / "s.tsv").cells("text")
    assert (cells[0], cells[-1]) == ("가", "나")
    with pytest.raises(IndexError):
        cells[2]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"5\t6\n", r"s\.tsv:4: 2 columns instead of 3"),
        (b"5\t6\t7", "last line end missing"),
        (b"5\t\xff\t7\n", "is not UTF-8"),
    ],
)
def test_a_later_block_that_is_damaged_is_said(tmp_path, line: bytes, what: str):
    path = tmp_path / "s.tsv"
    path.write_bytes(b"id\ttext\tlabel\n1\t2\t3\n4\t5\t6\n" + line)
    blocks = SplitFile(path, 1).blocks()
    assert [next(blocks)["id"].item() for _ in range(2)] == ["1", "4"]
    with pytest.raises(UserError, match=what):
        next(blocks)
    with pytest.raises(UserError, match=what):
        read_split(path)


@settings(deadline=None)
@given(st.lists(st.lists(CELL)), st.integers(1, 9), st.integers(1, 40))
def test_lines_come_back_and_are_spread_evenly(tmp_path_factory, blocks, at_once: int, most: int):
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    with line_writer(path) as append:
        for block in blocks:
            append(block)
    lines = [line for block in blocks for line in block]
    found = list(line_blocks(path, at_once))
    assert [line for block in found for line in block] == lines
    assert all(len(block) == at_once for block in found[:-1])
    spread = spread_lines(path, len(lines), most)
    assert len(spread) == min(most, len(lines))
    if len(lines) <= most:
        assert spread == lines


def test_no_stretch_of_a_file_is_left_out(tmp_path):
    with line_writer(tmp_path / "lines.txt") as append:
        append(map(str, range(1000)))
    chosen = [int(line) for line in spread_lines(tmp_path / "lines.txt", 1000, 70)]
    steps = [b - a for a, b in zip(chosen, [*chosen[1:], 1000], strict=True)]
    assert chosen[0] == 0
    assert {*steps} == {14, 15}
