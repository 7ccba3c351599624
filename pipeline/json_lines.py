"""Answers of models as lines of JSON, and their numbers with as few digits as say the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def json_line(answer: Mapping[str, Any]) -> str:
    """One line of JSON, Hangul as Hangul.

    Args:
        answer: values of JSON, and arrays and numbers of NumPy in any place among them.

    Example:
        >>> json_line({"label": "긍정", "score": np.float32(0.1)})
        '{"label": "긍정", "score": 0.1}'
    """
    return json.dumps(answer, ensure_ascii=False, default=_of_numpy)


def shortest(value: np.floating[Any] | npt.NDArray[np.floating[Any]]) -> Any:
    """A number as a float of Python, or an array as lists of them, whose digits are the fewest that
    are read back as the same number of its type: float32 0.1 as 0.1, not as 0.10000000149011612.
    """
    return value.astype(str).astype(np.float64).tolist()


def _of_numpy(value: Any) -> Any:
    return shortest(value) if value.dtype.kind == "f" else value.tolist()
