from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS
from pipeline.training.losses import PieceCrossEntropy

pairs_of_lengths = st.lists(
    st.tuples(st.integers(2, 30), st.integers(2, 30)), min_size=1, max_size=60
)


def make_pairs(pairs) -> tuple[Ragged, Ragged]:
    """Row i of each side has i for its first piece, so that any row tells which one it is."""
    return tuple(
        Ragged.from_lists(
            [[BOS, *([100 + i, *range(10, 7 + n)] if n > 2 else []), EOS] for i, n in enumerate(ns)]
        )
        for ns in zip(*pairs, strict=True)
    )


def real_pairs(count: int) -> tuple[Ragged, Ragged]:
    """Lengths as translations have them: most short, both sides of a pair alike."""
    generator = np.random.default_rng(0)
    source = generator.geometric(1 / 8, count).clip(1, 80) + 2
    target = (source * generator.normal(1.0, 0.2, count)).astype(int).clip(3, 80)
    return make_pairs(zip(source, target, strict=True))


@given(pairs_of_lengths, st.integers(1, 200), st.integers(0, 5))
def test_each_pair_stands_in_exactly_one_batch_unharmed(pairs, tokens, epoch):
    sources, targets = make_pairs(pairs)
    batches = PairBuckets(sources, targets, tokens, seed=1, epoch=epoch, jitter=3)
    assert sorted(np.concatenate(batches.batch_rows)) == list(range(len(pairs)))
    for rows, (inputs, said) in zip(batches.batch_rows, batches, strict=True):
        assert {array.dtype for array in (*inputs.values(), said)} == {np.dtype(np.int32)}
        assert inputs["ids"].shape == (len(rows), inputs["lengths"].max())
        assert inputs["target_ids"].shape == (len(rows), inputs["target_lengths"].max())
        assert said.shape == inputs["target_ids"].shape
        for at, row in enumerate(rows):
            length, target_length = inputs["lengths"][at], inputs["target_lengths"][at]
            np.testing.assert_array_equal(inputs["ids"][at, :length], sources.row(row))
            assert not inputs["ids"][at, length:].any()
            framed = targets.row(row)
            np.testing.assert_array_equal(inputs["target_ids"][at, :target_length], framed[:-1])
            assert not inputs["target_ids"][at, target_length:].any()
            np.testing.assert_array_equal(said[at, :target_length], framed[1:])
            assert (said[at, target_length:] == -1).all()


@given(pairs_of_lengths, st.integers(1, 200))
def test_a_batch_keeps_to_its_tokens(pairs, tokens):
    sources, targets = make_pairs(pairs)
    batches = PairBuckets(sources, targets, tokens, seed=1)
    each = sources.lengths + targets.lengths - 1
    assert batches.real_tokens == each.sum()
    for rows in batches.batch_rows:
        assert len(rows) == 1 or each[rows].sum() < tokens + each[rows].max()
    assert len(batches) == min(-(-each.sum() // tokens), len(pairs))


@given(pairs_of_lengths, st.integers(1, 70))
def test_there_are_as_many_batches_as_asked_for(pairs, count):
    """Though other segmentations have other lengths."""
    batches = PairBuckets(*make_pairs(pairs), count=count, seed=1)
    assert len(batches) == min(count, len(pairs))
    assert all(len(rows) for rows in batches.batch_rows)


@given(pairs_of_lengths, st.sampled_from([None, 1]))
def test_order_is_a_function_of_seed_and_epoch(pairs, seed):
    first, second = (
        [rows.tolist() for rows in PairBuckets(*make_pairs(pairs), 50, seed=seed).batch_rows]
        for _ in range(2)
    )
    assert first == second


def test_epochs_and_seeds_differ_in_batches_too():
    sides = real_pairs(300)
    found = [
        PairBuckets(*sides, 200, seed=seed, epoch=epoch) for seed in (1, 2) for epoch in (0, 1)
    ]
    assert len({tuple(np.concatenate(batches.batch_rows)) for batches in found}) == 4
    together = [{frozenset(rows.tolist()) for rows in batches.batch_rows} for batches in found]
    assert len(together[0] & together[1]) < len(together[0]) / 2


@pytest.mark.parametrize("seed", [1, None])
def test_little_is_padded(seed):
    """The least on the target side, where a padded position costs a softmax."""
    batches = PairBuckets(*real_pairs(5000), 2000, seed=seed)
    both = sum(inputs["ids"].size + said.size for inputs, said in batches)
    target = sum(said.size for _, said in batches)
    assert both < 1.3 * batches.real_tokens
    assert target < 1.15 * sum(int((said >= 0).sum()) for _, said in batches)


def test_jitter_parts_sentences_of_one_length():
    """For a little more padding."""
    ends, padded = [], []
    for jitter in (1, 4, 12):
        batches = PairBuckets(*real_pairs(5000), 2000, seed=1, jitter=jitter)
        ends.append(np.mean([len(set(inputs["target_lengths"])) for inputs, _ in batches]))
        padded.append(sum(said.size for _, said in batches))
    assert ends[0] < 3
    assert ends[1] > 4
    assert ends[2] > 9
    assert padded == sorted(padded)
    assert padded[2] < 1.6 * padded[0]


def test_steps_are_of_one_size():
    batches = PairBuckets(*real_pairs(5000), 2000, seed=1)
    steps = [int((said >= 0).sum() + inputs["lengths"].sum()) for inputs, said in batches]
    assert max(steps) < 1.1 * min(steps)
    assert max(map(len, batches.batch_rows)) > 5 * min(map(len, batches.batch_rows))


def test_widths_are_multiples():
    batches = PairBuckets(*make_pairs([(5, 9), (2, 2), (9, 10)]), 1000, multiple=8)
    inputs, said = batches[0]
    assert inputs["ids"].shape == (3, 16)
    assert inputs["target_ids"].shape == said.shape == (3, 16)
    assert (said >= 0).sum() == inputs["target_lengths"].sum() == 8 + 1 + 9


def test_no_pairs_make_no_batches():
    nothing = Ragged.from_lists([])
    assert len(PairBuckets(nothing, nothing, 100, seed=1)) == 0


def test_what_cannot_be_batched_is_refused():
    sources, targets = make_pairs([(3, 3), (4, 4)])
    with pytest.raises(ValueError, match="2 sources but 1 targets"):
        PairBuckets(sources, targets.take([0]), 10)
    with pytest.raises(ValueError, match="framed"):
        PairBuckets(sources, Ragged.from_lists([[1], [2, 3]]), 10)
    with pytest.raises(ValueError, match="room"):
        PairBuckets(sources, targets, 0)
    with pytest.raises(ValueError, match="room"):
        PairBuckets(sources, targets, count=0)
    with pytest.raises(ValueError, match="jitter"):
        PairBuckets(sources, targets, 10, seed=1, jitter=0)
    for both_or_none in ({}, {"tokens": 10, "count": 1}):
        with pytest.raises(ValueError, match="either tokens or count"):
            PairBuckets(sources, targets, **both_or_none)


def test_a_translator_learns_from_them():
    """Sources of one number to targets of the next, at lengths of 1 to 4."""
    generator = np.random.default_rng(1)
    numbers, lengths = generator.integers(4, 12, 400), generator.integers(1, 5, 400)
    sources, targets = (
        Ragged.from_lists(
            [[BOS, *[n + plus] * m, EOS] for n, m in zip(numbers, lengths, strict=True)]
        )
        for plus in (0, 1)
    )
    quiet = {"embedding_dropout": 0.0, "state_dropout": 0.0}
    keras.utils.set_random_seed(1)
    model = translator(
        TranslatorSettings(cell="gru", layers=1, units=16, embedding_size=16, **quiet),
        source_vocabulary=14,
        target_vocabulary=14,
    )
    model.compile(keras.optimizers.Adam(0.02), PieceCrossEntropy(), jit_compile=False)
    losses = [
        float(model.train_on_batch(*batch))
        for epoch in range(6)
        # All as wide as the longest: TensorFlow builds a step anew for another shape.
        for batch in PairBuckets(sources, targets, 400, seed=1, epoch=epoch, multiple=6)
    ]
    assert losses[-1] < 0.3 * losses[0]
