from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.__main__ import STAGES
from pipeline.settings import leaves
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import find_task, task_names

CHECKOUT = Path(__file__).resolve().parent.parent
EVERY_STAGE = list(STAGES)


def process(folder: Path, *arguments: object, **options):
    """`python -m pipeline ...` as a process of its own, standing in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        timeout=300,
        check=False,
        **{"capture_output": True, **options},
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_stages_tasks_and_settings(command, tmp_path, arguments):
    outcome = command(tmp_path, *arguments)
    assert outcome.code == 0
    for word in (*EVERY_STAGE, *task_names()):
        assert word in outcome.out
    for task in task_names():
        for name, _ in leaves(find_task(task).settings):
            assert f"--{name.replace('_', '-')}" in outcome.out
    assert not outcome.err


@pytest.mark.parametrize("stage", EVERY_STAGE)
@pytest.mark.parametrize("task", task_names())
def test_help_of_a_stage_names_every_setting(command, tmp_path, stage, task):
    outcome = command(tmp_path, stage, task, "--help")
    assert outcome.code == 0
    assert not list(tmp_path.iterdir())
    if stage in ("predict", "prepare"):
        assert "--text" in outcome.out
    if stage != "predict":
        for name, _ in leaves(find_task(task).settings):
            assert f"--{name.replace('_', '-')}" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["trian"], "train"),
        (["train", "sentimnet"], "sentiment"),
        (["train", "--ephocs", "3"], "--epochs"),
        (["train", "sentiment", "--cell", "ltsm"], "lstm"),
        (["train", "--epochs", "many"], "whole number"),
        (["train", "--epochs", "-1"], "--epochs must be at least 1"),
        (["train", "--learning-rate", "inf"], "finite"),
        (["train", "--name", "../../elsewhere"], "--name must be the name of a folder"),
        (["train", "sentiment", "again"], "unexpected argument 'again'"),
        (["corpus", "--corpus", "nmsc"], "nsmc"),
        (["corpus", "--corpus", "missing.tsv"], "missing.tsv: no such file"),
        (["corpus", "--corpus", "."], "is a folder"),
        (["tokenize"], "it is called prepare now"),
        (["prepare"], "'corpus' has not run"),
        (["train"], "'prepare' has not run"),
        (["evaluate"], "nothing is trained yet — train it first: make train-sentiment"),
        (["export"], "nothing is trained yet"),
        (["predict"], "nothing to predict"),
        (["predict", "--text", "좋다"], "there is no exported model"),
        (["predict", "--text", "좋다", "--file", "x"], "only one of --text"),
        (["predict", "--text", "a", "--version", "2"], "— make train-sentiment VERSION=2"),
        (["tensorboard", "--port", "many"], "--port must be a whole number"),
        (["tensorboard", "--port", "70000"], "--port must be between"),
        (["study", "gradients", "--quick=perhaps"], "--quick is yes or no"),
    ],
)
def test_a_mistake_is_one_line_that_helps(command, tmp_path, arguments, expected):
    outcome = command(tmp_path, *arguments)
    assert expected in outcome.error
    assert outcome.err.count("\n") == 1
    assert not outcome.out
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("*.json"))


def test_evaluate_and_export_before_training(command, finished, tmp_path):
    run = finished("sentiment").copy(tmp_path)
    (run.run / "training.json").unlink()
    for stage in ("evaluate", "export"):
        assert "nothing is trained yet" in command(tmp_path, stage).error


def test_export_before_evaluation(command, finished, tmp_path):
    run = finished("sentiment").copy(tmp_path)
    (run.run / "metrics.json").unlink()
    assert "pipeline evaluate sentiment" in command(tmp_path, "export").error


def test_a_model_is_not_measured_on_another_corpus(command, finished, tmp_path):
    run = finished("sentiment").copy(tmp_path)
    words = ["--corpus", "sample", "--encoder", "none", "--vocabulary-size", 500]
    assert command(tmp_path, "prepare", *words).code == 0
    for stage in ("evaluate", "export"):
        assert "changed after this training" in command(tmp_path, stage).error
    assert (run.run / "best.weights.h5").exists()


def test_second_training_in_the_same_run_is_refused(command, finished, tmp_path):
    run = finished("sentiment").copy(tmp_path)
    with RunFiles("sentiment", run.run, tmp_path).write_lock():
        assert "another command" in command(tmp_path, "train").error
    assert (run.run / "training.json").exists()


class TestPredict:
    def test_text(self, command, finished):
        outcome = command(finished("sentiment").root, "predict", "--text", "정말 재미있어요")
        label, score, text = outcome.out.rstrip("\n").split("\t")
        assert label in ("negative", "positive")
        assert 0.5 <= float(score) <= 1
        assert text == "정말 재미있어요"

    def test_example(self, command, finished, tmp_path):
        run = finished("sentiment").copy(tmp_path)
        outcome, usual = command(tmp_path, "predict", "--example"), run.example
        assert outcome.err == f"{usual}\n"
        assert outcome.out == command(tmp_path, "predict", "--text", usual).out
        # Of what an earlier version exported there are no checksums.
        (run.saved_model / "assets.extra" / "manifest.json").unlink()
        example = run.saved_model / "assets.extra" / "example.txt"
        example.write_text("다른 글\n", encoding="utf-8")
        assert command(tmp_path, "predict", "--example").err == "다른 글\n"
        assert "--text '다른 글'" in command(tmp_path, "predict").error
        example.unlink()
        assert command(tmp_path, "predict", "--example").err == f"{usual}\n"
        for more in (["--text", "a"], ["--file", "a"]):
            assert "only one of" in command(tmp_path, "predict", "--example", *more).error

    @pytest.mark.parametrize("text", ["", " ", "--help", "-_-", "a\nb\tc", "\udcff좋다"])
    def test_any_text_is_one_line(self, command, finished, text):
        outcome = command(finished("sentiment").root, "predict", "--text", text)
        assert outcome.code == 0
        assert outcome.out.count("\n") == 1
        assert outcome.out.count("\t") == 2

    def test_file_with_every_kind_of_line(self, command, finished, tmp_path):
        lines = ["재미있다", "", "최악이다 ", "ㅋㅋㅋ\u2028ㅠㅠ", "끝"]
        root = finished("sentiment").root
        outputs = set()
        for number, (end, tail, start) in enumerate(
            [("\n", "\n", ""), ("\r\n", "\r\n", ""), ("\n", "", ""), ("\n", "\n", "\ufeff")]
        ):
            file = tmp_path / f"글 {number}.txt"
            file.write_bytes((start + end.join(lines) + tail).encode())
            outputs.add(command(root, "predict", "--file", file).out)
        for codec in ("cp949", "utf-16"):
            file = tmp_path / f"{codec}.txt"
            file.write_bytes("\n".join(lines).replace("\u2028", " ").encode(codec))
            outputs.add(command(root, "predict", "--file", file).out)
        old_macintosh = tmp_path / "cr.txt"
        old_macintosh.write_bytes("\r".join(lines).encode())
        outputs.add(command(root, "predict", "--file", old_macintosh).out)
        (output,) = outputs
        texts = [line.split("\t")[2] for line in output.rstrip("\n").split("\n")]
        assert texts == [" ".join(line.split()) for line in lines]

    def test_files_that_cannot_be_read(self, command, finished, tmp_path):
        root = finished("sentiment").root
        other = tmp_path / "photo.txt"
        other.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        assert f"{other}: is not a text file" in command(root, "predict", "--file", other).error
        assert "no such file" in command(root, "predict", "--file", tmp_path / "x").error
        assert "is a folder" in command(root, "predict", "--file", tmp_path).error
        empty = tmp_path / "empty.txt"
        empty.touch()
        outcome = command(root, "predict", "--file", empty)
        assert (outcome.code, outcome.out) == (0, "")

    @pytest.mark.parametrize("damage", ["truncated", "gone", "other"])
    @pytest.mark.parametrize("file", ["saved_model.pb", "variables.index", "variables.data*"])
    def test_damaged_model(self, command, finished, tmp_path, file, damage):
        run = finished("sentiment").copy(tmp_path)
        (path,) = run.saved_model.rglob(file)
        if damage == "truncated":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        elif damage == "other":
            path.write_bytes(b"something else")
        else:
            path.unlink()
        error = command(tmp_path, "predict", "--text", "좋다").error
        assert "export it again" in error or "no exported model" in error

    def test_reader_that_leaves_early(self, finished):
        """`... | head -1`: standard input in, one line read, then the pipe is closed."""

        def write_texts(stdin):
            with contextlib.suppress(BrokenPipeError), stdin:
                stdin.write("".join(f"글 {i}\r\n" for i in range(20_000)).encode())

        with subprocess.Popen(
            [sys.executable, "-m", "pipeline", "predict", "--file", "-"],
            cwd=finished("sentiment").root,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as asking:
            # What is not read by then has nowhere to go: answers leave before all is read.
            writing = threading.Thread(target=write_texts, args=(asking.stdin,))
            writing.start()
            first = asking.stdout.readline().decode()
            asking.stdout.close()
            errors = asking.stderr.read().decode()
            assert asking.wait(timeout=120) == 0, errors
            writing.join()
        assert first.endswith("\t글 0\n")
        assert "Traceback" not in errors
        assert "BrokenPipe" not in errors


def test_output_to_a_full_disk(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = process(
            tmp_path, "--help", stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert done.returncode == 2
    assert done.stderr == b"error: No space left on device\n"


def test_folder_that_is_a_file(command, tmp_path):
    (tmp_path / "data").write_text("in the way")
    assert "data" in command(tmp_path, "corpus", "--corpus", "sample").error


def test_a_backend_that_is_not_supported_is_one_line(command, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    outcome = command(tmp_path, "train", "sentiment")
    assert outcome.code == 2
    assert outcome.err.startswith("error: KERAS_BACKEND: 'torch' is not supported")
    assert "tensorflow or jax" in outcome.err


def test_a_backend_that_is_not_installed_is_one_line(command, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    outcome = command(tmp_path, "train", "sentiment")
    assert outcome.code == 2
    assert outcome.err.startswith("error: KERAS_BACKEND: jax is not installed")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_only_training_leaves_tensorflow(command, tmp_path, monkeypatch, backend):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    outcome = command(tmp_path, "evaluate", "sentiment")
    assert "KERAS_BACKEND" not in outcome.error
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
