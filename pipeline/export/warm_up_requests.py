"""Requests with which a server warms up a SavedModel after loading it.

The file is TensorFlow Serving's (https://www.tensorflow.org/tfx/serving/saved_model_warmup): a
TFRecord of `PredictionLog` messages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from pipeline.errors import UserError
from pipeline.export.saved_model import signature_defs
from pipeline.workspace import atomic_file

WARM_UP = Path("assets.extra", "tf_serving_warmup_requests")
"""In a SavedModel."""
DEFAULT = "serving_default"
_STRING = tf.string.as_datatype_enum


@dataclasses.dataclass(frozen=True)
class WarmUpRequest:
    """A request to warm up a model.

    Attributes:
        signature: that is asked.
        inputs: name -> values; strings as bytes.
    """

    signature: str
    inputs: Mapping[str, npt.NDArray[Any]]


def write_warm_up(folder: Path, model: str, example: Mapping[str, Any]) -> None:
    """Writes a request for each signature of the SavedModel in `folder`; no file if there is none.

    Numbers that the example does not speak of (the state in which a stream begins) are one row of
    zeros. A signature that takes strings of which it does not speak gets no request: a server does
    not load a model that has no answer to one, and an empty string is no picture.

    Args:
        model: what a server calls it.
        example: name of an input -> its values.
    """
    logs = []
    for name, signature in sorted(signature_defs(folder).items()):
        inputs = signature.inputs
        if any(inputs[key].dtype == _STRING for key in inputs.keys() - example.keys()):
            continue
        request = predict_pb2.PredictRequest(
            model_spec=model_pb2.ModelSpec(name=model, signature_name=name),
            inputs={key: _tensor(info, example.get(key)) for key, info in inputs.items()},
        )
        logs.append(
            prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
        )
    if not logs:
        return
    with atomic_file(folder / WARM_UP) as temporary, tf.io.TFRecordWriter(str(temporary)) as file:
        for log in logs:
            file.write(log.SerializeToString(deterministic=True))


def _tensor(info: meta_graph_pb2.TensorInfo, value: Any) -> Any:
    dtype = tf.dtypes.as_dtype(info.dtype)
    if value is None:
        shape = [max(1, dim.size) for dim in info.tensor_shape.dim]
        value = np.zeros(shape, dtype.as_numpy_dtype)
    return tf.make_tensor_proto(value, dtype)


def read_warm_up(folder: Path) -> list[WarmUpRequest]:
    """The predictions that the SavedModel in `folder` is to be warmed with; none where there is no
    such file.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / WARM_UP
    if not path.is_file():
        return []
    try:
        records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
        logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
        return [
            WarmUpRequest(
                log.predict_log.request.model_spec.signature_name or DEFAULT,
                {
                    name: tf.make_ndarray(tensor)
                    for name, tensor in log.predict_log.request.inputs.items()
                },
            )
            for log in logs
            if log.HasField("predict_log")
        ]
    except (tf.errors.OpError, DecodeError, TypeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"holds no warm-up requests ({reason})", where=path, remedy="export it again"
        ) from error
