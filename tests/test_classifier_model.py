"""The exported classifier under text that nobody prepared."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.splits import read_split
from tests.rounding import FLOAT32

ODD = {
    "empty": "",
    "white space only": " \t\r\n\u3000\u00a0",
    "emoji joined by ZWJ": "👨‍👩‍👧‍👦 최고 🏳️‍🌈 👍🏽",
    "jamo": "ㅋㅋㅠㅠ ㅇㅈ ㄹㅇ ㅡㅡ;;",
    "decomposed": unicodedata.normalize("NFD", "정말 재미있게 봤어요"),
    "Hanja": "中國 映畵 最高 樂",
    "zero width": "재\u200b미\u200c있\ufeff다\u2060",
    "control characters": "재미\x00있\x07다\x1b[31m\x7f\x85",
    "bidirectional": "좋다 \u202e거꾸로\u202c",
    "unassigned and private": "\u0378\ue000\U000fffff",
    "one long word": "가나다" * 3_000,
    "100,000 characters": "정말 재미있는 영화 " * 10_000,
    "other scripts": "Très bien! Очень хорошо. よかった นะ",
    "special pieces": "[PAD] [UNK] [BOS] [EOS] ##다 ▁",
}
BYTES = [
    b"\xff\xfe\xc0\x80",
    "최고".encode("cp949"),
    "최고".encode()[:-1],
    b"\xed\xa0\x80",
    b"\x00",
]


@pytest.fixture(scope="module")
def serve(finished):
    """texts (str or bytes) -> {output: array}, from the SavedModel alone."""
    loaded = tf.saved_model.load(str(finished("sentiment").saved_model))

    def ask(texts):
        answer = loaded.signatures["serving_default"](text=tf.constant(texts, tf.string))
        return {name: value.numpy() for name, value in answer.items()}

    ask.model = loaded  # the signatures live as long as what they came from
    return ask


@pytest.fixture(scope="module")
def reviews(finished) -> list[str]:
    return list(read_split(finished("sentiment").corpus / "test.tsv")["text"])


def check(answer: dict, rows: int) -> None:
    assert answer["probabilities"].shape == (rows, 2)
    assert np.isfinite(answer["probabilities"]).all()
    assert (answer["probabilities"] >= 0).all()
    np.testing.assert_allclose(answer["probabilities"].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(answer["score"], answer["probabilities"].max(axis=1))
    names = np.array([b"negative", b"positive"])
    np.testing.assert_array_equal(answer["label"], names[answer["probabilities"].argmax(axis=1)])


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_odd_text_is_answered(serve, text):
    check(serve([text]), 1)


@pytest.mark.parametrize("raw", BYTES)
def test_bytes_that_are_no_utf8_are_answered(serve, raw):
    check(serve([raw]), 1)
    as_python_reads_it = serve([raw.decode("utf-8", "replace")])
    np.testing.assert_array_equal(
        serve([raw])["probabilities"], as_python_reads_it["probabilities"]
    )


@given(st.lists(st.one_of(st.text(max_size=30), st.binary(max_size=30)), min_size=1, max_size=8))
def test_anything_is_answered(serve, texts):
    texts = [t.encode("utf-8", "replace") if isinstance(t, str) else t for t in texts]
    check(serve(texts), len(texts))


def test_the_model_tells_texts_apart(serve, reviews):
    """Without this, everything below would hold for a model that always says the same."""
    probabilities = serve(reviews)["probabilities"]
    assert np.ptp(probabilities[:, 0]) > 0.2
    assert {b"negative", b"positive"} == set(serve(reviews)["label"])


def test_batch_of_none(serve):
    check(serve([]), 0)


def test_row_alone_and_in_a_batch(serve, reviews):
    texts = [*ODD.values(), *reviews]
    together = serve(texts)["probabilities"]
    alone = np.concatenate([serve([text])["probabilities"] for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_large_batch_in_any_order(serve, reviews):
    """600 rows of lengths from none to very long: more than one pass inside the graph."""
    texts = ([*ODD.values(), *reviews] * 7)[:600]
    assert len(texts) == 600
    straight = serve(texts)["probabilities"]
    check(serve(texts), 600)
    order = np.random.default_rng(1).permutation(len(texts))
    shuffled = serve([texts[i] for i in order])["probabilities"]
    np.testing.assert_allclose(shuffled, straight[order], atol=1e-5)
    small = np.concatenate([serve(texts[i : i + 7])["probabilities"] for i in range(0, 600, 7)])
    np.testing.assert_allclose(small, straight, atol=1e-5)


def test_the_same_text_written_differently(serve, reviews):
    ways = [
        lambda t: unicodedata.normalize("NFD", t),
        lambda t: f"\ufeff  {t}\n",
        lambda t: t.replace(" ", "\u3000\t"),
        lambda t: "\u200b".join(t),
    ]
    texts = [unicodedata.normalize("NFC", t) for t in reviews if "\u200d" not in t]
    plain = serve(texts)["probabilities"]
    for write in ways:
        np.testing.assert_allclose(
            serve(list(map(write, texts)))["probabilities"], plain, atol=1e-5
        )


def test_end_of_a_very_long_text_is_not_read(serve):
    """What the model card says about length, and that what is read before does count."""
    long = "정말 재미있는 영화 " * 2_000
    one, other = (serve([text])["probabilities"] for text in (long, long + "최악 " * 100))
    np.testing.assert_allclose(one, other, **FLOAT32)
    front = serve(["최악 쓰레기 " * 100 + long])["probabilities"]
    assert np.abs(front - one).max() > 1e-4


def test_graph_and_python_read_the_same(serve, finished, reviews):
    """The exported model equals the trained one fed with Python's tokenizer."""
    from pipeline.models.classifier import predict_logits
    from pipeline.tasks.sentiment.training import build_model
    from pipeline.text.tokenizers import load_tokenizer

    run = finished("sentiment")
    model = build_model(run.task.tiny, run.prepared)
    model.load_weights(run.run / "best.weights.h5")
    texts = [*reviews, *(text for text in ODD.values() if len(text) < 200)]
    logits = predict_logits(model, load_tokenizer(run.prepared).encode(texts))
    expected = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    np.testing.assert_allclose(serve(texts)["probabilities"], expected, atol=1e-5)
