"""Gradients are clipped as the paper says, and the page on it says what was measured."""

from __future__ import annotations

import dataclasses
import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.lab.base import StudyText, study_text
from pipeline.lab.clipping import page
from pipeline.lab.clipping.cliff import STEPS, loss_and_gradient, walk
from pipeline.lab.clipping.descent import ClippedDescent
from pipeline.lab.clipping.study import (
    NEVER,
    QUICK,
    ClippingResults,
    Descent,
    cliff_walks,
    measure_clipping,
)
from pipeline.lab.starts import small_language_model
from pipeline.report.page import render
from reported_run import Tables

# The threshold is one that the SimpleRNN passes in these few updates and the LSTM does not.
SMALL = dataclasses.replace(
    QUICK,
    units=8,
    embedding_size=8,
    updates=8,
    learning_rates=(0.5, 1.0),
    window=16,
    threshold=0.3,
)


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> StudyText:
    return study_text(TextCorpusSettings(), tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def found(text) -> ClippingResults:
    return measure_clipping(text, SMALL, seed=1)


@settings(max_examples=20)
@given(st.floats(-6, 8), st.floats(-6, 6), st.integers(1, 12))
def test_the_gradient_of_the_one_unit_network_is_that_of_autodiff(w, b, steps):
    with tf.GradientTape() as tape:
        variables = tf.constant(w, tf.float64), tf.constant(b, tf.float64)
        tape.watch(variables)
        x = tf.constant(0.5, tf.float64)
        for _ in range(steps):
            x = variables[0] * tf.sigmoid(x) + variables[1]
        loss = (tf.sigmoid(x) - 0.7) ** 2
    expected = tape.gradient(loss, variables)
    error, by_w, by_b = loss_and_gradient(w, b, steps)
    np.testing.assert_allclose(error, loss, atol=1e-12)
    np.testing.assert_allclose([by_w, by_b], expected, rtol=1e-8, atol=1e-12)


def test_at_the_wall_one_step_leaves_the_valley_unless_it_is_clipped():
    plain, clipped = cliff_walks()
    assert plain.norms.max() > 5
    assert plain.leaps.max() > 3
    assert plain.losses[-1] > 0.05
    assert clipped.losses[-1] < 0.01
    assert clipped.leaps.max() <= clipped.learning_rate * clipped.threshold + 1e-12
    first = np.flatnonzero(clipped.norms > clipped.threshold)[0]
    np.testing.assert_array_equal(plain.places[: first + 1], clipped.places[: first + 1])


def test_a_walk_that_is_never_clipped_is_gradient_descent():
    found = walk((4.0, -1.0), 0.3, 5)
    for before, after in zip(found.places, found.places[1:], strict=False):
        _, *g = loss_and_gradient(*before, STEPS)
        np.testing.assert_allclose(after, before - 0.3 * np.array(g), rtol=1e-12)


@pytest.mark.parametrize("threshold", [NEVER, 0.5, 1e9])
def test_a_step_is_that_of_the_paper(threshold):
    """Beside a gradient from TensorFlow, with an embedding whose rows repeat."""
    model = keras.Sequential(
        [
            keras.layers.Embedding(5, 3, embeddings_initializer="ones"),
            keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(3)),
        ]
    )
    x, y = np.array([[1, 1, 1, 4]]), np.array([[[1.0, 2], [3, -1], [0, 0], [9, 9]]])
    model.build((None, 4))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    g = [tf.convert_to_tensor(part) for part in tape.gradient(loss, model.trainable_variables)]
    norm = math.sqrt(sum(float(tf.reduce_sum(part**2)) for part in g))
    assert norm > 0.5
    scale = min(1, threshold / norm)
    expected = [
        w.numpy() - 0.1 * scale * part.numpy()
        for w, part in zip(model.trainable_variables, g, strict=True)
    ]
    optimizer = ClippedDescent(0.1, threshold)
    model.compile(optimizer, "mse", jit_compile=False)
    model.train_on_batch(x, y)
    for weight, value in zip(model.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5, atol=1e-6)
    assert float(optimizer.norm_before) == pytest.approx(norm, rel=1e-5)
    assert float(optimizer.norm_after) == pytest.approx(min(norm, threshold), rel=1e-5)


def test_the_optimizer_can_be_stored():
    again = ClippedDescent.from_config(ClippedDescent(0.2, 3.0).get_config())
    assert float(again.threshold) == 3.0
    assert float(again.learning_rate) == pytest.approx(0.2)


def weights_of(cell: str, units: int, seed: int, gain: float | None = None) -> list[np.ndarray]:
    model = small_language_model(
        cell, units=units, embedding_size=5, vocabulary_size=9, seed=seed, gain=gain
    )
    return model.get_weights()


def test_a_start_depends_on_its_seed_alone():
    def weights(seed: int, gain: float | None = None) -> list[np.ndarray]:
        keras.random.uniform((3,))  # somebody else draws
        return weights_of("rnn", 6, seed, gain)

    for first, second in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(first, second)
    assert any((a != b).any() for a, b in zip(weights(1), weights(2), strict=True))
    orthogonal = next(w for w in weights(1) if w.shape == (6, 6))
    np.testing.assert_allclose(orthogonal @ orthogonal.T, np.eye(6), atol=1e-5)
    kernel = next(w for w in weights_of("rnn", 100, 1, 1.5) if w.shape == (100, 100))
    assert kernel.std() == pytest.approx(0.15, rel=0.05)
    kept = weights_of("irnn", 6, 1)
    assert any(w.shape == (6, 6) and (w == np.eye(6)).all() for w in kept)


def test_biases_start_at_zero_and_forget_gates_at_one():
    """The biases of a GRU are a matrix, for inputs and state, and yet no kernel."""
    _, _, _, bias, *_ = weights_of("gru", 6, 1)
    assert bias.shape == (2, 18)
    assert not bias.any()
    _, _, _, bias, *_ = weights_of("lstm", 6, 1)
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 6))


def test_both_trainings_are_the_same_until_something_is_clipped(found):
    seen = 0
    for cell in found.settings.cells:
        for plain, clipped in zip(
            found.of(cell, clips=False), found.of(cell, clips=True), strict=True
        ):
            above = np.flatnonzero(clipped.before > clipped.threshold)
            first = above[0] if len(above) else len(clipped.before) - 1
            seen += len(above)
            same = slice(0, first + 1)
            np.testing.assert_allclose(plain.losses[same], clipped.losses[same], rtol=1e-5)
            np.testing.assert_allclose(plain.before[same], clipped.before[same], rtol=1e-4)
            np.testing.assert_allclose(plain.before, plain.after, rtol=1e-6)
            np.testing.assert_allclose(
                clipped.after, np.minimum(clipped.before, clipped.threshold), rtol=1e-5
            )
    assert seen, "nothing was clipped, so nothing was tested"


def test_every_training_begins_at_the_same_start(found):
    for cell in found.settings.cells:
        firsts = {float(d.losses[0]) for d in found.descents if d.cell == cell}
        assert len(firsts) == 1
        assert firsts.pop() == pytest.approx(math.log(found.vocabulary), abs=0.6)


def test_the_same_seed_measures_the_same(text, found):
    once = dataclasses.replace(SMALL, gains={"rnn": 1.5}, learning_rates=(1.0,), updates=3)
    again = measure_clipping(text, once, seed=1)
    expected = found.shown("rnn", clips=True).losses[:3]
    np.testing.assert_array_equal(again.shown("rnn", clips=True).losses, expected)


def descent(losses, before, **changes) -> Descent:
    before = np.array(before, float)
    made = Descent("rnn", 1.0, NEVER, np.array(losses, float), before, before, len(losses))
    return dataclasses.replace(made, **changes)


def with_trainings(found: ClippingResults, *descents: Descent) -> ClippingResults:
    rates = tuple(dict.fromkeys(each.learning_rate for each in descents))
    settings_ = dataclasses.replace(
        found.settings, gains={"rnn": 1.5}, learning_rates=rates, shown_rate=rates[0]
    )
    return dataclasses.replace(found, settings=settings_, descents=descents)


CALM = {"losses": [5, 4.5, 4, 3], "before": [0.4, 0.5, 0.3, 0.2]}


def test_claims_hold_where_the_numbers_say_so(found):
    clipped = descent(**CALM, threshold=1.0)
    worse = descent([5, 9, 8, 7], [0.4, 900, 3, 2])
    slow = descent([5, 4.8, 4.7, 4.6], [0.4, 0.5, 0.3, 0.2], learning_rate=0.5)
    results = with_trainings(found, worse, clipped, slow, dataclasses.replace(slow, threshold=1.0))
    both = page.claims(results)
    assert [each["holds"] for claim in both.values() for each in claim] == [True, True]
    same = with_trainings(found, descent(**CALM), clipped)
    assert [each["holds"] for claim in page.claims(same).values() for each in claim] == [
        False,
        False,
    ]


def test_the_page_shows_what_happened(found, text):
    jumps = descent([5, 9, 8, 7], [0.4, 900, 3, 2])
    made = page.page_of(with_trainings(found, jumps, descent(**CALM, threshold=1.0)), text)
    (course,) = [each for each in made.content.sections if "update by update" in each.title]
    rows = {row[0]: row[1:] for table in Tables(course.body).tables for row in table.rows}
    assert rows["largest norm, at update"][0] == "900, at 2"
    assert rows["most that the loss rises from one update to the next, nats"] == ["4.00", "0.00"]
    assert rows["loss at the end, nats"] == ["7.00", "3.00"]
    lost = descent([5, np.nan], [0.4, np.nan], planned=4)
    made = page.page_of(with_trainings(found, lost, descent(**CALM, threshold=1.0)), text)
    (course,) = [each for each in made.content.sections if "update by update" in each.title]
    rows = {row[0]: row[1:] for table in Tables(course.body).tables for row in table.rows}
    assert rows["updates made (fewer if the loss became no number)"][0].startswith("2 of")
    assert rows["loss at the end, nats"][0] == "no number"
    assert made.numbers["trainings"][0]["loss"] is None


def test_the_page_of_the_study(found, text):
    made = page.page_of(found, text)
    assert json.loads(json.dumps(made.numbers, allow_nan=False)) == made.numbers
    for steps, values in made.curves.values():
        assert len(steps) == len(values) == SMALL.updates
    html = render(made.content)
    assert text.title in html
    assert f"{found.shown('rnn', clips=True).clipped_share:.1%} of the updates clipped" in html
    shown = {training["loss"] for training in made.numbers["trainings"]}
    assert shown == {d.end for d in found.descents}
