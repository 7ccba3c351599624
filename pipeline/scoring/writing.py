"""Writes rows of answers to files: JSON lines, Parquet or TFRecord."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import pyarrow
from apache_beam.io.filesystems import FileSystems
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

from pipeline.errors import UserError
from pipeline.json_lines import json_line
from pipeline.scoring.files import Output
from pipeline.scoring.records import Row, python_values, tf_example

_TYPES = {
    types_pb2.DT_STRING: pyarrow.string(),
    types_pb2.DT_FLOAT: pyarrow.float32(),
    types_pb2.DT_INT32: pyarrow.int32(),
    types_pb2.DT_INT64: pyarrow.int64(),
}


def check_nothing_there(output: Output) -> None:
    """Refuses an output that has parts of an earlier scoring.

    Raises:
        UserError: there are files of that name, or none can be written there.
    """
    try:
        found = FileSystems.match([output.parts], limits=[1])[0].metadata_list
    except ValueError as error:
        raise UserError(" ".join(str(error).split()), where=output.prefix) from error
    if found:
        raise UserError(
            "is there already", where=found[0].path, remedy="remove it, or give another --output"
        )


class WriteRows(beam.PTransform):
    """Writes rows in parts.

    Args:
        output: where, and how.
        outputs: of the model, those that a row has: name -> what its signature says of it.
        with_id: whether rows have an id.
    """

    def __init__(self, output: Output, outputs: Mapping[str, TensorInfo], with_id: bool):
        super().__init__()
        self._output, self._outputs, self._with_id = output, outputs, with_id

    def expand(self, rows: beam.PCollection[Row]) -> Any:
        place = {
            "file_path_prefix": self._output.prefix,
            "file_name_suffix": self._output.suffix,
        }
        if self._output.kind == "jsonl":
            return rows | beam.Map(json_line) | beam.io.WriteToText(**place)
        if self._output.kind == "tfrecord":
            return rows | beam.Map(tf_example) | beam.io.WriteToTFRecord(**place)
        schema = schema_of(self._outputs, self._with_id)
        return rows | beam.Map(_plain_row) | beam.io.WriteToParquet(schema=schema, **place)


def _plain_row(row: Row) -> dict[str, Any]:
    return {name: python_values(value) for name, value in row.items()}


def schema_of(outputs: Mapping[str, TensorInfo], with_id: bool) -> pyarrow.Schema:
    """The columns of the Parquet files: file and row, the text, the outputs of the model."""
    columns: list[tuple[str, pyarrow.DataType]] = [
        ("file", pyarrow.string()),
        ("row", pyarrow.int64()),
        *([("id", pyarrow.string())] if with_id else []),
        ("text", pyarrow.string()),
    ]
    for name, info in outputs.items():
        kind = _TYPES[info.dtype]
        for _ in range(len(info.tensor_shape.dim) - 1):
            kind = pyarrow.list_(kind)
        columns.append((name, kind))
    return pyarrow.schema(columns)
