"""Small recurrent networks that learn a task of `pipeline.lab.tasks.copy_adding`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from pipeline.lab.tasks.copy_adding import Copying, MemoryTask
from pipeline.lab.training import train
from pipeline.layers.recurrent import cell_layer

RECURRENT, READOUT = "recurrent", "readout"


@dataclasses.dataclass(frozen=True)
class TaskTraining:
    """How networks learn a task."""

    units: int = 32
    """Width of the hidden state."""
    learning_rate: float = 5e-3
    """Adam's learning rate."""
    batch_size: int = 64
    """Sequences of an update, all of them new."""
    max_updates: int = 1500
    """Updates after which a training ends, solved or not."""
    evaluate_every: int = 100
    """Updates between two evaluations on held-out sequences."""
    held_out_rows: int = 1000
    """Held-out sequences."""
    clip_norm: float = 1.0
    """Gradients are scaled so that their global norm is at most this."""
    compile_from: int = 40
    """Steps of a sequence from which on it pays to compile an update with XLA."""


class Evaluation(NamedTuple):
    """A network on held-out sequences while it learns.

    Attributes:
        updates: before it.
        score: in the task's unit.
        model: the network as it is now; the next update changes it.
    """

    updates: int
    score: float
    model: keras.Model


def network(task: MemoryTask, cell: str, units: int, seed: int) -> keras.Model:
    """Reads a sequence and answers at its last steps.

    The layer `recurrent` is a Keras layer; `readout` is linear.

    Args:
        task: decides the shapes.
        cell: as `pipeline.layers.recurrent.cell_layer` takes it.
        units: of its hidden state.
        seed: of all weights.

    Returns:
        A model float32 [batch, steps, features] -> float32 [batch, asked, outputs]: sums, or
        logits of symbols.
    """
    read = keras.Input((task.steps, task.features))
    h = cell_layer(cell, units, name=RECURRENT, seed=seed)(read)
    said = keras.layers.Dense(
        task.outputs, kernel_initializer=keras.initializers.GlorotUniform(seed + 2), name=READOUT
    )(h[:, -task.asked :])
    return keras.Model(read, said)


def loss_of(task: MemoryTask) -> keras.losses.Loss:
    """The loss of a task, whose mean over what is asked is the score."""
    if isinstance(task, Copying):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.losses.MeanSquaredError()


def learn(task: MemoryTask, cell: str, training: TaskTraining, seed: int) -> Iterator[Evaluation]:
    """Trains until the task is solved, or as long as `training` allows; yields each evaluation.

    Args:
        task: what to learn.
        cell: of the network.
        training: how.
        seed: of weights and sequences.
    """
    model = network(task, cell, training.units, seed)
    loss = loss_of(task)
    optimizer = keras.optimizers.Adam(training.learning_rate, global_clipnorm=training.clip_norm)
    compiled = task.steps >= training.compile_from or keras.backend.backend() == "jax"
    model.compile(optimizer, loss, jit_compile=compiled)
    of_batches, of_held_out = np.random.default_rng(seed).spawn(2)
    held_out, due = task.draw(of_held_out, training.held_out_rows)
    batches = (task.draw(of_batches, training.batch_size) for _ in itertools.count())
    losses = train(model, batches, training.max_updates)
    # The first evaluation comes before any update.
    for update, _ in enumerate(itertools.chain([None], losses)):
        if update % training.evaluate_every == 0 or update == training.max_updates:
            score = float(loss(due, model.predict_on_batch(held_out)))
            yield Evaluation(update, score, model)
            if score < task.solved:
                return
