"""Stacks of recurrent layers: gradients by hand, what depth costs, and the page."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.lab.base import Page, StudyText, study_text
from pipeline.lab.depth.page import degrades, page_of, skips_help
from pipeline.lab.depth.stacks import SkipCell, Stack, build_stack, start
from pipeline.lab.depth.study import (
    QUICK,
    DepthResults,
    StackMeasurements,
    frequency_entropy,
    gradients_by_layer,
    measure_depth,
)
from pipeline.layers.recurrent import cell_layer
from pipeline.report.magnitudes import written_magnitude
from pipeline.report.page import render
from pipeline.text.ragged import Ragged
from reported_run import Tables
from tests.rounding import FLOAT32

SEED, UNITS, VOCABULARY = 1, 6, 15


@pytest.fixture(scope="module")
def text() -> StudyText:
    return study_text(TextCorpusSettings(), Path("unused"))


@pytest.fixture(scope="module")
def found(text) -> DepthResults:
    reported = []
    made = measure_depth(text, QUICK, SEED, reported.append)
    assert reported == sorted(reported), "progress never goes back"
    assert 0 <= reported[0] < reported[-1] == 1
    return made


@pytest.fixture(scope="module")
def made(found, text) -> Page:
    return page_of(found, text)


def small(cell: str, depth: int, *, skip: bool, seed: int = SEED) -> Stack:
    built = build_stack(cell, depth, skip=skip, units=UNITS, vocabulary_size=VOCABULARY)
    start(built, seed)
    return built


def window() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    ids, targets = generator.integers(4, VOCABULARY, (2, 3, 7)).astype(np.int32)
    targets[1, 5:] = -1
    return ids, targets


def through_the_layers(stacked: Stack, ids: np.ndarray) -> list[tf.Tensor]:
    """y^(1), ..., y^(depth): a Keras layer after the other, as the equations have it."""
    y, outputs = stacked.embedding(ids), []
    for number, layer in enumerate(stacked.layers):
        said = layer(y)
        y = y + said if stacked.skip and number else said
        outputs.append(y)
    return outputs


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_gradients_by_hand_are_those_of_autodiff(cell, skip):
    stacked = small(cell, 3, skip=skip)
    ids, targets = window()
    with tf.GradientTape() as tape:
        outputs = through_the_layers(stacked, ids)
        logits = stacked.readout(outputs[-1])
        each = keras.losses.sparse_categorical_crossentropy(
            np.maximum(targets, 0), logits, from_logits=True
        )
        loss = tf.reduce_sum(each * (targets >= 0))
    expected = tape.gradient(loss, outputs)
    found = gradients_by_layer(stacked, ids, targets)
    assert len(found) == 3
    for at_layer, output, gradient in zip(found, outputs, expected, strict=True):
        np.testing.assert_allclose(at_layer.output, output, atol=1e-5)
        np.testing.assert_allclose(at_layer.gradient, gradient, atol=2e-6)
        assert np.abs(gradient).max() > 1e-3


@pytest.mark.parametrize("skip", [False, True])
def test_one_loop_over_all_cells_is_a_layer_after_the_other(skip):
    stacked = small("lstm", 3, skip=skip)
    ids, _ = window()
    expected = stacked.readout(through_the_layers(stacked, ids)[-1])
    np.testing.assert_allclose(stacked.model({"ids": ids}), expected, **FLOAT32)


def test_stacks_of_one_seed_share_what_they_can():
    plain, skipped, deep = (
        small("lstm", depth, skip=skip) for depth, skip in ((2, False), (2, True), (4, False))
    )
    for one, other in ((plain, skipped), (plain, deep)):
        for mine, yours in zip(one.layers, other.layers, strict=False):
            for weight, same in zip(mine.get_weights(), yours.get_weights(), strict=True):
                np.testing.assert_array_equal(weight, same)
        for weight, same in zip(
            one.readout.get_weights(), other.readout.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(weight, same)
    lower, upper = (layer.get_weights()[0] for layer in plain.layers)
    assert (lower != upper).any()
    assert plain.model.count_params() == skipped.model.count_params()


def test_a_start_forgets_what_was_learnt():
    stacked = small("gru", 2, skip=True)
    first = stacked.model.get_weights()
    for weight in stacked.model.trainable_weights:
        weight.assign(np.ones(weight.shape))
    start(stacked, SEED)
    for weight, again in zip(first, stacked.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, again)
    start(stacked, SEED + 1)
    assert (stacked.model.get_weights()[0] != first[0]).any()


def test_it_starts_as_keras_starts_the_layer():
    stacked = small("lstm", 1, skip=False)
    kernel, recurrent, bias = stacked.layers[0].get_weights()
    fresh = cell_layer("lstm", UNITS, seed=3)
    fresh.build((None, None, UNITS))
    np.testing.assert_array_equal(bias, fresh.get_weights()[2])
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(UNITS), atol=1e-5)
    assert np.abs(kernel).max() <= np.sqrt(6 / (5 * UNITS))
    identity = small("irnn", 1, skip=False).layers[0].get_weights()[1]
    np.testing.assert_array_equal(identity, np.eye(UNITS))


def test_a_cell_with_a_skip_can_be_saved():
    cell = SkipCell(cell_layer("gru", UNITS, seed=1).cell)
    layer = keras.layers.RNN(cell, return_sequences=True)
    x = np.random.default_rng(0).normal(size=(2, 5, UNITS)).astype("float32")
    expected = layer(x)
    again = keras.layers.RNN.from_config(layer.get_config())
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), expected)


def test_the_frequencies_of_characters_have_an_entropy():
    rows = Ragged.from_lists([[2, 4, 4, 5], [2, 5, 4, 4]])
    p = np.array([4, 2]) / 6
    assert frequency_entropy(rows) == pytest.approx(-(p * np.log(p)).sum())


def test_every_start_is_by_itself(text):
    """The second start of one study is the first of another: nothing is left of the first."""
    settings = dataclasses.replace(
        QUICK, cells=("rnn",), depths=(1,), units=UNITS, rows=4, window=8, updates=6, draws=2
    )
    twice = measure_depth(text, settings, SEED)
    once = measure_depth(text, dataclasses.replace(settings, draws=1), SEED + 1)
    for both, second in zip(twice.stacks, once.stacks, strict=True):
        np.testing.assert_allclose(both.losses[1], second.losses[0], atol=1e-4)
        assert np.abs(both.losses[0] - both.losses[1]).max() > 1e-3


def test_plain_stacks_degrade_and_skips_help(found):
    """He et al. 2016 with recurrent layers, on a fixed seed."""
    single, plain = found.of("rnn", skip=False)
    skipped = found.of("rnn", skip=True)[-1]
    assert degrades(found, "rnn")
    assert plain.learnt[0] > single.learnt[0] + 0.2
    assert skips_help(found, "rnn")
    assert skipped.learnt[0] < single.learnt[0] - 0.2
    assert plain.losses[0, 0] == pytest.approx(skipped.losses[0, 0], abs=1.0)


def test_a_gradient_vanishes_down_an_lstm_unless_there_are_skips(found):
    plain, skipped = (found.of("lstm", skip=skip)[-1] for skip in (False, True))
    assert plain.left < -1
    assert skipped.left > -0.3
    assert found.of("rnn", skip=False)[-1].left > -0.5, "it is not this that degrades"
    np.testing.assert_array_equal(plain.profile[:, -1], 0)
    assert plain.profile.shape == (QUICK.measured_rows, QUICK.depths[-1])


def said(made: Page) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", render(made.content))).split())


def held(made: Page) -> list[str]:
    """The last column of the claims."""
    (claims,) = Tables(made.content.sections[-1].body).tables
    assert claims.columns[-1] == "holds"
    return [row[-1] for row in claims.rows]


def test_the_page_says_what_was_found(found, made):
    said_here = said(made)
    for term in ("성능 저하", "잔차 연결", "He et al. 2016", "make study-gradients"):
        assert term in said_here
    for each in found.of("rnn", skip=False) + found.of("rnn", skip=True)[1:]:
        assert f"{each.learnt.mean():.2f} nats" in said_here
    assert f"{found.entropy:.2f} nats" in said_here
    degrades_, knows_more, vanishes, _, skips_help_, best = held(made)
    assert (degrades_, vanishes, skips_help_, best) == ("yes", "no", "yes", "yes")
    plain = found.of("rnn", skip=False)[-1]
    assert knows_more == ("yes" if plain.learnt.mean() < found.entropy - 0.1 else "no")
    assert written_magnitude(plain.left) in said_here
    assert "nan" not in said_here
    assert len(made.content.pictures) == 4
    for picture in made.content.pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert picture.alt
        assert 500 < picture.width < 800
    numbers = json.loads(json.dumps(made.numbers, allow_nan=False))
    assert numbers["degrades"] == {"rnn": True}
    assert [each["depth"] for each in numbers["stacks"]] == [1, 4, 4, 1, 4, 4]
    for updates, losses in made.curves.values():
        assert len(updates) == len(losses)
        assert updates[-1] == QUICK.updates


def test_other_numbers_change_the_page(found, text):
    """Plain stacks that learn best, and skips that are of no use, are reported as such."""

    def exchanged(each: StackMeasurements) -> StackMeasurements:
        better = {1: 0.0, 4: -2.0}[each.depth] + (1.0 if each.skip else 0.0)
        return dataclasses.replace(each, losses=np.full_like(each.losses, 4.0 + better))

    stacks = [exchanged(each) if each.cell == "rnn" else each for each in found.stacks]
    other = dataclasses.replace(found, stacks=stacks)
    assert not degrades(other, "rnn")
    assert not skips_help(other, "rnn")
    degrades_, *_, skips_help_, best = held(page_of(other, text))
    assert (degrades_, skips_help_, best) == ("no", "no", "no")
