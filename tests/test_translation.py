"""The translation task from raw pairs to answers: other directions, models and pieces."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.corpora.splits import read_split
from pipeline.export.translator import load_translator
from pipeline.models.translate import Translate, translate_rows
from pipeline.stages.files import RunFiles
from pipeline.tasks import translation
from pipeline.tasks.base import find_task
from pipeline.text.ragged import Ragged
from pipeline.workspace import read_json

TASK = find_task("translation")
QUICK = dataclasses.replace(
    TASK.tiny,
    training=dataclasses.replace(TASK.tiny.training, epochs=1, batch_size=128),
)


def test_signature_is_the_one_people_rely_on():
    """The table of the design, spelled out: changing it breaks everybody's client."""
    assert TASK.signature.name == "serving_default"
    shapes = {n: f[:2] for n, f in (TASK.signature.inputs | TASK.signature.outputs).items()}
    assert shapes == {
        "text": ("string", "[n]"),
        "translation": ("string", "[n]"),
        "score": ("float32", "[n]"),
    }


def test_served_translations_are_those_that_were_measured(finished):
    run = finished("translation")
    trained = RunFiles.of(TASK, TASK.tiny, run.workspace).trained()
    model = translation._trained_model(TASK.tiny, trained)
    search = Translate(model, **dataclasses.asdict(TASK.tiny.search))
    rows, scores = translate_rows(search, Ragged.load(run.tokens / "test.source.npz"))
    target = translation._tokenizers(run.tokens)["target"]
    expected = [target.decode(rows.row(i).tolist()) for i in range(len(rows))]
    texts = list(read_split(run.corpus / "test.tsv")["text"])
    found, served = load_translator(run.saved_model)(texts)
    assert found == expected
    assert served == pytest.approx(scores.tolist(), abs=1e-4)
    assert any(expected)


@pytest.mark.parametrize(
    ("direction", "model", "text"),
    [
        ("en-ko", {"architecture": "rnn", "cell": "gru"}, {"pieces": "wordpiece"}),
        ("ko-en", {"architecture": "transformer", "units": 32, "heads": 2}, {}),
    ],
)
def test_other_directions_models_and_pieces(new_run, direction, model, text):
    settings = dataclasses.replace(
        QUICK,
        corpus=dataclasses.replace(QUICK.corpus, direction=direction),
        model=dataclasses.replace(QUICK.model, **model),
        text=dataclasses.replace(QUICK.text, **text),
    )
    run = new_run("translation", settings)
    run.do("corpus", "tokenize", "train", "evaluate", "export")
    metrics = read_json(run.run / "metrics.json")
    assert metrics["count"] == 94
    assert ("tok:char" in metrics["bleu_signature"]) == (direction == "en-ko")
    answers = load_translator(run.saved_model)
    texts = ["", "오늘 날씨가 좋아요.", "Hello there.", "👨‍👩‍👧" * 50]
    found, scores = answers(texts)
    assert len(found) == len(scores) == 4
    assert found[0] == ""
    assert scores[0] == 0.0
