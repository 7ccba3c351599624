"""Translators of every architecture: all at once, one piece at a time, in a graph, from a file."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from pipeline.errors import UserError
from pipeline.export.saved_model import write_saved_model
from pipeline.models.seq2seq import translator
from pipeline.models.seq2seq_steps import translation_steps
from pipeline.models.settings import TranslatorSettings, describe_translator
from pipeline.text.vocabulary import BOS, EOS
from random_weights import randomized

SMALL = TranslatorSettings(units=8, embedding_size=6, heads=2, feed_forward=12)
CASES = {
    "rnn": {"architecture": "rnn"},
    "general": {},
    "additive": {"attention": "additive", "cell": "gru", "layers": 1, "tied_softmax": False},
    "additive, fed": {"attention": "additive", "input_feeding": True},
    "dot, fed": {
        "attention": "dot",
        "input_feeding": True,
        "cell": "gru",
        "layers": 1,
        "tied_softmax": False,
    },
    "transformer": {"architecture": "transformer"},
}
SOURCE_PIECES, PIECES = 20, 17
LENGTHS = np.array([6, 2, 4], dtype=np.int32)
TARGET_LENGTHS = np.array([3, 5, 4], dtype=np.int32)


def ids_of(lengths: np.ndarray, pieces: int, seed: int) -> np.ndarray:
    ids = np.random.default_rng(seed).integers(4, pieces, (len(lengths), lengths.max()))
    ids[:, 0] = BOS
    return np.where(np.arange(ids.shape[1]) < lengths[:, None], ids, 0).astype(np.int32)


INPUTS = {
    "ids": ids_of(LENGTHS, SOURCE_PIECES, 1),
    "lengths": LENGTHS,
    "target_ids": ids_of(TARGET_LENGTHS, PIECES, 2),
    "target_lengths": TARGET_LENGTHS,
}


def built(settings: TranslatorSettings) -> keras.Model:
    """Weights at random and large enough to matter."""
    keras.utils.set_random_seed(4)
    return randomized(
        translator(settings, source_vocabulary=SOURCE_PIECES, target_vocabulary=PIECES)
    )


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def model(request) -> keras.Model:
    return built(dataclasses.replace(SMALL, **CASES[request.param]))


def logits(model: keras.Model, **changed) -> np.ndarray:
    return np.asarray(model({**INPUTS, **changed}))


def followed(model: keras.Model, ids, lengths, target_ids) -> tuple[np.ndarray, list]:
    """Log probabilities [rows, target, pieces] from one step after the other."""
    steps = translation_steps(model, max_length=target_ids.shape[1])
    state, found, seen = steps.start(ids, lengths), [], []
    for position in range(target_ids.shape[1]):
        log_probs, state, weights = steps.step(target_ids[:, position], state, position)
        found.append(np.asarray(log_probs))
        seen.append(weights)
    return np.stack(found, axis=1), seen


def test_steps_equal_the_teacher_forced_pass(model):
    expected = np.asarray(ops.log_softmax(logits(model)))
    found, weights = followed(model, INPUTS["ids"], LENGTHS, INPUTS["target_ids"])
    np.testing.assert_allclose(found, expected, atol=2e-5)
    if "memory" not in {layer.name for layer in model.layers}:
        assert weights == [None] * len(weights)
    for step in weights:
        if step is not None:
            np.testing.assert_allclose(ops.sum(step, axis=1), 1.0, atol=1e-6)
            for row, length in enumerate(LENGTHS):
                assert not np.asarray(step)[row, length:].any()


def repeated(rows: np.ndarray, times: int) -> np.ndarray:
    return np.concatenate([rows] * times)


def test_the_future_changes_nothing_in_the_past(model):
    before, places = logits(model), (1, 2, 4)
    batch = {name: repeated(rows, len(places)) for name, rows in INPUTS.items()}
    for number, t in enumerate(places):
        changed = batch["target_ids"][3 * number : 3 * number + 3, t:]
        changed[:] = 4 + (changed + 5) % (PIECES - 4)
    after = logits(model, **batch).reshape(len(places), *before.shape)
    for one, t in zip(after, places, strict=True):
        np.testing.assert_allclose(one[:, :t], before[:, :t], atol=1e-5)
        assert (np.abs(one[:, t:] - before[:, t:]).max(axis=-1) > 1e-4).all()


def test_padding_changes_nothing(model):
    """Neither columns that are all padding, nor what they hold, nor the other rows."""
    before = logits(model)
    wide = {
        "ids": np.pad(INPUTS["ids"], ((0, 0), (0, 3)), constant_values=7),
        "target_ids": np.pad(INPUTS["target_ids"], ((0, 0), (0, 2)), constant_values=9),
    }
    after = logits(model, **wide)
    for row, target_length in enumerate(TARGET_LENGTHS):
        real = before[row, :target_length]
        np.testing.assert_allclose(after[row, :target_length], real, atol=1e-5)
    alone = logits(
        model,
        ids=INPUTS["ids"][2:, : LENGTHS[2]],
        lengths=LENGTHS[2:],
        target_ids=INPUTS["target_ids"][2:, : TARGET_LENGTHS[2]],
        target_lengths=TARGET_LENGTHS[2:],
    )
    np.testing.assert_allclose(alone[0], before[2, : TARGET_LENGTHS[2]], atol=1e-5)


def test_every_source_piece_matters(model):
    before, length = logits(model), LENGTHS[0]
    batch = {name: repeated(rows[:1], length) for name, rows in INPUTS.items()}
    places = np.arange(length)
    batch["ids"][places, places] = 4 + (batch["ids"][places, places] + 3) % (SOURCE_PIECES - 4)
    after = logits(model, **batch)
    assert (np.abs(after - before[0]).max(axis=(1, 2)) > 1e-5).all()


def test_saved_and_loaded_gives_the_same(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = logits(model)
    np.testing.assert_array_equal(logits(again), expected)
    found, _ = followed(again, INPUTS["ids"], LENGTHS, INPUTS["target_ids"][:, :2])
    np.testing.assert_allclose(found, ops.log_softmax(expected[:, :2]), atol=2e-5)


def test_every_weight_is_trained(model):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(INPUTS) ** 2)
    gradients = tape.gradient(total, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # A bias that all scores share cannot change a softmax.
        if not weight.path.endswith("attention/key/bias"):
            assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


def greedy(steps, ids, lengths, longest: int):
    """The best piece of each step, in a loop that a graph can hold: int32 [rows, longest]."""
    state = steps.start(ids, lengths, longest)
    constant = {name: state[name] for name in state if name in steps.constant}
    moving = sorted(set(state) - set(constant))
    rows = ops.shape(ids)[0]

    def body(position, found, last, *values):
        before = {**constant, **dict(zip(moving, values, strict=True))}
        log_probs, after, _ = steps.step(last, before, position)
        last = ops.cast(ops.argmax(log_probs, axis=-1), "int32")
        found = ops.where(ops.arange(longest, dtype="int32") == position, last[:, None], found)
        return (position + 1, found, last, *(after[name] for name in moving))

    return ops.while_loop(
        lambda position, *_: position < longest,
        body,
        (
            ops.convert_to_tensor(0),
            ops.zeros((rows, longest), "int32"),
            ops.full((rows,), BOS, "int32"),
            *(state[name] for name in moving),
        ),
    )[1]


@pytest.mark.parametrize("case", ["dot, fed", "transformer"])
def test_goes_into_a_saved_model(case, tmp_path):
    model = built(dataclasses.replace(SMALL, **CASES[case]))
    steps = translation_steps(model)
    specs = [
        tf.TensorSpec([None, None], tf.int32, name="ids"),
        tf.TensorSpec([None], tf.int32, name="lengths"),
    ]
    signatures = {"serve": lambda ids, lengths: {"ids": greedy(steps, ids, lengths, 7)}}
    write_saved_model(tmp_path, signatures, specs, [])
    serve = tf.saved_model.load(str(tmp_path)).signatures["serve"]
    served = serve(ids=tf.constant(INPUTS["ids"]), lengths=tf.constant(LENGTHS))["ids"].numpy()
    framed = np.concatenate([np.full((3, 1), BOS, np.int32), served[:, :-1]], axis=1)
    forced = logits(model, target_ids=framed, target_lengths=np.full(3, 7, np.int32))
    np.testing.assert_array_equal(served, forced.argmax(axis=-1))


def test_rows_of_the_state_can_be_repeated_and_gathered(model):
    steps = translation_steps(model, max_length=4)
    _, state, _ = steps.step(np.full(3, BOS, np.int32), steps.start(INPUTS["ids"], LENGTHS), 0)
    rows, last = np.array([2, 2, 0, 1]), np.array([5, 6, 7, 8], dtype=np.int32)
    taken = {name: ops.take(values, rows, axis=0) for name, values in state.items()}
    together, after, _ = steps.step(last, taken, 1)
    for place, row in enumerate(rows):
        one = {name: values[row : row + 1] for name, values in state.items()}
        alone, _, _ = steps.step(last[place : place + 1], one, 1)
        np.testing.assert_allclose(together[place], alone[0], atol=1e-5)
    for name, values in taken.items():
        assert after[name].shape == values.shape
        assert after[name].dtype == values.dtype
        same = np.array_equal(after[name], values)
        assert same == (name in steps.constant), name


def test_plain_decoder_gets_the_last_states_and_nothing_else():
    """Of each layer: forward at the last real piece, backward at the first, through the bridge."""
    model = built(dataclasses.replace(SMALL, architecture="rnn"))
    state = translation_steps(model).start(INPUTS["ids"], LENGTHS)
    assert set(state) == {"cells"}
    layers = [model.get_layer(f"encoder_{number}").output for number in (1, 2)]
    states = [np.asarray(layer) for layer in keras.Model(model.input, layers)(INPUTS)]
    half = SMALL.units // 2
    lasts = np.stack(
        [
            np.concatenate([part for h in states for part in (h[r, n - 1, :half], h[r, 0, half:])])
            for r, n in enumerate(LENGTHS)
        ]
    )
    kernel, bias = model.get_layer("bridge").get_weights()
    np.testing.assert_allclose(state["cells"], np.tanh(lasts @ kernel + bias), atol=1e-5)


@pytest.mark.parametrize("architecture", ["attention", "transformer"])
def test_a_joint_vocabulary_has_one_embedding(architecture):
    def parameters(tied: bool, joint: bool) -> int:
        settings = dataclasses.replace(SMALL, architecture=architecture, tied_softmax=tied)
        sizes = {"source_vocabulary": PIECES, "target_vocabulary": PIECES}
        return translator(settings, **sizes, joint=joint).count_params()

    width = SMALL.units if architecture == "transformer" else SMALL.embedding_size
    one_matrix = PIECES * width
    least = parameters(tied=True, joint=True)
    assert parameters(tied=False, joint=True) == least + one_matrix
    assert parameters(tied=True, joint=False) == least + one_matrix
    assert parameters(tied=False, joint=False) == least + 2 * one_matrix


@pytest.mark.parametrize("case", ["rnn", "general", "additive, fed", "transformer"])
def test_dropout_is_for_training_alone(case):
    settings = dataclasses.replace(SMALL, **CASES[case], embedding_dropout=0.0, state_dropout=0.5)
    model = built(dataclasses.replace(settings, attention_dropout=0.0))
    if case != "transformer":
        model.get_layer("readout_dropout").rate = 0.0
    np.testing.assert_array_equal(logits(model), np.asarray(model(INPUTS, training=False)))
    first = np.asarray(model(INPUTS, training=True))
    assert np.abs(first - logits(model)).max() > 1e-3
    assert np.abs(first - model(INPUTS, training=True)).max() > 1e-3


@pytest.mark.parametrize(("case", "steps"), [("additive", 120), ("transformer", 250)])
def test_learns_to_write_backwards(case, steps):
    settings = dataclasses.replace(SMALL, **CASES[case], units=32, embedding_size=32)
    settings = dataclasses.replace(settings, layers=1, feed_forward=64)
    quiet = {"embedding_dropout": 0.0, "state_dropout": 0.0, "attention_dropout": 0.0}
    keras.utils.set_random_seed(1)
    model = translator(
        dataclasses.replace(settings, **quiet), source_vocabulary=10, target_vocabulary=10
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(0.006), loss, jit_compile=False)
    generator = np.random.default_rng(1)

    def batch(rows: int):
        lengths = generator.integers(2, 5, rows).astype(np.int32)
        ids = generator.integers(4, 10, (rows, 4)).astype(np.int32)
        target_ids, labels = np.zeros((2, rows, 5), np.int32)
        for row, length in enumerate(lengths):
            backwards = ids[row, :length][::-1]
            target_ids[row, : length + 1] = [BOS, *backwards]
            labels[row, : length + 1] = [*backwards, EOS]
        inputs = {"ids": ids, "lengths": lengths, "target_ids": target_ids}
        return {**inputs, "target_lengths": lengths + 1}, labels

    for _ in range(steps):
        model.train_on_batch(*batch(64))
    unseen, labels = batch(100)
    decoder = translation_steps(model)
    found = np.array(tf.function(greedy)(decoder, unseen["ids"], unseen["lengths"], 5))
    assert (np.where(labels > 0, found, 0) == labels).all(axis=1).mean() > 0.9


def test_settings_that_do_not_go_together():
    def build(**changed):
        translator(dataclasses.replace(SMALL, **changed), source_vocabulary=9, target_vocabulary=9)

    with pytest.raises(UserError, match="--units 9 cannot be shared by 2 heads"):
        build(architecture="transformer", units=9)
    with pytest.raises(UserError, match="--units must be even"):
        build(units=9)
    with pytest.raises(ValueError, match="one size"):
        translator(SMALL, source_vocabulary=9, target_vocabulary=8, joint=True)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (CASES["rnn"], "2-layer LSTM-8 encoder-decoder without attention"),
        (CASES["additive"], "1-layer GRU-8 encoder-decoder with additive attention"),
        (
            CASES["dot, fed"],
            "1-layer GRU-8 encoder-decoder with dot attention and input feeding",
        ),
        (CASES["transformer"], "2-layer Transformer-8 with 2 heads"),
    ],
)
def test_described_in_a_few_words(changed, expected):
    assert describe_translator(dataclasses.replace(SMALL, **changed)) == expected
