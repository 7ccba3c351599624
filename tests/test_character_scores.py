"""Bits by character and by byte, and the look at dev that shows them."""

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pandas as pd
import pytest

from pipeline.batches.text_streams import TextStreams
from pipeline.corpora.running.corpus import read_running_text
from pipeline.corpora.running.documents import from_frame
from pipeline.corpora.settings import TextCorpusSettings
from pipeline.evaluation.character_scores import CODE_POINTS, score_characters
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings
from pipeline.tasks.charlm.dev_evaluation import (
    LENGTH,
    TEMPERATURES,
    CharacterDevEvaluation,
    prompt_of,
)
from pipeline.text.characters import Characters, lengths_of, normalize_lines
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, UNK
from pipeline.training.fit import Log, TrainingPlan, fit
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.settings import TrainingSettings
from pipeline.training.state_carrier import StateCarrier


def test_scores_of_a_model_that_knows_nothing():
    """Every unit of eight costs three bits, whatever it is."""
    texts, ends = ["나는\n가", "b"], [True, False]
    rows = Characters.learn(texts, "syllable").encode_documents(texts, ends)
    nats = np.where(rows.ids == BOS, 0.0, math.log(8)).astype(np.float32)
    scores = score_characters(nats, rows, *lengths_of(texts, ends))
    assert (scores.units, scores.characters, scores.bytes, scores.unknown) == (6, 6, 12, 0.0)
    assert scores.loss == pytest.approx(math.log(8))
    assert scores.nats_per_character == pytest.approx(math.log(8))
    assert scores.bits_per_character == pytest.approx(3.0)
    assert scores.bits_per_byte == pytest.approx(1.5)
    assert scores.to_json()["bits_per_byte"] == scores.bits_per_byte


def test_characters_are_counted_alike_whatever_the_alphabet():
    """각 is one character of three jamo."""
    texts, ends = ["각각"], [False]
    for alphabet, units in (("syllable", 2), ("jamo", 6)):
        rows = Characters.learn(texts, alphabet).encode_documents(texts, ends)
        nats = np.where(rows.ids == BOS, 0.0, 6.0 / units).astype(np.float32)
        scores = score_characters(nats, rows, *lengths_of(texts, ends))
        assert scores.units == units
        assert scores.loss == pytest.approx(6.0 / units)
        assert scores.nats_per_character == pytest.approx(3.0)
        assert scores.bits_per_byte == pytest.approx(1.0 / math.log(2))


def test_nothing_is_gained_by_knowing_less():
    """What [UNK] stands for has to be said, too."""
    rows = Ragged.from_lists([[BOS, 5, UNK, EOS]])
    nats = np.array([0.0, 1.0, 2.0, 3.0], np.float32)
    scores = score_characters(nats, rows, 3, 7)
    assert scores.loss == pytest.approx(2.0)
    assert scores.unknown == pytest.approx(1 / 3)
    assert scores.nats_per_character == pytest.approx((6.0 + math.log(CODE_POINTS)) / 3)
    assert sum(1 for code in range(0x110000) if not 0xD800 <= code < 0xE000) == CODE_POINTS
    with pytest.raises(ValueError, match="no unit"):
        score_characters(np.zeros(1), Ragged.from_lists([[BOS]]), 0, 0)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("\n\n  제1조  ①\n대한민국은", "제1조 ①"),
        ("꽃이 " * 9 + "떨어지네", ("꽃이 " * 9).strip()),
        ("가" * 40, "가" * 30),
        ("\n", ""),
    ],
)
def test_a_prompt_is_the_first_words(text, prompt):
    assert prompt_of(text) == prompt


class Listening(Log):
    """Keeps the samples it is shown."""

    def __init__(self):
        self.heard = []

    def text(self, tag, markdown, step):
        self.heard.append((tag, markdown))


@pytest.mark.parametrize("alphabet", ["syllable", "jamo"])
def test_the_constitution_is_learnt_and_gone_on_with(alphabet, tmp_path):
    """Soon better than by how frequent each unit is."""
    corpus = read_running_text(TextCorpusSettings(), tmp_path)
    train, dev = (from_frame(corpus.splits[name]) for name in ("train", "dev"))
    characters = Characters.learn(train[0], alphabet, min_frequency=2)
    rows = characters.encode_documents(*train)
    settings = LanguageModelSettings(
        cell="gru", units=48, embedding_size=32, embedding_dropout=0.0, state_dropout=0.0
    )
    keras.utils.set_random_seed(1)
    model = language_model(settings, vocabulary_size=len(characters.vocabulary))
    look = CharacterDevEvaluation(model, characters, *dev)
    training = TrainingSettings(
        epochs=6, min_steps=1, batch_size=16, learning_rate=0.02, evaluations=2, seed=1
    )
    plan = TrainingPlan(
        StateCarrier(model, training.batch_size),
        PieceCrossEntropy(),
        lambda epoch: TextStreams(rows, training.batch_size, 64, seed=1, epoch=epoch),
        look,
        monitor="log_probability",
        tokens=lambda inputs: int(np.count_nonzero(inputs["ids"])),
    )
    log = Listening()
    result = fit(plan, training, tmp_path / "run", log)

    history = pd.read_csv(tmp_path / "run" / "history.csv")
    counts = np.bincount(rows.ids, minlength=len(characters.vocabulary)) + 1
    frequencies = counts / counts.sum()
    said = look.rows.ids[look.rows.ids != BOS]
    by_frequency = -np.log(frequencies[said]).mean()
    assert history["dev_loss"].iloc[-1] < 0.9 * by_frequency
    assert result.best == history["dev_log_probability"].max()
    per_character = history["dev_bits_per_character"].iloc[-1]
    assert per_character == pytest.approx(-history["dev_log_probability"].iloc[-1] / math.log(2))
    characters_, bytes_ = look.lengths
    assert history["dev_bits_per_byte"].iloc[-1] == pytest.approx(
        per_character * characters_ / bytes_
    )

    (tag, first), (_, last) = log.heard
    assert tag == "dev/sample"
    assert first != last
    shown = [line[4:] for line in last.split("\n") if line.startswith("    ")]
    assert sum(line.startswith(look.prompt) for line in shown) == len(TEMPERATURES)
    assert look.prompt == prompt_of(normalize_lines(dev[0][0]))
    written = sum(len(line) + 1 for line in shown)
    assert written == len(TEMPERATURES) * (len(look.prompt) + LENGTH + 1)


def test_a_look_asks_only_the_weights_it_was_made_with():
    """It is called with the model that the loop trains, which is not the one it reads."""
    characters = Characters.learn(["가나다\n"], "syllable")
    model = language_model(
        dataclasses.replace(LanguageModelSettings(), units=4, embedding_size=4),
        vocabulary_size=len(characters.vocabulary),
    )
    look = CharacterDevEvaluation(model, characters, ["가나", "다"], [True, True])
    scores = look(StateCarrier(model, 3))
    assert scores["log_probability"] == -scores["loss"]
    assert 0.5 < scores["loss"] / math.log(len(characters.vocabulary)) < 1.5
