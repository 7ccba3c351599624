"""Inputs and outputs of a signature of a served model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

Shape = tuple[int | None, ...]

_DATA_TYPES = {
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "bool": "DT_BOOL",
    "string": "DT_STRING",
    **{
        f"{sign}int{bits}": f"DT_{sign}INT{bits}".upper()
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """One input or output.

    Attributes:
        dtype: as TensorFlow calls it: "float32", "string".
        shape: None for an axis of any length; None for any shape.
        tensor: its name in the graph.
    """

    dtype: str
    shape: Shape | None
    tensor: str = ""

    @property
    def data_type(self) -> str:
        """The name of the type in TensorFlow's protocols: DT_FLOAT, DT_STRING."""
        return _DATA_TYPES.get(self.dtype, f"DT_{self.dtype.upper()}")

    @property
    def has_rows(self) -> bool:
        """Whether the first axis has any length."""
        return bool(self.shape) and self.shape is not None and self.shape[0] is None

    def as_json(self) -> dict[str, Any]:
        """In the form of TensorFlow Serving's metadata."""
        dim = [{"size": str(-1 if n is None else n), "name": ""} for n in self.shape or ()]
        return {
            "dtype": self.data_type,
            "tensor_shape": {"dim": dim, "unknown_rank": self.shape is None},
            "name": self.tensor,
        }


@dataclasses.dataclass(frozen=True)
class ServedSignature:
    """A signature of a model.

    Attributes:
        name: in the SavedModel.
        inputs, outputs: name -> what it is.
        method: what it was written for: `PREDICT`, `CLASSIFY` or `REGRESS`.
    """

    name: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    method: str = PREDICT

    @property
    def has_rows(self) -> bool:
        """Whether the first axis of all inputs and outputs has any length."""
        infos = [*self.inputs.values(), *self.outputs.values()]
        return bool(self.inputs) and all(info.has_rows for info in infos)

    @property
    def tables(self) -> tuple[str, ...]:
        """The outputs that have a further axis of any length after the first."""
        return tuple(
            name
            for name, info in self.outputs.items()
            if info.shape is not None and None in info.shape[1:]
        )

    @property
    def has_wide_tables(self) -> bool:
        """Whether an output has two or more such axes."""
        return any((self.outputs[name].shape or ())[1:].count(None) > 1 for name in self.tables)

    def as_json(self) -> dict[str, Any]:
        """In the form of TensorFlow Serving's metadata."""
        return {
            "inputs": {name: info.as_json() for name, info in self.inputs.items()},
            "outputs": {name: info.as_json() for name, info in self.outputs.items()},
            "method_name": self.method,
        }
