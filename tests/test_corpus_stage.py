"""The stage corpus does nothing where nothing changed, and notices what did."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from finished_run import FinishedRun
from pipeline.corpora.labelled.reviews import read_sample
from pipeline.corpora.split_file import SplitFile
from pipeline.stages.files import RunFiles
from pipeline.stages.prepare import texts_to_learn_from
from pipeline.tasks.base import find_task, task_names
from pipeline.workspace import SAMPLES, Workspace, read_json


@pytest.fixture
def read(command, tmp_path):
    """(task, corpus) -> whether corpus.json was written, and what was said."""

    def do(task: str, corpus: str) -> tuple[bool, str]:
        file = tmp_path / "runs" / task / "default" / "corpus.json"
        before = file.stat().st_mtime_ns if file.exists() else 0
        outcome = command(tmp_path, "corpus", task, "--corpus", corpus)
        assert outcome.code == 0, outcome.err
        return file.stat().st_mtime_ns != before, outcome.err

    return do


def lines_of(name: str) -> list[str]:
    return (SAMPLES / name).read_text(encoding="utf-8").split("\n")


@pytest.mark.parametrize("name", ["내 리뷰.tsv", "a,b.tsv", "10:30.tsv", "[a] 50%.tsv"])
def test_a_file_is_read_again_when_its_bytes_change(read, tmp_path, name):
    file = tmp_path / name
    lines = lines_of("sentiment.tsv")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read("sentiment", name)[0]
    assert read("sentiment", name) == (False, "")
    file.touch()
    assert read("sentiment", name) == (False, "")
    # Another file of the same size put in its place, older than what was read.
    before = file.read_bytes()
    other = before.replace(b"\t0\n", b"\t1\n", 1)
    assert len(other) == len(before)
    assert other != before
    file.write_bytes(other)
    os.utime(file, (1, 1))
    assert read("sentiment", name)[0]


def test_a_dev_file_that_is_put_beside_later_is_noticed(read, tmp_path):
    header, *pairs = lines_of("translation.tsv")[:-1]

    def write(name: str, rows: list[str]) -> None:
        Path(tmp_path, name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")

    write("my pairs.tsv", pairs[100:400])
    corpora = "my pairs.tsv,sample"
    assert read("translation", corpora)[0]
    assert read("translation", corpora) == (False, "")
    write("my pairs.dev.tsv", pairs[:50])
    assert read("translation", corpora)[0]
    facts = read_json(tmp_path / "runs/translation/default/corpus.json")["facts"]
    assert {Path(file["path"]).name for file in facts["files"] if file["size"] >= 0} == {
        "my pairs.tsv",
        "my pairs.dev.tsv",
        "translation.tsv",
    }
    Path(tmp_path, "my pairs.dev.tsv").unlink()
    assert read("translation", corpora)[0]


def test_a_file_that_matches_a_pattern_later_is_noticed(read, tmp_path):
    header, *rows = lines_of("sentiment.tsv")[:-1]

    def write(name: str, some: list[str]) -> None:
        Path(tmp_path, name).write_text("\n".join([header, *some, ""]), encoding="utf-8")

    write("a1.tsv", rows[:100])
    for name, some in (("a2.tsv", rows[100:200]), ("a3.tsv", rows[200:300])):
        assert read("sentiment", "a*.tsv")[0]
        assert read("sentiment", "a*.tsv") == (False, "")
        write(name, some)
    assert read("sentiment", "a*.tsv")[0]
    facts = read_json(tmp_path / "runs/sentiment/default/corpus.json")["facts"]
    assert sum(facts["rows"].values()) == 300
    Path(tmp_path, "a2.tsv").unlink()
    assert read("sentiment", "a*.tsv")[0]


def test_other_settings_and_lost_splits_are_noticed(read, tmp_path):
    assert read("ner", "sample")[0]
    assert read("ner", "sample") == (False, "")
    folder = tmp_path / read_json(tmp_path / "runs/ner/default/corpus.json")["facts"]["folder"]
    (folder / "dev.tsv").write_text("x", encoding="utf-8")
    _, said = read("ner", "sample")
    assert "corpus sample" in said
    assert len((folder / "dev.tsv").read_bytes()) > 100


def test_what_stands_in_is_asked_for_each_time_and_changes_nothing(read, monkeypatch, tmp_path):
    """Until the corpus itself can be had."""
    monkeypatch.delenv("CORPUS_MIRROR", raising=False)
    monkeypatch.setattr("pipeline.corpora.fetch._from_network", _no_network)
    assert read("sentiment", "nsmc")[0]
    file = tmp_path / "runs" / "sentiment" / "default" / "corpus.json"
    before = file.read_bytes()
    _, said = read("sentiment", "nsmc")
    assert file.read_bytes() == before
    assert "could not be had" in said


def _no_network(file, part, host, quiet):
    from pipeline.corpora.fetch import CorpusUnavailable

    raise CorpusUnavailable("no network")


@pytest.mark.parametrize("task", task_names())
def test_any_corpus_leaves_texts_to_try_tokenizers_on(task, tmp_path):
    """Those of the bundled reviews, if its own are none."""
    task = find_task(task)
    run = FinishedRun(task, Workspace(tmp_path))
    run.do("corpus")
    own = next(SplitFile(run.corpus / "train.tsv").blocks())
    reviews = read_sample(SAMPLES / "sentiment.tsv").frame
    texts = texts_to_learn_from(RunFiles.of(task, task.tiny, run.workspace))
    assert texts == list((own if "text" in own else reviews)["text"])
