"""The state travels from step to step, and over a kill."""

from __future__ import annotations

import dataclasses
import shutil

import keras
import numpy as np
import pytest

from pipeline.batches.text_streams import TextStreams
from pipeline.models.language_model import language_model, state_size
from pipeline.models.settings import LanguageModelSettings
from pipeline.models.unit_losses import UnitLosses, unit_losses
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS
from pipeline.training import checkpoints
from pipeline.training.fit import TrainingPlan, fit
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.settings import TrainingSettings
from pipeline.training.state_carrier import StateCarrier
from random_weights import randomized

VOCABULARY, STREAMS, WINDOW = 12, 5, 6
SMALL = LanguageModelSettings(
    cell="rnn", units=7, embedding_size=6, embedding_dropout=0.1, state_dropout=0.1
)
QUICK = TrainingSettings(epochs=2, min_steps=1, batch_size=STREAMS, evaluations=2, seed=3)


def documents() -> Ragged:
    generator = np.random.default_rng(0)
    return Ragged.from_lists(
        [[BOS, *generator.integers(4, VOCABULARY, length), EOS] for length in (90, 20, 150, 7)]
    )


ROWS = documents()


def built(settings: LanguageModelSettings = SMALL) -> keras.Model:
    keras.utils.set_random_seed(QUICK.seed)
    return randomized(language_model(settings, vocabulary_size=VOCABULARY), seed=1)


def compiled(carrier: StateCarrier, rate: float = 0.0) -> StateCarrier:
    carrier.compile(keras.optimizers.SGD(rate), PieceCrossEntropy(), jit_compile=False)
    return carrier


def without_dropout() -> LanguageModelSettings:
    return dataclasses.replace(SMALL, embedding_dropout=0.0, state_dropout=0.0)


def test_windows_in_turn_cost_what_the_text_costs_at_once():
    """Over two epochs, of which the second begins with the state of the first's end."""
    model = built(without_dropout())
    carrier = compiled(StateCarrier(model, STREAMS))
    nothing_read = np.zeros((STREAMS, state_size(model)), "float32")
    for epoch in range(2):
        streams = TextStreams(ROWS, STREAMS, WINDOW, seed=1, epoch=epoch)
        at_once, said = TextStreams(ROWS, STREAMS, 10_000, seed=1, epoch=epoch)[0]
        logits, _ = model({**at_once, "state": nothing_read}, training=False)
        nats = keras.ops.sparse_categorical_crossentropy(
            np.maximum(said, 0), logits, from_logits=True
        )
        begin = 0
        for inputs, targets in (streams[i] for i in range(len(streams))):
            window = slice(begin, begin := begin + streams.width)
            expected = np.asarray(nats)[:, window][said[:, window] >= 0].mean()
            found = float(carrier.train_on_batch(inputs, targets))
            assert found == pytest.approx(expected, abs=1e-5)
            if begin <= said.shape[1]:
                until = {name: values[:, :begin] for name, values in at_once.items()}
                _, state = model({**until, "state": nothing_read}, training=False)
                np.testing.assert_allclose(carrier.carried, state, atol=1e-5)


def test_no_gradient_goes_into_the_window_before():
    """A step from a carried state is a step from the same state, given."""
    streams = TextStreams(ROWS, STREAMS, WINDOW, seed=1)
    carrier = compiled(StateCarrier(built(without_dropout()), STREAMS), rate=0.1)
    carrier.train_on_batch(*streams[0])
    given = compiled(StateCarrier(built(without_dropout()), STREAMS), rate=0.1)
    given.set_weights(carrier.get_weights())
    given.carried.assign(np.asarray(carrier.carried))
    for one in (carrier, given):
        one.train_on_batch(*streams[1])
    for one, other in zip(carrier.weights, given.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_only_training_moves_the_state():
    carrier = compiled(StateCarrier(built(), STREAMS))
    batch = TextStreams(ROWS, STREAMS, WINDOW, seed=1)[0]
    carrier.train_on_batch(*batch)
    before = np.asarray(carrier.carried)
    assert before.any()
    carrier.test_on_batch(*batch)
    carrier.predict_on_batch(batch[0])
    unit_losses(UnitLosses(carrier.language_model), ROWS)
    np.testing.assert_array_equal(carrier.carried, before)


class KilledError(Exception):
    """The process is gone."""


def make_plan(kill_at: int | None = None) -> TrainingPlan:
    carrier = StateCarrier(built(), STREAMS)
    scorer, taken = UnitLosses(carrier.language_model), 0

    class Batches(TextStreams):
        """Of an epoch; the process dies before one of them."""

        def __getitem__(self, index):
            nonlocal taken
            if taken == kill_at:
                raise KilledError
            taken += 1
            return super().__getitem__(index)

    def evaluate(_model):
        loss = float(unit_losses(scorer, ROWS).sum()) / (len(ROWS.ids) - len(ROWS))
        return {"log_probability": -loss, "loss": loss}

    return TrainingPlan(
        carrier,
        PieceCrossEntropy(),
        lambda epoch: Batches(ROWS, STREAMS, WINDOW, seed=QUICK.seed, epoch=epoch),
        evaluate,
        monitor="log_probability",
        tokens=lambda inputs: int(np.count_nonzero(inputs["ids"])),
    )


def test_an_interrupted_training_goes_on_in_the_middle_of_the_text(tmp_path):
    """With equal weights and an equal state; and not so without the state in the checkpoint."""
    straight = make_plan()
    result = fit(straight, QUICK, tmp_path / "straight")
    steps = len(straight.batches(0))
    assert result.steps == 2 * steps
    assert result.parameters == straight.model.language_model.count_params()

    often = dataclasses.replace(QUICK, checkpoint_seconds=0.0)
    with pytest.raises(KilledError):
        fit(make_plan(kill_at=steps + 4), often, tmp_path / "resumed")
    shutil.copytree(tmp_path / "resumed", tmp_path / "forgetful")
    forget(tmp_path / "forgetful" / "checkpoint" / checkpoints.FILE)
    expected = [np.asarray(v) for v in straight.model.variables]
    for name, same in (("resumed", True), ("forgetful", False)):
        plan = make_plan()
        fit(plan, often, tmp_path / name)
        found = [np.asarray(v) for v in plan.model.variables]
        assert all(map(np.array_equal, expected, found)) == same


def forget(checkpoint) -> None:
    """Zeros in the place of the carried state, the one array of its shape."""
    with np.load(checkpoint) as stored:
        arrays = {name: stored[name] for name in stored.files}
    (name,) = (
        name
        for name, array in arrays.items()
        if name.startswith("model/") and array.shape == (STREAMS, SMALL.units)
    )
    assert arrays[name].any()
    np.savez(checkpoint, **{**arrays, name: np.zeros_like(arrays[name])})


def test_weights_on_disk_are_the_language_model_alone(tmp_path):
    """Whatever the number of streams it was trained with, and whatever it carried."""
    carrier = StateCarrier(built(), STREAMS)
    carrier.carried.assign(np.ones((STREAMS, SMALL.units)))
    path = tmp_path / "best.weights.h5"
    carrier.save_weights(path)
    keras.utils.set_random_seed(9)
    alone = language_model(SMALL, vocabulary_size=VOCABULARY)
    alone.load_weights(path)
    other = StateCarrier(language_model(SMALL, vocabulary_size=VOCABULARY), STREAMS + 3)
    other.load_weights(path)
    assert not np.asarray(other.carried).any()
    for model in (alone, other.language_model):
        for one, same in zip(model.weights, carrier.language_model.weights, strict=True):
            np.testing.assert_array_equal(np.asarray(one), np.asarray(same))
