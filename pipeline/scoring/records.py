"""Rows of answers in the forms of Parquet and of `tf.train.Example`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Row = Mapping[str, Any]
"""Where a text stood, the text, and what `TextModel` gives."""


def python_values(value: Any) -> Any:
    """Numbers and arrays of NumPy as Python's numbers and lists."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def tf_example(row: Row) -> bytes:
    """A serialized `tf.train.Example`: strings as bytes, numbers as a flat list (arrays are
    flattened)."""
    features = {name: _feature(value) for name, value in row.items()}
    message = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(message.SerializeToString())


def _feature(value: Any) -> tf.train.Feature:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        strings = [text.encode("utf-8") for text in value]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=strings))
    numbers = np.atleast_1d(value).ravel()
    if numbers.dtype.kind == "f":
        return tf.train.Feature(float_list=tf.train.FloatList(value=numbers))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))


def feature_text(feature: tf.train.Feature) -> str:
    """The first value of a feature as text; "" where there is none."""
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    if not values:
        return ""
    first = values[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
