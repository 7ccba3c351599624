"""Running text in windows: streams that go on from window to window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.text_streams import TextStreams
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, PAD

DOCUMENTS = st.lists(st.integers(0, 30), min_size=1, max_size=20).filter(any)
SHAPES = {
    "lengths": DOCUMENTS,
    "batch_size": st.integers(1, 9),
    "window": st.integers(1, 12),
}


def documents(lengths) -> Ragged:
    """Every id of the text is another one."""
    first = np.cumsum([0, *lengths])
    return Ragged.from_lists(
        [[BOS, *range(10 + n, 10 + n + length)] for n, length in zip(first, lengths, strict=False)]
    )


def whole(streams: TextStreams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids, reset and targets of all windows side by side: [batch, windows * time]."""
    items = [streams[i] for i in range(len(streams))]
    ids, reset = (np.concatenate([i[0][k] for i in items], axis=1) for k in ("ids", "reset"))
    return ids, reset, np.concatenate([targets for _, targets in items], axis=1)


@given(**SHAPES, seed=st.one_of(st.none(), st.integers(0, 9)), lead=st.integers(0, 8))
def test_each_id_is_predicted_once_from_what_stands_before_it(
    lengths, batch_size, window, seed, lead
):
    rows = documents(lengths)
    streams = TextStreams(rows, batch_size, window, seed=seed, lead=lead)
    ids, reset, targets = whole(streams)
    assert sorted(targets[targets >= 0]) == list(range(10, 10 + sum(lengths)))
    assert streams.predicted == sum(lengths)
    before = dict(zip(rows.ids[1:].tolist(), rows.ids.tolist(), strict=False))
    for read, target in zip(ids[targets >= 0], targets[targets >= 0], strict=True):
        assert read == before[target]
    # A document's beginning is a beginning, and so is a stream's; nothing else is.
    expected = ids == BOS
    expected[:, 0] = True
    np.testing.assert_array_equal(reset, expected)


@given(**SHAPES, seed=st.one_of(st.none(), st.integers(0, 9)))
def test_streams_go_on_from_window_to_window(lengths, batch_size, window, seed):
    streams = TextStreams(documents(lengths), batch_size, window, seed=seed)
    ids, reset, targets = whole(streams)
    for row in range(batch_size):
        real = targets[row] >= 0
        assert not (np.diff(real.astype(int)) > 0).any(), "padding is on the right"
        assert (ids[row][~real] == PAD).all()
        read, said, fresh = ids[row][real], targets[row][real], reset[row][real]
        # What was said is read next, unless a document begins.
        assert all(s == r for s, r, new in zip(said, read[1:], fresh[1:], strict=False) if not new)


@given(**SHAPES)
def test_windows_are_equally_wide_and_little_is_padded(lengths, batch_size, window):
    streams = TextStreams(documents(lengths), batch_size, window)
    shapes = {streams[i][1].shape for i in range(len(streams))}
    assert shapes == {(batch_size, streams.width)}
    assert streams.width <= window
    longest = -(-sum(lengths) // batch_size)
    assert longest <= len(streams) * streams.width < longest + len(streams)
    assert (streams[len(streams) - 1][1] >= 0).any(), "the loss of a batch is a mean"


@given(**SHAPES, seed=st.integers(0, 3), epoch=st.integers(0, 3))
def test_windows_are_a_function_of_seed_and_epoch(lengths, batch_size, window, seed, epoch):
    rows = documents(lengths)
    one, other = (TextStreams(rows, batch_size, window, seed=seed, epoch=epoch) for _ in range(2))
    # In any order: a training that resumes begins in the middle.
    for index in reversed(range(len(one))):
        (inputs, targets), (again, same) = one[index], other[index]
        np.testing.assert_array_equal(inputs["ids"], again["ids"])
        np.testing.assert_array_equal(inputs["reset"], again["reset"])
        np.testing.assert_array_equal(targets, same)
    assert len(one) == len(TextStreams(rows, batch_size, window, seed=seed, epoch=epoch + 1))


def test_epochs_and_seeds_part_the_text_at_different_places():
    one_document, many = documents([500]), documents([25] * 20)
    for rows in (one_document, many):
        found = {
            TextStreams(rows, 4, 8, seed=seed, epoch=epoch)[0][0]["ids"].tobytes()
            for seed in (1, 2)
            for epoch in (0, 1)
        }
        assert len(found) == 4
    # And the documents follow each other in another order.
    ids, *_ = whole(TextStreams(many, 1, 8, seed=1))
    beginnings = ids[0][1:][ids[0][:-1] == BOS]
    assert (np.diff(beginnings) < 0).sum() > 3


@given(**SHAPES, lead=st.integers(0, 8), seed=st.one_of(st.none(), st.integers(0, 3)))
def test_places_are_where_targets_come_from(lengths, batch_size, window, lead, seed):
    rows = documents(lengths)
    streams = TextStreams(rows, batch_size, window, lead=lead, seed=seed)
    for index in range(len(streams)):
        places, (_, targets) = streams.places(index), streams[index]
        np.testing.assert_array_equal(places >= 0, targets >= 0)
        np.testing.assert_array_equal(rows.ids[places[places >= 0]], targets[targets >= 0])


def test_a_lead_is_read_but_not_predicted():
    rows = documents([20])
    ids, _, targets = whole(TextStreams(rows, 2, 100, lead=4))
    assert ids[1, :5].tolist() == [15, 16, 17, 18, 19]
    assert targets[1, :5].tolist() == [-1, -1, -1, -1, 20]
    assert ids[0, :5].tolist() == [BOS, 10, 11, 12, 13], "nothing stands before the first"


def test_what_cannot_be_streamed_is_refused():
    with pytest.raises(ValueError, match="nothing to predict"):
        TextStreams(documents([0, 0]), 2, 3)
    with pytest.raises(ValueError, match=r"opened by \[BOS\]"):
        TextStreams(Ragged.from_lists([[BOS, 5], []]), 2, 3)
    for numbers in ((0, 3), (2, 0)):
        with pytest.raises(ValueError, match="room for an id"):
            TextStreams(documents([5]), *numbers)
    with pytest.raises(IndexError, match="no window 2 of 2"):
        TextStreams(documents([6]), 1, 3)[2]
