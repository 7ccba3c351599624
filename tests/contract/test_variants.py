"""Every setting that changes an exported model: trained, evaluated, exported, asked.

What the SavedModel of a variant answers must repeat the scores that were reported.
"""

from __future__ import annotations

import dataclasses
import typing

import numpy as np
import pytest
import tensorflow as tf

from pipeline.batches.padding import pad
from pipeline.corpora.splits import read_split
from pipeline.settings import leaves
from pipeline.tasks.base import find_task
from pipeline.text.morphemes import ANALYZERS
from pipeline.text.tokenizers import load_tokenizer
from pipeline.workspace import read_json
from variants import ANALYZER, RUNS, VARIANTS, settings_of

IN_TRAINING_ALONE = {"corpus", "training", "batches", "run"} | {
    "subwords", "mentions", "sampling", "truncation", "distillation", "teachers", "softmax",
    "start", "fine_tuning", "adversarial", "small_corpora", "errors", "windows",
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


@pytest.mark.parametrize("name", RUNS)
def test_an_exported_model_repeats_the_reported_scores(name, variant):
    run = variant(name)
    task, serving, test = run.task, run.task.serving, read_split(run.corpus / "test.tsv")
    model = tf.saved_model.load(str(run.saved_model))
    inputs = inputs_of(model, run, test)
    answers = ask(model, "serving_default", inputs)
    reported = read_json(run.run / "metrics.json")
    for score, value in serving.scores(answers, test, run.corpus).items():
        assert value == pytest.approx(reported[score], rel=1e-6, abs=1e-9), score
    n_best = task.tiny.search.all_best.n_best if task.name == "translation" else 1
    assert ("n_best" in model.signatures) == (n_best > 1)
    if n_best > 1:
        several = ask(model, "n_best", inputs)["translation"]
        assert several.shape == (len(test), n_best)
        np.testing.assert_array_equal(several[:, 0], answers["translation"])
    predictor = serving.load(run.saved_model, task.asking and task.asking())
    unusual, *_ = task.input.unusual_values(run.example)
    assert len(predictor([run.example, unusual])) == 2


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
    tried += [settings_of(task, number) for number in range(len(VARIANTS[name]))]
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
