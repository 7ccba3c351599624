from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.annotated.entities import Entity
from pipeline.corpora.labelled.reviews import read_sample
from pipeline.export.classifier import export_classifier
from pipeline.export.model_card import ModelCard, code_span, render_card
from pipeline.export.saved_model import load_asker
from pipeline.export.split_batches import PartSize, map_sorted, map_sorted_pieces, map_sorted_texts
from pipeline.export.tagger import served_entities
from pipeline.fields import Tensor
from pipeline.models.classifier import predict_logits, recurrent_classifier
from pipeline.models.settings import ClassifierSettings
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.workspace import SAMPLES
from tests.rounding import FLOAT32

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=12), max_size=20)


def fingerprint(ids, lengths):
    """A function of a row alone: its length, its sum, its first id; blind to padding."""
    ids = tf.cast(ids, tf.float32)
    first = ids[:, 0] if ids.shape[1] else tf.zeros([tf.shape(ids)[0]])
    return tf.stack([tf.cast(lengths, tf.float32), tf.reduce_sum(ids, 1), first], axis=1)


def ragged_of(rows: list[list[int]]) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(
        tf.constant([i for row in rows for i in row], tf.int32),
        np.cumsum([0, *map(len, rows)]),
    )


@settings(max_examples=15)
@given(ROWS, st.builds(PartSize, st.integers(1, 7), st.integers(1, 40)))
def test_each_row_gets_its_own_result(rows, at_once):
    sizes = []

    def remembered(ids, lengths):
        sizes.append(tuple(ids.shape))
        return fingerprint(ids, lengths)

    result = map_sorted(ragged_of(rows), remembered, 3, at_once).numpy()
    expected = [[len(row), sum(row), row[0] if row else 0] for row in rows]
    np.testing.assert_array_equal(result, np.array(expected, np.float32).reshape(-1, 3))
    assert sum(count for count, _ in sizes) == len(rows)
    assert all(count <= at_once.rows for count, _ in sizes)
    assert all(count * time <= at_once.positions or count == 1 for count, time in sizes)


@settings(max_examples=15)
@given(ROWS, st.builds(PartSize, st.integers(1, 7), st.integers(1, 40)))
def test_each_id_and_each_text_gets_its_own_result(rows, at_once):
    doubled = map_sorted_pieces(ragged_of(rows), lambda ids, _: 2 * ids, at_once)
    assert doubled.to_list() == [[2 * i for i in row] for row in rows]

    def written(ids, lengths, numbers):
        return tf.strings.join([tf.strings.as_string(lengths), tf.strings.as_string(numbers)], " ")

    texts = map_sorted_texts(ragged_of(rows), written, 3, at_once)
    assert texts.numpy().tolist() == [f"{len(row)} {i}".encode() for i, row in enumerate(rows)]


def test_rows_that_cannot_be_too_long_are_not_counted():
    size = PartSize(4, 40)
    assert size.for_rows(10) == PartSize(4, None)
    assert size.for_rows(11) == size
    rows = [[1] * n for n in (3, 1, 4, 1, 5, 9)]
    result = map_sorted(ragged_of(rows), fingerprint, 3, size.for_rows(10)).numpy()
    assert result[:, 0].tolist() == [3, 1, 4, 1, 5, 9]


def test_the_padded_size_of_rows_of_millions_is_no_overflow():
    rows = [[1] * 3_000_000, *[[1]] * 3]
    lengths = map_sorted(
        ragged_of(rows), lambda _, lengths: tf.cast(lengths, tf.float32)[:, None], 1,
        PartSize(2_000, 2**22),
    )  # fmt: skip
    assert lengths.numpy().tolist() == [[3e6], [1], [1], [1]]


def test_long_rows_cost_only_their_own_batch():
    """63 short rows beside a long one are not padded to its length."""
    widths = []

    def remember(ids, lengths):
        widths.append(ids.shape)
        return tf.zeros([tf.shape(ids)[0], 1])

    rows = tf.ragged.constant([[1] * n for n in [500, *[5] * 64, *[3] * 63]], dtype=tf.int32)
    map_sorted(rows, remember, 1, PartSize(64, 64 * 500))
    assert sorted((tuple(shape) for shape in widths), key=lambda s: s[1]) == [(64, 5), (64, 500)]


@pytest.mark.parametrize("morphemes", [None, "kiwi"])
def test_an_asker_takes_texts_whatever_the_signature(tmp_path, morphemes):
    if morphemes:
        pytest.importorskip("kiwipiepy")
    reviews = list(read_sample(SAMPLES / "sentiment.tsv").frame["text"])
    tokenizer = learn_tokenizer("wordpiece", reviews[:300], 400, morphemes=morphemes)
    keras.utils.set_random_seed(1)
    model = recurrent_classifier(
        ClassifierSettings(cell="bag", embedding_size=8),
        vocabulary_size=len(tokenizer.vocabulary),
        classes=3,
    )
    exported = export_classifier(model, tokenizer, ["가", "나", "다"], tmp_path, max_length=64)
    assert exported.signatures == (("ids",) if morphemes else ("serving_default",))
    ask = load_asker(tmp_path)
    texts = ["", "정말 재미있는 영화였어요!", *reviews[300:330]]
    answer = ask(texts)
    rows = tokenizer.encode(texts).truncated(64)
    expected = keras.ops.softmax(predict_logits(model, rows))
    assert set(answer) == {"label", "score", "probabilities"}
    np.testing.assert_allclose(answer["probabilities"], expected, **FLOAT32)
    said = ["가나다"[best].encode() for best in np.argmax(expected, axis=1)]
    assert answer["label"].tolist() == said
    assert len(set(said)) > 1, "the model tells texts apart"
    assert {name: values.shape for name, values in ask([]).items()} == {
        "label": (0,),
        "score": (0,),
        "probabilities": (0, 3),
    }


def test_served_entities_leave_out_unused_cells():
    answer = {
        "start": np.array([[0, 7], [-1, -1], [3, -1]], np.int32),
        "end": np.array([[3, 9], [-1, -1], [5, -1]], np.int32),
        "label": np.array([["인물".encode(), b"LC"], [b"", b""], [b"OG", b""]], object),
    }
    assert served_entities(answer) == [
        [Entity(0, 3, "인물"), Entity(7, 9, "LC")],
        [],
        [Entity(3, 5, "OG")],
    ]
    assert served_entities({name: cells[:, :0] for name, cells in answer.items()}) == [[], [], []]


CARD = ModelCard(
    task="sentiment",
    summary="A review in.",
    folder="saved_models/sentiment/1",
    facts={"labels": "a | b, `c`"},
    corpus={"learnt from": "my\nfile.tsv", "source": ""},
    warnings=["It is only a sample."],
    measured="accuracy 0.5 on 10 texts",
    metrics={"accuracy": 0.5, "count": 12345},
    signature="serving_default",
    inputs={"text": Tensor("string", "[n]", "reviews")},
    outputs={"label": Tensor("string", "[n]", "the label")},
    example={"text": repr(['"따옴표"와 \\ 역슬래시'])},
    imports=(),
    about_text=True,
    limits=["Nothing else."],
    command="make train-sentiment",
    versions={"tensorflow": "2.21.0"},
)


def test_model_card_shows_what_it_is_given():
    text = render_card(CARD)
    for line in (
        "> **Warning.** It is only a sample.",
        "| labels | `` a \\| b, `c` `` |",
        "| learnt from | `my file.tsv` |",
        "| source | — |",
        "| accuracy | 0.5000 |",
        "| count | 12,345 |",
        "| out | `label` | string | [n] | the label |",
        "- Nothing else.",
    ):
        assert line in text.split("\n"), line
    example = text.split("```python\n")[1].split("```")[0]
    compile(example, "card", "exec")
    assert CARD.example["text"] in example


@pytest.mark.parametrize("text", ["a", "`", "``a", "a` b `` c", "x|y", "  two   words "])
def test_code_spans_hold_any_text(text):
    """CommonMark 6.1: the fence is a run of backticks that does not occur inside."""
    span = code_span(text)
    fence = len(span) - len(span.lstrip("`"))
    inner = span[fence:-fence]
    assert "`" * fence not in inner
    if inner[0] == inner[-1] == " ":
        inner = inner[1:-1]
    assert inner.replace("\\|", "|") == " ".join(text.split())
