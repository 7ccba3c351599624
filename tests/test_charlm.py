"""The character language model from running text to what it writes."""

from __future__ import annotations

import dataclasses
import functools
import math
import re

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from pipeline.corpora.running.corpus import constitution_file
from pipeline.corpora.settings import TextCorpusSettings
from pipeline.models.settings import LanguageModelSettings
from pipeline.one_line import as_written
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import find_task
from pipeline.tasks.charlm.data import held_out_documents
from pipeline.tasks.charlm.report import packed_bits
from pipeline.tasks.charlm.serving import load
from pipeline.tasks.charlm.settings import ContinuationSettings
from pipeline.text.settings import CharacterSettings
from pipeline.workspace import read_json

TASK = find_task("charlm")


def test_signature_is_the_one_people_rely_on():
    """The table of the design, spelled out: changing it breaks everybody's client."""
    assert TASK.serving.SIGNATURE.name == "serving_default"
    shapes = {
        n: f[:2]
        for n, f in (TASK.serving.SIGNATURE.inputs | TASK.serving.SIGNATURE.outputs).items()
    }
    assert shapes == {
        "prompt": ("string", "[n]"),
        "length": ("int32", "[]"),
        "temperature": ("float32", "[]"),
        "seed": ("int32", "[]"),
        "text": ("string", "[n]"),
    }


def test_it_learns_from_the_constitution_with_no_network(finished):
    run = finished("charlm")
    metrics = read_json(run.run / "metrics.json")
    vocabulary = len((run.prepared / "vocab.txt").read_text("utf-8").split("\n")) - 1
    assert metrics["loss"] < 0.8 * math.log(vocabulary)
    assert metrics["bits_per_byte"] == pytest.approx(
        metrics["bits_per_character"] * metrics["characters"] / metrics["bytes"]
    )
    # As written there are more: runs of white space are one.
    split = read_json(run.run / "corpus.json")["facts"]["characters"]
    assert 0.95 * split["test"] < metrics["characters"] <= split["test"]
    assert 0.95 * split["dev"] < metrics["dev"]["characters"] <= split["dev"]
    kept = constitution_file().read_text(encoding="utf-8").strip()
    texts = {name: held_out_documents(trained(run), name)[0] for name in ("train", "test", "dev")}
    assert len("".join(texts["train"] + texts["test"] + texts["dev"])) == pytest.approx(
        len(kept), rel=0.01
    )


def trained(run):
    return RunFiles.of(TASK, TASK.tiny, run.workspace).trained()


def test_each_look_writes_samples_and_bits_into_tensorboard(finished):
    log = EventAccumulator(str(finished("charlm").run / "tensorboard"))
    log.Reload()
    assert "dev/bits_per_byte" in log.Tags()["tensors"]
    samples = [tag for tag in log.Tags()["tensors"] if "sample" in tag]
    assert samples
    shown = [event.tensor_proto.string_val[0].decode() for event in log.Tensors(samples[0])]
    assert len(shown) == TASK.tiny.training.evaluations
    assert all("temperature · 온도 0.8" in text for text in shown)


def test_the_report_shows_what_it_costs_and_what_it_writes(finished):
    run = finished("charlm")
    metrics = read_json(run.run / "metrics.json")
    page = re.sub("<[^>]*>", "", (run.run / "report.html").read_text(encoding="utf-8"))
    for shown in (
        f"{metrics['bits_per_byte']:.3f}",
        f"{metrics['dev']['loss']:.4f}",
        f"{metrics['xz_bits_per_byte']:.3f}",
        "온도",
        "make generate PROMPT=",
        "characters of train",
    ):
        assert shown in page, shown


def test_what_is_asked_decides_what_is_written(finished):
    folder = finished("charlm").saved_model

    def said(**asked) -> str:
        (line,) = load(folder, ContinuationSettings(**asked))(["모든 국민은"])
        return as_written(line)

    text = said(length=120, temperature=1.0)
    assert len(text) == len("모든 국민은") + 120
    assert text.startswith("모든 국민은")
    assert said(length=120, temperature=1.0) == text
    assert said(length=40, temperature=1.0) == text[: len("모든 국민은") + 40]
    assert said(length=120, temperature=1.0, seed=2) != text
    assert said(length=120, temperature=0.0, seed=2) == said(length=120, temperature=0.0)


def test_alone_an_answer_has_its_lines_and_in_a_file_one(finished, command, tmp_path):
    run = finished("charlm")
    ask = functools.partial(command, run.root)
    asked = ("--length", "300", "--temperature", "1")
    alone = ask("predict", "charlm", "--text", "제1장\n총강\n", *asked)
    assert alone.code == 0, alone.err
    assert alone.out.startswith("제1장\n총강\n")
    first = ask("predict", "charlm", "--text", "모든 국민은", *asked)
    text = first.out.removesuffix("\n")
    (tmp_path / "in.txt").write_text("모든 국민은\n\n제1조\n", encoding="utf-8")
    many = ask("predict", "charlm", "--file", str(tmp_path / "in.txt"), *asked)
    lines = many.out.removesuffix("\n").split("\n")
    assert len(lines) == 3
    assert as_written(lines[0]) == text
    assert as_written(lines[2]).startswith("제1조")


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (["--length", "0"], "--length must be between 1 and 100,000, not 0"),
        (["--length", "200000"], "--length must be between 1 and 100,000, not 200000"),
        (["--temperature", "-1"], "--temperature must be at least 0"),
        (["--temperature", "nan"], "--temperature must be a finite number"),
        (["--lenght", "3"], "closest: --length"),
    ],
)
def test_what_cannot_be_asked_is_refused(finished, command, asked, complaint):
    outcome = command(finished("charlm").root, "predict", "charlm", "--text", "모든", *asked)
    assert complaint in outcome.error


def test_own_files_by_jamo_document_by_document(tmp_path, new_run):
    """Files of others: CP949 and CRLF, a document a paragraph; cells other than LSTM; no state
    goes from one document into the next. Nothing is set aside for a test: dev is reported."""
    text = constitution_file().read_text(encoding="utf-8")[:6000]
    (tmp_path / "own").mkdir()
    (tmp_path / "own/첫째.txt").write_bytes(text.replace("\n", "\r\n").encode("cp949"))
    (tmp_path / "own/second.txt").write_text(text[:1500], encoding="utf-8")
    files = ",".join(str(tmp_path / "own" / name) for name in ("첫째.txt", "second.txt"))
    settings = dataclasses.replace(
        TASK.tiny,
        corpus=TextCorpusSettings(corpus=files, documents="paragraph", test_share=0.0),
        text=CharacterSettings(alphabet="jamo", min_frequency=1),
        model=LanguageModelSettings(cell="gru", units=24, layers=2, embedding_size=16),
        training=dataclasses.replace(TASK.tiny.training, epochs=1, evaluations=1),
    )
    run = new_run("charlm", settings)
    run.do("corpus", "prepare", "train", "evaluate", "export")
    metrics = read_json(run.run / "metrics.json")
    assert metrics["units"] > metrics["characters"]
    assert metrics["loss"] == metrics["dev"]["loss"]
    assert f"on {metrics['characters']:,} dev characters; there is no test" in metrics["summary"]
    report = (run.run / "report.html").read_text(encoding="utf-8")
    assert "characters of train" in report
    assert "characters of test" not in report
    assert f"{metrics['characters']:,} dev characters" in report
    facts = read_json(run.run / "corpus.json")["facts"]
    assert facts["details"]["encoding"] == {"첫째.txt": "CP949", "second.txt": "UTF-8"}
    (line,) = load(run.saved_model, ContinuationSettings(length=30))(["대한"])
    assert len(as_written(line)) <= 32


def test_too_little_text_is_one_line(tmp_path, command):
    (tmp_path / "short.txt").write_text("짧은 글", encoding="utf-8")
    outcome = command(tmp_path, "corpus", "charlm", "--corpus", "short.txt")
    assert "short.txt: too few characters: 5" in outcome.error


def test_xz_is_given_the_training_text():
    """What stood in the training text costs next to nothing, what is random costs all of it."""
    generator = np.random.default_rng(1)
    words = ["".join(map(chr, generator.integers(97, 123, 4000))) for _ in range(2)]
    assert packed_bits([words[0]], [words[0]]) < 0.2
    assert packed_bits([words[0]], [words[1]]) > 4.5


def test_a_model_that_is_not_there_is_made_how(tmp_path, command):
    outcome = command(tmp_path, "predict", "charlm", "--text", "모든")
    assert "there is no exported model" in outcome.error
    assert "make train-charlm" in outcome.error


def test_its_units_can_be_studied(finished, command):
    run = finished("charlm")
    outcome = command(run.root, "study", "units", "--quick", "--name", run.run.name)
    assert outcome.code == 0, outcome.err
    folder = run.workspace.run("study-units", f"{run.run.name}-quick")
    assert str(folder / "report.html") in outcome.out + outcome.err
    page = (folder / "units.html").read_text(encoding="utf-8")
    assert read_json(run.run / "corpus.json")["facts"]["origin"]["title"] in page
    numbers = read_json(folder / "units.json")["numbers"]
    # Test and dev, each once: nothing that taught the model.
    metrics = read_json(run.run / "metrics.json")
    assert sum(numbers["characters"].values()) == pytest.approx(
        metrics["characters"] + metrics["dev"]["characters"], abs=20
    )
    assert numbers["state"] == 2 * TASK.tiny.model.units
    # The space before it is behind the model when it reads the first syllable of an eojeol.
    first = numbers["predicates"]["begins an eojeol"]
    assert first["auc"] > first["auc_character"]
