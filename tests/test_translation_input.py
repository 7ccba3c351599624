"""What a translator is given that is not as it should be, from the corpus to the question."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest
import sacrebleu
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from finished_run import FinishedRun
from pipeline.corpora.splits import read_split
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.export.reading_limit import load_reading_limit
from pipeline.export.translator import export_translator, load_translator
from pipeline.models.search_settings import SearchSettings
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.stages.evaluate import name_elsewhere
from pipeline.tasks.base import find_task
from pipeline.tasks.translation import evaluation
from pipeline.tasks.translation.training import build_model
from pipeline.text.pair_pieces import load_pair_tokenizers
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer
from pipeline.text.truncation import truncation_warnings
from pipeline.workspace import SAMPLES, Workspace, read_json, sha256, write_record
from random_weights import randomized

TASK = find_task("translation")
PAIRS = (SAMPLES / "translation.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
LONG = "그는 커피보다 차를 더 좋아해요. " * 60
LINES = [
    TASK.example(TASK.settings()),
    "",
    " \u200b ",
    "ქართული ภาษาไทย 中文 👩‍👩‍👧",
    LONG,
    "Hello there.",
    "한 줄\u2028같은 줄",
    "저는 커피를 좋아해요.",
]
MOST_PIECES = 10


# The exported model


@dataclasses.dataclass(frozen=True)
class Exported:
    """A translator as `make translate` finds it, and its answers to LINES, each asked alone."""

    root: Path
    folder: Path
    answers: list[str]

    def copy(self, root: Path) -> Path:
        """The folder of the same model in another checkout."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return root / self.folder.relative_to(self.root)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Exported:
    root = tmp_path_factory.mktemp("exported")
    folder = Workspace(root).saved_model("translation", 1)
    sides = zip(*(pair.split("\t") for pair in PAIRS[:300]), strict=True)
    source, target = (learn_tokenizer("sentencepiece", side, 600) for side in sides)
    model = translator(
        TranslatorSettings(units=24, layers=1, embedding_size=24),
        source_vocabulary=len(source.vocabulary),
        target_vocabulary=len(target.vocabulary),
    )
    search = SearchSettings(beam_size=2, n_best=1)
    export_translator(randomized(model), source, target, folder, max_length=40, search=search)
    answer = load_translator(folder)
    return Exported(root, folder, [" ".join(answer([line])[0][0].split()) for line in LINES])


def test_a_file_is_translated_line_by_line(exported, command, tmp_path):
    times = TASK.serving.BATCH_SIZE // len(LINES) + 1
    (tmp_path / "in.txt").write_text("\n".join(LINES * times) + "\n", encoding="utf-8")
    done = command(exported.root, "predict", "translation", "--file", tmp_path / "in.txt")
    assert done.code == 0
    assert done.out.split("\n")[:-1] == exported.answers * times
    assert exported.answers[1:3] == ["", ""]
    assert len(set(exported.answers)) == len(LINES) - 1
    assert done.err.count("\n") == 1
    assert f"{times} of {times * len(LINES)} texts" in done.err
    assert "first 38 pieces" in done.err


def test_a_text_that_is_too_long_is_answered_and_said(exported, command):
    for text in (LONG, LINES[0], ""):
        answer = exported.answers[LINES.index(text)]
        done = command(exported.root, "predict", "translation", "--text", text)
        assert (done.code, done.out) == (0, f"{answer}\n")
        said = "warning: longer than the model reads: 1 of 1 text;" in done.err
        assert said == (text == LONG), done.err


def test_the_limit_is_the_one_in_the_graph(exported):
    limits = read_json(exported.folder / "assets.extra" / "limits.json")
    tokenizer = load_tokenizer(exported.folder / "assets.extra")
    ids = tokenizer.encode([LONG]).row(0)[1 : limits["max_length"] - 1].tolist()
    just, less = tokenizer.decode(ids), tokenizer.decode(ids[:-1])
    assert tokenizer.encode([just]).lengths[0] == limits["max_length"] == 40
    whole, up_to_it, short_of_it = load_translator(exported.folder)([LONG, just, less])[0]
    assert whole == up_to_it != short_of_it


def test_a_model_that_does_not_tell_its_limit(exported, command, tmp_path):
    folder = exported.copy(tmp_path)
    limits = folder / "assets.extra" / "limits.json"
    for content in ("{}", "[]", "nothing", '{"max_length": null}'):
        limits.write_text(content)
        with pytest.raises(UserError, match=f"^{re.escape(str(limits))}: "):
            load_reading_limit(folder)
    assert f"{limits}: " in command(tmp_path, "predict", "translation", "--text", LONG).error
    limits.write_text('{"most_pieces": 40}')  # as before version 0.1
    assert (
        "longer than the model reads"
        in command(tmp_path, "predict", "translation", "--text", LONG).err
    )
    limits.unlink()
    done = command(tmp_path, "predict", "translation", "--text", LONG)
    assert (done.code, done.out) == (0, f"{exported.answers[LINES.index(LONG)]}\n")
    assert not done.err


# The corpus


def test_bad_pairs_are_counted_said_and_shown(command, tmp_path):
    bad = {
        "unpaired": "혼자 있는 줄",
        "empty": "안녕.\t",
        "identical": "Python 3은\tPYTHON 3은",
        "script": "ქართული\tGeorgian",
        "long": f"{'가나다 ' * 200}\tToo long.",
        "duplicate": PAIRS[0],
    }
    # A header that has it the other way round, and a row that has it otherwise than the rest.
    rows = ["en\tko", *PAIRS[:60], "I am turned.\t나는 돌아섰다.", *bad.values()]
    (tmp_path / "my.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = command(tmp_path, "corpus", "translation", "--corpus", "my.tsv")
    assert done.code == 0
    assert "my.tsv: its columns are swapped" in done.err
    assert f"{len(bad)} rows could not be used" in done.err
    assert "1 row kept in doubt" in done.err
    facts = read_json(tmp_path / "runs/translation/default/corpus.json")["facts"]
    assert {
        why: count for why, count in facts["details"]["filtered"].items() if count
    } == dict.fromkeys(bad, 1)
    rejects = (tmp_path / facts["folder"] / "rejects.tsv").read_text(encoding="utf-8")
    assert len(rejects.splitlines()) == 1 + len(bad) + 1
    texts = [
        text
        for split in facts["rows"]
        for text in read_split(tmp_path / facts["folder"] / f"{split}.tsv")["text"]
    ]
    assert len(texts) == 61
    assert "나는 돌아섰다." in texts


# Two corpora, and rows longer than the model reads


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> FinishedRun:
    root = tmp_path_factory.mktemp("several")
    parts = {"a.train": PAIRS[:300], "a.dev": PAIRS[300:330], "a.test": PAIRS[330:360]}
    parts["내 글"] = PAIRS[360:660]
    for name, rows in parts.items():
        (root / f"{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    tiny = TASK.tiny
    settings = dataclasses.replace(
        tiny,
        corpus=dataclasses.replace(tiny.corpus, corpus=f"{root}/a.tsv,{root}/내 글.tsv"),
        text=dataclasses.replace(tiny.text, vocabulary_size=600, max_length=MOST_PIECES),
        model=dataclasses.replace(tiny.model, architecture="rnn", units=16, embedding_size=16),
        training=dataclasses.replace(tiny.training, epochs=1, batch_size=128),
        search=dataclasses.replace(tiny.search, beam_size=1),
    )
    run = FinishedRun(dataclasses.replace(TASK, tiny=settings), Workspace(root))
    run.do("corpus", "prepare", "train")
    weights, training = run.run / "best.weights.h5", run.run / "training.json"
    randomized(build_model(settings, run.prepared)).save_weights(weights)
    result = read_json(training)
    files = {**result["files"], weights.name: sha256(weights)}
    write_record(training, {**result, "files": files})
    return run


def cut(run: FinishedRun, split: str, side: str) -> int:
    """How many rows of a split are longer than the model reads."""
    column = {"source": "text", "target": "label"}[side]
    texts = list(read_split(run.corpus / f"{split}.tsv")[column])
    return int((load_pair_tokenizers(run.prepared)[side].encode(texts).lengths > MOST_PIECES).sum())


def test_rows_that_are_cut_are_told(several, command, tmp_path):
    run = several.copy(tmp_path)
    splits = ("train", "dev", "test", "test-a", "test-내-글")
    counts = [
        f"{counted(count, side)} of {split}"
        for split in splits
        for side in ("source", "target")
        if (count := cut(run, split, side))
    ]
    assert len(counts) > 6
    warning = f"Longer than 8 pieces, and read only up to there: {', '.join(counts)}."
    assert f"warning: {warning}" in command(run.root, "prepare", "translation", *run.words()).err
    run.do("evaluate")
    assert warning in (run.run / "report.html").read_text(encoding="utf-8")


def test_nothing_is_told_where_nothing_was_cut():
    assert truncation_warnings({("source", "train"): 0}, 8) == []


def test_what_stands_in_two_test_sets_is_translated_once(several, monkeypatch, tmp_path):
    run, asked_for = several.copy(tmp_path), []

    def translate_rows(search, rows, *others):
        asked_for.append(len(rows))
        return real(search, rows, *others)

    real = evaluation.translate_rows
    monkeypatch.setattr(evaluation, "translate_rows", translate_rows)
    run.do("evaluate", "export")
    metrics = read_json(run.run / "metrics.json")
    assert asked_for == [metrics["count"]] == [60]
    graph = SavedModel.FromString((run.saved_model / "saved_model.pb").read_bytes())
    assert "n_best" not in graph.meta_graphs[0].signature_def, "a beam of one has one translation"
    answer = load_translator(run.saved_model)
    for name in ("test-a", "test-내-글"):
        own = read_split(run.corpus / f"{name}.tsv")
        assert len(own) == 30
        said, references = answer(list(own["text"]))[0], list(own["label"])
        assert metrics["tests"][name]["chrf"] == sacrebleu.corpus_chrf(said, [references]).score
        assert metrics["tests"][name]["bleu"] == sacrebleu.corpus_bleu(said, [references]).score
    report = (run.run / "report.html").read_text(encoding="utf-8")
    assert "test-내-글" in report


def test_measured_on_pairs_of_others(several, command, tmp_path):
    run = several.copy(tmp_path)
    rows = [*PAIRS[700:720], "I am turned.\t나는 돌아섰다.", f"{LONG}\tHe likes tea.", "안녕.\t"]
    (tmp_path / "others.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    before = {p.name: p.read_bytes() for p in run.run.iterdir() if p.is_file()}
    done = command(run.root, "evaluate", "translation", *run.words(), "--on", "others.tsv")
    assert done.code == 0, done.err
    name = name_elsewhere("others.tsv", run.root)
    metrics = read_json(run.run / "elsewhere" / f"{name}.json")
    assert metrics["count"] == 22
    assert (metrics["filtered"]["empty"], metrics["doubtful"]["swapped"]) == (1, 1)
    tokenizer = load_pair_tokenizers(run.prepared)["source"]
    sources = [row.split("\t")[0] for row in rows[:20]] + ["나는 돌아섰다.", LONG]
    lengths = tokenizer.encode(sources).lengths
    assert metrics["truncated"] == (lengths > MOST_PIECES).sum() > 1
    assert json.dumps(metrics, ensure_ascii=False).count("나는 돌아섰다.") == 1
    report = (run.run / "elsewhere" / f"{name}.html").read_text(encoding="utf-8")
    for told in (
        "measured on 22 test sentences of others.tsv",
        "Measured on others.tsv, while the model learnt from a.tsv; 내 글.tsv.",
        "Rows of it that could not be used: one side is empty (1).",
        "Rows of it that were kept in doubt: the sides are swapped (1)",
        f"read only up to there: {metrics['truncated']} sources of others.tsv.",
    ):
        assert told in report, told
    assert {p.name: p.read_bytes() for p in run.run.iterdir() if p.is_file()} == before


def test_a_corpus_to_measure_on_that_is_not_there(several, command, tmp_path):
    run = several.copy(tmp_path)
    for name, expected in (("nwes", "did you mean news"), ("no.tsv", "no.tsv: no such file")):
        done = command(run.root, "evaluate", "translation", *run.words(), "--on", name)
        assert expected in done.error
