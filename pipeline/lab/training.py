"""The training loop of the laboratory: batches of text, and one update after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from pipeline.batches.text_streams import TextStreams
from pipeline.lab.base import OnProgress, no_progress
from pipeline.text.ragged import Ragged
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.state_carrier import StateCarrier

Batch = tuple[Any, np.ndarray]
"""Inputs of a model, and targets."""


def text_batches(rows: Ragged, streams: int, window: int, seed: int) -> Iterator[Batch]:
    """Windows of text, read as parallel streams, epoch after epoch without end.

    Args:
        rows, window: as `pipeline.batches.text_streams.TextStreams` takes them.
        streams: read side by side.
        seed: decides the order.
    """
    for epoch in itertools.count():
        windows = TextStreams(rows, streams, window, seed=seed, epoch=epoch)
        yield from (windows[index] for index in range(len(windows)))


def carrying_state(
    model: keras.Model, streams: int, optimizer: keras.optimizers.Optimizer
) -> StateCarrier:
    """A language model, compiled, whose state goes on from batch to batch while the gradient stops
    between them: truncated backpropagation through time."""
    carrier = StateCarrier(model, streams)
    carrier.compile(optimizer, PieceCrossEntropy(), jit_compile=False)
    return carrier


def train(
    model: keras.Model,
    batches: Iterable[Batch],
    updates: int,
    progress: OnProgress = no_progress,
) -> Iterator[float]:
    """Trains a compiled model; yields the loss of each batch, taken before it is learnt from.

    The training ends where the caller stops iterating.
    """
    for number, (inputs, targets) in enumerate(itertools.islice(batches, updates), 1):
        yield float(model.train_on_batch(inputs, targets))
        progress(number / updates)


def train_on_text(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    rows: Ragged,
    streams: int,
    window: int,
    updates: int,
    seed: int,
    progress: OnProgress = no_progress,
) -> np.ndarray:
    """Trains a language model by truncated backpropagation through time.

    Returns:
        The loss before each update, nats a unit, float64 [updates].
    """
    carrier = carrying_state(model, streams, optimizer)
    batches = text_batches(rows, streams, window, seed)
    return np.fromiter(train(carrier, batches, updates, progress), np.float64)


def final_loss(losses: np.ndarray) -> np.ndarray:
    """The mean over the last tenth of the updates. `losses` is float64 [..., updates]."""
    return losses[..., -max(losses.shape[-1] // 10, 1) :].mean(axis=-1)
