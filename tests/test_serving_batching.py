"""What waits for a model, with a model of numpy that notes what it is called with."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.answer_json import to_json
from pipeline.serving.batching import SignatureQueue
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import RowRules
from pipeline.serving.settings import BatchingSettings


class Stop:
    """Notes that it was stopped."""

    def __init__(self):
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class Model:
    """Doubles numbers and measures texts; a text that is a number takes as many milliseconds."""

    def __init__(self):
        self.calls: list[int] = []
        self.stops: list[Stop] = []

    def __call__(self, tensors, stop=None):
        text = tensors["text"]
        self.calls.append(len(text))
        if b"bad" in text:
            raise RequestError(400, "bad")
        for value in text:
            if value.isdigit():
                time.sleep(int(value) / 1000)
        return {"text": text, "size": np.array([len(value) for value in text])}

    def new_stop(self) -> Stop:
        self.stops.append(Stop())
        return self.stops[-1]

    def called(self, rows, seconds) -> None:
        pass

    def waiting(self, requests) -> None:
        pass


def tensors(texts: list[str]) -> dict:
    array = np.empty(len(texts), object)
    array[:] = [text.encode() for text in texts]
    return {"text": array}


def together(requests: list[list[str]], rules: RowRules | None = RowRules(), **settings):  # noqa: B008
    """The answers to requests that are asked one right after the other, and the model."""
    model = Model()

    async def ask():
        queue = SignatureQueue(
            model, rules, BatchingSettings(**settings), pool, model.new_stop, model
        )
        asked = [queue.ask(tensors(texts), to_json) for texts in requests]
        return await asyncio.gather(*asked, return_exceptions=True)

    with ThreadPoolExecutor(8) as pool:
        answers = asyncio.run(ask())
    return [a if isinstance(a, RequestError) else json.loads(a) for a in answers], model


texts = st.lists(st.sampled_from(["", "가", "abc", "bad", "x" * 20_000]), min_size=1, max_size=40)


@given(st.lists(texts, min_size=1, max_size=12), st.integers(1, 70), st.booleans())
def test_each_has_its_own_answer(requests, largest, alone):
    answers, _ = together(requests, None if alone else RowRules(), largest_batch=largest)
    for asked, answer in zip(requests, answers, strict=True):
        if "bad" in asked:
            assert answer.status == 400
        else:
            assert answer == {"text": asked, "size": [len(text.encode()) for text in asked]}


def test_what_waits_goes_together():
    _, model = together([["20"]] + [["a"]] * 10)
    assert model.calls == [11]


def test_no_more_rows_than_the_largest_batch():
    _, model = together([["20"]] + [["a", "b"]] * 5, largest_batch=4)
    assert model.calls == [3, 4, 4]


def test_a_request_waits_for_others_where_told():
    _, model = together([["a"]] * 3, longest_wait=30.0)
    assert model.calls == [3]
    _, model = together([["a"]] * 4, longest_wait=1000.0, largest_batch=2)
    assert model.calls == [2, 2]


def test_large_requests_take_turns():
    """One of many parts does not keep one of two parts waiting for all of them."""
    order = []
    model = Model()

    async def ask():
        queue = SignatureQueue(model, RowRules(), BatchingSettings(), pool, model.new_stop, model)

        async def noted(name: str, count: int) -> None:
            await queue.ask(tensors(["a"] * count), to_json)
            order.append(name)

        await asyncio.gather(noted("many", 5000), noted("few", 600), noted("one", 1))

    with ThreadPoolExecutor(8) as pool:
        asyncio.run(ask())
    assert order == ["one", "few", "many"]
    assert max(model.calls) == 512


def test_too_many_wait():
    answers, _ = together([["20"], ["a"], ["b"], ["c"]], queue=2)
    assert [getattr(answer, "status", 200) for answer in answers] == [200, 200, 429, 429]


@pytest.mark.parametrize("rules", [RowRules(), None])
def test_too_late(rules):
    slow = ["50"] * 40
    answers, model = together([slow, ["a"]], rules, deadline=1.0)
    assert answers[0].status == 504
    assert answers[1] == {"text": ["a"], "size": [1]}
    assert model.stops[0].stopped


def test_more_rows_than_may_be():
    answers, model = together([["a"] * 100_001])
    assert answers[0].status == 413
    assert not model.calls
