"""The exported writer: what Python says, the graph says, from raw strings."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.export.graph_characters import GraphCharacters, normalize_lines_in_graph
from pipeline.export.text_generator import export_generator, load_generator
from pipeline.models.generate import Generate, continue_texts
from pipeline.models.generation_settings import MAX_LENGTH, GenerationSettings
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings
from pipeline.text.characters import Characters, normalize_lines, to_text
from pipeline.text.vocabulary import BOS, EOS, PAD

TEXT = "나 보기가 역겨워\n가실 때에는\n말없이 고이 보내 드리우리다\ncafé — ‘ᄒᆞᆫ글’ 값"
ALPHABETS = {name: Characters.learn([TEXT], name) for name in ("syllable", "jamo")}
PROMPTS = [
    "나 보기가",
    "",
    "가실 때\n에는  \n\n",
    "\n",
    "값 ㅋㅋ 한글 café",
    "없는 글자 ★",
]
LINES = st.text(
    st.sampled_from("가각갉 ㅋ\u1112\u1161\u11ab\n\r\t\u200b\u00a0e\u0301★a"), max_size=12
)


@pytest.fixture(scope="module", params=ALPHABETS)
def characters(request) -> Characters:
    return ALPHABETS[request.param]


@pytest.fixture(scope="module")
def generate(characters) -> Generate:
    keras.utils.set_random_seed(3)
    model = language_model(
        LanguageModelSettings(units=8, embedding_size=6),
        vocabulary_size=len(characters.vocabulary),
    )
    generator = np.random.default_rng(4)
    for weight in model.trainable_weights:
        weight.assign(generator.normal(size=weight.shape))
    return Generate(model, GenerationSettings(top_k=20, top_p=0.95))


@pytest.fixture(scope="module")
def exported(generate, characters, tmp_path_factory):
    """(folder, what `export_generator` told)."""
    folder = tmp_path_factory.mktemp("exported")
    return folder, export_generator(generate, characters, folder)


@pytest.fixture(scope="module")
def ask(exported):
    return load_generator(exported[0])


@given(st.lists(LINES, min_size=1, max_size=4))
@example(["\n\n", "", " \n "])
@settings(max_examples=50, deadline=None)
def test_lines_are_normalised_as_in_python(texts):
    found = normalize_lines_in_graph(tf.constant(texts))
    assert [text.decode("utf-8") for text in found.numpy()] == [normalize_lines(t) for t in texts]


@given(st.lists(LINES, min_size=1, max_size=4))
@example([TEXT, ""])
@settings(max_examples=50, deadline=None)
def test_units_are_those_of_python(texts):
    for characters in ALPHABETS.values():
        graph = GraphCharacters(characters)
        rows = graph.encode(tf.constant([normalize_lines(text) for text in texts]))
        assert rows.to_list() == [[BOS, *characters.encode(text)] for text in texts]


def test_ids_become_the_text_that_python_makes_of_them(characters):
    rows = [[*characters.encode(TEXT)], [EOS, BOS, 5, PAD, EOS, 6], []]
    width = max(map(len, rows))
    ids = np.array([row + [PAD] * (width - len(row)) for row in rows], np.int32)
    said = GraphCharacters(characters).decode(tf.constant(ids)).numpy()
    assert [to_text(text.decode("utf-8")) for text in said] == [
        characters.decode(row) for row in rows
    ]


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.5])
def test_the_graph_says_what_python_says(ask, generate, characters, temperature):
    asked = {"length": 17, "temperature": temperature, "seed": 5}
    assert ask(PROMPTS, **asked) == continue_texts(generate, characters, PROMPTS, **asked)


def test_many_prompts_are_answered_part_by_part_as_together(ask, generate, characters):
    """Of very different lengths, in an order that no part keeps."""
    prompts = [PROMPTS[i % len(PROMPTS)] + "가실 " * (i % 7) for i in range(300)]
    asked = {"length": 6, "temperature": 1.0, "seed": 2}
    said = ask(prompts, **asked)
    assert said == continue_texts(generate, characters, prompts, **asked)
    assert len(set(said)) > 200


def test_a_text_is_its_prompt_and_what_follows(ask):
    for text, prompt in zip(ask(PROMPTS, length=12, temperature=1.0, seed=1), PROMPTS, strict=True):
        normal = normalize_lines(prompt)
        # Conjoining jamo are among the units: the first that is said may join the last syllable
        # of the prompt, and others one another.
        assert text.startswith(normal[:-1])
        assert len(normal) < len(text) <= len(normal) + 12


def test_neighbours_do_not_count_and_seeds_do(ask):
    asked = {"length": 40, "temperature": 1.0}
    alone = ask(["나 보기가"], seed=7, **asked)
    assert ask(["나 보기가", "가실", ""], seed=7, **asked)[:1] == alone
    assert ask(["나 보기가"], seed=7, **asked) == alone
    assert ask(["나 보기가"], seed=-8, **asked) != alone


def test_nothing_asked_is_nothing_said(ask):
    assert ask([], length=5, temperature=1.0, seed=1) == []
    assert ask(["가실 때에는"], length=0, temperature=1.0, seed=1) == ["가실 때에는"]
    assert ask(["가실 때에는"], length=-3, temperature=-1.0, seed=1) == ["가실 때에는"]


def test_bytes_that_are_no_text_are_read_as_such(exported):
    serve = tf.saved_model.load(str(exported[0])).signatures["serving_default"]
    answer = serve(
        prompt=tf.constant([b"\xea\xb0\n\xff"]),
        length=tf.constant(0),
        temperature=tf.constant(1.0),
        seed=tf.constant(1),
    )
    assert answer["text"].numpy()[0].decode("utf-8") == "\ufffd\n\ufffd"


def test_the_model_card_is_told_how_it_draws(exported, characters):
    _, said = exported
    assert said.signatures == ("serving_default",)
    assert said.facts["drawn from"] == "the 20 most probable, nucleus 0.95"
    assert characters.alphabet in said.facts["characters"]
    assert any(f"{MAX_LENGTH:,}" in limit for limit in said.limits)
