"""benchmarks/compare_translators.py on finished runs, and what it trains and refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import compare_translators
from benchmarks.translation_runs import TASK, common_test, compared, find_run
from make_checkout import Checkout
from pipeline.errors import UserError
from pipeline.report.filters import decimals
from pipeline.workspace import read_json, sha256, write_json

TINY = TASK.tiny
NAMES = [f"compare-{kind}" for kind in compare_translators.ARCHITECTURES]


class Runs:
    """Copies of one finished run under several names."""

    def __init__(self, finished, root):
        self.original = finished(TASK.name).copy(root)
        self.workspace = self.original.workspace

    def add(self, name: str, **model):
        """The finished run once more, its model said to be another."""
        folder = self.workspace.run(TASK.name, name)
        shutil.copytree(self.original.run, folder)
        config = read_json(folder / "config.json")
        config["model"] |= model
        write_json(folder / "config.json", config)
        return folder

    def words(self) -> list[str]:
        """The settings of all of them, as typed."""
        words = self.original.words()
        for own in ("--architecture", "--name", "--version"):
            at = words.index(own)
            del words[at : at + 2]
        return words


@pytest.fixture
def runs(finished, tmp_path) -> Runs:
    return Runs(finished, tmp_path)


@pytest.fixture
def stages(monkeypatch) -> list[list[str]]:
    """The stages that were to be run: verb, task, settings."""
    called: list[list[str]] = []
    monkeypatch.setattr(
        compare_translators, "stage", lambda name, words: called.append([name, *words])
    )
    return called


def test_finished_runs_stand_in_the_table_and_on_the_page(runs, capsys):
    runs.add("other")
    page = compare_translators.compare(["default", "other"], runs.workspace)
    assert page == runs.workspace.root / "runs" / TASK.name / "side-by-side.html"
    html, printed = page.read_text(encoding="utf-8"), capsys.readouterr()
    metrics = read_json(runs.original.run / "metrics.json")
    training = read_json(runs.original.run / "training.json")
    rows = {line[:20].strip(): line[20:].split() for line in printed.out.split("\n")[1:]}
    for name, figure in {
        "test BLEU": f"{metrics['bleu']:.2f}",
        "chrF": f"{metrics['chrf']:.2f}",
        "BLEU over 15 pieces": decimals(metrics["long"]["bleu"], 2),
        "free loss": f"{metrics['losses']['free_running']:.3f}",
        "parameters": f"{training['parameters']:,}",
        "dev BLEU": f"{training['best']:.2f}",
    }.items():
        assert rows[name] == [figure, figure]
        assert html.count(figure) >= 2
    assert metrics["bleu_signature"] in printed.out
    # What was measured and what is translated now is the same.
    assert "translates otherwise" not in printed.err
    assert "setting · 설정" not in html


def test_the_translations_are_those_that_were_measured(runs):
    run = find_run("default", runs.workspace)
    test, _ = common_test([run])
    model, doubts = compared(run, test)
    assert doubts == []
    metrics = read_json(run.metrics)
    for sample in metrics["best"] + metrics["worst"]:
        assert model.translations[sample["index"]] == sample["translation"]
        assert test.sources[sample["index"]] == sample["source"]
    write_json(run.metrics, metrics | {"bleu": metrics["bleu"] + 1})
    (doubt,) = compared(run, test)[1]
    assert f"BLEU {metrics['bleu']:.2f}, not {metrics['bleu'] + 1:.2f}" in doubt


def read_anew(runs) -> tuple[Path, str]:
    """A run `other`, whose corpus has another test split by now, and the checksum of that."""
    folder = runs.add("other")
    corpus, root = read_json(folder / "corpus.json"), runs.workspace.root
    shutil.copytree(root / corpus["facts"]["folder"], root / "anew")
    with (root / "anew" / "test.tsv").open("a", encoding="utf-8") as test:
        test.write("x:1\t하나 더 있다.\tThere is one more.\n")
    seen = sha256(root / "anew" / "test.tsv")
    corpus["facts"]["folder"], corpus["outputs"]["test.tsv"] = "anew", seen
    write_json(folder / "corpus.json", corpus)
    return folder, seen


def test_runs_measured_on_other_sentences_are_refused(runs, stages):
    folder, seen = read_anew(runs)
    tokens = read_json(folder / "prepared.json")
    write_json(folder / "prepared.json", tokens | {"inputs": tokens["inputs"] | {"test.tsv": seen}})
    told = f"different test sets .*default: .*other: {seen[:12]} of"
    with pytest.raises(UserError, match=told):
        compare_translators.compare(["default", "other"], runs.workspace)
    assert not (folder.parent / "side-by-side.html").exists()


def test_a_corpus_that_was_read_anew_is_noticed(runs):
    read_anew(runs)
    with pytest.raises(UserError, match="changed after this training.*NAME=other"):
        compare_translators.compare(["default", "other"], runs.workspace)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["default"], "name two different runs"),
        (["default", "default"], "name two different runs"),
        (["default", "nobody"], "no run 'nobody' — there are: default"),
    ],
)
def test_names_that_cannot_be_compared(runs, names, message):
    with pytest.raises(UserError, match=message):
        compare_translators.compare(names, runs.workspace)


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("training.json", "nothing is trained yet"),
        (
            "metrics.json",
            "this run has not been measured — python -m pipeline evaluate translation",
        ),
    ],
)
def test_runs_that_are_not_finished_are_named(runs, gone, message):
    (runs.add("other") / gone).unlink()
    with pytest.raises(UserError, match=f"other: {message}"):
        compare_translators.compare(["default", "other"], runs.workspace)


def test_metrics_of_another_version_are_said_to_be_that(runs):
    metrics = runs.add("other") / "metrics.json"
    stored = read_json(metrics)
    write_json(metrics, {name: stored[name] for name in stored if name != "losses"})
    with pytest.raises(UserError, match=r"metrics\.json: was written by another version"):
        compare_translators.compare(["default", "other"], runs.workspace)


def test_what_is_there_is_not_trained_again(runs, stages):
    for name, kind in zip(NAMES, compare_translators.ARCHITECTURES, strict=True):
        runs.add(name, architecture=kind)
    assert compare_translators.train(None, runs.words(), runs.workspace) == NAMES
    assert stages == []
    (runs.workspace.run(TASK.name, NAMES[1]) / "metrics.json").unlink()
    (runs.workspace.run(TASK.name, NAMES[2]) / "training.json").unlink()
    compare_translators.train(None, runs.words(), runs.workspace)
    called = [(call[0], call[call.index("--name") + 1]) for call in stages]
    trained = [(stage, NAMES[2]) for stage in ("corpus", "prepare", "train")]
    assert called == [("evaluate", NAMES[1]), *trained]


def test_three_runs_differ_in_their_architecture_alone(workspace, stages):
    words = ["--epochs", "3", "--direction=en-ko"]
    names = compare_translators.train(None, words, workspace)
    assert names == ["compare-en-ko-rnn", "compare-en-ko-attention", "compare-en-ko-transformer"]
    assert [call[0] for call in stages] == ["corpus", "prepare", "train", "evaluate"] * 3
    for call, kind in zip(stages[::4], compare_translators.ARCHITECTURES, strict=True):
        assert call[1:5] == ["translation", *words]
        assert call[5:] == ["--architecture", kind, "--name", f"compare-en-ko-{kind}"]
    assert compare_translators.train("mine", [], workspace)[0] == "mine-rnn"


def test_a_run_with_other_settings_is_not_taken_for_one(runs, stages):
    folder = runs.add(NAMES[0], architecture="rnn")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    words = [*runs.words(), "--beam-size", "7"]
    message = (
        f"{NAMES[0]}: was trained with other settings .beam_size {TINY.search.beam_size}, not 7. — "
    )
    with pytest.raises(UserError, match=message):
        compare_translators.train(None, words, runs.workspace)
    assert stages == []
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("prefix", "words", "message"),
    [
        (None, ["--architecture=rnn"], "is what is compared"),
        (None, ["--epohcs", "3"], "closest: --epochs"),
        ("../x", [], "--name must be the name of a folder"),
        (None, ["--units", "0"], "--units must be at least 1"),
    ],
)
def test_settings_that_cannot_be_meant(workspace, stages, prefix, words, message):
    with pytest.raises(UserError, match=message):
        compare_translators.train(prefix, words, workspace)
    assert stages == []
    assert list(workspace.root.iterdir()) == []


def test_make_hands_on_corpus_direction_and_settings(tmp_path):
    checkout = Checkout(tmp_path).with_environment()
    assert "make compare-translators" in checkout.make("help").stdout
    called = ["-m", "benchmarks.compare_translators"]
    checkout.make("compare-translators")
    # It measures memory, which takes a package that the pipeline does without.
    assert checkout.calls[0][-1] == "requirements-dev.txt"
    assert checkout.calls[1:] == [called]
    checkout.make("compare-translators", "CORPUS=my own.tsv", "SETTINGS=--runs a b")
    assert checkout.calls == [[*called, "--corpus=my own.tsv", "--settings=--runs a b"]]
    checkout.make("compare-translators", "DIRECTION=en-ko")
    assert checkout.calls == [[*called, "--direction=en-ko"]]
