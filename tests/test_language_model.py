"""A language model whose state is given and returned: at once, in windows, or unit by unit."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.models.language_model import LanguageModelSteps, language_model, state_size
from pipeline.models.settings import LanguageModelSettings, describe_language_model
from pipeline.text.vocabulary import BOS, EOS, PAD
from random_weights import randomized
from tests.rounding import FLOAT32

VOCABULARY, ROWS, TIME = 14, 4, 11
SMALL = LanguageModelSettings(units=6, embedding_size=5, layers=2)
CASES = {
    "lstm": {},
    "gru, tied": {"cell": "gru", "tied_softmax": True},
    "rnn, tied, as wide": {"cell": "rnn", "tied_softmax": True, "embedding_size": 6},
    "irnn, one layer": {"cell": "irnn", "layers": 1},
}


@pytest.fixture(scope="module", params=CASES)
def model(request) -> keras.Model:
    """Weights at random and large enough that what was read matters."""
    settings = dataclasses.replace(SMALL, **CASES[request.param])
    model = language_model(settings, vocabulary_size=VOCABULARY)
    # Nothing bounds the states of a ReLU RNN: with larger weights they grow into the hundreds.
    return randomized(model, scale=0.4 if settings.cell == "irnn" else 0.7)


@pytest.fixture
def text(model) -> dict[str, np.ndarray]:
    """Some windows, with documents that begin in the middle, and a state from before."""
    generator = np.random.default_rng(3)
    reset = generator.random((ROWS, TIME)) < 0.15
    reset[0] = False
    ids = np.where(reset, BOS, generator.integers(4, VOCABULARY, (ROWS, TIME)))
    state = generator.normal(size=(ROWS, model.input["state"].shape[-1]))
    return {
        "ids": ids.astype(np.int32),
        "reset": reset,
        "state": np.abs(state).astype("float32"),
    }


def run(model, ids, reset, state) -> tuple[np.ndarray, np.ndarray]:
    logits, after = model({"ids": ids, "reset": reset, "state": state}, training=False)
    return np.asarray(logits), np.asarray(after)


@pytest.mark.parametrize("width", [1, 4])
def test_chunked_forward_equals_the_full_pass(width, model, text):
    whole, last = run(model, **text)
    state, found = text["state"], []
    for begin in range(0, TIME, width):
        window = slice(begin, begin + width)
        logits, state = run(model, text["ids"][:, window], text["reset"][:, window], state)
        found.append(logits)
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, atol=1e-5)
    np.testing.assert_allclose(state, last, atol=1e-5)
    # The state is what does it.
    cold, _ = run(model, text["ids"][:, 4:], text["reset"][:, 4:], 0 * state)
    assert np.abs(cold[0] - whole[0, 4:]).max() > 1e-3


def test_a_reset_where_a_document_begins_equals_starting_anew(model, text):
    whole, last = run(model, **text)
    assert text["reset"][1:, 1:].any()
    for row in range(ROWS):
        for begin in np.flatnonzero(text["reset"][row]):
            end = begin + 1
            while end < TIME and not text["reset"][row, end]:
                end += 1
            ids = text["ids"][row : row + 1, begin:end]
            alone, after = run(
                model, ids, np.zeros_like(ids, bool), np.zeros((1, state_size(model)), "float32")
            )
            np.testing.assert_allclose(whole[row, begin:end], alone[0], atol=1e-5)
            if end == TIME:
                np.testing.assert_allclose(last[row], after[0], atol=1e-5)


def test_what_comes_later_changes_nothing_before(model, text):
    whole, _ = run(model, **text)
    ids = text["ids"].copy()
    ids[:, 6:] = 4
    other, _ = run(model, ids, text["reset"], text["state"])
    np.testing.assert_array_equal(other[:, :6], whole[:, :6])
    assert np.abs(other[:, 6:] - whole[:, 6:]).max() > 1e-3


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


PROMPTS = [[BOS, 5, 9, 4, 4], [BOS], [BOS, 7], [BOS, 8, 6]]


def padded(prompts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(prompt) for prompt in prompts], np.int32)
    ids = np.full((len(prompts), lengths.max()), PAD, np.int32)
    for row, prompt in zip(ids, prompts, strict=True):
        row[: len(prompt)] = prompt
    return ids, lengths


def test_step_by_step_equals_the_pass(model):
    """From prompts of any length, each as if it were alone."""
    said = np.random.default_rng(1).integers(4, VOCABULARY, (len(PROMPTS), 5)).astype(np.int32)
    steps = LanguageModelSteps(model)
    state, last_ids = steps.start(*padded(PROMPTS))
    assert np.asarray(last_ids).tolist() == [prompt[-1] for prompt in PROMPTS]
    for position in range(5):
        log_probs, state, _ = steps.step(last_ids, state, position)
        for row, prompt in enumerate(PROMPTS):
            ids = np.array([[*prompt, *said[row, :position]]], np.int32)
            logits, _ = run(
                model, ids, np.zeros_like(ids, bool), np.zeros((1, state_size(model)), "float32")
            )
            np.testing.assert_allclose(log_probs[row], log_softmax(logits[0, -1]), atol=1e-5)
        last_ids = said[:, position]


def test_after_the_end_another_document_begins(model):
    steps = LanguageModelSteps(model)
    state, last_ids = steps.start(*padded([[BOS, 5, 9, EOS], [BOS]]))
    log_probs, state, _ = steps.step(last_ids, state, 0)
    np.testing.assert_allclose(log_probs[0], log_probs[1], **FLOAT32)
    np.testing.assert_allclose(state["state"][0], state["state"][1], **FLOAT32)


def test_dropout_is_of_training_alone(text, model):
    still, _ = run(model, **text)
    moving = np.asarray(model(text, training=True)[0])
    np.testing.assert_array_equal(still, run(model, **text)[0])
    assert np.abs(moving - still).max() > 1e-3


def test_a_tied_softmax_has_no_weights_of_its_own():
    tied, untied = (
        language_model(dataclasses.replace(SMALL, tied_softmax=tie), vocabulary_size=VOCABULARY)
        for tie in (True, False)
    )
    difference = untied.count_params() - tied.count_params()
    assert difference == (6 + 1) * VOCABULARY - (6 + 1) * 5
    assert describe_language_model(SMALL) == "2-layer LSTM-6"


def test_a_saved_model_gives_the_same(model, text, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for one, other in zip(run(model, **text), run(again, **text), strict=True):
        np.testing.assert_array_equal(one, other)
