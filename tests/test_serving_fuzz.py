"""Requests that nobody would send, many of them: no 500, no traceback, and the server lives."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator

import pytest

import served_models
from benchmarks.fuzzed_requests import fuzzed
from running_server import Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("models")
    served_models.half_plus_three(folder / "half_plus_three" / "123")
    served_models.kinds(folder / "kinds" / "1")
    with running(folder) as run:
        yield run


def test_whatever_is_sent_is_answered(server: Running, caplog):
    requests = fuzzed(random.Random(7), ["half_plus_three", "kinds"])
    statuses = {}
    with contextlib.closing(server.connect()) as connection:
        for _ in range(400):
            method, path, body = next(requests)
            connection.request(method, path, body)
            reply = connection.getresponse()
            content = reply.read()
            statuses[reply.status] = statuses.get(reply.status, 0) + 1
            if reply.status >= 400:
                assert json.loads(content).keys() == {"error"}, (method, path, body)
            # A model that gives NaN is the one thing that is a server's fault.
            assert reply.status != 500 or b"NaN" in content, (method, path, body, content)
    assert not [record for record in caplog.records if record.exc_info]
    assert statuses[200] >= 20
    assert statuses[400] >= 100
    assert server.predict("half_plus_three", instances=[1]).json == {"predictions": [3.5]}
