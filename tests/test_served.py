"""The benchmark scripts that ask an exported model as somebody who has only its folder would."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import foreign
from benchmarks.foreign import foreign_process
from benchmarks.served_translation import served_translations
from pipeline.corpora.splits import read_split
from pipeline.export.classifier import load_classifier
from pipeline.export.translator import load_translator
from pipeline.workspace import read_json


@pytest.fixture
def warm(warm_python, monkeypatch):
    """Scripts run as they do otherwise, but where TensorFlow is imported already."""

    def run(command, *, cwd, env, input, **_):
        executable, isolated, script, *arguments = command
        assert (executable, isolated) == (sys.executable, "-I")
        program = Path(script).read_text(encoding="utf-8")
        return warm_python.run(program, *arguments, cwd=cwd, env=env, given=input, name=script)

    monkeypatch.setattr(foreign.subprocess, "run", run)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("task", "words", "monitor"),
    [("sentiment", "accuracy", "accuracy"), ("ner", "entity F1", "f1")],
)
def test_what_was_reported_comes_from_raw_strings(finished, task, words, monitor):
    run = finished(task)
    test = run.corpus / "test.tsv"
    told = foreign_process("served.py", run.saved_model, test)
    reported = read_json(run.run / "metrics.json")[monitor]
    count = len(read_split(test))
    pattern = rf"{words} ([\d.]+) .*on {count:,} texts, [\d,]+/s\n"
    found = re.fullmatch(pattern, told)
    assert found, told
    assert float(found[1]) == pytest.approx(reported, abs=1e-4)


@pytest.mark.usefixtures("warm")
def test_frames_one_at_a_time_get_the_labels_of_the_whole_video(finished):
    run = finished("frames")
    told = foreign_process(
        "served_frames.py", run.saved_model, run.corpus / "test.tsv", "--frames=20"
    )
    reported = read_json(run.run / "metrics.json")
    count, right = (
        f"{n:,.0f}" for n in (reported["frames"], reported["accuracy"] * reported["frames"])
    )
    assert f"accuracy {reported['accuracy']:.4f}: {right} of {count} frames\n" in told
    assert f"the same label in {count} of {count} frames\n" in told
    assert re.search(r"one frame: [\d.]+ ms median", told)


@pytest.mark.usefixtures("warm")
def test_translations_come_a_line_each_in_the_order_of_the_sources(finished):
    run = finished("translation")
    test = run.corpus / "test.tsv"
    said, told = served_translations(run.saved_model, test)
    texts = list(read_split(test)["text"])
    assert said == load_translator(run.saved_model)(texts)[0]
    assert told.startswith(f"translations in translations.txt on {len(texts)} texts, ")


@pytest.mark.usefixtures("warm")
def test_rounds_are_timed_without_the_first(finished):
    asked = {"batches": [["안녕하세요.", "고마워요."], ["네."]], "rounds": 2, "single": ["네."] * 3}
    told = foreign_process(
        "served_rounds.py", finished("translation").saved_model, given=json.dumps(asked)
    )
    taken = json.loads(told)
    assert {name: len(values) for name, values in taken.items()} == {
        "batches": 2,
        "cpu": 2,
        "single": 3,
    }
    assert all(value > 0 for values in taken.values() for value in values)


def test_a_script_that_fails_says_why(tmp_path):
    with pytest.raises(SystemExit, match=r"(?s)SavedModel.*error: served\.py ended with 1"):
        test = tmp_path / "test.tsv"
        test.write_text("id\ttext\tlabel\n0\t네.\tYes.\n", encoding="utf-8")
        foreign_process("served.py", tmp_path / "nothing", test)


def test_the_command_of_the_documentation_asks_with_saved_model_cli(finished):
    run = finished("sentiment")
    page = (Path(__file__).parent.parent / "docs" / "serving.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```\n([^`]*saved_model_cli[^`]*)```", page)
    program, *words = shlex.split(block.replace("\\\n", " "))
    assert program == ".venv/bin/python"
    assert words[words.index("--dir") + 1] == "saved_models/sentiment/1"
    words[words.index("--dir") + 1] = str(run.saved_model)
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, encoding="utf-8", cwd=run.root, check=False
    )
    assert done.returncode == 0, done.stderr
    (label,), _ = load_classifier(run.saved_model)(["정말 재미있어요"])
    assert label in done.stdout
