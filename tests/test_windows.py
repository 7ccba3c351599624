"""Windows of a series: each once, in a repeatable order, none copied before it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.windows import Windows


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 9), st.integers(0, 20), st.booleans())
def test_every_window_comes_once_and_whole(window, horizon, size, more, future):
    steps = window + horizon + more
    series = np.arange(2 * steps, dtype=np.float32).reshape(steps, 2)
    starts = np.arange(more + 1)
    batches = Windows(series, starts, window, horizon, size, seed=1, epoch=2, reads_future=future)
    seen = []
    for start, (inputs, target) in zip(
        np.split(batches.starts, range(size, more + 1, size)), batches, strict=True
    ):
        assert set(inputs) == ({"history", "future"} if future else {"history"})
        for i, first in enumerate(start):
            whole = np.concatenate([inputs["history"][i], target[i]])
            np.testing.assert_array_equal(whole, series[first : first + window + horizon])
        if future:
            np.testing.assert_array_equal(inputs["future"], target)
        seen += start.tolist()
    assert sorted(seen) == starts.tolist()


def test_the_order_hangs_on_seed_and_epoch_alone():
    series = np.zeros((50, 1), np.float32)
    orders = {
        (seed, epoch): Windows(series, np.arange(40), 6, 4, 8, seed=seed, epoch=epoch).starts
        for seed in (1, 2)
        for epoch in (0, 1)
    }
    again = Windows(series, np.arange(40), 6, 4, 8, seed=2, epoch=1).starts
    np.testing.assert_array_equal(orders[2, 1], again)
    assert len({tuple(order) for order in orders.values()}) == 4
    unordered = Windows(series, np.arange(40), 6, 4, 8).starts
    np.testing.assert_array_equal(unordered, np.arange(40))


def test_a_mapped_series_is_read_where_it_is(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(30, 2)).astype("float32"))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    batches = Windows(mapped, np.arange(20), 6, 4, 8)
    assert np.shares_memory(batches._views, mapped)
    np.testing.assert_array_equal(batches[1][0]["history"][0], mapped[8:14])


@pytest.mark.parametrize("start", [-1, 41])
def test_no_window_reaches_beyond_the_series(start):
    with pytest.raises(ValueError, match="ends behind"):
        Windows(np.zeros((50, 1), np.float32), np.array([start]), 6, 4, 8)
