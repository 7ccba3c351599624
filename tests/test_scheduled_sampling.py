"""What the decoder reads in training when some of it is its own."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.errors import UserError
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.settings import check_ranges
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, SPECIALS, UNK
from pipeline.training.fit import Log, TrainingPlan, fit
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.scheduled_sampling import ScheduledSampling
from pipeline.training.settings import ScheduledSamplingSettings, TrainingSettings
from random_weights import randomized

SMALL = TranslatorSettings(units=8, embedding_size=8, layers=1, heads=2, feed_forward=12)
CASES = {
    "rnn": {"architecture": "rnn"},
    "attention, fed": {"input_feeding": True},
    "transformer": {"architecture": "transformer"},
}
PIECES = 14
LAST = (9, 10)
"""Steps done and in all where the probability is at its highest."""


def built(case: str) -> keras.Model:
    """Matrices at random and large enough to say many things."""
    keras.utils.set_random_seed(4)
    settings = dataclasses.replace(SMALL, **CASES[case])
    model = translator(settings, source_vocabulary=PIECES, target_vocabulary=PIECES)
    return randomized(model, scale=1.0, matrices_only=True)


def bigrams() -> keras.Model:
    """The least that reads what a translator reads: a piece from the one before, with dropout."""
    keras.utils.set_random_seed(4)
    shapes = {"ids": (None,), "lengths": (), "target_ids": (None,), "target_lengths": ()}
    inputs = {n: keras.Input(shape, dtype="int32", name=n) for n, shape in shapes.items()}
    vectors = keras.layers.Embedding(PIECES, 8)(inputs["target_ids"])
    logits = keras.layers.Dense(PIECES)(keras.layers.Dropout(0.3)(vectors))
    return keras.Model(inputs, logits)


@pytest.fixture(scope="module", params=CASES)
def model(request) -> keras.Model:
    return built(request.param)


def pairs(count: int = 60, longest: int = 8, multiple: int = 1) -> PairBuckets:
    """With a `multiple` all batches are as wide as the longest row of all: TensorFlow builds a
    graph anew for another shape."""
    generator = np.random.default_rng(0)
    sides = [
        Ragged.from_lists(
            [
                [BOS, *generator.integers(4, PIECES, generator.integers(1, longest)), EOS]
                for _ in range(count)
            ]
        )
        for _ in range(2)
    ]
    return PairBuckets(*sides, count=5, seed=1, multiple=multiple)


def real(inputs: dict) -> np.ndarray:
    return np.arange(inputs["target_ids"].shape[1]) < inputs["target_lengths"][:, None]


def test_the_probability_rises_in_a_straight_line():
    sampling = ScheduledSampling(bigrams(), 0.4, seed=1)
    found = [sampling.probability(step, 9) for step in range(9)]
    assert found == pytest.approx(np.linspace(0.0, 0.4, 9))
    assert sampling.probability(0, 1) == 0.0
    with pytest.raises(ValueError, match="between 0 and 1"):
        ScheduledSampling(bigrams(), 1.5, seed=1)


def test_at_probability_0_nothing_is_touched(model):
    inputs, _ = pairs()[0]
    for sampling, step in (
        (ScheduledSampling(model, 0.0, seed=1), 9),
        (ScheduledSampling(model, 1.0, seed=1), 0),
    ):
        after, numbers = sampling(inputs, step, 10)
        assert numbers == {"scheduled_sampling": 0.0}
        for name, values in inputs.items():
            np.testing.assert_array_equal(after[name], values)


def test_at_probability_1_all_but_the_frame_is_the_best_of_the_place_before(model):
    """As a loop says it, place by place."""
    sampling, first_choices = ScheduledSampling(model, 1.0, seed=1), []
    for inputs, _ in pairs(multiple=10):
        after, numbers = sampling(inputs, *LAST)
        assert numbers == {"scheduled_sampling": 1.0}
        logits = np.asarray(model(inputs))
        expected = inputs["target_ids"].copy()
        for row, length in enumerate(inputs["target_lengths"]):
            for t in range(1, length):
                best = max(range(len(SPECIALS), PIECES), key=lambda i: logits[row, t - 1, i])
                expected[row, t] = best
                first_choices.append(int(logits[row, t - 1].argmax()))
        np.testing.assert_array_equal(after["target_ids"], expected)
        assert after["target_ids"].dtype == np.int32
        assert (after["target_ids"][:, 0] == BOS).all()
        assert not after["target_ids"][~real(inputs)].any()
        for name in ("ids", "lengths", "target_lengths"):
            np.testing.assert_array_equal(after[name], inputs[name])
    # Special pieces, too, would have been chosen.
    assert min(first_choices) < len(SPECIALS) < len(set(first_choices))


def drawn(seed: int, step: int, final: float = 0.5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Which places are replaced, and which are neither [BOS] nor padding, batch by batch: the
    reference is all [UNK] here, which is never put in."""
    sampling, found = ScheduledSampling(bigrams(), final, seed), []
    for inputs, _ in pairs(400, 20):
        inside = real(inputs)
        inside[:, 0] = False
        ids = np.where(inside, UNK, inputs["target_ids"])
        after, _ = sampling({**inputs, "target_ids": ids}, step, 10)
        own = after["target_ids"] != ids
        assert not own[~inside].any()
        found.append((own, inside))
    return found


def test_places_are_a_pure_function_of_seed_and_step():
    def places(seed: int, step: int) -> np.ndarray:
        return np.concatenate([own.ravel() for own, _ in drawn(seed, step)])

    np.testing.assert_array_equal(places(1, 6), places(1, 6))
    # Of independent draws at 1/3 some four ninths differ.
    for other in (places(1, 5), places(1, 7), places(2, 6)):
        assert (places(1, 6) != other).mean() > 0.2


@pytest.mark.parametrize("step", [3, 9])
def test_as_many_places_as_the_probability_says(step):
    """At the beginning of a row as at its end."""
    batches, probability = drawn(1, step), 0.5 * step / 9
    for part in (slice(1, 4), slice(4, 21)):
        own = np.concatenate([own[:, part][inside[:, part]] for own, inside in batches])
        spread = (probability * (1 - probability) / len(own)) ** 0.5
        assert len(own) > 500
        assert abs(own.mean() - probability) < 4 * spread


def test_what_is_trained_is_the_second_pass(model):
    """Its loss is that of the mixed pieces, against the reference's."""
    inputs, targets = pairs()[0]
    sampling = ScheduledSampling(model, 1.0, seed=1)
    mixed, _ = sampling(inputs, *LAST)
    quiet = keras.Model(model.input, model.output)
    quiet.compile(keras.optimizers.SGD(0.0), PieceCrossEntropy(), jit_compile=False)
    forced = float(quiet.test_on_batch(inputs, targets))
    expected = float(PieceCrossEntropy()(targets, model(mixed)))
    assert float(quiet.test_on_batch(mixed, targets)) == pytest.approx(expected, rel=1e-5)
    assert abs(expected - forced) > 1e-2


QUICK = TrainingSettings(
    epochs=4, min_steps=1, learning_rate=0.02, evaluations=4, patience=9, seed=3
)


class KilledError(Exception):
    """The process is gone."""


def make_plan(final: float | None, kill_at: int | None = None) -> TrainingPlan:
    """To say what one reads. The loop does not know one architecture from another."""
    model = bigrams()
    dev = pairs(20, multiple=10)
    taken = 0

    class Batches:
        """Of an epoch; the process dies before one of them."""

        def __init__(self, epoch: int):
            self.pairs = PairBuckets(
                dev.sources, dev.sources, count=5, seed=3, epoch=epoch, multiple=10
            )

        def __len__(self):
            return len(self.pairs)

        def __getitem__(self, index):
            nonlocal taken
            if taken == kill_at:
                raise KilledError
            taken += 1
            return self.pairs[index]

    def evaluate(model):
        return {"bleu": -float(model.test_on_batch(*dev[0])), "loss": 0.0}

    sampling = None if final is None else ScheduledSampling(model, final, QUICK.seed)
    return TrainingPlan(
        model, PieceCrossEntropy(0.1), Batches, evaluate, monitor="bleu", prepare=sampling
    )


def same_weights(one: keras.Model, other: keras.Model) -> bool:
    return all(map(np.array_equal, one.get_weights(), other.get_weights()))


class Listening(Log):
    """Keeps what it is told of the probability."""

    def __init__(self):
        self.heard = []

    def scalar(self, tag, value, step):
        if tag == "train/scheduled_sampling":
            self.heard.append((step, value))


def test_probability_0_trains_as_teacher_forcing_does(tmp_path):
    """To the last bit, and another probability does not; each is logged."""
    plans = {final: make_plan(final) for final in (None, 0.0, 0.8)}
    logs = {final: Listening() for final in plans}
    for final, plan in plans.items():
        fit(plan, QUICK, tmp_path / str(final), logs[final])
    assert same_weights(plans[None].model, plans[0.0].model)
    assert not same_weights(plans[None].model, plans[0.8].model)
    assert logs[None].heard == []
    assert logs[0.0].heard == [(10, 0.0), (20, 0.0)]
    assert logs[0.8].heard == [(10, pytest.approx(0.8 * 9 / 19)), (20, pytest.approx(0.8))]


def test_an_interrupted_training_reads_the_same(tmp_path):
    straight = make_plan(0.8)
    fit(straight, QUICK, tmp_path / "straight")
    often = dataclasses.replace(QUICK, checkpoint_seconds=0.0)
    with pytest.raises(KilledError):
        fit(make_plan(0.8, kill_at=13), often, tmp_path / "resumed")
    resumed = make_plan(0.8)
    fit(resumed, often, tmp_path / "resumed")
    assert same_weights(straight.model, resumed.model)


def test_a_probability_is_below_one():
    @dataclasses.dataclass(frozen=True)
    class Everything:
        sampling: ScheduledSamplingSettings

    check_ranges(Everything(ScheduledSamplingSettings()))
    check_ranges(Everything(ScheduledSamplingSettings(0.25)))
    for wrong in (1.0, -0.1):
        with pytest.raises(UserError, match="--scheduled-sampling must be at least 0 and below 1"):
            check_ranges(Everything(ScheduledSamplingSettings(wrong)))
