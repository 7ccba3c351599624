"""Writes, loads and calls SavedModels, with errors that people understand."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  (its ops must be registered before a graph with them loads)
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from pipeline.batches.padding import pad
from pipeline.errors import UserError
from pipeline.quiet import native_chatter_hidden
from pipeline.text.tokenizers import load_tokenizer


def write_saved_model(
    folder: Path,
    signatures: Mapping[str, Callable[..., dict[str, tf.Tensor]]],
    signature: Sequence[tf.TensorSpec],
    tracked: Sequence[tf.Module],
    own: Mapping[str, Sequence[tf.TensorSpec]] | None = None,
) -> str:
    """Writes a SavedModel into an empty folder; returns its size in words.

    A graph is built and stored once. `keras.export.ExportArchive` does both twice, and what it
    writes takes twice as long to load.

    Args:
        folder: where to.
        signatures: name -> (tensors of `signature`, by their names -> outputs by name). The
            first is `serving_default` as well. Names of one function share its graph.
        signature: what they are given.
        tracked: what holds tables that they ask; variables are found by themselves.
        own: name -> what a signature is given that is given something else.

    Raises:
        OSError: ENOSPC where the disk is full, whatever TensorFlow calls it.
    """
    given = own or {}
    functions = {serve: tf.function(serve, autograph=False) for serve in signatures.values()}
    graphs = {
        name: functions[serve].get_concrete_function(*given.get(name, signature))
        for name, serve in signatures.items()
    }
    module = tf.Module()
    module.tracked = list(tracked)
    module.weights = list({id(v): v for graph in graphs.values() for v in graph.variables}.values())
    try:
        main = next(iter(graphs.values()))
        tf.saved_model.save(module, str(folder), {**graphs, "serving_default": main})
    except tf.errors.ResourceExhaustedError as error:
        # What TensorFlow calls a full disk, in the terms that `atomic_folder` understands.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:.1f} MB"


def load_saved_model(folder: Path):
    """Loads the SavedModel in `folder`, without the messages of TensorFlow's start.

    Raises:
        UserError: it is damaged.
    """
    with native_chatter_hidden():
        return read_saved_model(folder)


def read_saved_model(folder: Path):
    """Loads a SavedModel in a process with several threads, where stderr cannot be redirected.

    Raises:
        UserError: it is damaged.
    """
    try:
        return tf.saved_model.load(str(folder))
    except Exception as error:  # a damaged file comes out as anything, IndexError included
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"cannot be loaded ({reason})",
            where=folder,
            remedy="export it again",
        ) from error


def signature_defs(folder: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    """The signatures of the SavedModel in `folder`, read without loading it."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    graphs = [graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags]
    found: meta_graph_pb2.MetaGraphDef = (graphs or saved.meta_graphs)[0]
    # TensorFlow keeps an entry of its own beside them.
    return {name: s for name, s in found.signature_def.items() if not name.startswith("__")}


def check_fits(signature: Callable, name: str, value: np.ndarray) -> None:
    """Refuses a value that the graph cannot take.

    Args:
        signature: of a loaded SavedModel.
        name: of one of its inputs, [n, ...].
        value: one of the n.

    Raises:
        UserError: it has another shape.
    """
    expected = signature.structured_input_signature[1][name].shape[1:]
    if not expected.is_compatible_with(value.shape):
        raise UserError(
            f"has the shape {list(value.shape)}; the model takes {expected.as_list()}",
            where=name,
            remedy="give as many steps and channels as it was trained with",
        )


def load_asker(
    folder: Path, signature: str = "serving_default"
) -> Callable[[list[str]], dict[str, np.ndarray]]:
    """Loads the SavedModel in `folder` as a function, texts -> its outputs by name, with one entry
    per text.

    With a KoNLPy tokenizer the analyser runs here, in Python, in front of the graph. Strings come
    out as UTF-8 bytes. The first answer, which takes longest, is had before this returns.

    Args:
        folder: of the SavedModel.
        signature: what to ask of it; `serving_default` where it has no other.

    Raises:
        UserError: the SavedModel or its tokenizer is damaged.
    """
    loaded = load_saved_model(folder)
    name = signature if signature in loaded.signatures else "serving_default"
    # The only signature is `serving_default` as well, so `ids` is looked for first.
    if "ids" in loaded.signatures:
        tokenizer = load_tokenizer(folder / "assets.extra")

        def outputs(texts: list[str]) -> dict[str, tf.Tensor]:
            rows = tokenizer.encode(texts)
            ids, _ = pad(rows, np.arange(len(rows)))
            return loaded.signatures["ids"](ids=tf.constant(ids))
    else:

        def outputs(texts: list[str]) -> dict[str, tf.Tensor]:
            return loaded.signatures[name](text=tf.constant(texts, tf.string))

    def ask(texts: list[str]) -> dict[str, np.ndarray]:
        return {name: values.numpy() for name, values in outputs(texts).items()}

    with native_chatter_hidden():
        ask([""])
    return ask
