"""Two tasks that need memory, how far back their gradients reach, and what the page says of it."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lab.tasks import page
from pipeline.lab.tasks.copy_adding import Adding, Copying
from pipeline.lab.tasks.gradients import log10_gradients
from pipeline.lab.tasks.networks import READOUT, RECURRENT, TaskTraining, learn, loss_of, network
from pipeline.lab.tasks.study import QUICK, TaskResults, Trial, first_lag, measure_tasks
from pipeline.report.page import render

SMALL = dataclasses.replace(
    QUICK,
    cells=("rnn", "gru"),
    adding_lags=(3, 6),
    copy_lags=(2,),
    training=TaskTraining(
        units=4, max_updates=4, evaluate_every=2, held_out_rows=20, batch_size=8, compile_from=99
    ),
    gradient_rows=3,
)


@pytest.fixture(scope="module")
def found() -> TaskResults:
    return measure_tasks(SMALL, seed=1)


@given(st.integers(2, 40), st.integers(0, 2**16))
def test_the_sum_of_the_marked_numbers_is_due(lag, seed):
    x, y = Adding(lag).draw(np.random.default_rng(seed), 5)
    assert (x.shape, y.shape) == ((5, lag, 2), (5, 1, 1))
    numbers, marks = x[..., 0], x[..., 1]
    assert ((numbers >= 0) & (numbers < 1)).all()
    half = lag // 2
    np.testing.assert_array_equal(marks[:, :half].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, half:].sum(axis=1), 1)
    assert set(np.unique(marks)) <= {0, 1}
    np.testing.assert_allclose((numbers * marks).sum(axis=1), y[:, 0, 0], rtol=1e-6)


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**16))
def test_the_symbols_are_due_in_order_after_the_sign(lag, symbols, seed):
    task = Copying(lag, symbols)
    x, y = task.draw(np.random.default_rng(seed), 4)
    assert x.shape == (4, task.steps, 10)
    np.testing.assert_array_equal(x.sum(axis=-1), 1)
    read = x.argmax(axis=-1)
    np.testing.assert_array_equal(read[:, :symbols], y)
    signs = np.argwhere(read == 9)
    np.testing.assert_array_equal(signs[:, 1], symbols - 1 + lag)
    assert (read[:, symbols:] >= 8).all()
    # symbol i is due at step steps - asked + i, `farthest` after it was read
    assert task.steps - task.asked == task.farthest
    assert len(read[0]) == lag + 2 * symbols


def test_both_halves_are_marked_everywhere():
    x, _ = Adding(7).draw(np.random.default_rng(0), 500)
    assert (x[..., 1].sum(axis=0) > 0).all()


def test_baselines_are_what_no_memory_gets():
    draws = np.random.default_rng(0)
    _, sums = Adding(20).draw(draws, 200_000)
    assert np.mean((sums - 1) ** 2) == pytest.approx(Adding.baseline, rel=0.01)
    task = Copying(5)
    _, due = task.draw(draws, 64)
    guess = np.zeros((64, task.symbols, task.outputs), np.float32)
    assert float(loss_of(task)(due, guess)) == pytest.approx(task.baseline, rel=1e-6)
    assert task.baseline == pytest.approx(2.0794, abs=1e-4)


def test_what_cannot_be_drawn_is_refused():
    for wrong in (lambda: Adding(1), lambda: Copying(0), lambda: Copying(3, 0)):
        with pytest.raises(ValueError, match="there must be"):
            wrong()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("task", [Adding(6), Copying(3, 2)], ids=lambda task: task.name)
def test_gradients_over_lags_are_those_of_autodiff(task, cell):
    model = network(task, cell, 4, seed=3)
    generator = np.random.default_rng(5)
    for weight in model.trainable_variables:
        weight.assign(generator.normal(0, 0.6, weight.shape))
    x, y = task.draw(np.random.default_rng(1), 3)
    layer, readout = model.get_layer(RECURRENT), model.get_layer(READOUT)
    t, parts = task.steps - task.asked, 2 if cell == "lstm" else 1
    state, states = [tf.zeros((3, 4))] * parts, []
    with tf.GradientTape(persistent=True) as tape:
        for step in range(t + 1):
            whole = tf.concat(state, axis=-1)
            tape.watch(whole)
            states.append(whole)
            h, state = layer.cell(x[:, step], tf.split(whole, parts, axis=-1))
            state = tf.nest.flatten(state)
        said = readout(h)
        if task.name == "copy":
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y[:, 0], said)
        else:
            losses = (said[:, 0] - y[:, 0, 0]) ** 2
        loss = tf.reduce_sum(losses)
    by_autodiff = [
        np.linalg.norm(tape.gradient(loss, states[t + 1 - lag]), axis=1)
        for lag in range(1, task.farthest + 1)
    ]
    found = log10_gradients(model, task, x, y)
    assert found.shape == (3, task.farthest)
    np.testing.assert_allclose(found, np.log10(np.transpose(by_autodiff)), atol=1e-4)
    # the loss is the one that is learnt from
    mean = loss_of(task)(y[:, :1], model(x)[:, :1])
    np.testing.assert_allclose(mean, np.mean(losses), rtol=1e-5)


@pytest.mark.parametrize(("cell", "updates"), [("gru", 300), ("lstm", 300)])
def test_short_adding_is_learnt(cell, updates):
    how = TaskTraining(units=16, learning_rate=2e-2, max_updates=updates, compile_from=99)
    first, *_, last = learn(Adding(4), cell, how, 1)
    assert first.updates == 0
    assert first.score > Adding.baseline
    assert last.score < Adding.solved
    assert last.updates <= updates


def test_the_same_seed_learns_the_same():
    how = SMALL.training
    once, again, other = (
        [(each.updates, each.score) for each in learn(Copying(2), "gru", how, seed)]
        for seed in (1, 1, 2)
    )
    assert once == again
    assert once != other
    assert [updates for updates, _ in once] == [0, 2, 4]


def test_the_study_measures_each_network_at_each_evaluation(found):
    assert [(t.task.name, t.task.lag, t.cell) for t in found.trials] == [
        ("adding", 3, "rnn"), ("adding", 3, "gru"), ("adding", 6, "rnn"), ("adding", 6, "gru"),
        ("copy", 2, "rnn"), ("copy", 2, "gru"),
    ]  # fmt: skip
    for trial in found.trials:
        assert trial.left.shape == (len(trial.updates), trial.task.farthest)
        np.testing.assert_array_equal(trial.left[:, 0], 0)
        assert np.isfinite(trial.left).all()


def trial(cell: str, lag: int, scores, left, name: str = "adding") -> Trial:
    task = Adding(lag) if name == "adding" else Copying(lag)
    curves = np.zeros((len(scores), task.farthest))
    curves[:, -1] = left
    return Trial(task, cell, tuple(range(len(scores))), tuple(scores), curves)


def test_a_trial_is_told_by_its_best_network():
    made = trial("rnn", 9, [0.5, 0.02, 0.3], [-3, -1, -9])
    assert (made.best, made.score, made.at_start, made.at_best) == (1, 0.02, -3, -1)
    assert not made.solved
    assert not made.dead
    assert trial("rnn", 9, [0.5, 0.009], [-3, -2.5]).solved
    assert trial("rnn", 9, [0.5, 0.009], [-3, -2.5]).dead


def test_agreement_is_counted():
    fine = trial("lstm", 9, [1.0, 0.001], [-8, -0.5])
    fails = trial("rnn", 9, [1.0, 0.16], [-1, -8])
    on_its_way = trial("rnn", 9, [1.0, 0.02], [-1, -0.5])
    lucky = trial("rnn", 9, [1.0, 0.001], [-1, -5])
    assert page.agreement([fine, fails, on_its_way, lucky]) == {
        "solved_alive": 1,
        "failed_alive": 1,
        "solved_dead": 1,
        "failed_dead": 1,
        "awoken": 1,
        "lost": 2,
    }
    assert set(page.agreement([]).values()) == {0}


def test_lags():
    trials = [trial("rnn", lag, [score], [0]) for lag, score in ((4, 0.001), (8, 0.1), (16, 0.2))]
    assert first_lag(trials, lambda t: not t.solved) == 8
    assert first_lag(trials, lambda t: t.dead) is None
    gated = [trial("lstm", lag, [s], [0]) for lag, s in ((4, 0.001), (8, 0.001), (16, 0.2))]
    results = TaskResults(SMALL, 1, (*trials, *gated))
    assert results.shown_lag("adding") == 8
    assert TaskResults(SMALL, 1, tuple(trials)).shown_lag("adding") == 4


def test_the_page_of_the_study(found):
    made = page.page_of(found)
    assert json.loads(json.dumps(made.numbers, allow_nan=False)) == made.numbers
    html = render(made.content)
    assert len(made.content.pictures) == 4
    assert "0.167" in html
    assert f"{math.log(8):.3f}" in html
    for each in found.trials:
        assert each.written_score in html
    assert len(made.numbers["trainings"]) == len(found.trials)
    for steps, values in made.curves.values():
        assert len(steps) == len(values)
