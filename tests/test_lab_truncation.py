"""The truncated gradient is the one that stops between windows, and the page says what it lost."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.errors import UserError
from pipeline.lab.base import StudyText, study_text
from pipeline.lab.starts import small_language_model
from pipeline.lab.truncation import page
from pipeline.lab.truncation.study import (
    PARTS,
    GradientReader,
    TruncatedNetwork,
    TruncationResults,
    TruncationSettings,
    cosine_between,
    measure_truncation,
    stretches,
    windows_of,
)
from pipeline.report.page import render
from pipeline.text.ragged import Ragged
from reported_run import Tables

SMALL = TruncationSettings(
    units=6, embedding_size=5, streams=3, length=8, updates=3, training_window=4,
    learning_rate=1e-2,
)  # fmt: skip


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> StudyText:
    return study_text(TextCorpusSettings(), tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def found(text) -> TruncationResults:
    return measure_truncation(text, SMALL, seed=1)


@pytest.fixture(scope="module", params=["rnn", "lstm", "gru"])
def model(request, text):
    return small_language_model(
        request.param,
        units=6,
        embedding_size=5,
        vocabulary_size=len(text.characters.vocabulary),
        seed=4,
    )


@pytest.fixture(scope="module")
def reader(model) -> GradientReader:
    return GradientReader(model, SMALL.streams)


def by_autodiff(model, stretch, window: int) -> dict[str, np.ndarray]:
    """Step by step through Keras's own cell, the state stopped between windows."""
    inputs, targets = stretch
    layer, embedding, readout = (
        model.get_layer(name) for name in ("recurrent_1", "embedding", "logits")
    )
    parts = layer.state_size // layer.units
    with tf.GradientTape() as tape:
        state = [tf.zeros((len(targets), layer.units)) for _ in range(parts)]
        losses = []
        for step in range(targets.shape[1]):
            if step % window == 0:
                state = [tf.stop_gradient(part) for part in state]
            h, state = layer.layer.cell(embedding(inputs["ids"][:, step]), state)
            state = tf.nest.flatten(state)
            losses.append(
                tf.nn.sparse_softmax_cross_entropy_with_logits(targets[:, step], readout(h))
            )
        loss = tf.reduce_mean(tf.stack(losses))
    gradient = tape.gradient(loss, model.trainable_variables)
    return {
        weight.path: tf.convert_to_tensor(g).numpy()
        for weight, g in zip(model.trainable_variables, gradient, strict=True)
    }


@pytest.mark.parametrize("window", [1, 2, 8])
def test_the_truncated_gradient_is_that_of_autodiff_with_stops(model, reader, text, window):
    stretch, _ = stretches(text, SMALL)
    expected = by_autodiff(model, stretch, window)
    found, _ = reader.read(stretch, window)
    assert found.keys() == expected.keys()
    for path, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[path], rtol=1e-3, atol=2e-7, err_msg=path)
    # and the stops make a difference where they should
    recurrent = next(path for path in found if path.endswith("recurrent_kernel"))
    full = by_autodiff(model, stretch, SMALL.length)[recurrent]
    same = np.allclose(found[recurrent], full, rtol=1e-3, atol=1e-7)
    assert same == (window == SMALL.length)


def test_the_readout_does_not_feel_the_window(reader, text):
    stretch, _ = stretches(text, SMALL)
    one, loss_of_one = reader.read(stretch, 1)
    full, loss_of_full = reader.read(stretch, SMALL.length)
    assert loss_of_one == pytest.approx(loss_of_full, rel=1e-5)
    logits = [path for path in one if "logits" in path]
    assert len(logits) == 2
    for path in logits:
        np.testing.assert_allclose(one[path], full[path], rtol=1e-4, atol=1e-7)


def test_reading_leaves_the_weights_and_itself_as_they_were(model, reader, text):
    stretch, other = stretches(text, SMALL)
    before = model.get_weights()
    first, _ = reader.read(stretch, 4)
    reader.read(other, 2)
    again, _ = reader.read(stretch, 4)
    for path in first:
        np.testing.assert_array_equal(first[path], again[path])
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    with pytest.raises(ValueError, match="3 does not divide 8"):
        reader.read(stretch, 3)


def test_stretches_are_real_text_one_behind_the_other(text):
    first, second = stretches(text, SMALL)
    rows = text.rows["train"].ids
    for stream in range(SMALL.streams):
        for inputs, targets in (first, second):
            np.testing.assert_array_equal(inputs["ids"][stream, 1:], targets[stream, :-1])
            assert (targets >= 0).all()
        joined = np.concatenate([first[0]["ids"][stream], second[0]["ids"][stream]])
        places = np.flatnonzero(rows == joined[0])
        assert any((rows[p : p + len(joined)] == joined).all() for p in places)


def test_short_text_gives_shorter_stretches_and_none_an_error(text):
    few = {"train": Ragged.from_lists([text.rows["train"].ids[:21]])}
    short = dataclasses.replace(text, rows=few)
    (_, targets), _ = stretches(short, SMALL)
    assert targets.shape == (3, 2)
    with pytest.raises(UserError, match="20 characters are too few"):
        stretches(short, dataclasses.replace(SMALL, streams=11))


def test_the_longest_window_is_the_full_gradient(found):
    assert found.networks[0].windows == windows_of(8) == [1, 2, 4, 8]
    for network in found.networks:
        for part in PARTS:
            assert network.cosine[part][-1] == pytest.approx(1, abs=1e-12)
            assert network.norm_ratio[part][-1] == 1
            assert network.cosine[part][0] < 0.999
        assert network.cosine["recurrent"][0] < network.cosine["all"][0]
        np.testing.assert_allclose(network.losses, network.losses[-1], rtol=1e-5)


def test_the_short_training_teaches(found):
    for cell in SMALL.cells:
        start, taught = found.of(cell)
        assert (start.updates, taught.updates) == (0, 3)
        assert taught.losses[-1] < start.losses[-1]


def test_cosines():
    a = {"x/recurrent_1/k": np.array([[3.0, 0]]), "logits/k": np.array([0.0])}
    b = {"x/recurrent_1/k": np.array([[3.0, 4]]), "logits/k": np.array([5.0])}
    assert cosine_between(a, b, "recurrent") == pytest.approx(0.6)
    assert cosine_between(a, b, "all") == pytest.approx(9 / (3 * 50**0.5))


def network(cosines, updates: int = 0, between: float = 0.9) -> TruncatedNetwork:
    windows = [2**i for i in range(len(cosines))]
    values = dict.fromkeys(PARTS, np.array(cosines))
    losses, between_texts = np.ones(len(cosines)), dict.fromkeys(PARTS, between)
    return TruncatedNetwork("rnn", updates, windows, losses, values, values, between_texts)


def test_the_window_that_is_enough():
    assert network([0.2, 0.95, 0.7, 0.96, 1.0]).window_for(0.9) == 8
    assert network([0.95, 0.95, 1.0]).window_for(0.9) == 1
    assert network([0.1, 0.2, 1.0]).window_for(0.9) == 4


def test_the_page_shows_which_windows_are_enough():
    assert page.shown(network([0.1, 0.2, 1.0]))["as_near"] is None
    assert page.shown(network([0.1, 0.95, 1.0]))["as_near"] == 2
    assert page.shown(network([0.95, 0.95, 1.0]))["as_near"] == 1
    near = page.shown(network([0.1, 0.995, 1.0]))
    assert (near["window"], near["place"]) == (2, 1)


def test_the_page_of_the_study(found, text):
    made = page.page_of(found, text)
    assert json.loads(json.dumps(made.numbers, allow_nan=False)) == made.numbers
    html = render(made.content)
    assert text.title in html
    assert len(made.content.pictures) == 2
    both = Tables(made.content.sections[-1].body).tables
    assert [table.columns for table in both] == [["", "1", "2", "4", "8"]] * 2
    for each in found.networks:
        assert f">{each.losses[-1]:.2f}<" in html
        assert f"{each.cosine['recurrent'][0]:.3f}" in html
    for steps, values in made.curves.values():
        assert list(steps) == [1, 2, 4, 8]
        assert len(values) == 4
