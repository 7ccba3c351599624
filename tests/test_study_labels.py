"""The study of few labels: what is measured once, and what the page says of it."""

from __future__ import annotations

import dataclasses
import shlex
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sample_cross_validation import FOLDS, folds
from make_checkout import Checkout
from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.facts import TrainingResult
from pipeline.lab.labels.results import (
    SIDES,
    WITH,
    WITHOUT,
    DrawnTraining,
    comparisons,
    read_results,
)
from pipeline.models.settings import StartSettings
from pipeline.pretrained import read_pretrained, read_weights, write_pretrained
from pipeline.report.commands import study_command
from pipeline.settings import parse
from pipeline.stages import small_runs, study_labels
from pipeline.stages.studies import DrawSettings, LabelCorpusSettings, LabelStudy, StudySettings
from pipeline.tasks.sentiment.data import read
from pipeline.tasks.sentiment.settings import Settings
from pipeline.training.small_corpora import MIN_ROWS, SmallCorpusSettings
from pipeline.workspace import read_json

# ---- the study, with trainings that only note what they are given


@pytest.fixture(scope="module")
def encoder(finished):
    """Folder of a tiny encoder."""
    return finished("encoder").saved_model / "assets.extra"


@pytest.fixture
def settings(encoder) -> LabelStudy:
    return LabelStudy(
        start=StartSettings(encoder=str(encoder)),
        draws=DrawSettings(sizes="40,80,all"),
        study=StudySettings(quick=True),
    )


class Trainings:
    """In the place of trainings: notes, and made-up accuracies."""

    def __init__(self):
        self.calls = []
        self.end = None  # how many of them come before Ctrl-C

    def __call__(self, work, settings, splits, encoder, run):
        assert work is small_runs.accuracy_of_run
        if len(self.calls) == self.end:
            raise KeyboardInterrupt
        run.mkdir(parents=True, exist_ok=True)
        (run / "best.weights.h5").touch()
        (run / "history.csv").touch()
        self.calls.append((settings, splits, encoder, run))
        accuracy = 0.5 + len(self.calls) / 100
        return TrainingResult("accuracy", 0.7, 10, 20, 1.0, 2.5, 99, False), accuracy

    @property
    def names(self) -> list[str]:
        return [run.name for *_, run in self.calls]


@pytest.fixture
def trainings(monkeypatch) -> Trainings:
    made = Trainings()
    monkeypatch.setattr(study_labels, "in_own_process", made)
    return made


def table_of(folder) -> list[DrawnTraining]:
    return read_results(folder / "results.csv")


def test_both_sides_learn_from_the_same_rows_and_none_of_dev_or_test(
    trainings, settings, workspace, encoder
):
    folder = study_labels.study_labels(settings, workspace)
    facts = read_json(folder / "corpus.json")["facts"]
    parts = {
        name: read_split(workspace.root / facts["folder"] / f"{name}.tsv")
        for name in ("train", "dev", "test")
    }
    available = len(parts["train"])
    # Of all rows one draw, of the others two; each with the encoder and without.
    assert [each.rows for each in table_of(folder)] == [40] * 4 + [80] * 4 + [available] * 2
    held_out = {*parts["dev"]["id"], *parts["test"]["id"]}
    record = read_pretrained(encoder)
    for (ours, splits, start, _), (theirs, others, nothing, _) in zip(
        trainings.calls[::2], trainings.calls[1::2], strict=True
    ):
        assert (start, nothing) == (encoder, None)
        assert theirs.start.encoder == "none"
        assert ours == dataclasses.replace(theirs, start=ours.start)
        assert (ours.model.units, ours.model.embedding_size) == (
            record.units,
            record.embedding_size,
        )
        for name, frame in splits.items():
            assert frame.equals(others[name])
        drawn = {*splits["train"]["id"], *splits["dev"]["id"]}
        assert drawn <= set(parts["train"]["id"])
        assert not drawn & held_out
        assert not set(splits["train"]["id"]) & set(splits["dev"]["id"])
        assert splits["test"].equals(parts["test"])
    seeds = [call[0].training.seed for call in trainings.calls]
    assert seeds == [1, 1, 2, 2] * 2 + [1, 1]
    assert not list(folder.rglob("*.weights.h5"))
    assert len(list(folder.rglob("history.csv"))) == 10


def test_a_study_that_was_stopped_goes_on_where_it_was(trainings, settings, workspace):
    trainings.end = 3
    with pytest.raises(KeyboardInterrupt):
        study_labels.study_labels(settings, workspace)
    folder = workspace.run("study-labels", "default-quick")
    assert len(table_of(folder)) == 3
    assert (folder / "report.html").exists()
    trainings.end = None
    study_labels.study_labels(settings, workspace)
    assert len(trainings.names) == len(set(trainings.names)) == 10
    (folder / "report.html").unlink()
    study_labels.study_labels(settings, workspace)
    assert len(trainings.names) == 10
    assert (folder / "report.html").exists()


def test_more_sizes_or_draws_add_to_what_is_there(trainings, settings, workspace):
    few = dataclasses.replace(settings, draws=DrawSettings(sizes="40,80", draws=1))
    study_labels.study_labels(few, workspace)
    more = dataclasses.replace(settings, draws=DrawSettings(sizes="40,120", draws=2))
    folder = study_labels.study_labels(more, workspace)
    added = {name.split("-with")[0] for name in trainings.names[4:]}
    assert added == {"40-rows-draw-2", "120-rows-draw-1", "120-rows-draw-2"}
    assert len(table_of(folder)) == 10
    # The page has what is asked for now.
    assert ">80<" not in (folder / "report.html").read_text("utf-8")


def test_other_settings_keep_the_earlier_study(trainings, settings, workspace, encoder, tmp_path):
    settings = dataclasses.replace(settings, draws=DrawSettings(sizes="40", draws=1))
    folder = study_labels.study_labels(settings, workspace)
    before = (folder / "results.csv").read_bytes()
    seeded = dataclasses.replace(settings, study=dataclasses.replace(settings.study, seed=2))
    study_labels.study_labels(seeded, workspace)
    assert (folder.with_name("default-quick.1") / "results.csv").read_bytes() == before
    assert len(trainings.calls) == 4
    # The same encoder in another place is the same; other weights are another.
    copy = shutil.copytree(encoder, tmp_path / "copy")
    moved = dataclasses.replace(seeded, start=StartSettings(encoder=str(copy)))
    study_labels.study_labels(moved, workspace)
    assert len(trainings.calls) == 4
    weights = {name: array + 1 for name, array in read_weights(copy).items()}
    write_pretrained(copy, read_pretrained(copy), weights)
    study_labels.study_labels(moved, workspace)
    assert len(trainings.calls) == 6
    assert folder.with_name("default-quick.2").is_dir()


def test_own_files_are_drawn_from_and_a_changed_one_is_measured_anew(
    trainings, settings, workspace, tmp_path
):
    path = tmp_path / "own.tsv"

    def write(count: int) -> None:
        rows = [f"글 번호 {number}\t{'가나'[number % 2]}" for number in range(count)]
        path.write_text("\n".join(["review\tkind", *rows]) + "\n", encoding="utf-8")

    own = dataclasses.replace(
        settings,
        corpus=LabelCorpusSettings(str(path), text_column="review", label_column="kind"),
        draws=DrawSettings(sizes="all", draws_of_all=2),
    )
    write(50)
    folder = study_labels.study_labels(own, workspace)
    assert [each.rows for each in table_of(folder)] == [40] * 4
    write(60)
    study_labels.study_labels(own, workspace)
    assert [each.rows for each in table_of(folder)] == [48] * 4
    assert folder.with_name("default-quick.1").is_dir()


def test_the_page_says_what_the_table_says(trainings, settings, workspace):
    folder = study_labels.study_labels(settings, workspace)
    page = (folder / "report.html").read_text("utf-8")
    for found in comparisons(table_of(folder)):
        assert f"{found.rows:,}<" in page
        for side in SIDES:
            spread = found.accuracy[side]
            shown = f"{100 * spread.mean:.1f}"
            if found.draws > 1:
                shown += f" ± {100 * spread.deviation:.1f}"
            assert f">{shown}<" in page
    assert "study-labels" in page
    assert "data:image/png" in page


def test_two_commands_on_one_study_are_refused(monkeypatch, settings, workspace):
    nested = []

    def training(*arguments):
        with pytest.raises(UserError, match="another command") as refused:
            study_labels.study_labels(settings, workspace)
        nested.append(refused)
        raise KeyboardInterrupt

    monkeypatch.setattr(study_labels, "in_own_process", training)
    with pytest.raises(KeyboardInterrupt):
        study_labels.study_labels(settings, workspace)
    assert nested


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--encoder", "none"], "--encoder none"),
        (["--encoder", "nothing-like-it"], "nothing-like-it"),
        (["--sizes", "a,b"], "--sizes must be"),
        (["--sizes", "100,,300"], "--sizes must be"),
        (["--sizes", "0"], "--sizes must be"),
        (["--sizes", "5"], "--sizes"),
        (["--sizes", "100000"], "--sizes"),
        (["--draws", "0"], "--draws"),
        (["--name", "../x"], "--name"),
        (["--corpus", "no-such.tsv"], "no-such.tsv"),
    ],
)
def test_what_cannot_be_studied_is_one_line(command, tmp_path, encoder, words, complaint):
    given = words if "--encoder" in words else ["--encoder", str(encoder), *words]
    assert complaint in command(tmp_path, "study", "labels", "--quick", *given).error


# ---- with real trainings


def test_a_training_is_done_in_a_process_of_its_own(encoder, workspace):
    settings = LabelStudy(
        start=StartSettings(encoder=str(encoder)),
        draws=DrawSettings(sizes="40", draws=1),
        study=StudySettings(quick=True),
    )
    folder = study_labels.study_labels(settings, workspace)
    assert [each.encoder for each in table_of(folder)] == [WITH, WITHOUT]
    assert all(0 < each.accuracy < 1 for each in table_of(folder))


def test_a_kill_behind_a_training_changes_nothing(encoder, workspace, monkeypatch):
    settings = LabelStudy(
        start=StartSettings(encoder=str(encoder)),
        draws=DrawSettings(sizes="40", draws=1),
        study=StudySettings(quick=True),
    )
    monkeypatch.setattr(study_labels, "in_own_process", lambda work, *given: work(*given))
    predicted = []
    predict = small_runs.predict_logits

    def killed(*arguments):
        predicted.append(predict(*arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(small_runs, "predict_logits", killed)
        with pytest.raises(KeyboardInterrupt):
            study_labels.study_labels(settings, workspace)

    def noted(*arguments):
        predicted.append(predict(*arguments))
        return predicted[-1]

    monkeypatch.setattr(small_runs, "predict_logits", noted)
    folder = study_labels.study_labels(settings, workspace)
    before, again, other = predicted
    np.testing.assert_array_equal(again, before)
    assert (other != before).any()
    found = table_of(folder)
    assert [each.encoder for each in found] == [WITH, WITHOUT]
    assert all((each.learnt, each.choosing, each.steps) == (32, 8, 20) for each in found)
    assert all(0 < each.accuracy < 1 for each in found)
    assert not list(folder.rglob("prepared"))


# ---- what small corpora change, and what is typed


@given(st.integers(1, 512), st.integers(1, 200_000), st.integers(1, 50))
def test_a_batch_is_never_larger_than_asked_for(batch_size, rows, min_batches):
    found = SmallCorpusSettings(min_batches).rows_per_batch(batch_size, rows)
    assert 1 <= found <= batch_size
    assert found in (batch_size, MIN_ROWS) or rows // found >= min_batches
    if rows >= batch_size * min_batches:
        assert found == batch_size


@given(st.integers(1, 512), st.integers(1, 200_000), st.integers(1, 9), st.integers(1, 50))
def test_only_what_is_read_in_small_batches_is_learnt_several_times(size, rows, times, batches):
    small = SmallCorpusSettings(min_batches=batches, trainings=times)
    found = small.trainings_of(size, rows)
    assert found == (times if rows < size * batches else 1)
    if small.rows_per_batch(size, rows) < size:
        assert found == times


def test_a_small_corpus_is_read_in_small_batches(finished):
    run = finished("sentiment")
    task, tiny = run.task, run.task.tiny
    rows = read_json(run.run / "corpus.json")["facts"]["rows"]["train"]
    large = dataclasses.replace(tiny, training=dataclasses.replace(tiny.training, batch_size=256))
    batches = task.training.plan(large, run.prepared).batches(0)
    assert len(batches) >= 20
    assert len(batches[0][1]) == rows // 20
    always = dataclasses.replace(large, small_corpora=SmallCorpusSettings(min_batches=1))
    assert len(task.training.plan(always, run.prepared).batches(0)) == -(-rows // 256)


@pytest.mark.parametrize(
    "settings",
    [
        LabelStudy(),
        LabelStudy(
            corpus=LabelCorpusSettings("내 것.tsv", text_column="글"),
            start=StartSettings(encoder="mine"),
            draws=DrawSettings(sizes="100,all", draws=3),
            study=StudySettings(name="x", quick=True, seed=7),
        ),
    ],
)
def test_the_command_on_the_page_makes_the_same_study(settings, tmp_path):
    checkout = Checkout(tmp_path).with_environment()
    _, *words = shlex.split(study_command("labels", settings, LabelStudy()))
    done = checkout.make(*words)
    assert done.returncode == 0, done.stderr
    (call,) = checkout.calls
    assert call[:4] == ["-m", "pipeline", "study", "labels"]
    assert parse(LabelStudy, call[4:], program="", description="") == settings


def test_folds_are_all_rows_once(workspace):
    splits = read(Settings(corpus=CorpusSettings(corpus="sample")), workspace).splits
    everything = sorted(row for frame in splits.values() for row in frame["id"])
    made = list(folds(splits))
    assert len(made) == FOLDS
    assert sorted(row for fold in made for row in fold["test"]["id"]) == everything
    for fold in made:
        assert sorted(row for frame in fold.values() for row in frame["id"]) == everything
        assert len(fold["dev"]) == len(splits["dev"])
