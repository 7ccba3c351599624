"""What TensorFlow's graphs are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def nodes(graph_def) -> Iterator:
    """Every operation of a graph, those of its functions too."""
    yield from graph_def.node
    for function in graph_def.library.function:
        yield from function.node_def


def saved_operations(folder: Path) -> set[str]:
    """The names of the operations of a SavedModel."""
    saved = SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    return {node.op for node in nodes(saved.meta_graphs[0].graph_def)}


def transposed(graph_def) -> set[int]:
    """The types of what a graph transposes. TensorFlow writes on everybody's stderr, as an error,
    that oneDNN transposes no whole numbers, though it goes on without."""
    return {node.attr["T"].type for node in nodes(graph_def) if node.op == "Transpose"}
