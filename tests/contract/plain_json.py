"""Inputs of models as JSON."""

from __future__ import annotations

import base64


def plain(value: object) -> object:
    """What JSON has no word for: arrays, and the bytes of a picture."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.tolist()
