"""Runs of pieces: learnt, and looked up by plain ops."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from pipeline.errors import UserError
from pipeline.layers.piece_ngrams import PieceNgrams
from pipeline.text.piece_ngrams import learn_piece_ngrams, load_piece_ngrams, save_piece_ngrams
from pipeline.text.ragged import Ragged

VOCABULARY = 12
ROWS = st.lists(st.lists(st.integers(4, VOCABULARY - 1), max_size=9), min_size=1, max_size=8)


def counted(rows: Ragged, n: int) -> collections.Counter:
    return collections.Counter(
        tuple(rows.row(i)[k : k + n].tolist())
        for i in range(len(rows))
        for k in range(len(rows.row(i)) - n + 1)
    )


@given(rows=ROWS, longest=st.integers(2, 4), least=st.integers(1, 3))
def test_finds_exactly_the_frequent_runs(rows, longest, least):
    rows = Ragged.from_lists(rows).framed(2, 3)
    keys = learn_piece_ngrams(rows, VOCABULARY, longest, least)
    layer = PieceNgrams([len(k) for k in keys], VOCABULARY)
    layer.build((None, None))
    layer.set_keys(keys)
    width = int(rows.lengths.max()) + 2
    ids = np.zeros((len(rows), width), np.int32)
    for i in range(len(rows)):
        ids[i, : len(rows.row(i))] = rows.row(i)
    for n, numbers in enumerate(layer(ids), 2):
        numbers = ops.convert_to_numpy(numbers)
        frequent = {run for run, count in counted(rows, n).items() if count >= least}
        assert len(keys[n - 2]) == len(frequent)
        named: dict[int, tuple] = {}
        for i, at in np.ndindex(*ids.shape):
            for ahead in range(n):
                end = at + ahead + 1
                run = tuple(rows.row(i)[max(end - n, 0) : end].tolist()) if end >= n else ()
                number = int(numbers[i, at, ahead])
                assert (number > 0) == (len(run) == n and run in frequent)
                if number:
                    assert named.setdefault(number, run) == run
        assert set(named) == set(range(1, len(frequent) + 1))


def test_padding_changes_nothing():
    rows = Ragged.from_lists([[4, 5, 6, 7], [5, 6]] * 2).framed(2, 3)
    keys = learn_piece_ngrams(rows, VOCABULARY, 3, 1)
    layer = PieceNgrams([len(k) for k in keys], VOCABULARY)
    layer.build((None, None))
    layer.set_keys(keys)
    short = np.array([[2, 5, 6, 3]], np.int32)
    for alone, padded in zip(layer(short), layer(np.pad(short, ((0, 0), (0, 5)))), strict=True):
        np.testing.assert_array_equal(alone, padded[:, :4])


def test_runs_of_several_lengths_that_no_training_text_held():
    rows = Ragged.from_lists([[4, 5]]).framed(2, 3)
    assert [k.tolist() for k in learn_piece_ngrams(rows, VOCABULARY, 3, 2)] == [[], []]


@pytest.mark.parametrize("longest", [1, 2, 12])
def test_saved_and_loaded(tmp_path, longest):
    """Lengths keep their order past 9, and lengths of which nothing is known their place."""
    rows = Ragged.from_lists([[4, 5, 6, 7, 8, 9, 10, 11], [5, 6, 7], [5, 6]]).framed(2, 3)
    keys = learn_piece_ngrams(rows, VOCABULARY, longest, 2)
    assert [len(k) for k in keys] == [3, 2, *[0] * 9][: longest - 1]
    save_piece_ngrams(tmp_path / "ngrams.npz", keys)
    loaded = load_piece_ngrams(tmp_path / "ngrams.npz")
    assert [(k.dtype, k.tolist()) for k in loaded] == [(np.int32, k.tolist()) for k in keys]


def test_files_that_hold_no_runs_of_pieces(tmp_path):
    path = tmp_path / "ngrams.npz"
    with pytest.raises(UserError, match=r"ngrams\.npz.*not found.*prepare"):
        load_piece_ngrams(path)
    save_piece_ngrams(path, [np.arange(500, dtype=np.int32), np.arange(9, dtype=np.int32)])
    whole = path.read_bytes()
    rows = tmp_path / "rows.npz"
    np.savez(rows, ids=np.zeros(2, np.int32), row_splits=np.arange(3))
    for harmed in (
        b"",
        b"PK",
        whole[:200],
        whole[:60] + b"\xff" * 40 + whole[100:],
        rows.read_bytes(),
    ):
        path.write_bytes(harmed)
        with pytest.raises(UserError, match="does not hold runs of pieces"):
            load_piece_ngrams(path)


def test_forgets_in_training_alone():
    rows = Ragged.from_lists([[4, 5, 6, 7] * 50] * 40).framed(2, 3)
    keys = learn_piece_ngrams(rows, VOCABULARY, 3, 2)
    ids = np.stack([rows.row(i) for i in range(len(rows))])

    def share_forgotten(**settings) -> tuple[float, float]:
        layer = PieceNgrams([len(k) for k in keys], VOCABULARY, **settings)
        layer.build((None, None))
        layer.set_keys(keys)
        known = [ops.convert_to_numpy(numbers) for numbers in layer(ids)]
        kept = [ops.convert_to_numpy(numbers) for numbers in layer(ids, training=True)]
        for one, other in zip(kept, known, strict=True):
            assert ((one == other) | (one == 0)).all(), "nothing becomes another n-gram"
        was = np.concatenate([k[k > 0] for k in known])
        now = np.concatenate([k[w > 0] for k, w in zip(kept, known, strict=True)])
        rows_gone = np.mean([all((k[i] == 0).all() for k in kept) for i in range(len(ids))])
        return float(np.mean((was > 0) & (now == 0))), float(rows_gone)

    assert share_forgotten() == (0.0, 0.0)
    assert share_forgotten(forget_rows=1.0) == (1.0, 1.0)
    single, rows_gone = share_forgotten(forget=0.3)
    assert abs(single - 0.3) < 0.02
    assert rows_gone == 0.0
    _, rows_gone = share_forgotten(forget_rows=0.5)
    assert 0.25 < rows_gone < 0.75
