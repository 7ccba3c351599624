"""The translation task from raw pairs to answers: other directions, models and pieces."""

from __future__ import annotations

import dataclasses
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sacrebleu
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.export.translator import load_translator
from pipeline.models.reference_losses import reference_losses
from pipeline.models.translate import Translate, translate_rows
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import find_task
from pipeline.tasks.translation.data import SAMPLE, SIDES
from pipeline.tasks.translation.dev_evaluation import SHOWN
from pipeline.tasks.translation.evaluation import translation_metrics
from pipeline.tasks.translation.serving import scores as served_scores
from pipeline.tasks.translation.training import trained_model
from pipeline.text.pair_pieces import load_pair_tokenizers
from pipeline.text.ragged import Ragged
from pipeline.training.tensorboard import escaped
from pipeline.workspace import read_json
from variants import ANALYZER

TASK = find_task("translation")


def test_signature_is_the_one_people_rely_on():
    """The table of the design, spelled out: changing it breaks everybody's client."""
    assert TASK.serving.SIGNATURE.name == "serving_default"
    signature = TASK.serving.SIGNATURE
    shapes = {n: f[:2] for n, f in {**signature.inputs, **signature.outputs}.items()}
    assert shapes == {
        "text": ("string", "[n]"),
        "translation": ("string", "[n]"),
        "score": ("float32", "[n]"),
    }


def test_served_translations_are_those_that_were_measured(finished):
    run = finished("translation")
    trained = RunFiles.of(TASK, TASK.tiny, run.workspace).trained()
    model = trained_model(TASK.tiny, trained)
    search = Translate(model, TASK.tiny.search)
    rows, scores = translate_rows(search, Ragged.load(run.prepared / "test.source"))
    target = load_pair_tokenizers(run.prepared)["target"]
    expected = [target.decode(rows.row(i).tolist()) for i in range(len(rows))]
    texts = list(read_split(run.corpus / "test.tsv")["text"])
    found, served = load_translator(run.saved_model)(texts)
    assert found == expected
    assert served == pytest.approx(scores.tolist(), abs=1e-4)
    assert any(expected)


def test_a_damaged_tokenizer_of_either_side_is_made_again(finished, tmp_path):
    run = finished("translation").copy(tmp_path)
    before = {path: path.read_bytes() for path in run.prepared.rglob("*") if path.is_file()}
    names = {path.relative_to(run.prepared).as_posix() for path in before}
    named = read_json(run.run / "prepared.json")["outputs"]
    assert set(named) == names - {"manifest.json"}
    assert {"vocab.txt", "target/vocab.txt"} <= names
    (run.prepared / "target" / "vocab.txt").write_text("[PAD]\n", encoding="utf-8")
    run.do("prepare")
    assert {path: path.read_bytes() for path in run.prepared.rglob("*") if path.is_file()} == before


def few(folder: Path) -> str:
    """A corpus of three hundred pairs."""
    lines = SAMPLE.read_text(encoding="utf-8").split("\n")
    file = folder / "few.tsv"
    file.write_text("\n".join([*lines[:301], ""]), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("name", ["translation-0", "translation-1"])
def test_other_directions_models_and_pieces(name, variant, command):
    run = variant(name)
    settings, direction = run.task.tiny, run.task.tiny.corpus.direction
    metrics = read_json(run.run / "metrics.json")
    assert metrics["count"] == len(read_split(run.corpus / "test.tsv")) == 30
    assert ("tok:char" in metrics["bleu_signature"]) == (direction == "en-ko")
    answers = load_translator(run.saved_model)
    texts = ["", "오늘 날씨가 좋아요.", "Hello there.", "👨‍👩‍👧" * 50]
    found, scores = answers(texts)
    assert len(found) == len(scores) == 4
    several = tf.saved_model.load(str(run.saved_model)).signatures["n_best"](
        text=tf.constant(texts)
    )
    assert [text[0].decode("utf-8") for text in several["translation"].numpy()] == found
    assert found[0] == ""
    assert scores[0] == 0.0
    vocabularies = [
        (run.saved_model / "assets.extra" / name).read_bytes()
        for name in ("vocab.txt", "target/vocab.txt")
    ]
    assert (len(set(vocabularies)) == 1) == settings.text.joint
    plan = TASK.training.plan(settings, run.prepared)
    assert (
        "source_embedding" in {layer.name for layer in plan.model.layers}
    ) != settings.text.joint
    scheduled = settings.sampling.scheduled_sampling
    assert (plan.prepare.final if plan.prepare else 0.0) == scheduled
    example = {"en-ko": "Tom looked lonely.", "ko-en": "톰은 외로워 보였어."}[direction]
    words = ("predict", "translation", "--version", settings.run.version)
    shown = command(run.root, *words, "--example")
    assert shown.err == f"{example}\n"
    assert shown.out == command(run.root, *words, "--text", example).out
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    assert example in card
    assert example in command(run.root, *words).error


def test_both_directions_one_vocabulary_and_scheduled_sampling_are_among_them(variant):
    settings = [variant(name).task.tiny for name in ("translation-0", "translation-1")]
    assert {each.corpus.direction for each in settings} == {"en-ko", "ko-en"}
    assert {each.text.joint for each in settings} == {True, False}
    assert {each.sampling.scheduled_sampling for each in settings} == {0.0, 0.5}


def test_morphemes_are_served_by_ids(variant, command, tmp_path):
    """Predict cuts the text itself, and answers as was measured."""
    run = variant("translation-2")
    assert run.task.tiny.text.morphemes == ANALYZER
    words = ("predict", "translation", "--version", run.task.tiny.run.version)
    test = read_split(run.corpus / "test.tsv")
    (tmp_path / "in.txt").write_text("".join(f"{t}\n" for t in test["text"]), encoding="utf-8")
    done = command(run.root, *words, "--file", tmp_path / "in.txt")
    assert done.code == 0, done.err
    said = done.out.removesuffix("\n").split("\n")
    chrf = sacrebleu.corpus_chrf(said, [list(test["label"])]).score
    assert chrf == pytest.approx(read_json(run.run / "metrics.json")["chrf"])
    loaded = tf.saved_model.load(str(run.saved_model))
    _, inputs = loaded.signatures["ids"].structured_input_signature
    assert {name: spec.dtype for name, spec in inputs.items()} == {"ids": tf.int32}
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    assert ANALYZER in card
    assert 'signatures["ids"]' in card
    # A model that reads so little says so, though its text is cut outside of the graph.
    long = command(run.root, *words, "--text", "저는 커피를 좋아해요. " * 9)
    assert "longer than the model reads: 1 of 1 text;" in long.err
    assert command(run.root, *words, "--text", "").out == "\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--joint"], "--joint"), (["--direction", "en-ko"], "wants Korean as the source")],
)
def test_morphemes_that_are_refused(command, tmp_path, words, expected):
    words = ["translation", "--corpus", "sample", "--morphemes", "komoran", *words]
    assert command(tmp_path, "corpus", *words).code == 0
    assert expected in command(tmp_path, "prepare", *words).error


def logged(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), tensor_size_guidance={"text": 0}).Reload()


def test_both_losses_of_test_are_reported(finished):
    """Those of the weights that are exported, on the test split."""
    run = finished("translation")
    trained = RunFiles.of(TASK, TASK.tiny, run.workspace).trained()
    model = trained_model(TASK.tiny, trained)
    sides = [Ragged.load(run.prepared / f"test.{side}") for side in SIDES]
    losses = read_json(run.run / "metrics.json")["losses"]
    assert losses == pytest.approx(reference_losses(model, *sides), rel=1e-5)
    assert losses["free_running"] > losses["teacher_forced"] > 0
    events = logged(run.run / "tensorboard" / "test")
    for name, value in losses.items():
        (event,) = events.Tensors(f"test/{name}_loss")
        assert make_ndarray(event.tensor_proto).item() == pytest.approx(value, rel=1e-6)


def test_how_a_reference_was_typed_costs_nothing():
    """NFD, two spaces and a zero-width one are the same text; what is said is NFC."""
    said = ["톰은 외로워 보였어.", "오늘 날씨가 좋아요."]
    odd = [unicodedata.normalize("NFD", said[0]), "오늘  날씨가\u200b 좋아요."]
    settings = dataclasses.replace(
        TASK.tiny, corpus=dataclasses.replace(TASK.tiny.corpus, direction="en-ko")
    )
    frame = pd.DataFrame({"text": ["Tom looked lonely.", "It is nice today."], "label": odd})
    found = translation_metrics(settings, frame, said, np.zeros(2), np.array([7, 8]))
    assert found.bleu == pytest.approx(100)
    assert found.exact == 2
    assert served_scores(
        {"translation": np.array([text.encode() for text in said])}, frame, Path()
    ) == {"chrf": pytest.approx(100)}


def test_what_no_sampling_can_do_is_said_before_training(tmp_path, new_run):
    settings = dataclasses.replace(
        TASK.tiny,
        corpus=dataclasses.replace(TASK.tiny.corpus, corpus=few(tmp_path)),
        text=dataclasses.replace(TASK.tiny.text, pieces="wordpiece"),
        subwords=dataclasses.replace(TASK.tiny.subwords, subword_sampling=1.5),
    )
    run = new_run("translation", settings)
    run.do("corpus", "prepare")
    with pytest.raises(UserError, match="it is a probability, at most 1"):
        run.do("train")
    plain = dataclasses.replace(
        settings,
        model=dataclasses.replace(settings.model, architecture="rnn"),
        subwords=TASK.tiny.subwords,
        search=dataclasses.replace(settings.search, coverage=0.2),
    )
    with pytest.raises(UserError, match="no attention — set --coverage 0"):
        run.do("train", settings=plain)


def test_samples_of_dev_stand_in_tensorboard_at_each_look(finished):
    run = finished("translation")
    looks = pd.read_csv(run.run / "history.csv")["step"].tolist()
    events = logged(run.run / "tensorboard").Tensors("dev/samples")
    assert [event.step for event in events] == looks
    dev = read_split(run.corpus / "dev.tsv")
    for event in events:
        _, _, *rows = make_ndarray(event.tensor_proto).item().decode("utf-8").split("\n")
        sources = [row.split(" | ")[0].removeprefix("| ") for row in rows]
        assert len(sources) == SHOWN
        assert sum(source in set(map(escaped, dev["text"])) for source in sources) > SHOWN / 2
