"""The outputs of a SavedModel, read without loading it."""

from __future__ import annotations

from apache_beam.io.filesystems import FileSystems
from google.protobuf.message import DecodeError
from tensorflow.core.framework.types_pb2 import DT_STRING
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.errors import UserError
from pipeline.scoring.model import INPUT, SIGNATURE


def outputs_of(folder: str) -> dict[str, TensorInfo]:
    """The outputs of `serving_default`: name -> dtype and shape, single values first.

    Args:
        folder: of the SavedModel, wherever Beam can read it.

    Raises:
        UserError: there is no SavedModel, or it takes something else than texts.
    """
    saved = SavedModel()
    try:
        with FileSystems.open(f"{folder.rstrip('/')}/saved_model.pb") as file:
            saved.ParseFromString(file.read())
    except (OSError, ValueError, DecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"no SavedModel can be read there ({reason})",
            where=folder,
            remedy="give a folder with saved_model.pb",
        ) from error
    signature = saved.meta_graphs[0].signature_def[SIGNATURE] if saved.meta_graphs else None
    inputs = dict(signature.inputs) if signature else {}
    if list(inputs) != [INPUT] or inputs[INPUT].dtype != DT_STRING:
        raise UserError(
            f"takes {' and '.join(sorted(inputs)) or 'nothing'}; only models that take {INPUT} "
            "alone can be scored",
            where=folder,
            remedy="use python -m pipeline predict",
        )
    rank = {name: len(info.tensor_shape.dim) for name, info in signature.outputs.items()}
    return {name: signature.outputs[name] for name in sorted(rank, key=lambda n: (rank[n], n))}
