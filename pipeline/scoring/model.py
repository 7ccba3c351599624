"""An exported model for texts, called in a process without our code.

What the workers of a cluster run is sent to them (`pipeline.scoring.job`): they need tensorflow
and tensorflow-text.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

SIGNATURE = "serving_default"
INPUT = "text"


class TextModel:
    """A function from texts to rows: the outputs of the model by name.

    Cells that only fill up a batch are left out (entities of a tagger, pieces of an encoder), so a
    row does not depend on what else was asked.

    Args:
        folder: of the SavedModel; its signature `serving_default` takes `text`.
        fields: names of the outputs that a row has, in this order.

    Example:
        >>> TextModel("saved_models/sentiment/1", ["label", "score"])(["꿀잼ㅋㅋ"])
        [{'label': 'positive', 'score': 0.98}]
    """

    def __init__(self, folder: str, fields: Sequence[str]):
        importlib.import_module("tensorflow_text")  # its ops are in the graph
        self._model = tf.saved_model.load(folder)
        self._serve = self._model.signatures[SIGNATURE]
        self._fields = tuple(fields)
        self._ragged = {
            name
            for name, spec in self._serve.structured_outputs.items()
            if spec.shape.rank > 1 and spec.shape[1] is None
        }

    def __call__(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """One row per text: str, list of str, or a number or an array of NumPy."""
        answers = self._serve(**{INPUT: tf.constant(list(texts), tf.string)})
        outputs = {name: values.numpy() for name, values in answers.items()}
        return rows_of(outputs, self._fields, self._ragged)


def rows_of(
    outputs: Mapping[str, np.ndarray], fields: Sequence[str], ragged: set[str]
) -> list[dict[str, Any]]:
    """A row for each text of a batch.

    Args:
        outputs: name -> [n, ...]; strings as bytes.
        fields: names of those that a row has.
        ragged: names of those whose second axis is as long as the longest row. Strings among them
            are empty where nothing is.

    Example:
        >>> outputs = {"entity": np.array([[b"a", b""]], object), "start": np.array([[3, -1]])}
        >>> rows_of(outputs, ["start"], {"entity", "start"})
        [{'start': array([3])}]
    """
    used = [outputs[name] != b"" for name in sorted(ragged) if outputs[name].dtype == object]
    lengths = np.any(used, axis=0).sum(axis=1) if used else None
    rows = []
    for number in range(len(next(iter(outputs.values())))):
        row = {}
        for name in fields:
            value = outputs[name][number]
            if name in ragged and lengths is not None:
                value = value[: lengths[number]]
            row[name] = _decoded(value)
        rows.append(row)
    return rows


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value.dtype == object:
        return [part.decode("utf-8", "replace") for part in value.tolist()]
    return value
