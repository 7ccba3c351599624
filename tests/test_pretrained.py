"""Models that start from a pretrained encoder: files, fit, weights, and what is exported."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from finished_run import FinishedRun
from pipeline import pretrained
from pipeline.errors import UserError
from pipeline.models.classifier import predict_logits
from pipeline.models.settings import ClassifierSettings, FineTuningSettings, StartSettings
from pipeline.models.tagger import best_tags, predict_tags
from pipeline.pretrained import (
    ENCODER,
    RECORD,
    WEIGHTS,
    check_encoder_fits,
    origin_of_encoder,
    read_pretrained,
    read_weights,
    write_pretrained,
)
from pipeline.stages.encoders import find_pretrained
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import find_task
from pipeline.tasks.encoder.serving import learnt_weights
from pipeline.tasks.encoder.training import encoder_of, trained_model
from pipeline.tasks.ner.served import trained_decoder
from pipeline.tasks.ner.training import build_model
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizers import load_tokenizer
from pipeline.training.small_corpora import SmallCorpusSettings
from pipeline.training.weights import load_best_weights
from pipeline.workspace import read_json


@pytest.fixture(scope="module")
def encoder(finished):
    """Folder of the encoder that the finished run of the task exported."""
    return finished("encoder").saved_model / "assets.extra"


def started(task_name: str, encoder, workspace, **changes) -> FinishedRun:
    """A run whose model starts from `encoder`, prepared and planned for."""
    task = find_task(task_name)
    settings = dataclasses.replace(task.tiny, start=StartSettings(encoder=str(encoder)), **changes)
    run = FinishedRun(dataclasses.replace(task, tiny=settings), workspace)
    run.do("corpus", "prepare")
    return run


CLASSIFIER = ClassifierSettings(units=24, embedding_size=16)


def test_weights_come_back_as_they_were_to_float16(finished, encoder):
    run = finished("encoder")
    trained = RunFiles.of(run.task, run.task.tiny, run.workspace).trained()
    expected = learnt_weights(encoder_of(trained_model(run.task.tiny, trained)))
    stored = read_weights(encoder)
    assert stored.keys() == expected.keys()
    for name, array in stored.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-4)
    assert read_pretrained(encoder).units == run.task.tiny.model.units


@pytest.mark.parametrize("name", [WEIGHTS, "vocab.txt", "tokenizer.json"])
def test_a_file_that_is_not_what_was_written_is_refused(encoder, tmp_path, name):
    copy = shutil.copytree(encoder, tmp_path / "encoder")
    with open(copy / name, "ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match=name):
        read_pretrained(copy)
    (copy / name).unlink()
    with pytest.raises(UserError, match=name):
        read_pretrained(copy)


def test_a_weight_beyond_float16_is_refused(encoder, tmp_path):
    facts = read_pretrained(encoder)
    with pytest.raises(UserError, match="float16"):
        write_pretrained(tmp_path, facts, {"embedding/0": np.array([1e6])})
    assert not (tmp_path / RECORD).exists()


def test_an_encoder_is_found_by_name_by_folder_and_by_run(finished, encoder, workspace):
    run = finished("encoder")
    assert find_pretrained("none", "anything", workspace) is None
    assert find_pretrained(str(encoder), "anything", workspace) == encoder
    assert find_pretrained(str(encoder.parent), "anything", workspace) == encoder
    assert find_pretrained(run.task.tiny.run.name, "anything", run.workspace) == encoder
    with pytest.raises(UserError, match="there is no pretrained encoder"):
        find_pretrained("nothing-like-it", "anything", workspace)


def test_the_bundled_one_is_that_of_the_task(encoder, workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "SHIPPED", tmp_path)
    mine = shutil.copytree(encoder, tmp_path / "mine")
    shutil.copytree(encoder, tmp_path / "other")
    assert find_pretrained("bundled", "mine", workspace) == mine
    assert find_pretrained("mine", "other", workspace) == mine
    assert list(pretrained.shipped()) == ["mine", "other"]
    shutil.rmtree(mine)
    with pytest.raises(UserError, match="other"):
        find_pretrained("bundled", "mine", workspace)


def test_what_does_not_fit_is_refused(encoder, tmp_path):
    check_encoder_fits(encoder, {"units": 24, "pieces": "wordpiece"})
    for name, value in (("units", 99), ("pieces", "syllable"), ("embedding_size", 8)):
        with pytest.raises(UserError, match=f"--{name.replace('_', '-')}"):
            check_encoder_fits(encoder, {name: value})
    copy = shutil.copytree(encoder, tmp_path / "encoder")
    record = {**json.loads((copy / RECORD).read_text("utf-8")), "architecture": "transformer"}
    del record["checksum"]
    (copy / RECORD).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UserError, match="transformer"):
        check_encoder_fits(copy, {})


@pytest.mark.parametrize(
    "other",
    [
        ClassifierSettings(units=16, embedding_size=16),
        ClassifierSettings(units=24, embedding_size=8),
        ClassifierSettings(units=24, embedding_size=16, ngrams="none"),
        ClassifierSettings(units=24, embedding_size=16, cell="gru"),
        ClassifierSettings(units=24, embedding_size=16, direction="forward"),
    ],
)
def test_a_classifier_of_another_shape_is_refused_when_it_is_prepared(encoder, workspace, other):
    with pytest.raises(UserError, match="encoder"):
        started("sentiment", encoder, workspace, model=other)


def test_a_classifier_starts_with_pieces_embeddings_and_states_of_the_encoder(
    finished, encoder, workspace
):
    run = started("sentiment", encoder, workspace, model=CLASSIFIER)
    tokenizer = load_tokenizer(run.prepared)
    assert tokenizer.vocabulary.pieces == load_tokenizer(encoder).vocabulary.pieces
    plan = run.task.training.plan(run.task.tiny, run.prepared)
    stored = read_weights(encoder)
    for name, array in stored.items():
        layer, number = name.split("/")
        weight = plan.model.get_layer(layer).trainable_variables[int(number)]
        np.testing.assert_array_equal(np.asarray(weight), array)
    assert plan.rates == {}
    assert (run.prepared / ENCODER / WEIGHTS).exists()
    assert WEIGHTS in read_json(run.run / "prepared.json")["inputs"]


def test_a_classifier_learns_several_times_from_an_encoder_alone(finished, encoder, workspace):
    """And all labels are equally probable before that."""
    run = started("sentiment", encoder, workspace, model=CLASSIFIER)
    rows = Ragged.load(run.prepared / "dev")
    larger = dataclasses.replace(run.task.tiny.training, batch_size=256)
    settings = dataclasses.replace(run.task.tiny, training=larger)
    plan = run.task.training.plan(settings, run.prepared)
    assert plan.trainings == settings.small_corpora.trainings > 1
    np.testing.assert_array_equal(predict_logits(plan.model, rows), 0.0)
    once = SmallCorpusSettings(trainings=1)
    once = dataclasses.replace(settings, small_corpora=once)
    assert run.task.training.plan(once, run.prepared).trainings == 1

    other = finished("sentiment")
    settings = dataclasses.replace(other.task.tiny, training=larger)
    plan = other.task.training.plan(settings, other.prepared)
    assert plan.trainings == 1
    assert np.any(predict_logits(plan.model, Ragged.load(other.prepared / "dev")))


def test_people_are_told_what_a_model_started_from(encoder, finished, workspace):
    run = started("sentiment", encoder, workspace, model=CLASSIFIER)
    record = read_pretrained(encoder)
    told = origin_of_encoder(run.prepared)
    assert list(told.values()) == [record.trained_on, record.licence]
    run.do("train", "evaluate", "export")
    card = run.saved_model / "assets.extra" / "model_card.md"
    report = (run.run / "report.html").read_text("utf-8")
    for name, value in told.items():
        assert f"| {name} | `{value}` |" in card.read_text("utf-8")
        assert name in report
        assert value in report
    assert origin_of_encoder(finished("sentiment").prepared) == {}


def test_another_encoder_of_the_same_name_is_prepared_anew(encoder, workspace, tmp_path):
    copy = shutil.copytree(encoder, tmp_path / "encoder")
    run = started("sentiment", copy, workspace, model=CLASSIFIER)
    before = (run.prepared / ENCODER / WEIGHTS).read_bytes()
    weights = {name: array + 1 for name, array in read_weights(copy).items()}
    write_pretrained(copy, read_pretrained(copy), weights)
    run.do("prepare")
    assert (run.prepared / ENCODER / WEIGHTS).read_bytes() != before


def test_layers_of_the_encoder_learn_at_their_own_rate(encoder, workspace):
    for rate in (0.0, 0.25):
        run = started(
            "sentiment",
            encoder,
            workspace,
            model=CLASSIFIER,
            fine_tuning=FineTuningSettings(encoder_rate=rate),
        )
        plan = run.task.training.plan(run.task.tiny, run.prepared)
        layer = plan.model.get_layer("recurrent_1")
        assert layer.trainable == (rate > 0)
        assert plan.rates.get("recurrent_1", 0.0) == rate


def test_a_tagger_starts_with_the_states_of_a_syllable_encoder(encoder, variant, workspace):
    source = variant("encoder-0")
    assert source.task.tiny.text.pieces == "syllable"
    with pytest.raises(UserError, match="--pieces"):
        started("ner", encoder, workspace)
    ner = find_task("ner").tiny
    run = started(
        "ner",
        source.saved_model,
        workspace,
        model=dataclasses.replace(ner.model, layers=0),
        training=dataclasses.replace(ner.training, epochs=1, evaluations=1),
    )
    run.do("train", "evaluate", "export")
    trained = RunFiles.of(run.task, run.task.tiny, run.workspace).trained()
    rows = Ragged.load(run.prepared / "test")
    model = load_best_weights(build_model(run.task.tiny, run.prepared), trained)
    plain = best_tags(model, run.task.tiny.model)
    folded = trained_decoder(run.task.tiny, trained)
    assert folded.count_params() < plain.count_params()
    np.testing.assert_array_equal(predict_tags(folded, rows).ids, predict_tags(plain, rows).ids)
