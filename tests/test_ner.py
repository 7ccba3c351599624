"""The ner task from raw text to entities: offsets, long and odd texts, heads, other corpora."""

from __future__ import annotations

import dataclasses
import json
import random
import unicodedata

import pytest
import tensorflow as tf

from pipeline.corpora.annotated.entities import read_entities, write_entities
from pipeline.corpora.annotated.inline import parse_inline, to_inline
from pipeline.corpora.settings import EntityCorpusSettings
from pipeline.corpora.splits import read_split
from pipeline.export.tagger import load_tagger
from pipeline.stages.evaluate import name_elsewhere
from pipeline.stages.files import RunFiles
from pipeline.stages.train import RESULTS
from pipeline.tasks.base import find_task
from pipeline.tasks.ner.evaluation import find_entities
from pipeline.text.ragged import Ragged
from pipeline.workspace import SAMPLES, read_json, sha256

TASK = find_task("ner")


@pytest.fixture(scope="module")
def run(finished):
    return finished("ner")


@pytest.fixture(scope="module")
def tag(run):
    return load_tagger(run.saved_model)


@pytest.fixture(scope="module")
def find(run):
    """What Python finds with the same weights."""
    trained = RunFiles.of(TASK, TASK.tiny, run.workspace).trained()
    return lambda texts: find_entities(TASK.tiny, trained, texts)


def sample_texts() -> list[str]:
    lines = SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()
    return [parse_inline(line).text for line in lines]


def odd_texts(count: int) -> list[str]:
    """Sentences of the sample in forms that shift every offset, joined with what has no name."""
    draw = random.Random(3)
    sentences = sample_texts()
    between = [
        " ",
        "  ",
        "\t",
        "\u3000",
        "\u200b",
        " 👨‍👩‍👧 ",
        "🇰🇷",
        "\u00ad",
        " 李舜臣 ",
        " Google ",
        "e\u0301",
        "\n",
    ]
    found = []
    for _ in range(count):
        parts = []
        for sentence in draw.sample(sentences, draw.randint(1, 3)):
            form = draw.choice(("NFC", "NFD", "NFC"))
            parts += [unicodedata.normalize(form, sentence), draw.choice(between)]
        found.append("".join(parts))
    return found


def test_signature_is_the_one_people_rely_on():
    """The table of the design, spelled out: changing it breaks everybody's client."""
    assert TASK.serving.SIGNATURE.name == "serving_default"
    shapes = {
        n: f[:2]
        for n, f in (TASK.serving.SIGNATURE.inputs | TASK.serving.SIGNATURE.outputs).items()
    }
    assert shapes == {
        "text": ("string", "[n]"),
        "entity": ("string", "[n, most]"),
        "label": ("string", "[n, most]"),
        "start": ("int32", "[n, most]"),
        "end": ("int32", "[n, most]"),
    }


def test_it_learns_something_even_from_the_sample(run):
    metrics = read_json(run.run / "metrics.json")
    assert metrics["f1"] > 0.3
    assert metrics["labels"] == ["DT", "LC", "OG", "PS", "TI"]


def test_every_entity_is_what_stands_at_its_offsets(run):
    texts = odd_texts(400)
    serve = tf.saved_model.load(str(run.saved_model)).signatures["serving_default"]
    answer = {name: values.numpy() for name, values in serve(text=tf.constant(texts)).items()}
    checked = 0
    for i, text in enumerate(texts):
        last = 0
        for entity, label, start, end in zip(
            *(answer[name][i] for name in ("entity", "label", "start", "end")), strict=True
        ):
            if start < 0:
                assert (entity, label, end) == (b"", b"", -1)
                continue
            assert entity.decode() == text[start:end]
            assert last <= start < end <= len(text)
            assert label.decode() in ("DT", "LC", "OG", "PS", "TI")
            last, checked = end, checked + 1
    assert checked > 400


def test_graph_and_python_find_the_same(tag, find):
    texts = [*odd_texts(100), "", " ", "ㅋㅋㅋ", "\u200b", "<>:", "a < b: 3:2"]
    assert tag(texts) == find(texts)


def test_decomposed_text_gives_the_same_entities(tag):
    texts = sample_texts()[:100]
    composed = tag(texts)
    decomposed = [unicodedata.normalize("NFD", text) for text in texts]
    for text, nfd, expected, found in zip(
        texts, decomposed, composed, tag(decomposed), strict=True
    ):
        names = [(unicodedata.normalize("NFC", nfd[e.start : e.end]), e.label) for e in found]
        assert names == [(text[e.start : e.end], e.label) for e in expected]


def test_a_text_alone_and_in_a_batch(tag):
    texts = sample_texts()[:40]
    assert [tag([text])[0] for text in texts] == tag(texts)


def test_five_thousand_syllables(tag, find):
    text = " ".join(sample_texts())[:5000]
    (found,) = tag([text])
    assert [found] == find([text])
    assert found[-1].end > 4500
    assert all(text[e.start : e.end].strip() == text[e.start : e.end] for e in found)


def test_no_text_at_all(tag):
    assert tag([]) == []
    assert tag(["", "   "]) == [[], []]


def test_bytes_that_are_no_utf_8(run):
    serve = tf.saved_model.load(str(run.saved_model)).signatures["serving_default"]
    rng = random.Random(5)
    odd = [b"\xff\xfe" + "김민수가 서울에 갔다".encode()]
    for text in sample_texts()[:60]:
        raw = bytearray(text.encode())
        for _ in range(3):
            # half a syllable, and bytes that begin, go on with or are no character at all
            at = rng.randrange(len(raw))
            raw[at : at + rng.randint(0, 2)] = rng.choice([b"\xed\xa0", b"\xff", b"\xb0", b""])
        odd.append(bytes(raw))
    texts = [raw.decode("utf-8", "replace") for raw in odd]
    assert sum("\ufffd" in text for text in texts) > 50
    answer = {name: values.numpy() for name, values in serve(text=tf.constant(odd)).items()}
    assert answer["start"].shape[0] == len(odd)
    checked = 0
    for text, entities, starts, ends in zip(
        texts, *(answer[name] for name in ("entity", "start", "end")), strict=True
    ):
        for entity, start, end in zip(entities, starts, ends, strict=True):
            if start >= 0:
                assert entity.decode("utf-8") == text[start:end]
                checked += 1
    assert checked > 30


def test_parts_of_long_rows():
    rows = Ragged.from_lists([[1, 2, 3, 4, 5], [], [6], [7, 8]])
    parts = rows.in_parts(2)
    assert [parts.row(i).tolist() for i in range(len(parts))] == [
        [1, 2], [3, 4], [5], [], [6], [7, 8],
    ]  # fmt: skip
    framed = parts.framed(2, 3)
    assert framed.unframed().ids.tolist() == rows.ids.tolist()
    assert Ragged.from_lists([]).in_parts(3).ids.tolist() == []


def test_rows_in_parts_softmax_head_two_layers_and_no_runs_of_pieces(variant):
    """With rows this short nearly every sentence is cut; offsets and metrics still agree."""
    run = variant("ner-0")
    settings = run.task.tiny
    assert (settings.text.max_length, settings.text.max_ngram_length) == (12, 1)
    assert (settings.model.head, settings.model.layers) == ("softmax", 2)
    details = read_json(run.run / "prepared.json")["facts"]["details"]
    assert details["test"]["sentences in parts"] > 30
    assert read_json(run.run / "metrics.json")["f1"] > 0.2
    trained = RunFiles.of(run.task, settings, run.workspace).trained()
    tag, odd = load_tagger(run.saved_model), odd_texts(20)
    texts = [*read_split(run.corpus / "test.tsv")["text"], *odd]
    found = tag(texts)
    assert found == find_entities(settings, trained, texts)
    for text, entities in zip(odd, found[-20:], strict=True):
        assert read_entities(write_entities(entities)) == entities
        assert all(0 <= e.start < e.end <= len(text) for e in entities)


def test_something_must_read_from_piece_to_piece(workspace, command):
    words = ["ner", "--corpus", "sample", "--encoder", "none", "--layers", 0]
    assert command(workspace.root, "corpus", *words).code == 0
    assert "add --layers 1" in command(workspace.root, "prepare", *words).error


def test_predictor_marks_the_sentence(run):
    predict = TASK.serving.load(run.saved_model)
    texts = sample_texts()[:20]
    lines = predict(texts)
    parsed = [parse_inline(line) for line in lines]
    assert [p.text for p in parsed] == [" ".join(text.split()) for text in texts]
    assert sum(len(p.entities) for p in parsed) > 5


def test_measured_on_a_corpus_of_others(run, tmp_path, command):
    copy = run.copy(tmp_path)
    lines = SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()
    other = tmp_path / "others.txt"
    other.write_text("\n".join(lines[:60]) + "\n", encoding="utf-8")
    done = command(copy.root, "evaluate", "ner", *copy.words(), "--on", "others.txt")
    assert done.code == 0, done.err
    written = {path.name for path in copy.run.iterdir()} - {path.name for path in run.run.iterdir()}
    assert written == {"elsewhere"} <= set(RESULTS), "changed settings set it aside"
    name = name_elsewhere("others.txt", copy.root)
    pair = {f"{name}.json", f"{name}.html"}
    assert {path.name for path in (copy.run / "elsewhere").iterdir()} == pair
    metrics = read_json(copy.run / "elsewhere" / f"{name}.json")
    assert metrics["count"] == 60
    assert metrics["f1"] > 0.3, "these are mostly sentences it was trained on"
    assert metrics["weights"] == sha256(copy.run / "best.weights.h5")
    assert "warning" not in done.err
    report = (copy.run / "elsewhere" / f"{name}.html").read_text(encoding="utf-8")
    assert "measured on 60 test sentences of others.txt" in report
    assert (copy.run / "metrics.json").read_bytes() == (run.run / "metrics.json").read_bytes()


def test_measured_on_labels_in_another_spelling(run, tmp_path, command):
    copy = run.copy(tmp_path)
    sentences = SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()[:60]
    copy.root.joinpath("same.txt").write_text("\n".join(sentences), encoding="utf-8")
    parsed = list(map(parse_inline, sentences))
    objects = [
        {"text": text, "label": [[e.start, e.end, e.label.lower()] for e in entities]}
        for text, entities in parsed
    ]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)
    copy.root.joinpath("small.jsonl").write_text(lines, encoding="utf-8")
    scores = {}
    for file in ("same.txt", "small.jsonl"):
        done = command(copy.root, "evaluate", "ner", *copy.words(), "--on", file)
        assert done.code == 0, done.err
        assert "warning" not in done.err
        name = name_elsewhere(file, copy.root)
        scores[file] = read_json(copy.run / "elsewhere" / f"{name}.json")["f1"]
    assert scores["small.jsonl"] == scores["same.txt"] > 0


@pytest.mark.parametrize(
    ("sentences", "named"),
    [
        (["<서울:CITY>에 간다", "<김치:FOOD>를 먹는다"], ["CITY, FOOD", "PS"]),
        (["<서울:LC>에 간다", "<김치:FOOD>를 먹는다"], ["FOOD"]),
        (["<아이폰:POH>을 샀다"], ["POH", "PS"]),  # of a known system, but no counterpart
        (["서울에 간다"], ["no entity"]),
    ],
)
def test_labels_that_the_model_does_not_know_are_seen_at_once(
    run, tmp_path, command, sentences, named
):
    copy = run.copy(tmp_path)
    (tmp_path / "others.txt").write_text("\n".join(sentences * 5) + "\n", encoding="utf-8")
    done = command(copy.root, "evaluate", "ner", *copy.words(), "--on", "others.txt")
    assert done.code == 0, done.err
    (warning,) = [line for line in done.err.split("\n") if line.startswith("warning: ")]
    assert all(name in warning for name in named)
    (page,) = (copy.run / "elsewhere").glob("*.html")
    assert named[0] in page.read_text(encoding="utf-8")
    assert "nan" not in done.err


def test_a_corpus_to_measure_on_that_is_not_there(run, tmp_path, command):
    copy = run.copy(tmp_path)
    assert (
        "no corpus is called 'kleu'"
        in command(copy.root, "evaluate", "ner", *copy.words(), "--on", "kleu").error
    )


def test_a_users_own_files(new_run, tmp_path):
    """Inline sentences and BIO columns of the same text make the same splits."""
    lines = SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()[:80]
    inline = tmp_path / "mine.txt"
    inline.write_text(
        "\n".join([*lines, "", "<김민수:PS가 왔다.", "<<김민수:PS>:OG> 왔다."]) + "\n",
        encoding="utf-8",
    )
    columns = tmp_path / "mine.conll"
    blocks = []
    for line in lines:
        text, entities = parse_inline(line)
        tags = ["O"] * len(text)
        for start, end, label in entities:
            tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
        blocks.append("".join(f"{c}\t{t}\n" for c, t in zip(text, tags, strict=True)))
    columns.write_text("\n".join(blocks), encoding="utf-8")
    read = {}
    for path in (inline, columns):
        settings = dataclasses.replace(TASK.tiny, corpus=EntityCorpusSettings(str(path)))
        run = new_run("ner", settings)
        run.do("corpus")
        read[path] = [read_split(run.corpus / f"{s}.tsv") for s in ("train", "dev", "test")]
        rejected = (run.corpus / "rejects.tsv").read_text(encoding="utf-8").splitlines()[1:]
        assert len(rejected) == (2 if path == inline else 0), rejected
    for one, other in zip(*read.values(), strict=True):
        columns_of = ["text", "label"]
        assert one[columns_of].equals(other[columns_of])
    frame = read[inline][0]
    back = [
        to_inline(t, read_entities(c)) for t, c in zip(frame["text"], frame["label"], strict=True)
    ]
    assert set(back) <= set(lines)
