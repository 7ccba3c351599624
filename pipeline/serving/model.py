"""A loaded SavedModel that any number of threads may call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.eager.cancellation import CancellationManager

from pipeline.errors import UserError
from pipeline.export.saved_model import read_saved_model, signature_defs
from pipeline.serving.reading import as_far_as_read, max_pieces
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import RowRules, Tensors
from pipeline.serving.signature import PREDICT, ServedSignature, Shape, TensorInfo
from pipeline.serving.warm_up import row_rules

_STATUS = {
    tf.errors.InvalidArgumentError: 400,
    tf.errors.FailedPreconditionError: 400,
    tf.errors.OutOfRangeError: 400,
    tf.errors.NotFoundError: 404,
    tf.errors.ResourceExhaustedError: 429,
    tf.errors.UnimplementedError: 501,
    tf.errors.UnavailableError: 503,
    tf.errors.CancelledError: 504,
    tf.errors.DeadlineExceededError: 504,
}


class Stop:
    """Stops a call whose client has gone, wherever the model is in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._managers: list[CancellationManager] = []
        self.stopped = False

    def stop(self) -> None:
        """Stops the call, and every later call with the same object before it begins."""
        with self._lock:
            self.stopped = True
            managers, self._managers = self._managers, []
        for manager in managers:
            manager.start_cancel()

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps `function` so that it ends when this is stopped."""
        manager = CancellationManager()
        with self._lock:
            if self.stopped:
                raise RequestError(504, "nobody waits for it any longer")
            self._managers = [manager]
        wrapped: Callable[..., Any] = manager.get_cancelable_function(function)
        return wrapped


class LoadedModel:
    """One version of a model.

    Attributes:
        name, version: what it is called in a path.
        folder: where it was loaded from.
        signatures: name -> what it takes and gives.
        rules: name of a signature -> how rows of several requests go together; signatures that
            are not there take one request at a time.
    """

    def __init__(self, name: str, version: int, folder: Path):
        """Loads the model and calls each signature once, since the first call is slow.

        Raises:
            UserError: it is damaged, or has no signature.
        """
        self.name, self.version, self.folder = name, version, folder
        self._loaded = read_saved_model(folder)
        self.signatures = _described(folder, self._loaded.signatures)
        if not self.signatures:
            raise UserError("has no signature", where=folder, remedy="export it again")
        self._pieces = max_pieces(folder)
        self.rules: dict[str, RowRules] = {}
        for signature, info in self.signatures.items():
            rules = row_rules(info, functools.partial(self.call, signature), folder)
            if rules is not None:
                self.rules[signature] = rules

    def call(
        self, signature: str, tensors: Mapping[str, npt.NDArray[Any]], stop: Stop | None = None
    ) -> Tensors:
        """The outputs for some inputs; may be called in any thread.

        Args:
            signature: its name.
            tensors: name of an input -> its values; strings as bytes.
            stop: ends the call when it is stopped.

        Raises:
            RequestError: 400, the model takes no such values; 504, it was stopped; 500, it failed.
        """
        function = self._loaded.signatures[signature]
        if stop is not None:
            function = stop.wrapped(function)
        infos = self.signatures[signature].inputs
        try:
            given = {
                name: tf.constant(self._read(name, values), infos[name].dtype, values.shape)
                for name, values in tensors.items()
            }
            return {name: values.numpy() for name, values in function(**given).items()}
        except tf.errors.OpError as error:
            status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
            raise RequestError(status, _first_line(error.message)) from error
        except (ValueError, TypeError) as error:
            raise RequestError(400, _first_line(str(error))) from error

    def _read(self, name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The inputs without the part of texts that the model would cut."""
        if self._pieces is None or name != "text" or values.dtype != object:
            return values
        read = np.empty(values.size, dtype=object)
        read[:] = [as_far_as_read(text, self._pieces) for text in values.ravel().tolist()]
        return read.reshape(values.shape)


def _first_line(message: str) -> str:
    """The message of a TensorFlow error without the position in the graph."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if line != "Graph execution error:"] or ["the model failed"]
    line = next((line for line in lines if not line.startswith("Detected at node")), lines[0])
    return line[:300]


def _described(folder: Path, names: Collection[str]) -> dict[str, ServedSignature]:
    """The named signatures of the SavedModel in `folder`."""
    return {
        name: ServedSignature(
            name,
            {key: _tensor(value.inputs[key]) for key in sorted(value.inputs)},
            {key: _tensor(value.outputs[key]) for key in sorted(value.outputs)},
            value.method_name or PREDICT,
        )
        for name, value in sorted(signature_defs(folder).items())
        if name in names
    }


def _tensor(info: meta_graph_pb2.TensorInfo) -> TensorInfo:
    shape: Shape | None = None
    if not info.tensor_shape.unknown_rank:
        shape = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
    return TensorInfo(tf.dtypes.as_dtype(info.dtype).name, shape, info.name)
