"""The sentiment task from raw text to answers: other corpora, other tokenizers, other models."""

from __future__ import annotations

import dataclasses
import functools
import random
import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from pipeline.corpora.labelled import corpus as labelled
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts
from pipeline.models.settings import ClassifierSettings
from pipeline.normalize import normalize
from pipeline.tasks.base import find_task
from pipeline.tasks.sentiment.data import read
from pipeline.tasks.sentiment.training import build_model
from pipeline.training.settings import TrainingSettings
from pipeline.workspace import Manifest, read_json, sha256
from variants import ANALYZER

TASK = find_task("sentiment")
QUICK = dataclasses.replace(
    TASK.tiny,
    model=ClassifierSettings(cell="bag", embedding_size=16, ngrams="syllable"),
    training=TrainingSettings(epochs=2, min_steps=60, learning_rate=0.02, evaluations=2),
)


def with_corpus(settings, corpus, **columns):
    chosen = dataclasses.replace(settings.corpus, corpus=str(corpus), **columns)
    return dataclasses.replace(settings, corpus=chosen)


def texts_of(run, split: str) -> list[str]:
    return [normalize(text) for text in read_split(run.corpus / f"{split}.tsv")["text"]]


def three_classes(rows: int = 240) -> list[tuple[str, str]]:
    """Texts whose label can be learnt from one word."""
    draw = random.Random(1)
    words = {"긍정": ["최고", "감동"], "부정": ["최악", "지루"], "중립": ["보통", "그냥"]}
    fillers = ["영화", "배우", "음악", "이야기", "오늘", "친구", "극장", "정말", "조금", "다시"]
    found = []
    for i in range(rows):
        label = list(words)[i % 3]
        text = [draw.choice(words[label]), *draw.choices(fillers, k=draw.randint(1, 6))]
        draw.shuffle(text)
        found.append((" ".join(text) + f" {i}", label))
    return found


def test_signature_is_the_one_people_rely_on():
    """The table of the design, spelled out: changing it breaks everybody's client."""
    assert TASK.serving.SIGNATURE.name == "serving_default"
    signature = TASK.serving.SIGNATURE
    shapes = {n: f[:2] for n, f in {**signature.inputs, **signature.outputs}.items()}
    assert shapes == {
        "text": ("string", "[n]"),
        "label": ("string", "[n]"),
        "score": ("float32", "[n]"),
        "probabilities": ("float32", "[n, labels]"),
    }


def test_own_corpus_of_three_classes(workspace, new_run, command, capsys):
    """CP949, a column order of its own, a line of a megabyte: to a model that names its labels."""
    rows = three_classes()
    huge = "최고 영화 " * 110_000
    rows[7] = (huge, "긍정")
    lines = ["감정,별점,리뷰", *(f'{label},5,"{text}"' for text, label in rows)]
    file = workspace.root / "내 리뷰.csv"
    file.write_bytes("\r\n".join(lines).encode("cp949"))
    assert max(map(len, lines)) > 500_000

    run = new_run("sentiment", with_corpus(QUICK, file))
    run.do("corpus", "prepare", "train", "evaluate", "export")
    assert read_json(run.run / "corpus.json")["facts"]["details"]["encoding"] == "CP949"
    assert read_json(run.prepared / "labels.json") == ["긍정", "부정", "중립"]
    metrics = read_json(run.run / "metrics.json")
    assert metrics["count"] == 24
    assert metrics["accuracy"] > 0.8, "one word tells the label, and was not learnt"

    served = tf.saved_model.load(str(run.saved_model)).signatures["serving_default"]
    answer = served(text=tf.constant(["최고 영화", "최악 영화", "보통 영화"]))
    assert [label.decode() for label in answer["label"].numpy()] == ["긍정", "부정", "중립"]
    assert answer["probabilities"].shape == (3, 3)
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    assert "긍정, 부정, 중립" in card
    assert "내 리뷰.csv" in card
    lines = TASK.serving.load(run.saved_model)(["감동 이야기"])
    assert lines[0].split("\t")[0] == "긍정"

    # What it did not read it tells: of the corpus, in the report, and whoever asks.
    said = capsys.readouterr().err
    assert "Traceback" not in said
    (split,) = [n for n in ("train", "dev", "test") if huge.strip() in texts_of(run, n)]
    warning = f"Longer than 254 pieces, and read only up to there: 1 text of {split}."
    assert f"warning: {warning}" in said
    assert warning in (run.run / "report.html").read_text(encoding="utf-8")
    file = workspace.root / "texts.txt"
    file.write_text(f"감동\n{'최고 영화 ' * 200}\n", encoding="utf-8")
    outcome = command(workspace.root, "predict", "--file", file)
    assert outcome.out.count("\n") == 2
    assert "longer than the model reads: 1 of 2 texts" in outcome.err
    assert "the first 254 pieces" in outcome.err
    assert command(workspace.root, "predict", "--text", "감동").err == ""


def test_byte_order_mark_is_not_text(workspace):
    file = workspace.root / "bom.tsv"
    body = "".join(f"{text}\t{label}\n" for text, label in three_classes(60))
    file.write_bytes(("\ufefftext\tlabel\n" + body).encode())
    splits = read(with_corpus(QUICK, file), workspace).splits
    assert sum(map(len, splits.values())) == 60
    assert not any("\ufeff" in text for frame in splits.values() for text in frame["text"])


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("좋다\t1\n" * 30, {}, "every row has the same label"),
        ("좋다\t1\n", {}, "at least 10 are needed"),
        ("text\tlabel\n", {}, "no row"),
        ("", {}, "is empty"),
        ("\n".join(f"글 {i}\t{i % 2}" for i in range(30)), {"text_column": "본문"}, "본문"),
        ("\n".join(f"글 {i}\t{i % 2}" for i in range(30)), {"label_column": "7"}, "no column 7"),
        ("\n".join(f"글 {i}" for i in range(30)), {}, "one column only"),
        ("\n".join(f"글 {i}\t라벨 {i}" for i in range(30)), {}, "no label occurs twice"),
        ("a\tb\tc\td\n" * 30, {}, "column"),
    ],
)
def test_corpora_nothing_can_be_learnt_from(workspace, command, content, columns, expected):
    file = workspace.root / "mine.tsv"
    file.write_text(content, encoding="utf-8")
    words = [w for name, value in columns.items() for w in (f"--{name.replace('_', '-')}", value)]
    outcome = command(workspace.root, "corpus", "sentiment", "--corpus", file, *words)
    assert expected in outcome.error
    assert outcome.err.count("\n") == 1
    assert not list((workspace.root / "data" / "processed").rglob("*.tsv"))


def test_same_text_never_stands_in_two_splits(workspace):
    """Else a test score would measure memory."""
    file = workspace.root / "twice.tsv"
    rows = three_classes(60)
    file.write_text("".join(f"{text}\t{label}\n" for text, label in rows * 3), encoding="utf-8")
    splits = read(with_corpus(QUICK, file), workspace).splits
    sets = [set(map(normalize, frame["text"])) for frame in splits.values()]
    assert all(sets)
    assert sum(map(len, sets)) == len(set().union(*sets)) == 60


def test_label_that_only_the_test_split_has(new_run, capsys):
    """It counts as wrong, and the report says so."""
    run = new_run("sentiment", QUICK)
    run.do("corpus")
    for name in ("test", "dev"):
        path = run.corpus / f"{name}.tsv"
        path.write_text(path.read_text("utf-8").replace("\tnegative\n", "\tmixed\n", 1), "utf-8")
    corpus = Manifest.read(run.run / "corpus.json", CorpusFacts)
    outputs = {name: sha256(run.corpus / name) for name in corpus.outputs}
    dataclasses.replace(corpus, outputs=outputs).write(run.run / "corpus.json")
    run.do("prepare", "train", "evaluate")
    report = (run.run / "report.html").read_text(encoding="utf-8")
    for said in (report, capsys.readouterr().err):
        assert "label of 1 test row," in said
    metrics = read_json(run.run / "metrics.json")
    assert metrics["class_names"] == ["negative", "positive", "(not in training)"]


def test_morphemes_are_served_by_ids(variant, command, tmp_path):
    """An analyser cannot run in a graph: signature `ids`, and predict cuts the text itself."""
    run = variant("sentiment-2")
    settings = run.task.tiny
    assert settings.text.morphemes == ANALYZER
    loaded = tf.saved_model.load(str(run.saved_model))
    _, inputs = loaded.signatures["ids"].structured_input_signature
    assert {name: spec.dtype for name, spec in inputs.items()} == {"ids": tf.int32}
    answer = loaded.signatures["ids"](ids=tf.constant([[2, 5, 3, 0], [2, 7, 9, 3], [2, 3, 0, 0]]))
    assert set(answer) == set(TASK.serving.SIGNATURE.outputs)
    np.testing.assert_allclose(answer["probabilities"].numpy().sum(axis=1), 1, atol=1e-6)
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    assert 'signatures["ids"]' in card
    assert ANALYZER in card

    test = read_split(run.corpus / "test.tsv")
    file = tmp_path / "texts.txt"
    file.write_text("".join(f"{text}\n" for text in test["text"]), encoding="utf-8")
    predict = functools.partial(command, run.root, "predict", "--version", settings.run.version)
    outcome = predict("--file", file)
    labels = [line.split("\t")[0] for line in outcome.out.rstrip("\n").split("\n")]
    assert np.mean(labels == test["label"].to_numpy(str)) == pytest.approx(
        read_json(run.run / "metrics.json")["accuracy"]
    )
    for text in ("", "ㅋㅋ 👍🏽", unicodedata.normalize("NFD", "재미있다")):
        assert predict("--text", text).code == 0
    outcome = predict("--text", "정말 재미있는 영화 " * 500)
    assert "longer than the model reads: 1 of 1 text;" in outcome.err

    from pipeline.export.classifier import load_classifier
    from pipeline.models.classifier import predict_logits
    from pipeline.text.tokenizers import load_tokenizer

    texts = ["정말 재미있는 영화 " * 500, *test["text"][:5], "짧다"]
    model = build_model(settings, run.prepared)
    model.load_weights(run.run / "best.weights.h5")
    rows = load_tokenizer(run.prepared).encode(texts).truncated(settings.text.max_length)
    logits = predict_logits(model, rows)
    expected = np.exp(logits.max(axis=1) - np.logaddexp.reduce(logits, axis=1))
    _, scores = load_classifier(run.saved_model)(texts)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["--min-frequency", 100_000], "lower --min-frequency"),
        (["--pieces", "sentencepiece", "--vocabulary-size", 32], "cannot learn 32 pieces"),
    ],
)
def test_settings_that_leave_no_pieces(workspace, command, settings, expected):
    words = ["sentiment", "--corpus", "sample", "--encoder", "none", *settings]
    assert command(workspace.root, "corpus", *words).code == 0
    assert expected in command(workspace.root, "prepare", *words).error
    assert not (workspace.run("sentiment", "default") / "prepared.json").exists()


def test_vocabulary_is_learnt_from_the_training_split_alone(new_run):
    run = new_run("sentiment", QUICK)
    run.do("corpus", "prepare")
    before = (run.prepared / "vocab.txt").read_bytes()
    manifest = Manifest.read(run.run / "corpus.json", CorpusFacts)
    outputs = dict(manifest.outputs)
    for name in ("dev", "test"):
        path = run.corpus / f"{name}.tsv"
        path.write_text(path.read_text("utf-8").replace("\tpos", " 뷁뷁 뷁뷁\tpos"), "utf-8")
        outputs[path.name] = sha256(path)
    dataclasses.replace(manifest, outputs=outputs).write(run.run / "corpus.json")
    run.do("prepare")
    assert "뷁" in (run.corpus / "test.tsv").read_text("utf-8")
    assert (run.prepared / "vocab.txt").read_bytes() == before


def test_unknown_corpus_names_what_there_is(workspace):
    with pytest.raises(UserError, match="nsmc"):
        read(with_corpus(QUICK, "nsmx"), workspace)


def test_folder_called_like_a_corpus_is_in_nobodys_way(workspace, monkeypatch):
    monkeypatch.chdir(workspace.root)
    (workspace.root / "nsmc").mkdir()
    monkeypatch.setattr(labelled, "fetch", lambda *_: (_ for _ in ()).throw(KeyError("asked")))
    with pytest.raises(KeyError, match="asked"):
        read(with_corpus(QUICK, "nsmc"), workspace)
