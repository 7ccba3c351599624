"""A refused request: an HTTP status and one sentence."""

from __future__ import annotations

import json


class RequestError(Exception):
    """The reason why a request is refused.

    Attributes:
        status: HTTP status: 400 what was asked is wrong, 401 no token, 404 no such model, 408 too
            slow, 413 too large, 429 too many wait already, 499 the connection was closed, 500 the
            model failed, 501 not supported, 503 not yet or no longer served, 504 not in time.
        what: one sentence for whoever asked.
    """

    def __init__(self, status: int, what: str):
        self.status, self.what = status, what
        super().__init__(what)

    @property
    def body(self) -> bytes:
        """`{"error": …}`."""
        return json.dumps({"error": self.what}, ensure_ascii=False).encode("utf-8", "replace")


def shortened_value(value: object, characters: int = 60) -> str:
    """A value of a request for an error message: as JSON, shortened if it is long."""
    if isinstance(value, str):
        value = value[: characters + 1]
    elif isinstance(value, list | dict) and len(value) > 8:
        return f"a list of {len(value):,}" if isinstance(value, list) else "a large object"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= characters else f"{text[:characters]}…"
