"""Units: what they do, what they know, what it costs to hold them still."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.corpora.running.corpus import constitution_file
from pipeline.errors import UserError
from pipeline.lab.units.ablation import ablation_costs, effect, held, holdable, random_places
from pipeline.lab.units.activations import (
    columns_of,
    read_states,
    recurrent_layers,
    state_reader,
    units_of,
)
from pipeline.lab.units.held_out import HeldOut, halves
from pipeline.lab.units.predicates import PREDICATES
from pipeline.lab.units.probes import areas, character_scores
from pipeline.models.language_model import language_model, state_size
from pipeline.models.settings import LanguageModelSettings
from pipeline.models.unit_losses import UnitLosses, unit_losses
from pipeline.text.characters import Characters, normalize_lines
from pipeline.text.vocabulary import BOS
from random_weights import randomized
from tests.rounding import FLOAT32

WHOLE = normalize_lines(constitution_file().read_text(encoding="utf-8"))
TEXTS = [normalize_lines(text) for text in (WHOLE[:90], WHOLE[90:130], WHOLE[130:150])]
ENDS = [True, False, True]
# Without the character that nothing is read behind.
LENGTHS = [len(text) - (not end) for text, end in zip(TEXTS, ENDS, strict=True)]
BEGINS = np.cumsum([0, *LENGTHS]).tolist()
CASES = {
    "lstm": {},
    "lstm, two layers, tied": {"layers": 2, "tied_softmax": True},
    "gru, two layers": {"cell": "gru", "layers": 2},
    "rnn": {"cell": "rnn"},
    "irnn": {"cell": "irnn"},
}


@pytest.fixture(scope="module", params=["syllable", "jamo"])
def characters(request) -> Characters:
    return Characters.learn([WHOLE], request.param)


@pytest.fixture(scope="module")
def text(characters) -> HeldOut:
    return HeldOut.of(TEXTS, ENDS, characters)


def made(characters: Characters, **settings) -> keras.Model:
    shape = LanguageModelSettings(units=5, embedding_size=4, **settings)
    model = language_model(shape, vocabulary_size=len(characters.vocabulary))
    return randomized(model, scale=0.4)


@pytest.fixture(scope="module", params=CASES)
def model(request) -> keras.Model:
    return made(Characters.learn([WHOLE], "syllable"), **CASES[request.param])


# Text


def test_each_character_stands_where_its_last_unit_is_read(text, characters):
    assert text.text == TEXTS[0] + TEXTS[1][:-1] + TEXTS[2]
    document = np.repeat(np.arange(3), text.rows.lengths)[text.read]
    assert document.tolist() == np.repeat(np.arange(3), LENGTHS).tolist()
    for number, row in enumerate(document):
        begin = text.rows.row_splits[row]
        read = characters.decode(text.rows.ids[begin + 1 : text.read[number] + 1])
        before = BEGINS[row]
        assert read == text.text[before : number + 1]
        # And what comes next is the next character, or the end, which is decoded as a line feed.
        units = text.rows.ids[text.read[number] + 1 : text.next[number] + 1]
        following = (TEXTS[row] + "\n")[number + 1 - before]
        assert characters.decode(units) == following


def test_costs_of_what_comes_next_are_those_of_its_units(text):
    nats = np.random.default_rng(0).random(len(text.rows.ids)).astype(np.float32)
    costs = text.next_costs(nats)
    for number in (0, 17, BEGINS[1] - 1, BEGINS[1], BEGINS[2] - 1, BEGINS[3] - 1):
        units = slice(text.read[number] + 1, text.next[number] + 1)
        assert costs[number] == pytest.approx(nats[units].sum())


def test_predicates_are_asked_of_whole_documents(text):
    for predicate in PREDICATES:
        whole = [predicate.holds(one) for one in TEXTS]
        expected = np.concatenate([whole[0], whole[1][:-1], whole[2]])
        np.testing.assert_array_equal(text.holds(predicate), expected)


@given(
    st.lists(st.tuples(st.text("가나 .\n", max_size=40), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 100),
)
def test_halves_are_two_stretches_of_the_text(documents, most):
    texts, ends = [normalize_lines(text) for text, _ in documents], [end for _, end in documents]
    whole = "".join(texts)
    if len(whole) < 2:
        with pytest.raises(UserError, match="no held-out text"):
            halves(texts, ends, most)
        return
    (first, _), (second, second_ends) = halves(texts, ends, most)
    first, second = "".join(first), "".join(second)
    assert 0 < len(first) <= most
    assert 0 < len(second) <= most
    assert whole.startswith(first)
    border = whole.rfind(second) if most >= len(whole) else None
    if border is not None:
        assert first + second == whole
        assert abs(len(first) - len(whole) // 2) <= 0.1 * len(whole) + 1
        assert second_ends[-1] == ends[max(n for n, text in enumerate(texts) if text)] or (
            not texts[-1]
        )


def test_a_half_begins_where_a_document_does():
    texts = ["가" * 48, "나 다\n라 " * 10]
    first, second = halves(texts, [True, False], 1000)
    assert first == ([texts[0]], [True])
    assert second == ([normalize_lines(texts[1])], [False])
    cut, _ = halves(texts, [True, False], 10)
    assert cut == (["가" * 10], [False])


# Activations


def test_units_are_named_as_the_state_holds_them():
    units = units_of(made(Characters.learn([WHOLE], "syllable"), layers=2))
    assert len(units) == 20
    assert [u.name for u in units[4:6]] == ["layer 1 unit 4 (h)", "layer 1 unit 0 (C)"]
    assert [u.place for u in units[9:11]] == [(1, 4), (2, 0)]
    assert [u.part for u in units[::5]] == ["h", "C", "h", "C"]
    assert columns_of(units, (2, 3)) == [13, 18]


def test_states_are_those_after_each_character(model):
    """Against the model itself, which gives its state after the last id that it reads."""
    text = HeldOut.of(TEXTS, ENDS, Characters.learn([WHOLE], "syllable"))
    found = read_states(state_reader(model), text.rows, text.read)
    assert found.shape == (len(text), state_size(model))
    for number in (0, BEGINS[1] - 1, BEGINS[1], BEGINS[3] - 1):
        document = np.searchsorted(text.rows.row_splits, text.read[number], "right") - 1
        ids = text.rows.ids[text.rows.row_splits[document] : text.read[number] + 1][None]
        inputs = {
            "ids": ids,
            "reset": np.zeros(ids.shape, bool),
            "state": np.zeros((1, state_size(model)), np.float32),
        }
        _, last = model(inputs, training=False)
        np.testing.assert_allclose(found[number], last[0], atol=1e-5)


def test_a_syllable_in_jamo_has_the_state_after_its_last_jamo(text, characters):
    model = made(characters)
    found = read_states(state_reader(model), text.rows, text.read)
    every = read_states(state_reader(model), text.rows, np.arange(1, text.read[0] + 1))
    assert text.text[0] == "대"
    assert len(every) == (2 if characters.alphabet == "jamo" else 1)
    np.testing.assert_allclose(found[0], every[-1], **FLOAT32)


def test_long_texts_are_read_as_streams():
    """Nearly what one stream would give, in the order of the text."""
    characters = Characters.learn([WHOLE], "syllable")
    text, model = HeldOut.of([WHOLE[:2500]], [True], characters), made(characters, cell="gru")
    found = read_states(state_reader(model), text.rows, text.read)
    ids = text.rows.ids[None, :-1]
    at_once = {"ids": ids, "reset": np.zeros(ids.shape, bool), "state": np.zeros((1, 5), "f4")}
    whole = state_reader(model).predict_on_batch(at_once)
    np.testing.assert_allclose(found, whole[0, 1:], atol=1e-4)


# Probes


@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 6))
def test_areas_are_those_of_scikit_learn(seed, positions, levels):
    """With many ties, and compared pair by pair."""
    generator = np.random.default_rng(seed)
    values = generator.integers(0, levels, (positions, 3)).astype(np.float32)
    holds = generator.random((2, positions)) < 0.4
    holds[:, 0], holds[:, 1] = True, False
    found = areas(values, holds)
    for row, held_at in enumerate(holds):
        for unit in range(3):
            column = values[:, unit]
            pairs = np.subtract.outer(column[held_at], column[~held_at])
            brute = np.mean((pairs > 0) + 0.5 * (pairs == 0))
            assert found[row, unit] == pytest.approx(brute)
            assert found[row, unit] == pytest.approx(roc_auc_score(held_at, column))


def test_areas_in_blocks():
    generator = np.random.default_rng(1)
    values = generator.normal(size=(200, 130)).astype(np.float32)
    holds = generator.random((2, 200)) < 0.2
    expected = [[roc_auc_score(h, column) for column in values.T] for h in holds]
    np.testing.assert_allclose(areas(values, holds), expected, atol=1e-12)


def test_what_the_character_alone_says():
    holds = np.array([1, 0, 1, 0, 0], bool)
    scores = character_scores("ababc", np.array([1, 0, 1, 0, 0], bool), "abz")
    np.testing.assert_allclose(scores, [(2 + 0.4) / 3, 0.4 / 3, 0.4])
    assert holds.mean() == 0.4


# Ablation


def by_hand(model, ids: np.ndarray, place: tuple[int, int], means: np.ndarray) -> np.ndarray:
    """Logits float [time, vocabulary], unit by unit of text, each layer by its Keras cell; after
    each step the unit is put back to its mean before anything reads it."""
    layers, units = recurrent_layers(model), units_of(model)
    state = np.zeros((1, len(units)), np.float32)
    clamped, names = columns_of(units, place), {layer.name for layer in model.layers}
    found = []
    for id_ in ids:
        x, first = np.asarray(model.get_layer("embedding")(np.array([id_]))), 0
        for number, layer in enumerate(layers, 1):
            size = layer.state_size
            before = np.split(state[:, first : first + size], size // layer.units, axis=1)
            _, after = layer.layer.cell(x, before)
            state[:, first : first + size] = np.concatenate(keras.tree.flatten(after), axis=1)
            still = [column for column in clamped if first <= column < first + size]
            state[:, still] = means[still]
            h = state[:, first : first + layer.units]
            x = h + x if number > 1 else h
            first += size
        if "readout" in names:
            logits = model.get_layer("embedding")(model.get_layer("readout")(x), reverse=True)
        else:
            logits = model.get_layer("logits")(x)
        found.append(np.asarray(logits)[0])
    return np.array(found)


def cross_entropies(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    probable = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    return -probable[np.arange(len(targets)), targets]


def test_holding_a_unit_is_putting_it_back_after_every_step(model):
    characters = Characters.learn([WHOLE], "syllable")
    text = HeldOut.of([WHOLE[:30]], [False], characters)
    units = units_of(model)
    means = np.random.default_rng(2).normal(size=len(units), scale=0.5).astype(np.float32)
    places = [units[2].place, units[-1].place]
    found = ablation_costs(model, text, units, places, means)
    ids = text.rows.ids
    # A place that no unit has holds nothing.
    costs = [
        cross_entropies(by_hand(model, ids[:-1], place, means), ids[1:])[1:]
        for place in ((0, 0), *places)
    ]
    np.testing.assert_allclose(found[0], costs[0], atol=1e-4)
    for more, cost in zip(found[1:], costs[1:], strict=True):
        np.testing.assert_allclose(more, cost - costs[0], atol=1e-4)
        assert np.abs(more).max() > 0.01


def test_holding_a_unit_is_folding_its_mean_into_the_biases():
    """In one layer: what its outgoing weights always say is a bias, and they are then zero."""
    characters = Characters.learn([WHOLE], "syllable")
    model, folded = made(characters), made(characters)
    index, mean = 3, 0.6
    kernel, recurrent, bias = folded.get_layer("recurrent_1").layer.get_weights()
    bias += mean * recurrent[index]
    recurrent[index] = 0
    folded.get_layer("recurrent_1").layer.set_weights([kernel, recurrent, bias])
    out, out_bias = folded.get_layer("logits").get_weights()
    out_bias += mean * out[index]
    out[index] = 0
    folded.get_layer("logits").set_weights([out, out_bias])
    ids = characters.encode(WHOLE[:50])[None]
    state = np.zeros((1, 10), np.float32)
    state[0, index] = mean  # also before the first step
    inputs = {"ids": ids, "reset": np.zeros(ids.shape, bool), "state": state}
    expected, _ = folded(inputs, training=False)
    copy = holdable(model)
    with held(copy, [index, 5 + index], np.full(10, mean, np.float32)):
        logits, after = copy(inputs, training=False)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(after)[0, [index, 5 + index]], np.float32(mean))
    whole, _ = model(inputs, training=False)
    assert np.abs(np.asarray(whole) - np.asarray(logits)).max() > 0.01


def test_the_model_stays_as_it_is_and_nothing_held_is_the_model(model):
    before = [weight.copy() for weight in model.get_weights()]
    characters = Characters.learn([WHOLE], "syllable")
    text, units = HeldOut.of([WHOLE[:80]], [True], characters), units_of(model)
    copy = holdable(model)
    with held(copy, [0, 1], np.full(len(units), 0.3, np.float32)):
        changed = unit_losses(UnitLosses(copy), text.rows)
    again = unit_losses(UnitLosses(copy), text.rows)
    plain = unit_losses(UnitLosses(model), text.rows)
    np.testing.assert_allclose(again, plain, **FLOAT32)
    assert np.abs(changed - plain).max() > 0.01
    for weight, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, other)


def test_held_units_are_still_whatever_is_read(model):
    copy, units = holdable(model), units_of(model)
    values = np.linspace(-1, 1, len(units)).astype(np.float32)
    reset = np.zeros((1, 30), bool)
    reset[0, [4, 20]] = True
    inputs = {
        "ids": np.random.default_rng(0).integers(BOS, 40, (1, 30)).astype(np.int32),
        "reset": reset,
        "state": np.zeros((1, len(units)), np.float32),
    }
    columns = [1, len(units) - 1]
    with held(copy, columns, values):
        states = state_reader(copy).predict_on_batch(inputs)[0]
    np.testing.assert_array_equal(states[:, columns], np.tile(values[columns], (30, 1)))
    others = np.delete(states, columns, axis=1)
    assert others.std(axis=0).max() > 0.1


def test_effects_are_means_of_both_kinds_of_positions():
    found = effect(np.array([1.0, 2.0, 6.0, 3.0]), np.array([True, False, False, True]))
    assert (found.on, found.off) == (2.0, 4.0)


def test_random_units_are_others_and_the_same_for_a_seed():
    units = units_of(made(Characters.learn([WHOLE], "syllable"), layers=2))
    best = [(1, 0), (2, 4)]
    drawn = random_places(units, best, 6, seed=1)
    assert len(set(drawn)) == 6
    assert not set(drawn) & set(best)
    assert drawn == random_places(units, best, 6, seed=1) != random_places(units, best, 6, seed=2)
    assert len(random_places(units, best, 100, seed=1)) == 8
