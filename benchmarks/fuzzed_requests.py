"""Sends random requests to a running server, most of them almost valid.

Start the server first; `--models` are the models it serves:

    python -m benchmarks.fuzzed_requests --port 8501 --requests 100000 --models sentiment,ner

It prints the number of answers with each status, and fails at the first status 500, at an error
that is no JSON, or if the server has ended.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.client
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.tables import print_table

Request = tuple[str, str, bytes]

_STRINGS = (
    "",
    "가",
    "진짜 재미있어요",
    "\u200b",
    "\ud800",
    "\0",
    "e\u0301",
    "👩‍👩‍👧",
    "NaN",
    "a" * 500,
)
_NUMBERS = (0, 1, -1, 1.5, 2**24 + 1, 2**31, 2**63, 2**64, 1e39, -1e308, 10**30, 1e-320)
_NAMES = (
    *("instances", "inputs", "examples", "signature_name", "context", "b64", "text", "prompt"),
    *("x", "tag", "signal", "sensor", "image", "length", "temperature", "seed", "times"),
)
_SIGNATURES = (
    *("serving_default", "entities", "text_vectors", "n_best", "words", "flat", "images"),
    *("strict", "repeated", "tensorflow/serving/regress", "classify_x_to_y", "nothing", ""),
)
_MAX = 64
"""Largest length or number of repetitions; larger ones would take minutes."""


def fuzzed(chance: random.Random, models: Sequence[str]) -> Iterator[Request]:
    """Yields method, path and body of requests; the same for the same seed."""
    while True:
        method = (
            "POST" if chance.random() < 0.9 else chance.choice(["GET", "PUT", "HEAD", "DELETE"])
        )
        body = json.dumps(_body(chance)).encode()
        if chance.random() < 0.2:
            body = _broken(chance, body)
        yield method if method != "HEAD" else "GET", _path(chance, models), body


def _path(chance: random.Random, models: Sequence[str]) -> str:
    if chance.random() < 0.7:
        return f"/v1/models/{chance.choice(models)}:predict"
    model = chance.choice([*models, *models, "nothing", "", "%EA%B0%80", "a:b", ".."])
    which = chance.choice(["", "", "", "/versions/1", "/versions/123", "/versions/0", "/labels/x"])
    verb = chance.choice([":predict"] * 6 + [":classify", ":regress", ":stream", ":", "/metadata"])
    path = f"/v1/models/{model}{which}{verb}"
    return path if chance.random() < 0.95 else path[: chance.randrange(1, len(path))]


def _body(chance: random.Random) -> Any:
    if chance.random() < 0.1:
        return _value(chance, 3)
    if chance.random() < 0.5:
        return _right(chance)
    key = chance.choice(["instances", "instances", "inputs", "examples"])
    body = {key: _rows(chance)}
    if chance.random() < 0.4:
        body["signature_name"] = chance.choice(_SIGNATURES)
    if chance.random() < 0.05:
        body[chance.choice(_NAMES)] = _value(chance, 2)
    return body


def _right(chance: random.Random) -> dict[str, Any]:
    """A body that is valid for some signature."""
    count = chance.randrange(1, 5)
    strings = [chance.choice(_STRINGS) for _ in range(count)]
    numbers = [chance.randrange(-9, 9) / 2 for _ in range(count)]
    names = ("serving_default", "words", "flat", "strict", "images", "entities", "text_vectors")
    return chance.choice(
        [
            {"instances": strings},
            {"instances": numbers},
            {"signature_name": chance.choice(names), "inputs": strings},
            {"signature_name": "logarithm", "instances": numbers},
            {"signature_name": "repeated", "inputs": {"text": strings, "times": count}},
            {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.5}] * count},
        ]
    )


def _rows(chance: random.Random) -> Any:
    """Rows that are often valid for some signature."""
    kind = chance.randrange(6)
    count = chance.randrange(4)
    if kind == 0:
        return [chance.choice(_STRINGS) for _ in range(count)]
    if kind == 1:
        return [chance.choice(_NUMBERS) for _ in range(count)]
    if kind == 2:
        return {
            "prompt": [chance.choice(_STRINGS)],
            "length": chance.randrange(-1, _MAX),
            "temperature": chance.choice([0, 1, 0.5, -1]),
            "seed": 1,
        }
    if kind == 3:
        return {chance.choice(_NAMES): _value(chance, 2) for _ in range(count)}
    if kind == 4:
        return [{"b64": chance.choice(["", "YQ==", "YQ", "!", "A"])} for _ in range(count)]
    return _value(chance, 3)


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(7 if depth else 5)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind == 2:
        return min(chance.choice(_NUMBERS), _MAX) if depth < 2 else chance.choice(_NUMBERS)
    if kind in (3, 4):
        return chance.choice(_STRINGS)
    if kind == 5:
        return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(_NAMES): _value(chance, depth - 1) for _ in range(chance.randrange(3))}


def _broken(chance: random.Random, body: bytes) -> bytes:
    """A body with a byte changed, removed or inserted."""
    if not body:
        return b"\xff"
    place = chance.randrange(len(body))
    kind = chance.randrange(4)
    if kind == 0:
        return body[:place]
    if kind == 1:
        return body[:place] + bytes([chance.randrange(256)]) + body[place + 1 :]
    if kind == 2:
        return (
            body[:place]
            + chance.choice([b"NaN", b"Infinity", b"[" * 3000, b"9" * 400])
            + body[place:]
        )
    return body * 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--models", default="sentiment")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    requests = fuzzed(random.Random(arguments.seed), arguments.models.split(","))
    statuses: collections.Counter[int] = collections.Counter()
    to = http.client.HTTPConnection("127.0.0.1", arguments.port, timeout=120)
    with contextlib.closing(to):
        for number in range(arguments.requests):
            method, path, body = next(requests)
            to.request(method, path, body)
            reply = to.getresponse()
            content = reply.read()
            statuses[reply.status] += 1
            failed = reply.status == 500 or (reply.status >= 400 and b'"error"' not in content)
            if failed:
                raise SystemExit(f"request {number}: {method} {path} {body!r}: {content!r}")
    rows = [[str(status), f"{count:,}"] for status, count in sorted(statuses.items())]
    print_table(
        f"{arguments.requests:,} requests, seed {arguments.seed}", ["status", "how often"], rows
    )


if __name__ == "__main__":
    main()
