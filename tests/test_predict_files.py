"""`predict --out`: a file in any format, in order, and the same after any kill."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import os
import signal
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpora.labelled.labelled_file import read_labelled
from pipeline.errors import UserError
from pipeline.export.predictor import AnswerForm, Predictor
from pipeline.facts import Exported
from pipeline.locks import only_one
from pipeline.stages import answer_files
from pipeline.stages.answer_files import LineFile, ParquetFile
from pipeline.stages.versions import MANIFEST
from pipeline.workspace import Manifest, read_json, sha256
from probability_tables import read_shares
from warm_python import Running

CHECKOUT = Path(__file__).resolve().parent.parent
TEXTS = [f"{n} {'좋다 ' * (n * 7 % 13)}{'' if n % 3 else '정말'}" for n in range(100)]
TEXTS[10] = TEXTS[57] = ""
FORM = AnswerForm(
    {"text": "string", "letters": "int32", "parts": ["string"]},
    lambda answer: f"{answer['letters']}\t{answer['text']}",
)


class KilledError(BaseException):
    """What nothing catches."""


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


@pytest.fixture
def asked(run, monkeypatch) -> list[str]:
    """Puts a model that counts letters in the place of the real one; gives what it is asked about,
    as it is asked."""
    texts: list[str] = []

    def answer(values: Sequence[str]) -> list[dict[str, object]]:
        texts.extend(values)
        return [{"text": v, "letters": len(v), "parts": v.split()} for v in values]

    monkeypatch.setattr(run.task.serving, "load", lambda *_: Predictor(answer, form=FORM))
    monkeypatch.setattr(run.task.serving, "BATCH_SIZE", 4)
    return texts


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), "utf-8")
    return path


@pytest.fixture
def predict(run, command, file) -> Callable[..., object]:
    """`predict sentiment --file texts.txt ...`."""
    return lambda *words: command(run.root, "predict", "sentiment", "--file", file, *words)


def test_a_file_has_what_is_printed(asked, predict, tmp_path):
    printed = predict().out
    assert printed.split("\n")[:-1] == [f"{len(text)}\t{text}" for text in TEXTS]
    for name in ("a.tsv", "한글.TXT"):
        out = tmp_path / name
        assert predict("--out", out).code == 0
        assert out.read_text("utf-8") == printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "texts.txt", "한글.TXT"]


def test_json_lines(asked, predict, tmp_path):
    out = tmp_path / "a.jsonl"
    predict("--out", out)
    rows = list(map(json.loads, out.read_text("utf-8").split("\n")[:-1]))
    assert rows == [{"text": t, "letters": len(t), "parts": t.split()} for t in TEXTS]


@pytest.mark.scale
def test_parquet(asked, predict, tmp_path):
    parquet = importlib.import_module("pyarrow.parquet")
    out = tmp_path / "a.parquet"
    predict("--out", out)
    table = parquet.read_table(out)
    assert list(map(str, table.schema.types)) == ["string", "int32", "list<element: string>"]
    assert table.to_pylist() == [{"text": t, "letters": len(t), "parts": t.split()} for t in TEXTS]
    before = out.read_bytes()
    predict("--out", out)
    assert out.read_bytes() == before


@pytest.mark.scale
def test_kinds_of_parquet(tmp_path):
    """Those of the form, where a part has nothing to tell them by, too."""
    columns = {
        "v": ["float32"],
        "e": [{"label": "string", "start": "int32"}],
        "p": {"0": "float32"},
    }
    kind = ParquetFile(columns)
    rows = [
        [{"v": np.float32([0.1, 2]), "e": [], "p": {"0": 0.25}}],
        [{"v": np.float32([]), "e": [{"label": "가", "start": 3}], "p": {"0": 1.0}}] * 2,
    ]
    parts = [tmp_path / f"{number}.parquet" for number in range(2)]
    for path, answers in zip(parts, rows, strict=True):
        kind.write(path, answers)
    assert [kind.count(path) for path in parts] == [1, 2]
    kind.join(parts, tmp_path / "all.parquet")
    parts[0].write_bytes(parts[0].read_bytes()[:-5])
    assert kind.count(parts[0]) == -1
    table = sys.modules["pyarrow.parquet"].read_table(tmp_path / "all.parquet")
    found = table.to_pylist()
    np.testing.assert_array_equal(np.float32(found[0]["v"]), rows[0][0]["v"])
    assert [row["e"] for row in found] == [row["e"] for answers in rows for row in answers]
    assert found[2]["p"] == {"0": 1.0}


@pytest.mark.parametrize(
    "name", ["a.tsv", "a.jsonl", pytest.param("a.parquet", marks=pytest.mark.scale)]
)
def test_killed_anywhere_it_ends_as_if_it_was_not(asked, predict, tmp_path, monkeypatch, name):
    """Killed in the middle of every part in turn, and while the parts are put together."""
    out, whole = tmp_path / name, tmp_path / f"whole-{name}"
    predict("--out", whole)
    kind = ParquetFile if name.endswith("parquet") else LineFile
    write, join = kind.write, kind.join
    asked.clear()

    def killed(self, path, answers):
        write(self, path, answers[: len(answers) // 2])
        raise KilledError

    def killed_at_the_end(self, parts, path):
        join(self, parts[:-1], path)
        raise KilledError

    def some_parts(count: int):
        def counted(self, path, answers):
            nonlocal count
            count -= 1
            (write if count >= 0 else killed)(self, path, answers)

        return counted

    for count in (0, 1, 1, 1, 1):
        monkeypatch.setattr(kind, "write", some_parts(count))
        with pytest.raises(KilledError):
            predict("--out", out)
        assert not out.exists()
    monkeypatch.setattr(kind, "write", write)
    monkeypatch.setattr(kind, "join", killed_at_the_end)
    with pytest.raises(KilledError):
        predict("--out", out)
    assert not out.exists()
    # Once when the process was killed in its part, once more for the part.
    assert sorted(asked) == sorted(TEXTS * 2)
    asked.clear()
    monkeypatch.setattr(kind, "join", join)
    assert predict("--out", out).code == 0
    assert not asked
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, whole.name, "texts.txt"])


def test_a_part_that_is_gone_or_short_is_made_again(asked, predict, tmp_path, monkeypatch):
    out, whole = tmp_path / "a.tsv", tmp_path / "whole.tsv"
    predict("--out", whole)
    with monkeypatch.context() as patch:
        patch.setattr(LineFile, "join", killer)
        with pytest.raises(KilledError):
            predict("--out", out)
    parts = sorted((tmp_path / "a.tsv.parts").glob("0*.tsv"))
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:-3])
    asked.clear()
    predict("--out", out)
    assert len(asked) == 8 + 16
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(("method", "times"), [("write", 2), ("join", 0)])
def test_a_warning_counts_what_an_earlier_process_asked_about(
    asked, predict, run, tmp_path, monkeypatch, method, times
):
    limit = types.SimpleNamespace(pieces=9, longer=lambda texts: sum(len(t) > 9 for t in texts))
    answer = run.task.serving.load().answers
    monkeypatch.setattr(run.task.serving, "load", lambda *_: Predictor(answer, limit, FORM))
    real, calls = getattr(LineFile, method), []

    def killed(*arguments):
        calls.append(arguments)
        if len(calls) > times:
            raise KilledError
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(LineFile, method, killed)
        with pytest.raises(KilledError):
            predict("--out", tmp_path / "a.tsv")
    said = [predict("--out", tmp_path / name).err for name in ("a.tsv", "whole.tsv")]
    goes_on, whole = (
        [line for line in err.split("\n") if line.startswith("warning")] for err in said
    )
    assert goes_on == whole
    assert f"{limit.longer(TEXTS)} of {len(TEXTS)}" in whole[0]


def test_ctrl_c_says_that_it_goes_on(asked, predict, tmp_path, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LineFile, "write", stop)
    outcome = predict("--out", tmp_path / "a.tsv")
    assert outcome.code == 130
    assert "goes on" in outcome.err


def killer(*_: object) -> None:
    raise KilledError


@pytest.fixture
def unfinished(asked, predict, tmp_path, monkeypatch) -> Path:
    """A file whose parts are all there, and nothing more."""
    with monkeypatch.context() as patch:
        patch.setattr(LineFile, "join", killer)
        with pytest.raises(KilledError):
            predict("--out", tmp_path / "a.tsv")
    asked.clear()
    return tmp_path / "a.tsv"


def test_other_texts_are_noticed(unfinished, asked, predict, file):
    file.write_text(file.read_text("utf-8").replace("정말", "참"), "utf-8")
    assert "differs: input" in predict("--out", unfinished).error
    assert not unfinished.exists()
    assert not asked


@pytest.mark.parametrize("more", [(), ("--check",)])
def test_other_settings_are_noticed_before_the_file_is_read(unfinished, predict, file, more):
    file.unlink()
    outcome = predict("--out", unfinished, "--probabilities", *more)
    assert "differs: settings" in outcome.error


def test_another_model_is_noticed(unfinished, run, command, file, tmp_path):
    copy = run.copy(tmp_path / "copy")
    words = ("predict", "sentiment", "--file", file, "--out", unfinished)
    example = copy.saved_model / "assets.extra" / "example.txt"
    example.write_text("다른 글\n", "utf-8")
    path = copy.saved_model / MANIFEST
    before = Manifest.read(path, Exported)
    outputs = {**before.outputs, "assets.extra/example.txt": sha256(example)}
    dataclasses.replace(before, outputs=outputs).write(path)
    text = file.read_bytes()
    file.unlink()  # which is not read for that
    assert "differs: model" in command(copy.root, *words).error
    file.write_bytes(text)
    assert command(run.root, *words).code == 0  # that which it was begun with


def test_a_folder_of_somebody_else_stays(asked, predict, tmp_path):
    (tmp_path / "a.tsv.parts").mkdir()
    (tmp_path / "a.tsv.parts" / "000000.tsv").write_text("mine")
    assert "no folder of unfinished answers" in predict("--out", tmp_path / "a.tsv").error
    assert [p.read_text() for p in (tmp_path / "a.tsv.parts").iterdir()] == ["mine"]


def test_a_second_command_is_refused(unfinished, predict):
    with only_one(unfinished.with_name("a.tsv.parts") / ".lock", UserError("busy")):
        assert "another command" in predict("--out", unfinished).error
    assert predict("--out", unfinished).code == 0


def test_what_is_piped_begins_anew(asked, run, command, tmp_path, monkeypatch):
    out, words = tmp_path / "a.tsv", ("predict", "sentiment", "--file", "-", "--out")

    def piped(*texts: str):
        stream = io.BytesIO("".join(f"{text}\n" for text in texts).encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        return command(run.root, *words, out)

    with monkeypatch.context() as patch:
        patch.setattr(LineFile, "join", killer)
        with pytest.raises(KilledError):
            piped("가", "나")
    done = piped("다", "라라")
    assert done.code == 0
    assert "begins anew" in done.err
    assert out.read_text("utf-8") == "1\t다\n2\t라라\n"


def test_an_empty_file(asked, predict, file, tmp_path):
    file.write_bytes(b"")
    out = tmp_path / "a.jsonl"
    assert predict("--out", out).code == 0
    assert out.read_bytes() == b""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--file", "a.txt", "--out", "answers"], "format"),
        (["--file", "a.txt", "--out", "answers.csv"], ".jsonl or .parquet"),
        (["--file", "a.txt", "--out", "folder.tsv"], "is a folder"),
        (["--file", "a.txt", "--out", "./a.txt"], "is the file that is read"),
        (["--text", "가", "--out", "a.tsv"], "--out"),
        (["--out", "a.tsv"], "nothing to predict"),
    ],
)
def test_a_mistake_is_one_line(command, tmp_path, words, expected):
    (tmp_path / "a.txt").write_text("가\n", "utf-8")
    (tmp_path / "folder.tsv").mkdir()
    assert expected in command(tmp_path, "predict", *words).error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder.tsv"]


def test_where_pyarrow_is_not_installed(command, tmp_path, monkeypatch):
    monkeypatch.setattr(answer_files.importlib.util, "find_spec", lambda name: None)
    words = ("predict", "--file", "a.txt", "--out", "a.parquet")
    assert "requirements-scale.txt pyarrow" in command(tmp_path, *words).error


def test_a_task_of_one_value_a_file_has_no_use_for_it(command, tmp_path):
    words = ("predict", "forecasting", "--file", "a.csv", "--out", "a.tsv")
    assert "--out" in command(tmp_path, *words).error


def test_probabilities_can_be_a_corpus_in_any_format(run, predict, tmp_path):
    printed = predict("--probabilities").out
    table, lines = tmp_path / "a.tsv", tmp_path / "a.jsonl"
    for out in (table, lines):
        assert predict("--probabilities", "--out", out).code == 0
    assert table.read_text("utf-8") == printed
    rows = map(json.loads, lines.read_text("utf-8").split("\n")[:-1])
    in_table = (line.split("\t")[2:] for line in printed.split("\n")[1:-1])
    for row, cells in zip(rows, in_table, strict=True):
        assert list(map(str, row["probabilities"].values())) == cells
        assert cells == [str(np.float32(cell)) for cell in cells]
    read = read_labelled(lines)
    assert list(read.frame["label"]) == list(read_labelled(table).frame["label"])
    expected = read_shares(read_labelled(table))["positive"]
    np.testing.assert_allclose(read_shares(read)["positive"], expected, rtol=1e-5)


DIE_IN_A_PART = """
import os, signal
from pipeline.stages.answer_files import LineFile
whole, written = LineFile.write, 0
def write(self, path, answers):
    global written
    written += 1
    if written < 4:
        return whole(self, path, answers)
    whole(self, path, answers[: len(answers) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
LineFile.write = write
from pipeline.tasks.sentiment import serving
serving.BATCH_SIZE = 4
"""
MAIN = "from pipeline.__main__ import main\nsys.exit(main(sys.argv[1:]))"


def test_kill_minus_9(run, predict, file, tmp_path, warm_python, monkeypatch):
    """A process of its own that dies in the middle of its fourth part."""
    monkeypatch.setattr(run.task.serving, "BATCH_SIZE", 4)
    out, whole = tmp_path / "a.tsv", tmp_path / "whole.tsv"
    start = f"import sys\nsys.path.insert(0, {str(CHECKOUT)!r})\n"
    words = ("predict", "sentiment", "--file", file, "--out", out)
    dying: Running = warm_python.start(
        f"{start}{DIE_IN_A_PART}{MAIN}", *words, cwd=run.root, env=os.environ
    )
    killed = dying.wait()
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()
    parts = tmp_path / "a.tsv.parts"
    assert [path.name for path in sorted(parts.glob("0*"))] == [f"{n:012}.tsv" for n in (0, 4, 12)]
    assert read_json(parts / "made-of.json")["settings"]["task"] == "sentiment"
    assert predict("--out", out).code == 0
    assert predict("--out", whole).code == 0
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tsv", "texts.txt", "whole.tsv"]
