"""Small recurrent networks that learn a task of `pipeline.lab.tasks.copy_adding`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from pipeline.lab.tasks.copy_adding import Copying, Task
from pipeline.layers.recurrent import cell_layer

RECURRENT, READOUT = "recurrent", "readout"


@dataclasses.dataclass(frozen=True)
class TaskTraining:
    """How networks learn a task."""

    units: int = 32
    """Width of the hidden state."""
    learning_rate: float = 5e-3
    """Of Adam."""
    batch_size: int = 64
    """Sequences of an update, all of them new."""
    most_updates: int = 1500
    """When to give up."""
    look_every: int = 100
    """Updates between two looks at sequences that are only for looking."""
    look_rows: int = 1000
    """How many these are."""
    clip_norm: float = 1.0
    """Gradients are scaled so that their global norm is at most this."""
    compile_from: int = 40
    """Steps of a sequence from which on it pays to compile an update with XLA."""


@dataclasses.dataclass(frozen=True)
class Learnt:
    """How a training went.

    Attributes:
        updates: when was looked, the first look before any update.
        scores: what was found, in the task's unit.
        model: the network as it is now.
    """

    updates: tuple[int, ...]
    scores: tuple[float, ...]
    model: keras.Model

    @property
    def score(self) -> float:
        """At the last look."""
        return self.scores[-1]


def network(task: Task, cell: str, units: int, seed: int) -> keras.Model:
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


def loss_of(task: Task) -> keras.losses.Loss:
    """Its mean over what is asked is the task's score."""
    if isinstance(task, Copying):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.losses.MeanSquaredError()


def learn(
    task: Task,
    cell: str,
    how: TaskTraining,
    seed: int,
    looked: Callable[[keras.Model, int, float], None] = lambda model, updates, score: None,
) -> Learnt:
    """Trains until the task is solved, or as long as `how` allows.

    Args:
        task: what to learn.
        cell: of the network.
        how: to train it.
        seed: of weights and sequences.
        looked: told each look: the network as it is, updates so far, score.
    """
    model = network(task, cell, how.units, seed)
    loss = loss_of(task)
    optimizer = keras.optimizers.Adam(how.learning_rate, global_clipnorm=how.clip_norm)
    compiled = task.steps >= how.compile_from or keras.backend.backend() == "jax"
    model.compile(optimizer, loss, jit_compile=compiled)
    training, looking = np.random.default_rng(seed).spawn(2)
    held_out, due = task.draw(looking, how.look_rows)
    updates, scores = [], []
    for update in range(how.most_updates + 1):
        if update % how.look_every == 0 or update == how.most_updates:
            score = float(loss(due, model.predict_on_batch(held_out)))
            updates.append(update)
            scores.append(score)
            looked(model, update, score)
            if score < task.solved:
                break
        if update < how.most_updates:
            model.train_on_batch(*task.draw(training, how.batch_size))
    return Learnt(tuple(updates), tuple(scores), model)
