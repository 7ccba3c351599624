"""Training steps and predictions with one graph for batches of any shape.

`train_on_batch` and `predict_on_batch` build a graph for the shapes of the first batch, another
one where those of a later batch differ, and so on. Each takes seconds, and two graphs may round
differently, so that what a training does would hang on the batch that came first. Here what a
model does not know of a shape is unknown in the graph, too. JAX compiles each shape by itself,
whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

if keras.backend.backend() == "tensorflow":  # nothing else of a training on JAX imports it
    import tensorflow as tf

Batch = dict[str, np.ndarray]


def training_step(model: keras.Model) -> Callable[[Batch, np.ndarray], float]:
    """A function that takes one training step: inputs and targets of a batch to their loss, as
    `train_on_batch`.

    Args:
        model: compiled; its inputs are a dictionary.

    Example:
        >>> step = training_step(model)
        >>> loss = step({"ids": ids, "lengths": lengths}, targets)
    """
    if keras.backend.backend() != "tensorflow":
        return lambda inputs, targets: float(model.train_on_batch(inputs, targets))

    def loss_of(inputs: dict[str, tf.Tensor], targets: tf.Tensor) -> tf.Tensor:
        return model.train_step((inputs, targets))["loss"]

    graph: tf.types.experimental.PolymorphicFunction | None = None

    def step(inputs: Batch, targets: np.ndarray) -> float:
        nonlocal graph
        if graph is None:
            # A model does not say what its targets are.
            wanted = tf.TensorSpec([None] * targets.ndim, targets.dtype)
            graph = tf.function(loss_of, [_specs(model, inputs), wanted], autograph=False)
        model.reset_metrics()
        return float(graph(inputs, targets))

    return step


def predict_batch(model: keras.Model, inputs: Batch) -> Any:
    """The outputs of a model for a batch, as `predict_on_batch`; the model keeps its graph.

    Args:
        model: its inputs are a dictionary.
        inputs: of the batch.
    """
    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch(inputs)
    if not hasattr(model, "one_graph"):
        model.one_graph = tf.function(model.predict_step, [_specs(model, inputs)], autograph=False)
    return keras.tree.map_structure(np.asarray, model.one_graph(inputs))


def _specs(model: keras.Model, inputs: Batch) -> dict[str, tf.TensorSpec]:
    """The shapes and dtypes of the inputs that are the same for every batch."""
    return {name: tf.TensorSpec(model.input[name].shape, of.dtype) for name, of in inputs.items()}
