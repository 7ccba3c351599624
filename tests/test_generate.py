"""What a language model writes, and what a text costs it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.models import language_model as language_models
from pipeline.models import unit_losses as module
from pipeline.models.generate import Generate, continue_texts
from pipeline.models.generation_settings import GenerationSettings
from pipeline.models.language_model import LanguageModelSteps, language_model, state_size
from pipeline.models.settings import LanguageModelSettings
from pipeline.models.unit_losses import UnitLosses, unit_losses
from pipeline.text.characters import Characters, normalize_lines
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, UNK
from random_weights import randomized
from tests.rounding import FLOAT32

TEXT = "나 보기가 역겨워\n가실 때에는\n말없이 고이 보내 드리우리다\n"
ALPHABETS = {name: Characters.learn([TEXT], name) for name in ("syllable", "jamo")}


def built(alphabet: str, scale: float = 0.8) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = language_model(
        LanguageModelSettings(units=8, embedding_size=6),
        vocabulary_size=len(ALPHABETS[alphabet].vocabulary),
    )
    return randomized(model, seed=2, scale=scale)


@pytest.fixture(scope="module", params=ALPHABETS)
def characters(request) -> Characters:
    return ALPHABETS[request.param]


@pytest.fixture(scope="module")
def model(characters) -> keras.Model:
    return built(characters.alphabet)


@pytest.fixture(scope="module")
def generate(model) -> Generate:
    return Generate(model, GenerationSettings())


def best_by_hand(model: keras.Model, characters: Characters, prompt: str, count: int) -> list[int]:
    """The most probable unit again and again, each time from the beginning of the document."""
    ids, said = [BOS, *characters.encode(prompt)], []
    for _ in range(count):
        inputs = {
            "ids": np.array([ids], np.int32),
            "reset": np.zeros((1, len(ids)), bool),
            "state": np.zeros((1, state_size(model)), "float32"),
        }
        logits = model.predict_on_batch(inputs)[0][0, -1]
        logits[[0, UNK, BOS]] = -np.inf
        said.append(int(logits.argmax()))
        ids = [BOS] if said[-1] == EOS else [*ids, said[-1]]
    return said


def test_temperature_0_says_the_most_probable(characters, model, generate):
    prompts = ["나 보기가", "", "말없이 고이\n가"]
    units = 9 * characters.most_units
    found = continue_texts(generate, characters, prompts, length=9, temperature=0.0)
    for prompt, text in zip(prompts, found, strict=True):
        by_hand = characters.decode(
            [*characters.encode(prompt), *best_by_hand(model, characters, prompt, units)]
        )
        assert text == by_hand[: len(prompt) + 9]


def test_a_prompt_is_normalised_and_gone_on_with(characters, generate):
    written = "나  보기가\t역겨워 \n\u1100\u1161"
    for seed in range(3):
        (text,) = continue_texts(generate, characters, [written], length=20, seed=seed)
        # With jamo the last syllable may get a final consonant.
        whole = normalize_lines(written)
        assert text.startswith(whole[:-1])
        assert ord(whole[-1]) <= ord(text[len(whole) - 1]) < ord(whole[-1]) + 28
        assert len(text) == len(whole) + 20
        assert "[" not in text, "neither [UNK] nor another special piece is said"
    assert continue_texts(generate, characters, ["가 "], length=0) == ["가"]


def test_a_row_does_not_hang_on_its_neighbours(characters, generate):
    together = continue_texts(generate, characters, ["나", "가실 때에는\n", ""], length=15)
    assert continue_texts(generate, characters, ["나"], length=15) == together[:1]
    others = continue_texts(generate, characters, ["나", "말", "없"], length=15)
    assert others[0] == together[0]


@pytest.mark.parametrize("window", [1, 3, 1000])
def test_a_prompt_read_in_windows_is_read_as_at_once(model, characters, monkeypatch, window):
    texts = ["나 보기가 역겨워\n가실 때에는", "", "말없이"]
    rows = [[BOS, *characters.encode(text)] for text in texts]
    width = max(map(len, rows))
    ids = np.array([row + [0] * (width - len(row)) for row in rows], np.int32)
    lengths = np.array(list(map(len, rows)), np.int32)
    monkeypatch.setattr(language_models, "WINDOW", window)
    state, last_ids = LanguageModelSteps(model).start(ids, lengths)
    for number, row in enumerate(rows):
        assert int(last_ids[number]) == row[-1]
        expected = np.zeros(state_size(model), "float32")
        if len(row) > 1:
            inputs = {
                "ids": np.array([row[:-1]], np.int32),
                "reset": np.zeros((1, len(row) - 1), bool),
                "state": expected[None],
            }
            expected = model.predict_on_batch(inputs)[1][0]
        np.testing.assert_allclose(state["state"][number], expected, **FLOAT32)


def test_seeds_and_temperatures_matter(characters, generate):
    found = {
        continue_texts(generate, characters, ["나"], length=30, temperature=t, seed=seed)[0]
        for t in (0.5, 1.0)
        for seed in (1, 2)
    }
    assert len(found) == 4
    again = continue_texts(generate, characters, ["나"], length=30, temperature=0.5, seed=2)
    assert again[0] in found


def test_top_k_and_nucleus_narrow_the_choice():
    characters, model = ALPHABETS["syllable"], built("syllable")

    def said(temperature: float = 5.0, **generation) -> str:
        generate = Generate(model, GenerationSettings(**generation))
        (text,) = continue_texts(generate, characters, ["나"], length=20, temperature=temperature)
        return text

    assert said(top_p=1e-6) == said(temperature=0.0)

    def ranks(text: str) -> set[int]:
        """How many units were more probable than what was said, at each step."""
        ids = np.array([[BOS, *characters.encode(text)]], np.int32)
        inputs = {"ids": ids, "reset": np.zeros(ids.shape, bool)}
        state = np.zeros((1, state_size(model)), "float32")
        logits = model.predict_on_batch({**inputs, "state": state})[0][0, 1:-1]
        logits[:, [0, UNK, BOS]] = -np.inf
        chosen = np.take_along_axis(logits, ids[0, 2:, None], axis=1)
        return set((logits > chosen).sum(axis=1).tolist())

    assert ranks(said(top_k=3)) == {0, 1, 2}
    assert max(ranks(said())) > 2


def test_a_graph_of_unknown_shape_says_the_same(generate, characters):
    """What an export needs: batch, time and length are known when it is asked."""
    tf = pytest.importorskip("tensorflow", reason="exported graphs are TensorFlow's")

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([], tf.int32),
        ]
    )
    def graph(ids, lengths, length, temperature, seed):
        most = tf.fill([tf.shape(ids)[0]], length)
        inputs = {"ids": ids, "lengths": lengths, "max_length": most}
        return generate({**inputs, "temperature": temperature, "seed": seed}, training=False)

    one, other = (np.array([[BOS, *characters.encode(text)]], np.int32) for text in ("나", "가실"))
    both = np.concatenate([np.pad(one, ((0, 0), (0, other.shape[1] - one.shape[1]))), other])
    lengths = np.array([one.shape[1], other.shape[1]], np.int32)
    found = graph(both, lengths, 7, 0.9, 5)
    for ids, expected in ((one, found["ids"][0]), (other, found["ids"][1])):
        alone = graph(ids, np.array([ids.shape[1]], np.int32), 7, 0.9, 5)["ids"]
        assert alone.shape == (1, 7)
        if ids is one:  # the first row; another row draws other numbers
            np.testing.assert_array_equal(alone[0], expected)
    inputs = {"ids": both, "lengths": lengths, "max_length": np.array([7, 7], np.int32)}
    scalars = {"temperature": np.float32(0.9), "seed": np.int32(5)}
    other = generate.predict_on_batch({**inputs, **scalars})
    np.testing.assert_array_equal(other["ids"], found["ids"])
    np.testing.assert_allclose(other["scores"], found["scores"], atol=1e-4)


def test_it_comes_back_from_its_configuration(generate):
    generation = GenerationSettings(top_k=4, top_p=0.9)
    again = Generate.from_config(Generate(generate.language_model, generation).get_config())
    assert again.generation == generation
    assert again.language_model.count_params() == generate.language_model.count_params()


# what a text costs


def by_hand(model: keras.Model, rows: Ragged) -> np.ndarray:
    """One document at a time, at once."""
    found = np.zeros(len(rows.ids))
    for number in range(len(rows)):
        ids = rows.row(number)[None]
        inputs = {
            "ids": ids,
            "reset": np.zeros(ids.shape, bool),
            "state": np.zeros((1, state_size(model)), "float32"),
        }
        logits = model.predict_on_batch(inputs)[0][0, :-1].astype(np.float64)
        log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        begin, end = rows.row_splits[number : number + 2]
        found[begin + 1 : end] = -np.take_along_axis(log_p, ids[0, 1:, None], axis=1)[:, 0]
    return found


def random_documents(lengths) -> Ragged:
    generator = np.random.default_rng(4)
    most = len(ALPHABETS["syllable"].vocabulary)
    return Ragged.from_lists([[BOS, *generator.integers(1, most, n)] for n in lengths])


def test_losses_are_those_of_reading_each_document_at_once():
    model, rows = built("syllable"), random_documents([30, 0, 290, 1, 90])
    found = unit_losses(UnitLosses(model), rows)
    np.testing.assert_allclose(found, by_hand(model, rows), atol=2e-4)
    assert not found[rows.row_splits[:-1]].any()
    assert not unit_losses(UnitLosses(model), random_documents([0, 0])).any()


def test_streams_cost_what_one_stream_costs(monkeypatch):
    """With a lead; without one the streams' beginnings show."""
    model, rows = built("syllable", scale=0.5), random_documents([2300])
    scorer, expected = UnitLosses(model), by_hand(model, rows)
    np.testing.assert_allclose(unit_losses(scorer, rows), expected, atol=1e-3)
    monkeypatch.setattr(module, "LEAD", 1)
    assert np.abs(unit_losses(scorer, rows) - expected).max() > 1e-2
