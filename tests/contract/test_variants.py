"""Every setting that changes an exported model: trained, evaluated, exported, asked.

A few runs of each task, each with many settings that its `tiny` does not have. What the SavedModel
answers must repeat the scores that were reported.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import typing
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from strange_values import strange_values

from pipeline.batches.padding import pad
from pipeline.corpora.splits import read_split
from pipeline.fields import Text
from pipeline.settings import leaves
from pipeline.tasks.base import find_task
from pipeline.text.morphemes import ANALYZERS
from pipeline.text.tokenizers import load_tokenizer
from pipeline.workspace import SAMPLES, read_json

ANALYZER = "mecab" if importlib.util.find_spec("mecab") else "kiwi"

VARIANTS: dict[str, list[dict]] = {
    "sentiment": [
        {
            "pieces": "sentencepiece", "vocabulary_size": 800, "max_length": 12, "cell": "gru",
            "direction": "forward", "layers": 2, "ngrams": "none", "pooling": "last",
        },
        {
            "pieces": "syllable", "min_frequency": 3, "cell": "rnn", "direction": "backward",
            "ngrams": "syllable", "max_ngrams": 4, "pooling": "attention",
        },
        {"morphemes": ANALYZER, "cell": "bag", "pooling": "mean"},
    ],
    "ner": [
        {
            "max_length": 12, "vocabulary_size": 300, "max_ngram_length": 1, "cell": "gru",
            "direction": "forward", "layers": 2, "head": "softmax",
        },
        {
            "min_frequency": 3, "min_ngram_frequency": 3, "ngram_size": 4, "cell": "rnn",
            "direction": "backward",
        },
    ],
    "translation": [
        {
            "pieces": "wordpiece", "joint": True, "min_frequency": 3, "architecture": "rnn",
            "cell": "gru", "layers": 2, "tied_softmax": False, "beam_size": 1, "alpha": 0.0,
            "max_length_factor": 0.5, "max_length_offset": 3,
        },
        {
            "pieces": "syllable", "vocabulary_size": 300, "max_length": 24,
            "architecture": "transformer", "heads": 2, "feed_forward": 16, "beam_size": 4,
            "n_best": 4, "early_stopping": 1,
        },
        {
            "morphemes": ANALYZER, "max_length": 9, "cell": "rnn", "attention": "additive",
            "input_feeding": True, "coverage": 0.2, "n_best": 2, "min_length": 2,
        },
    ],
    "charlm": [
        {"alphabet": "jamo", "cell": "gru", "layers": 2, "tied_softmax": True, "top_k": 400},
        {"min_frequency": 3, "cell": "rnn", "top_p": 0.9},
    ],
    "frames": [
        {
            "cell": "gru", "direction": "both", "layers": 2, "head": "crf",
        },
        {"cell": "rnn", "layers": 2, "squash": 3.0},
    ],
    "encoder": [
        {
            "pieces": "syllable", "vocabulary_size": 300, "min_frequency": 3, "max_length": 12,
            "passage_length": 20, "ngrams": "syllable", "max_ngrams": 4,
        },
        {
            "architecture": "transformer", "heads": 2, "layers": 2, "feed_forward": 9,
            "ngrams": "none",
        },
    ],
    "forecasting": [
        {"architecture": "direct", "cell": "lstm", "layers": 2, "segment": 5},
        {"architecture": "encoder-decoder", "cell": "gru", "subtract_last": False},
        {"architecture": "dlinear", "kernel": 4},
        {"architecture": "nlinear"},
    ],
    "captioning": [
        {
            "scenes": 40, "pieces": "wordpiece", "min_frequency": 3, "lower_case": False,
            "architecture": "rnn", "cell": "gru", "layers": 2, "tied_softmax": False,
            "beam_size": 1, "alpha": 0.0, "longest_caption": 12,
        },
        {
            "scenes": 40, "pieces": "syllable", "vocabulary_size": 90, "max_length": 12,
            "attention": "general", "cell": "rnn", "input_feeding": True, "early_stopping": 1,
            "min_length": 2,
        },
        {"scenes": 40, "even_attention": 1.0},
    ],
}  # fmt: skip

IN_TRAINING_ALONE = {"corpus", "training", "batches", "run"} | {
    "subwords", "mentions", "sampling", "truncation", "distillation", "teachers", "softmax",
    "start", "fine_tuning", "small_corpora", "errors", "windows",
}  # fmt: skip
"""Groups of settings that leave no trace in an exported model but its weights."""

ALIKE = {
    **dict.fromkeys(ANALYZERS, ANALYZER),
    "irnn": "rnn",  # the same layer
    "mean": "max+mean",
    "max": "max+mean",
    "dot": "general",  # the same, without a matrix
}
"""Option -> another one of its setting whose graph has all that is in its own."""

CORPORA = {"sentiment": "sentiment.tsv", "ner": "ner.txt", "translation": "translation.tsv"}
_LINES = 100


def small_corpus(name: str, folder: Path) -> dict[str, str]:
    """The setting that names a little of what lies beside the code; of running text a line, many
    times over. What is no text keeps the corpus of `tiny`."""
    if not isinstance(find_task(name).input, Text):
        return {}
    if name not in CORPORA:
        lines = [
            f"모든 국민은 {number}번 말하고, 나라는 그 말을 듣는다." for number in range(_LINES)
        ]
    else:
        lines = (SAMPLES / CORPORA[name]).read_text("utf-8").split("\n")[:_LINES]
    path = folder / f"small.{name}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"corpus": str(path)}


def settings_of(task, changes: dict, number: int):
    """`task.tiny`, smaller yet, with some settings changed."""
    small = {"units": 8 + 2 * number, "embedding_size": 8, "layers": 1, "ngram_size": 8}
    small |= {"epochs": 1, "min_steps": 1, "evaluations": 1, "version": number + 2}
    changes, settings = small | changes, task.tiny
    for group in dataclasses.fields(settings):
        values = getattr(settings, group.name)
        ours = {f.name: changes[f.name] for f in dataclasses.fields(values) if f.name in changes}
        settings = dataclasses.replace(
            settings, **{group.name: dataclasses.replace(values, **ours)}
        )
    return settings


RUNS = {
    f"{name}-{number}": (name, number)
    for name, variants in VARIANTS.items()
    for number in range(len(variants))
}


@pytest.mark.parametrize("run_name", RUNS)
def test_an_exported_model_repeats_the_reported_scores(run_name, new_run, tmp_path):
    name, number = RUNS[run_name]
    task = find_task(name)
    changes = {**small_corpus(name, tmp_path), **VARIANTS[name][number]}
    settings = settings_of(task, changes, number)
    run = new_run(name, settings)
    run.do("corpus", "prepare", "train", "evaluate", "export")
    serving, test = run.task.serving, read_split(run.corpus / "test.tsv")
    model = tf.saved_model.load(str(run.saved_model))
    inputs = inputs_of(model, run, test)
    answers = ask(model, "serving_default", inputs)
    reported = read_json(run.run / "metrics.json")
    for score, value in serving.scores(answers, test, run.corpus).items():
        assert value == pytest.approx(reported[score], rel=1e-6, abs=1e-9), score
    n_best = settings.search.all_best.n_best if name == "translation" else 1
    assert ("n_best" in model.signatures) == (n_best > 1)
    if n_best > 1:
        several = ask(model, "n_best", inputs)["translation"]
        assert several.shape == (len(test), n_best)
        np.testing.assert_array_equal(several[:, 0], answers["translation"])
    predictor = serving.load(run.saved_model, task.asking and task.asking())
    strange, *_ = strange_values(task.input, run.example)
    assert len(predictor([run.example, strange])) == 2


def inputs_of(model, run, test) -> dict:
    """What the signatures are given about the test split: with an analyzer ids, else text."""
    if "ids" in model.signatures:
        rows = load_tokenizer(run.saved_model / "assets.extra").encode(list(test["text"]))
        return {"ids": tf.constant(pad(rows, np.arange(len(rows)))[0])}
    serving = run.task.serving
    given = serving.test_inputs(test, run.corpus)
    return {name: tf.constant(v, serving.SIGNATURE.inputs[name].dtype) for name, v in given.items()}


def ask(model, signature: str, inputs: dict) -> dict:
    return {name: value.numpy() for name, value in model.signatures[signature](**inputs).items()}


@pytest.mark.parametrize("name", VARIANTS)
def test_no_setting_that_changes_an_export_is_left_out(name):
    task = find_task(name)
    tried = [task.tiny]
    tried += [settings_of(task, changes, i) for i, changes in enumerate(VARIANTS[name])]
    hints = typing.get_type_hints(task.settings)
    for group in dataclasses.fields(task.settings):
        if group.name in IN_TRAINING_ALONE:
            continue
        kinds = typing.get_type_hints(hints[group.name])
        for field in dataclasses.fields(hints[group.name]):
            if field.name.endswith("_dropout"):
                continue
            values = {getattr(getattr(settings, group.name), field.name) for settings in tried}
            options = typing.get_args(kinds[field.name])
            if options:
                assert {ALIKE.get(v, v) for v in values} == {ALIKE.get(o, o) for o in options}
            assert len(values) > 1, f"no run of {name} has another {field.name}"


def test_a_variant_has_only_settings_that_there_are():
    for name, variants in VARIANTS.items():
        names = {setting for setting, _ in leaves(find_task(name).settings)}
        for changes in variants:
            assert set(changes) <= names
