"""Requests and answers of TensorFlow Serving's REST protocol, as rows of a table.

Each row: what it shows; model (and version, label or verb) in the path; body; status; answer. The
models are in `served_models.py`. An answer that is a string is a part of `error`. The rows are in
`serving_conformance_requests.py` and `serving_conformance_values.py`.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

PREDICT = ":predict"


class Row(NamedTuple):
    """One request and its answer."""

    shows: str
    path: str
    body: Any
    status: int
    answer: Any


def b64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def asked(signature: str, **body: Any) -> dict[str, Any]:
    return {"signature_name": signature, **body}


MANY = {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]}
MANY_TOO = {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]}
COLUMNS = {name: [MANY[name], MANY_TOO[name]] for name in MANY}
NUMBERS = {"whole": [1], "long": [2**40], "small": [255], "yes": [True], "wide": [0.1]}
THREE = "half_plus_three"
KINDS = "kinds"


def body_of(row: Row) -> bytes:
    """What is sent."""
    return row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode()
