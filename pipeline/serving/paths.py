"""The paths of TensorFlow Serving's REST protocol."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.serving.request_error import RequestError

_WHICH = r"(?:/versions/([0-9]+)|/labels/([^/:]+))?"
_ASKED = re.compile(rf"/v1/models/([^/:]+){_WHICH}:(predict|classify|regress|stream)", re.I)
_TOLD = re.compile(rf"/v1/models(?:/([^/:]+))?{_WHICH}(?:/(metadata))?", re.I)


class Target(NamedTuple):
    """The parts of a path: model, version and method.

    Attributes:
        model: its name.
        version: its number; None for the newest, or where a label names it.
        label: a name for a version, or None.
        verb: predict, classify, regress, stream; status or metadata.
    """

    model: str
    version: int | None
    label: str | None
    verb: str


def read_path(method: str, path: str) -> Target:
    """Parses a path /v1/….

    Raises:
        RequestError: nothing.

    Example:
        >>> read_path("POST", "/v1/models/ner/versions/2:predict")
        Target(model='ner', version=2, label=None, verb='predict')
    """
    match = _ASKED.fullmatch(path) if method == "POST" else None
    match = _TOLD.fullmatch(path) if method in ("GET", "HEAD") else match
    if match is None:
        raise RequestError(400, f"Malformed request: {method} {path[:200]}")
    model, version, label, verb = match.groups()
    if model is None:
        raise RequestError(400, "Missing model name in request.")
    if version is not None and int(version[:20]) >= 2**63:
        raise RequestError(400, f"Failed to convert version: {version[:40]} to numeric.")
    number = None if version is None else int(version)
    return Target(model, number, label, (verb or "status").lower())
