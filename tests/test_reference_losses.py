"""Both losses of a reference, against a loop that takes one step at a time."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.models.reference_losses import ReferenceLosses, reference_losses
from pipeline.models.seq2seq import translator
from pipeline.models.seq2seq_steps import translation_steps
from pipeline.models.settings import TranslatorSettings
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK
from random_weights import randomized
from tests.rounding import FLOAT32

SMALL = TranslatorSettings(units=8, embedding_size=8, layers=1, heads=2, feed_forward=12)
CASES = {
    "rnn": {"architecture": "rnn"},
    "attention": {},
    "attention, fed": {"attention": "additive", "input_feeding": True},
    "transformer": {"architecture": "transformer"},
}
PIECES = 14


@pytest.fixture(scope="module", params=CASES)
def model(request) -> keras.Model:
    """Matrices at random and large enough to say many things."""
    keras.utils.set_random_seed(4)
    settings = dataclasses.replace(SMALL, **CASES[request.param])
    model = translator(settings, source_vocabulary=PIECES, target_vocabulary=PIECES)
    return randomized(model, scale=1.0, matrices_only=True)


def rows(count: int, seed: int, least: int = 0) -> Ragged:
    """One of them without any piece, and [UNK] here and there."""
    generator = np.random.default_rng(seed)
    lengths = [least, *generator.integers(1, 7, count - 1)]
    pieces = [UNK, *range(4, PIECES)]
    return Ragged.from_lists([[BOS, *generator.choice(pieces, n), EOS] for n in lengths])


SOURCES, TARGETS = rows(7, 1), rows(7, 2)


def stepped(model: keras.Model, source: np.ndarray, target: np.ndarray, free: bool):
    """Nats of each piece of one reference, and what the decoder read before each."""
    steps = translation_steps(model, max_length=len(target))
    state = steps.start(source[None], np.array([len(source)], np.int32))
    last, nats, read = BOS, [], []
    for position, piece in enumerate(target[1:]):
        read.append(last)
        log_probs, state, _ = steps.step(np.array([last], np.int32), state, position)
        log_probs = np.asarray(log_probs)[0]
        nats.append(-log_probs[piece])
        own = [i for i in range(PIECES) if i not in (PAD, UNK, BOS, EOS)]
        last = max(own, key=lambda i: log_probs[i]) if free else piece
    return nats, read


def by_hand(model: keras.Model, free: bool) -> tuple[float, list[list[int]]]:
    found = [stepped(model, SOURCES.row(i), TARGETS.row(i), free) for i in range(len(SOURCES))]
    return float(np.mean(sum((nats for nats, _ in found), []))), [read for _, read in found]


def test_both_losses_are_those_of_a_loop(model):
    """Whatever stands beside or behind a row."""
    losses = reference_losses(model, SOURCES, TARGETS, multiple=5)
    assert set(losses) == {"teacher_forced", "free_running"}
    for name, free in (("teacher_forced", False), ("free_running", True)):
        expected, read = by_hand(model, free)
        assert losses[name] == pytest.approx(expected, rel=1e-5)
        # What is read is the reference's in one case only.
        own = [TARGETS.row(i)[:-1].tolist() for i in range(len(TARGETS))]
        assert (read == own) != free
    assert abs(losses["teacher_forced"] - losses["free_running"]) > 1e-2


def test_a_reference_that_the_model_says_itself_costs_the_same(model):
    """And so does one without a piece, whatever the model says."""
    said = [stepped(model, SOURCES.row(i), np.full(6, EOS), True)[1][1:] for i in range(7)]
    own = Ragged.from_lists([[BOS, *pieces, EOS] for pieces in said] + 7 * [[BOS, EOS]])
    ((inputs, targets),) = PairBuckets(SOURCES.take(np.arange(14) % 7), own, count=1)
    losses = ReferenceLosses(model).predict_on_batch({**inputs, "targets": targets})
    np.testing.assert_allclose(losses["free_running"], losses["teacher_forced"], **FLOAT32)
    assert (losses["teacher_forced"] > 0).all()
