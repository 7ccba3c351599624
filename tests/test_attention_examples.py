"""Where translations looked: chosen, merged into words, and put into TensorBoard."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from pipeline.evaluation.translation import evaluate_translations
from pipeline.facts import TrainingResult
from pipeline.models.search_settings import SearchSettings
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.models.translate import Translate
from pipeline.tasks.translation.attention_examples import SHOWN, attention_examples
from pipeline.tasks.translation.tensorboard import log_translation
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.workspace import SAMPLES
from random_weights import randomized

PAIRS = (SAMPLES / "translation.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
KO, EN = zip(*(pair.split("\t") for pair in PAIRS[:300]), strict=True)
SEARCH = SearchSettings(beam_size=2, max_length_factor=0.5, max_length_offset=3)


@pytest.fixture(scope="module")
def tokenizers() -> dict:
    return {
        side: learn_tokenizer("sentencepiece", texts, 600)
        for side, texts in {"source": KO, "target": EN}.items()
    }


@pytest.fixture(scope="module")
def search(tokenizers) -> Translate:
    """A translator that says something else to everybody, and where it looked."""
    keras.utils.set_random_seed(3)
    model = translator(
        TranslatorSettings(units=24, layers=1, embedding_size=24),
        source_vocabulary=len(tokenizers["source"].vocabulary),
        target_vocabulary=len(tokenizers["target"].vocabulary),
    )
    return Translate(randomized(model), SEARCH, attention=True)


def test_those_that_can_be_read_are_shown_from_all_over(search, tokenizers):
    sentences = ["네.", " ".join(KO[:9]), "", *KO[:40]]
    sources = tokenizers["source"].encode(sentences)
    maps = attention_examples(search, sources, tokenizers)
    readable = [s for s, n in zip(sentences, sources.lengths, strict=True) if 8 <= n <= 24]
    assert len(maps) == SHOWN == 4
    quarters = [readable[n * len(readable) // 4] for n in range(4)]
    for heat_map, sentence in zip(maps, quarters, strict=True):
        source, said = heat_map.caption.split(" → ")
        assert source == sentence
        assert heat_map.source_words == ("[BOS]", *sentence.split(), "[EOS]")
        words = [word for word in heat_map.target_words if word != "[EOS]"]
        assert " ".join(filter(None, words)) == said
        np.testing.assert_allclose(heat_map.weights.sum(axis=1), 1.0, atol=1e-5)
    assert len({heat_map.caption.split(" → ")[1] for heat_map in maps}) == 4


def test_nothing_to_be_read_is_nothing_to_be_shown(search, tokenizers):
    sources = tokenizers["source"].encode(["", "네.", " ".join(KO[:9])])
    assert attention_examples(search, sources, tokenizers) == []
    assert attention_examples(search, sources.take([]), tokenizers) == []


def test_scores_and_pictures_are_in_tensorboard(search, tokenizers, tmp_path):
    maps = attention_examples(search, tokenizers["source"].encode(KO[:40]), tokenizers)
    losses = {"teacher_forced": 1.5, "free_running": 2.5}
    metrics = evaluate_translations(KO[:40], EN[:40], EN[1:41], losses=losses)
    training = TrainingResult("bleu", 12.5, 70, 100, 1.0, 9.0, 1000, stopped_early=False)
    for heat_maps in (maps, maps[:2]):  # the second time in the place of the first
        log_translation(tmp_path, metrics, heat_maps, training, {"model": {"units": 24}})
    events = EventAccumulator(str(tmp_path / "test"))
    events.Reload()
    found = {
        tag: [(event.step, make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }
    scores = {
        "test/bleu": metrics.bleu,
        "test/chrf": metrics.chrf,
        "test/length_ratio": metrics.length_ratio,
        "test/repetition": metrics.repetition,
        "test/teacher_forced_loss": 1.5,
        "test/free_running_loss": 2.5,
    }
    for tag, value in scores.items():
        ((step, logged),) = found[tag]
        assert step == 70
        assert logged == pytest.approx(value)
    ((_, best),) = found["hparam/dev_bleu"]
    assert best == 12.5
    assert sorted(tag for tag in found if tag.startswith("attention/")) == [
        "attention/0",
        "attention/1",
    ]
    ((step, (_, _, png)),) = found["attention/0"]
    assert step == 70
    assert png.startswith(b"\x89PNG")
