"""Writes a model as an ONNX file, from ids to numbers. The only module that needs tf2onnx."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import onnx
import tensorflow as tf
import tf2onnx

from pipeline.export.ids_model import IdsModel
from pipeline.export.onnx_search import lower_bound
from pipeline.layers.recurrent import loops_of_keras
from pipeline.workspace import atomic_file

OPSET = 18
"""Every ONNX Runtime since 1.14 (2023) reads it."""
NAMES = "names"
"""Key of the metadata that hold, as JSON, what the last axis of the output means."""

OPERATIONS = {"LowerBound": (lower_bound, [])}
"""What tf2onnx must be told how to write."""


def write_onnx(model: IdsModel, path: Path) -> None:
    """Writes the model to `path`.

    `ids` int32 [n, time], each row `[BOS] … [EOS]`, right-padded with 0, come in; the output of
    `model` comes out, and its constants under their names, whatever the ids are.
    """

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, name="ids")])
    def answer(ids: tf.Tensor) -> dict[str, tf.Tensor]:
        lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
        numbers = model.model({"ids": ids, "lengths": lengths}, training=False)
        return {
            model.output: tf.cast(numbers, tf.float32),
            **{name: tf.constant(array) for name, array in model.constants.items()},
        }

    with _quiet(), loops_of_keras():
        converted, _ = tf2onnx.convert.from_function(
            answer,
            input_signature=answer.input_signature,
            opset=OPSET,
            custom_op_handlers=OPERATIONS,
        )
    _name_axes(converted.graph, model.output)
    onnx.helper.set_model_props(
        converted, {NAMES: json.dumps(list(model.names), ensure_ascii=False)}
    )
    onnx.checker.check_model(converted, full_check=True)
    with atomic_file(path) as temporary:
        onnx.save(converted, str(temporary))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the logs of tf2onnx and TensorFlow; problems are found by checking the file."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _name_axes(graph: onnx.GraphProto, output: str) -> None:
    """Names the axes of variable length n and time, in inputs and outputs."""
    for value in (*graph.input, *(value for value in graph.output if value.name == output)):
        axes = value.type.tensor_type.shape.dim
        for axis, name in zip(axes, ("n", "time"), strict=False):
            if axis.dim_param:
                axis.dim_param = name
