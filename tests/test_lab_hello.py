"""The smallest character model learns "hell" -> "ello", and its page says what was found."""

from __future__ import annotations

import dataclasses
import html
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from pipeline.errors import UserError
from pipeline.lab.base import Page
from pipeline.lab.bptt import PARAMETERS
from pipeline.lab.hello import study
from pipeline.lab.hello.page import largest_entry, page_of, term_rows
from pipeline.lab.hello.pictures import sizes_of_terms, unrolled
from pipeline.lab.hello.study import (
    DUE,
    LETTERS,
    READ,
    HelloNetwork,
    HelloRun,
    continued,
    train_by_hand,
)
from pipeline.report.page import render
from reported_run import Tables


@pytest.fixture(scope="module")
def run() -> HelloRun:
    return train_by_hand()


@pytest.fixture(scope="module")
def made(run) -> Page:
    return page_of(run)


def test_it_learns_to_say_ello(run):
    assert run.before.said != DUE
    assert run.after.said == DUE
    assert run.before.loss > 4.5
    assert run.after.loss < 0.45
    assert run.losses[0] == run.before.loss
    assert run.losses[-1] == run.after.loss
    assert run.answers[run.right_from - 1] != DUE
    assert set(run.answers[run.right_from :]) == {DUE}
    due = [LETTERS.index(letter) for letter in DUE]
    assert (run.after.probabilities[range(len(DUE)), due] >= study.SURE).all()


def test_from_the_first_letter_alone_it_goes_on_by_itself(run):
    assert run.after.continued == DUE
    assert continued(run.after.network, "h", 2) == "el"
    assert run.before.continued != DUE


def test_only_the_state_tells_the_first_l_from_the_second(run):
    """Without the way from h_{t-1} to h_t the same letter always gets the same answer."""
    cell = run.after.network.cell
    forgetful = dataclasses.replace(
        run.after.network, cell=dataclasses.replace(cell, W_hh=0 * cell.W_hh)
    )
    network = HelloNetwork(forgetful)
    third, fourth = network.said[2:]
    assert third == fourth
    np.testing.assert_array_equal(network.hidden[2], network.hidden[3])
    assert np.abs(run.after.hidden[2] - run.after.hidden[3]).max() > 0.5


@pytest.mark.parametrize("seed", [1, 2])
def test_other_beginnings_end_there_too(seed):
    assert train_by_hand(seed, learning_rate=0.3).after.continued == DUE


def test_the_same_seed_is_the_same_run(run):
    again = train_by_hand()
    np.testing.assert_array_equal(again.losses, run.losses)
    assert again.answers == run.answers


def test_training_by_hand_is_training_by_autodiff(run):
    """Keras's layers, TensorFlow's gradients and Keras's SGD from the same weights."""
    rnn = keras.layers.SimpleRNN(study.UNITS, return_sequences=True, dtype="float64")
    readout = keras.layers.Dense(len(LETTERS), use_bias=False, dtype="float64")
    model = keras.Sequential([keras.Input((None, len(LETTERS)), dtype="float64"), rnn, readout])
    start = run.before.network
    rnn.set_weights([np.transpose(w) for w in (start.cell.W_xh, start.cell.W_hh, start.cell.b)])
    readout.set_weights([np.transpose(start.W_hy)])
    optimizer = keras.optimizers.SGD(run.learning_rate)
    targets = np.array([[LETTERS.index(letter) for letter in DUE]])
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            logits = model(study.one_hot(READ))
            loss = tf.reduce_sum(
                keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)
            )
        losses.append(float(loss))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)
    # Keras's optimizer holds the learning rate as a float32
    np.testing.assert_allclose(run.losses[:20], losses, rtol=1e-6)


def test_the_check_by_small_changes_agrees_with_the_gradient(run):
    for name in PARAMETERS:
        gradient = ops.convert_to_numpy(run.before.gradients[name])
        place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        assert run.before.slope(name, place) == pytest.approx(gradient[place], rel=1e-6)


def test_what_cannot_be_learnt_is_told(monkeypatch):
    monkeypatch.setattr(study, "MAX_UPDATES", 3)
    with pytest.raises(UserError, match="after 3 updates") as refusal:
        train_by_hand(seed=7, learning_rate=1e-9)
    assert "seed 7, learning rate 1e-09" in str(refusal.value)
    assert "another seed" in refusal.value.remedy


def test_the_table_of_terms_adds_up(run):
    place = largest_entry(run.before)
    rows = term_rows(run.before, place)
    numbers = np.array([[float(cell or 0) for cell in row.terms] for row in rows])
    rounding = 1e-6 * len(DUE)
    np.testing.assert_allclose(numbers[:, :-1].sum(axis=1), numbers[:, -1], atol=rounding)
    np.testing.assert_allclose(numbers[:-1].sum(axis=0), numbers[-1], atol=rounding)
    gradient = ops.convert_to_numpy(run.before.gradients["W_hh"])
    assert numbers[-1, -1] == pytest.approx(gradient[place], abs=rounding)
    assert abs(gradient[place]) == np.abs(gradient).max()
    for t, row in enumerate(rows[:-1]):
        assert row.terms[0] == "0", "h_0 is 0"
        assert [bool(cell) for cell in row.terms[:-1]] == [k <= t for k in range(len(DUE))]


def test_the_page_says_what_was_found(run, made):
    page = render(made.content)
    text = " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())
    for term in ("시간 역전파", "경사소실", "경사폭발", "은닉 상태", "make study-", "Werbos 1990"):
        assert term in text
    assert f"from {run.before.loss:.2f} to {run.after.loss:.2f} nats" in text
    row, column = largest_entry(run.before)
    gradient = ops.convert_to_numpy(run.before.gradients["W_hh"])[row, column]
    # the table's sum, the way back in one go, small changes, and the corner of the table
    assert text.count(f"{gradient:+.6f}") == 4
    assert len(made.content.pictures) == 5
    for picture in made.content.pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert 500 < picture.width < 800
        assert picture.alt
    assert not re.search(r"[+-]0\.000000|nan", text)


def test_a_bound_below_one_must_vanish_and_one_above_may_explode(run, made):
    (table,) = Tables(made.content.sections[-1].body).tables
    rows = list(zip(*(row[1:] for row in table.rows), strict=True))
    for network, (bound, must, slope, one, four) in zip((run.before, run.after), rows, strict=True):
        norms = network.norms_by_lag
        assert (bound, must) == (
            f"{np.linalg.norm(network.network.cell.W_hh, 2):.2f}",
            "yes" if network is run.before else "no",
        )
        assert (one, four) == (f"{norms[0]:.3g}", f"{norms[-1]:.3g}")
        assert float(slope) == pytest.approx(np.mean(1 - network.hidden**2), abs=0.01)
        assert (norms <= network.bounds_by_lag).all()


def drawn_text(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_pictures_show_the_numbers(run):
    said = drawn_text(unrolled(run.before, "title"))
    for t, letter in enumerate(READ):
        assert said.count(f"reads {letter}") == READ.count(letter)
        assert f"{run.before.hidden[t, 0]:+.2f}" in said
        assert f"{run.before.probabilities[t, 0]:.2f}" in said
    assert [text for text in said if text.startswith("says")] == [
        f"says {answer}" if answer == due else f"says {answer}, due {due}"
        for answer, due in zip(run.before.said, DUE, strict=True)
    ]
    sizes = np.linalg.norm(ops.convert_to_numpy(run.after.terms.W_hh), axis=(2, 3))
    assert f"{sizes.max():.3f}" in drawn_text(sizes_of_terms(run))
