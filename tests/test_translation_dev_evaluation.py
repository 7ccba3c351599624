"""What is looked at on dev while a translator is trained."""

from __future__ import annotations

import csv

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.models.search_settings import SearchSettings
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.models.translate import Translate, translate_rows
from pipeline.tasks.translation import dev_evaluation
from pipeline.tasks.translation.dev_evaluation import TranslationDevEvaluation, evenly
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.tensorboard import escaped
from pipeline.workspace import SAMPLES

with open(SAMPLES / "translation.tsv", encoding="utf-8", newline="") as _file:
    PAIRS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))[:60]
KO, EN = ([pair[side] for pair in PAIRS] for side in ("ko", "en"))
TOKENIZERS = {
    "source": learn_tokenizer("sentencepiece", KO, 200),
    "target": learn_tokenizer("sentencepiece", EN, 200),
}
SOURCES, TARGETS = TOKENIZERS["source"].encode(KO), TOKENIZERS["target"].encode(EN)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Compiled, and taught a little, so that it says something."""
    keras.utils.set_random_seed(1)
    settings = TranslatorSettings(
        cell="gru", layers=1, units=32, embedding_size=32, embedding_dropout=0.0, state_dropout=0.0
    )
    sizes = {f"{side}_vocabulary": len(t.vocabulary) for side, t in TOKENIZERS.items()}
    model = translator(settings, **sizes)
    model.compile(keras.optimizers.Adam(0.02), PieceCrossEntropy(), jit_compile=False)
    for epoch in range(5):
        for batch in PairBuckets(SOURCES, TARGETS, count=4, seed=1, epoch=epoch):
            model.train_on_batch(*batch)
    return model


@given(st.integers(0, 5000), st.integers(1, 600))
def test_rows_are_chosen_evenly(count, most):
    chosen = evenly(count, most)
    assert len(chosen) == min(count, most)
    if count <= most:
        np.testing.assert_array_equal(chosen, np.arange(count))
    elif most > 1:
        gaps = np.diff([*chosen, count + chosen[0]])
        assert set(gaps) <= {count // most, count // most + 1}
    np.testing.assert_array_equal(chosen, evenly(count, most))


def test_every_corpus_has_its_share():
    """As many sentences of each as it has of all, to one, wherever it stands."""
    sizes = np.array([3400, 250, 2000, 30])
    corpus = np.repeat(np.arange(4), sizes)[evenly(sizes.sum(), 500)]
    np.testing.assert_allclose(np.bincount(corpus), 500 * sizes / sizes.sum(), atol=1)


def test_a_look_at_dev(model, monkeypatch):
    monkeypatch.setattr(dev_evaluation, "TRANSLATED", 20)
    monkeypatch.setattr(dev_evaluation, "SHOWN", 4)
    search = SearchSettings(beam_size=1, max_length_factor=1.5, max_length_offset=3)
    look = TranslationDevEvaluation(
        model, SOURCES, TARGETS, TOKENIZERS, target_tokenizer="13a", search=search
    )
    found = look(model)
    assert set(found) == {"bleu", "loss", "samples"}

    chosen = np.arange(0, 60, 3)
    rows, _ = translate_rows(Translate(model, search), SOURCES.take(chosen))
    said = [TOKENIZERS["target"].decode(rows.row(i).tolist()) for i in range(20)]
    references = [TOKENIZERS["target"].decode(TARGETS.row(i).tolist()) for i in chosen]
    assert found["bleu"] == BLEU().corpus_score(said, [references]).score
    assert found["bleu"] > 0

    losses, pieces = [], TARGETS.lengths - 1
    for i in range(0, 60, 20):
        (batch,) = PairBuckets(
            *(of.take(np.arange(i, i + 20)) for of in (SOURCES, TARGETS)), count=1
        )
        losses.append(float(model.test_on_batch(*batch)))
    weights = pieces.reshape(3, 20).sum(axis=1)
    assert found["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)

    head, _, *lines = found["samples"].split("\n")
    assert [cell.split(" · ")[0].strip() for cell in head.strip("|").split("|")] == [
        "source",
        "reference",
        "translation",
    ]
    expected = [(KO[3 * i], references[i], said[i]) for i in (0, 5, 10, 15)]
    assert lines == [f"| {' | '.join(map(escaped, row))} |" for row in expected]


def test_the_same_sentences_at_every_look(model):
    look = TranslationDevEvaluation(
        model,
        SOURCES,
        TARGETS,
        TOKENIZERS,
        target_tokenizer="13a",
        search=SearchSettings(max_length_factor=1.0, max_length_offset=1),
    )
    first = look(model)
    weights = model.get_weights()
    model.set_weights([0.5 * weight for weight in weights])
    second = look(model)
    model.set_weights(weights)
    assert first == look(model)
    assert first["samples"] != second["samples"]

    def asked(found) -> list[str]:
        return [line.rpartition("|")[0].rpartition("|")[0] for line in found["samples"].split("\n")]

    assert asked(first) == asked(second)
