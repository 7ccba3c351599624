"""How many texts are longer than a model reads, seen without cutting most of them."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.reading_limit import ReadingLimit
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.tokenizers import KINDS, learn_tokenizer

CORPUS = ["아주 좋은 영화였다", "정말 재미없다 ㅋㅋ", "e\u0301 한글 ▁ 밑줄 😀"] * 20
# NFC makes two or three of some; others are dropped or joined; ▁ is SentencePiece's own mark.
TEXTS = st.lists(
    st.text(st.sampled_from("가각ㅋ 영화였다▁a!\u0958\ufb1d\U0001d160\u1112\u1161\u200b\u200d😀")),
    max_size=20,
)


@functools.cache
def tokenizer(kind: str) -> Tokenizer:
    return learn_tokenizer(kind, CORPUS, 200)


@pytest.mark.parametrize("kind", KINDS)
@given(texts=TEXTS, max_length=st.integers(3, 12))
def test_as_many_as_if_all_were_cut(kind, texts, max_length):
    limit = ReadingLimit(tokenizer(kind), max_length)
    assert limit.longer(texts) == (tokenizer(kind).encode(texts).lengths > max_length).sum()


def test_short_texts_are_not_cut(monkeypatch):
    cut = []
    limit = ReadingLimit(tokenizer("wordpiece"), 32)
    encode = limit.tokenizer.encode
    monkeypatch.setattr(limit.tokenizer, "encode", lambda texts: cut.extend(texts) or encode(texts))
    assert limit.longer(["아주 좋은 영화였다", "가 " * 40]) == 1
    assert cut == ["가 " * 40]
