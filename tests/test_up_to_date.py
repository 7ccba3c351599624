"""What is done again and what is not: the stages decide by the content of files."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from pipeline.stages import evaluate
from pipeline.stages.files import RunFiles
from pipeline.stages.versions import export_lock
from pipeline.tasks.base import find_task
from pipeline.workspace import SAMPLES, Workspace, read_json, sha256
from stub_stages import make, stage

TRAIN = "make train-sentiment CORPUS=live.tsv NAME=mine ENCODER=none"
WORDS = ("--corpus=live.tsv", "--name=mine", "--encoder=none")
"""What TRAIN gives the stages."""
NEW = 'make train-sentiment CORPUS=live.tsv NAME=mine SETTINGS="--learning-rate 1e-5"'


def rows_from(first: int, path: Path) -> None:
    """A corpus that differs with `first` and is always as long."""
    header, *rows = (SAMPLES / "sentiment.tsv").read_text("utf-8").splitlines()
    path.write_text("\n".join([header, *rows[first : first + 60], ""]), encoding="utf-8")


@pytest.fixture
def folder(stubs, tmp_path) -> Path:
    """With a corpus and a finished run `mine` of it."""
    rows_from(0, tmp_path / "live.tsv")
    assert make(tmp_path, TRAIN) is None
    stubs.clear()
    return tmp_path


def run_of(folder: Path, name: str = "mine") -> Path:
    return folder / "runs" / "sentiment" / name


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "elsewhere"
    }


def test_the_second_time_nothing_is_done(folder, stubs):
    times = {path: path.stat().st_mtime_ns for path in folder.glob("saved_models/**/*")}
    before = contents(folder)
    assert make(folder, TRAIN) is None
    assert not stubs
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("saved_models/**/*")} == times


class TestCorpus:
    """A corpus whose content is another is read again, however it got there."""

    def test_an_older_file(self, folder, stubs):
        rows_from(100, folder / "old.tsv")
        os.utime(folder / "old.tsv", (1, 1))
        shutil.copy2(folder / "old.tsv", folder / "live.tsv")
        assert make(folder, TRAIN) is None
        assert stubs == ["mine"]

    def test_a_file_of_the_same_size_and_time(self, folder, stubs):
        file = folder / "live.tsv"
        status, content = file.stat(), file.read_bytes()
        file.write_bytes(content.replace(b"\t0\n", b"\t1\n", 1))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (file.stat().st_size, file.stat().st_mtime_ns) == (
            status.st_size,
            status.st_mtime_ns,
        )
        assert make(folder, TRAIN) is None
        assert stubs == ["mine"]

    def test_a_link_that_is_switched(self, folder, stubs):
        for number in (0, 100):
            rows_from(number, folder / f"{number}.tsv")
        link = folder / "live.tsv"
        link.unlink()
        link.symlink_to("0.tsv")
        assert make(folder, TRAIN) is None
        assert not stubs, "the same content"
        link.unlink()
        link.symlink_to("100.tsv")
        assert make(folder, TRAIN) is None
        assert stubs == ["mine"]

    @pytest.mark.parametrize("name", ["[최종] 자료.tsv", "a\\b.tsv", "a\tb.tsv", "10:30 50%.tsv"])
    def test_a_file_of_any_name(self, folder, stubs, name):
        rows_from(0, folder / name)
        words = (f"--corpus={name}", "--name=other")
        for number, expected in ((0, 1), (0, 1), (100, 2)):
            rows_from(number, folder / name)
            for verb in ("corpus", "prepare", "train"):
                assert stage(folder, verb, *words) is None
            assert len(stubs) == expected

    def test_an_earlier_run_keeps_what_it_is_made_of(self, folder, stubs):
        """Another run of the same file, which holds something else by now."""
        rows_from(100, folder / "live.tsv")
        assert make(folder, TRAIN.replace("mine", "other")) is None
        assert stubs == ["other"]
        rows_from(300, folder / "else.tsv")
        assert stage(folder, "evaluate", "--name=mine", on="else.tsv") is None
        assert stage(folder, "evaluate", "--name=mine") is None

    def test_splits_that_were_removed_are_made_again_and_nothing_is_trained(self, folder, stubs):
        before = contents(folder)
        shutil.rmtree(folder / "data" / "processed")
        error = stage(folder, "evaluate", "--name=mine", on="live.tsv")
        assert error.remedy == TRAIN
        assert make(folder, TRAIN) is None
        assert not stubs
        assert contents(folder) == before


class TestTraining:
    """What a file claims about weights is never rewritten without them."""

    @pytest.mark.parametrize("damage", ["truncated", "gone"])
    def test_new_settings_are_not_claimed_for_old_weights(self, folder, stubs, damage):
        config = run_of(folder) / "config.json"
        config.write_bytes(config.read_bytes()[:100])
        if damage == "gone":
            config.unlink()
        assert "config.json" in str(stage(folder, "evaluate", "--name=mine", on="live.tsv").where)
        weights = (run_of(folder) / "best.weights.h5").read_bytes()
        assert make(folder, NEW) is None
        assert stubs == ["mine"]
        assert read_json(config)["training"]["learning_rate"] == 1e-5
        assert (run_of(folder, "mine.1") / "best.weights.h5").read_bytes() == weights

    def test_a_run_whose_settings_were_lost_is_kept_alone(self, folder, stubs):
        (run_of(folder) / "config.json").unlink()
        assert make(folder, TRAIN) is None
        assert make(folder, NEW) is None
        kept = [run_of(folder, f"mine.{number}") for number in (1, 2)]
        assert all((path / "training.json").exists() for path in kept)
        assert read_json(kept[1] / "config.json")["training"]["learning_rate"] != 1e-5

    @pytest.mark.parametrize("lost", [["best.weights.h5"], ["best.weights.h5", "training.json"]])
    def test_lost_weights_are_trained_again(self, folder, stubs, lost):
        before = contents(folder)
        for name in lost:
            (run_of(folder) / name).unlink()
        assert make(folder, TRAIN) is None
        assert stubs == ["mine"]
        assert contents(folder) == before

    def test_a_lost_record_is_written_again_from_a_finished_checkpoint(self, folder, stubs):
        before = contents(folder)
        for name in ("training.json", "history.csv"):
            (run_of(folder) / name).unlink()
            assert make(folder, TRAIN) is None
            assert not stubs
            assert contents(folder) == before

    def test_training_with_other_settings_than_the_corpus_was_read_with(self, folder):
        error = stage(folder, "train", "--name=mine", "--corpus=sample")
        assert "'corpus' ran with other settings" in str(error)
        assert TRAIN in error.remedy


class TestEvaluation:
    @pytest.mark.parametrize(
        "words", [(), ("--corpus=nowhere.tsv",), ("--units=999", "--pieces=syllable")]
    )
    @pytest.mark.parametrize("on", [None, "else.tsv"])
    def test_a_run_is_measured_as_it_stands(self, folder, stubs, capsys, words, on):
        rows_from(300, folder / "else.tsv")
        before = contents(folder)
        assert stage(folder, "evaluate", "--name=mine", *words, on=on) is None
        assert not stubs
        assert contents(folder) == before
        assert ("plays no part" in capsys.readouterr().err) == bool(words)

    @pytest.mark.parametrize("on", [None, "live.tsv"])
    def test_without_a_run_it_says_how_to_train_it(self, folder, stubs, on):
        words = ("--name=nope", "--corpus=live.tsv")
        error = stage(folder, "evaluate", *words, on=on)
        command = "make train-sentiment CORPUS=live.tsv NAME=nope"
        assert error.remedy == f"train it first: {command}"
        assert not run_of(folder, "nope").exists()
        assert make(folder, command) is None
        assert stage(folder, "evaluate", *words, on=on) is None

    def test_files_of_one_name_have_results_of_their_own(self, folder):
        places = ["a/test.tsv", "b/test.tsv", "test.tsv", "test.csv", "nsmc", "my/nsmc.tsv"]
        for number, place in enumerate(places):
            (folder / place).parent.mkdir(exist_ok=True)
            rows_from(10 * number, folder / place)
        for place in places:
            assert stage(folder, "evaluate", "--name=mine", on=place) is None
        results = {path: read_json(path) for path in run_of(folder).glob("elsewhere/*.json")}
        assert sorted(result["on"] for result in results.values()) == sorted(places)
        assert len(list(run_of(folder).glob("elsewhere/*.html"))) == len(places)
        # The same file again replaces its own, however its path is written.
        rows_from(300, folder / "a/test.tsv")
        for place in ("./a/test.tsv", str(folder / "a" / "test.tsv")):
            assert stage(folder, "evaluate", "--name=mine", on=place) is None
            assert len(list(run_of(folder).glob("elsewhere/*.json"))) == len(places)

    @pytest.mark.parametrize(
        "corpus", ["a" * 200 + ".tsv", "a.tsv, b.tsv", "글" * 80, "[1] 50%.tsv", ".tsv", "/a/b:c"]
    )
    def test_any_name_of_a_corpus_names_a_file(self, corpus, tmp_path):
        name = evaluate.name_elsewhere(corpus, tmp_path)
        (tmp_path / f".123456.partial.{name}.html").touch()
        assert "/" not in name

    def test_corpora_of_the_catalogue_keep_their_names(self, tmp_path):
        names = ["news", "klue", "sample"]
        assert [evaluate.name_elsewhere(name, tmp_path) for name in names] == names


class TestExport:
    def test_a_version_is_made_again_where_another_run_stands_there(self, folder):
        card = folder / "saved_models/sentiment/1/assets.extra/model_card.md"
        first = card.read_bytes()
        other = TRAIN.replace("mine", "other").replace("live", "else")
        rows_from(100, folder / "else.tsv")
        assert make(folder, other) is None
        assert b"else" in card.read_bytes()
        assert make(folder, TRAIN) is None
        assert card.read_bytes() == first

    def test_new_numbers_are_on_the_card(self, folder):
        metrics = run_of(folder) / "metrics.json"
        metrics.write_text(metrics.read_text("utf-8").replace('"summary"', '"x": 7, "summary"'))
        # Written by hand, it has no checksum that is right: it is measured again.
        assert make(folder, TRAIN) is None
        assert "x" not in read_json(metrics)

    def test_what_a_version_was_made_of_is_known_without_the_model(self, folder):
        assert make(folder, f"{TRAIN} VERSION=20261128130000") is None
        shutil.rmtree(folder / "saved_models")
        error = stage(folder, "predict", "--version=20261128130000", text="좋다")
        assert error.remedy.endswith(f"{TRAIN} VERSION=20261128130000")
        assert make(folder, error.remedy) is None
        assert stage(folder, "predict", "--version=20261128130000", text="좋다") is None

    def test_advice_does_not_export_over_the_version_of_another_run(self, folder):
        """The run `other` is version 4; evaluating it, nobody gives that number."""
        other = "make train-sentiment CORPUS=live.tsv NAME=other VERSION=4"
        assert make(folder, other) is None
        (run_of(folder, "other") / "best.weights.h5").unlink()
        assert stage(folder, "evaluate", "--name=other").remedy == other


class TestTwoAtOnce:
    def files(self, folder: Path, name: str = "mine") -> RunFiles:
        run = Workspace(folder).run("sentiment", name)
        return RunFiles("sentiment", run, folder)

    def waits_for(self, held, *waiting: object) -> list:
        """What a stage gives that waits until `held` is let go."""
        outcome: list = []
        thread = threading.Thread(target=lambda: outcome.append(stage(*waiting)))
        with held:
            thread.start()
            thread.join(0.3)
            assert not outcome, "it did not wait"
        thread.join(20)
        return outcome

    @pytest.mark.parametrize("verb", ["corpus", "prepare", "train"])
    def test_one_run_is_written_by_one_command(self, folder, verb):
        with self.files(folder).write_lock():
            error = stage(folder, verb, *WORDS)
        assert "another command" in str(error)
        assert stage(folder, verb, *WORDS) is None

    @pytest.mark.parametrize("verb", ["corpus", "prepare"])
    def test_two_runs_of_one_corpus_wait_for_each_other(self, folder, verb, capsys):
        corpus = self.files(folder).corpus_manifest().settings
        held = self.files(folder, "other").splits_lock(corpus)
        outcome = self.waits_for(held, folder, verb, "--corpus=live.tsv", "--name=mine")
        assert outcome == [None]
        assert "waiting" in capsys.readouterr().err

    def test_a_second_export_waits_and_then_has_nothing_to_do(self, folder, capsys):
        held = export_lock(run_of(folder).parent, 1)
        outcome = self.waits_for(held, folder, "export", "--name=mine")
        assert outcome == [None]
        said = capsys.readouterr().err
        assert "waiting" in said
        assert "already exported" in said


def test_every_task_says_which_command_made_a_run(tmp_path):
    """The run en-ko of make, with its direction."""
    task = find_task("translation")
    files = RunFiles.of(task, task.settings(), Workspace(tmp_path))
    assert files.command() == "make train-translation"
