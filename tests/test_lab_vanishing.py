"""Gradients over lags: autodiff's, their bounds, what is claimed of them, and the page."""

from __future__ import annotations

import dataclasses
import html
import json
import math
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.errors import UserError
from pipeline.lab.base import Page, StudyText, study_text
from pipeline.lab.starts import SMALL_NORM
from pipeline.lab.vanishing.cells import KINDS, embedded, layer_of, model_of
from pipeline.lab.vanishing.claims import claims, comparisons
from pipeline.lab.vanishing.page import page, page_of
from pipeline.lab.vanishing.study import (
    LAG,
    QUICK,
    Decay,
    VanishingResults,
    draw_windows,
    measure_network,
    measure_vanishing,
)
from pipeline.report.magnitudes import change, written_magnitude
from pipeline.report.page import render
from pipeline.text.ragged import Ragged
from reported_run import Tables

SEED = 1
UNITS, TIME, LAGS, VOCABULARY = 5, 9, 7, 30


@pytest.fixture(scope="module")
def text() -> StudyText:
    return study_text(TextCorpusSettings(), Path("unused"))


@pytest.fixture(scope="module")
def found(text) -> VanishingResults:
    reported = []
    made = measure_vanishing(text, QUICK, SEED, reported.append)
    assert reported == sorted(reported), "progress never goes back"
    assert 0 <= reported[0] < reported[-1] == 1
    return made


@pytest.fixture(scope="module")
def made(found, text) -> Page:
    return page_of(found, text)


def small(name: str, seed: int = SEED) -> keras.Model:
    return model_of(KINDS[name], units=UNITS, vocabulary_size=VOCABULARY, seed=seed)


def ids() -> np.ndarray:
    return np.random.default_rng(4).integers(4, VOCABULARY, (2, TIME)).astype(np.int32)


def in_double(layer: keras.layers.RNN) -> keras.layers.RNN:
    copy = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    copy.build((None, None, UNITS))
    copy.set_weights(layer.get_weights())
    return copy


def by_autodiff(layer, x: np.ndarray, lag: int, held: bool = False) -> np.ndarray:
    """∂s_t/∂s_{t-lag} [batch, m, m] through Keras's own cell; `held`: no gradient through C."""
    parts = 2 if isinstance(layer, keras.layers.LSTM) else 1
    state = tf.zeros((len(x), parts * UNITS), tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        for step in range(x.shape[1]):
            if step == x.shape[1] - lag:
                by = state
                tape.watch(by)
            before = tf.split(state, parts, axis=-1)
            if held:
                before[1] = tf.stop_gradient(before[1])
            _, state = layer.cell(x[:, step], before)
            state = tf.concat(state, axis=-1)
        entries = tf.unstack(state, axis=-1)
    return np.stack([tape.gradient(entry, by) for entry in entries], axis=1)


@pytest.mark.parametrize("name", ["tanh-gaussian", "relu-gaussian", "lstm-1", "gru"])
def test_the_norms_are_those_of_autodiff(name):
    model = small(name)
    ways = measure_network(KINDS[name], model, ids(), LAGS).ways
    layer, x = in_double(layer_of(model)), embedded(model, ids())
    parts = {"h": slice(0, UNITS), "C": slice(UNITS, 2 * UNITS)}
    for lag in (1, 4, LAGS):
        whole = by_autodiff(layer, x, lag)
        for way in {"h", "C"} & set(ways):
            block = whole[:, parts[way], parts[way]]
            norms = np.linalg.norm(block, 2, axis=(1, 2))
            np.testing.assert_allclose(10 ** ways[way].log10[:, lag - 1], norms, rtol=1e-6)
        if "h alone" in ways:
            held = by_autodiff(layer, x, lag, held=True)[:, parts["h"], parts["h"]]
            norms = np.linalg.norm(held, 2, axis=(1, 2))
            np.testing.assert_allclose(10 ** ways["h alone"].log10[:, lag - 1], norms, rtol=1e-6)


def test_through_c_alone_the_forget_gates_are_all_there_is():
    """f_t from Keras's weights, in numpy, of the largest product over the steps."""
    model = small("lstm-0")
    alone = measure_network(KINDS["lstm-0"], model, ids(), LAGS).ways["C alone"]
    kernel, recurrent, bias = layer_of(model).get_weights()
    x = embedded(model, ids())
    h = C = np.zeros((2, UNITS))  # noqa: N806
    gates = []
    for step in range(TIME):
        a = x[:, step] @ kernel + h @ recurrent + bias
        i, f, c, o = np.split(a, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        C = f * C + i * np.tanh(c)  # noqa: N806
        h = o * np.tanh(C)
        gates.append(f)
    for lag in range(1, LAGS + 1):
        left = np.prod(gates[TIME - lag :], axis=0).max(axis=1)
        np.testing.assert_allclose(10 ** alone.log10[:, lag - 1], left, rtol=1e-6)


def test_each_kind_starts_as_it_says():
    kernels = {name: layer_of(small(name)).get_weights()[1].astype(float) for name in KINDS}
    np.testing.assert_allclose(np.linalg.norm(kernels["tanh-small"], 2), SMALL_NORM, rtol=1e-6)
    ratio = kernels["tanh-small"] / kernels["tanh-gaussian"]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-5)
    np.testing.assert_array_equal(kernels["relu-gaussian"], kernels["tanh-gaussian"])
    np.testing.assert_array_equal(kernels["relu-identity"], np.eye(UNITS))
    for U in (kernels["tanh-orthogonal"], *np.split(kernels["lstm-1-each"], 4, axis=1)):  # noqa: N806
        np.testing.assert_allclose(U.T @ U, np.eye(UNITS), atol=1e-5)
    side_by_side = kernels["lstm-1"]
    np.testing.assert_allclose(side_by_side @ side_by_side.T, np.eye(UNITS), atol=1e-5)
    assert np.linalg.norm(side_by_side[:, :UNITS], 2) < 0.99
    for name in ("lstm-0", "lstm-1", "lstm-1-each"):
        bias = layer_of(small(name)).get_weights()[2]
        np.testing.assert_array_equal(bias[UNITS : 2 * UNITS], KINDS[name].forget_bias)
        assert np.abs(bias).sum() == UNITS * KINDS[name].forget_bias


def test_a_seed_decides_whatever_was_drawn_before():
    first = [layer_of(small("gru")).get_weights(), embedded(small("gru"), ids())]
    keras.utils.set_random_seed(77)
    again = [layer_of(small("gru")).get_weights(), embedded(small("gru"), ids())]
    other = [layer_of(small("gru", 2)).get_weights(), embedded(small("gru", 2), ids())]
    for one, same, different in zip(
        keras.tree.flatten(first), keras.tree.flatten(again), keras.tree.flatten(other), strict=True
    ):
        np.testing.assert_array_equal(one, same)
        assert not one.any() or (one != different).any()


def lost(found: VanishingResults, name: str, way: str, *, trained: bool) -> float:
    """log₁₀ of what the gradient at lag 50 is smaller than at lag 1."""
    return -(found.trained if trained else found.untrained)[name].ways[way].change(50)


def test_a_simple_rnn_loses_four_powers_of_ten_in_fifty_steps(found):
    """In the vanishing setting, γ_W < 1, and with saturated tanh after training."""
    assert found.untrained["tanh-small"].numbers["norm"] < 1
    assert lost(found, "tanh-small", "h", trained=False) >= 4
    assert lost(found, "tanh-gaussian", "h", trained=True) >= 4


def test_an_lstm_with_forget_bias_one_loses_two_at_most(found):
    """Through C, once it has learnt a little; untrained where no U is too small, through both."""
    assert lost(found, "lstm-1", "C", trained=True) <= 2
    assert lost(found, "lstm-1-each", "C", trained=False) <= 2
    assert lost(found, "lstm-1-each", "h", trained=False) <= 2
    untrained = [lost(found, name, "C", trained=False) for name in ("lstm-0", "lstm-1")]
    assert untrained[0] > untrained[1] + 4


@pytest.mark.parametrize("seed", [2, 3])
def test_other_starts_make_no_difference_to_that(seed, text):
    windows = draw_windows(text.rows["train"], QUICK.rows, QUICK.time, seed)
    changes = {}
    for name in ("tanh-small", "lstm-1-each"):
        model = model_of(
            KINDS[name],
            units=QUICK.units,
            vocabulary_size=len(text.characters.vocabulary),
            seed=seed,
        )
        changes[name] = measure_network(KINDS[name], model, windows, LAG).ways["h"].change(50)
    assert changes["tanh-small"] <= -4
    assert changes["lstm-1-each"] >= -2


def test_no_norm_is_above_its_bound_and_the_identity_meets_it(found):
    compared = comparisons(found)
    simple = 6  # five untrained, one trained
    assert compared.count == simple * QUICK.rows * QUICK.lags
    assert compared.above == 0
    identity = found.untrained["relu-identity"]
    np.testing.assert_allclose(identity.ways["h"].median, identity.bound, atol=1e-9)
    assert compared.tightest == pytest.approx(0, abs=1e-6)
    assert compared.loosest > 20


def test_larger_weights_explode_unless_tanh_brakes(found):
    by = {(each.activation, each.gain): each for each in found.explosions}
    assert len(by) == 3 * len(QUICK.gains)
    low, high = min(QUICK.gains), max(QUICK.gains)
    lags = np.arange(1, QUICK.lags + 1)
    # A linear network's gradient is W_hh to the power of the lag, whatever it reads.
    scaled = by["linear", low].decay.median + lags * math.log10(high / low)
    np.testing.assert_allclose(by["linear", high].decay.median, scaled, atol=1e-6)
    assert by["linear", high].norm == pytest.approx(by["linear", low].norm * high / low)
    assert by["linear", high].slope == 1
    for activation in ("linear", "relu"):
        assert by[activation, low].decay.at(LAG) < -4
        assert by[activation, high].decay.at(LAG) > 4
    braked = by["tanh", high]
    assert braked.decay.at(LAG) < by["linear", high].decay.at(LAG) - 4
    assert braked.slope < by["tanh", low].slope < 1


def test_windows_are_stretches_of_the_text(text):
    rows = text.rows["train"]
    windows = draw_windows(rows, 4, 30, 5)
    assert windows.shape == (4, 30)
    everything = rows.ids.tobytes()
    assert all(window.tobytes() in everything for window in windows)
    assert (windows != draw_windows(rows, 4, 30, 6)).any()
    with pytest.raises(UserError, match="29 characters") as refusal:
        draw_windows(Ragged.from_lists([list(range(29))]), 4, 30, 5)
    assert "--corpus" in refusal.value.remedy


def said(made: Page) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", render(made.content))).split())


def above_their_bounds(made: Page) -> list[str]:
    """How many norms are, and whether the claim that none is holds."""
    (bounds,) = [section for section in made.content.sections if "bound" in section.title]
    claimed = Tables(bounds.body).tables[-1]
    assert claimed.columns[-1] == "holds"
    return claimed.rows[0][-2:]


def test_the_page_says_what_was_found(found, made):
    said_here = said(made)
    for term in ("경사소실", "경사폭발", "시간 역전파", "경사 클리핑", "make study-gradients"):
        assert term in said_here
    trained = found.trained["tanh-gaussian"]
    assert written_magnitude(trained.ways["h"].at(LAG)) in said_here
    assert written_magnitude(trained.bound[LAG - 1] - trained.ways["h"].at(LAG)) in said_here
    assert change(found.trained["lstm-1"].ways["C"].change()) in made.content.subtitle
    assert f"0 of {6 * QUICK.rows * QUICK.lags:,} norms" in said_here
    assert above_their_bounds(made) == ["0", "yes"]
    assert "nan" not in said_here
    assert "inf" not in re.sub("[a-z]inf|inf[a-z]", "", said_here)
    assert len(made.content.pictures) == 5
    for picture in made.content.pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert picture.alt
        assert 500 < picture.width < 800


def test_the_numbers_are_json_and_the_curves_are_finite(found, made):
    numbers = json.loads(json.dumps(made.numbers, allow_nan=False))
    names = [(each["name"], each["trained"]) for each in numbers["networks"]]
    assert names == [(n, False) for n in found.untrained] + [(n, True) for n in found.trained]
    held = {(each["what"], each["when"]): each["holds"] for each in numbers["claims"]}
    assert held["SimpleRNN tanh, small Gaussian", "untrained"]
    assert held["LSTM, forget bias 1, C", "trained"]
    for lags, values in made.curves.values():
        assert len(lags) == len(values) > 0
        assert np.isfinite(values).all()


def test_other_numbers_are_told_otherwise(found, text):
    """A gradient above its bound, and claims that fail, are not passed over."""
    flat = Decay(np.zeros((2, QUICK.lags)))
    growing = Decay(np.tile(np.arange(1.0, QUICK.lags + 1), (2, 1)))
    gone = Decay(np.where(np.arange(QUICK.lags) < 9, 0.0, -np.inf)[None])
    untrained = dict(found.untrained)
    for name, decay in (("tanh-small", growing), ("tanh-gaussian", gone), ("relu-gaussian", flat)):
        untrained[name] = dataclasses.replace(untrained[name], ways={"h": decay})
    other = dataclasses.replace(found, untrained=untrained, trained={})
    made = page_of(other, text)
    assert comparisons(other).above == 2 * QUICK.lags
    assert above_their_bounds(made) == [str(2 * QUICK.lags), "no"]
    held = {(claim.what, claim.when): claim.holds for claim in claims(other)}
    assert not held["SimpleRNN tanh, small Gaussian", "untrained"]
    assert held["SimpleRNN tanh, Gaussian", "untrained"], "nothing is left"
    assert "after some training" not in said(made).lower()
    json.dumps(made.numbers, allow_nan=False)


def test_a_text_that_is_too_short_is_refused(text):
    rows = {"train": Ragged.from_lists([[2, 5, 6, 3]])}
    with pytest.raises(UserError, match="4 characters"):
        page(dataclasses.replace(text, rows=rows), quick=True, seed=1, progress=lambda done: None)


@given(st.floats(-300, 300))
def test_numbers_are_written_to_two_digits(log10):
    as_float = written_magnitude(log10).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    mantissa, _, power = as_float.replace(",", "").partition("·10")
    assert math.log10(float(mantissa)) + int(power or 0) == pytest.approx(log10, abs=0.025)


def test_numbers_beyond_floats_are_written_too():
    numbers = (-math.inf, math.inf, math.nan, 0.0, -16.62)
    assert [written_magnitude(number) for number in numbers] == [
        "0",
        "∞",
        "none",
        "1.0",
        "2.4·10⁻¹⁷",
    ]
    assert written_magnitude(math.log10(1280)) == "1,300"
    assert written_magnitude(math.log10(99.96)) == "100"
    assert written_magnitude(4 - 1e-12) == "10,000"
    assert change(-7.0) == "1.0·10⁷ times smaller"
    assert change(0.5) == "3.2 times larger"
    assert change(-math.inf) == change(math.nan) == "nothing"
    assert change(0.001) == "neither smaller nor larger"
