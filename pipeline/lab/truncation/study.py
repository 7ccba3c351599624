"""Truncated backpropagation through time: what is lost of the gradient with a short window.

A text is read in windows. The state goes on from one to the next, the gradient does not:

    ∂L/∂W = Σ_t Σ_{k ≤ t} (∂L_t/∂h_t) (∂h_t/∂h_k) (∂⁺h_k/∂W)

loses its terms whose k stands in an earlier window than t. Williams and Peng, "An Efficient
Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories", Neural
Computation 2(4) (1990). The loss itself is the same with every window, to the last character.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from pipeline.batches.text_streams import TextStreams
from pipeline.errors import UserError
from pipeline.lab.base import OnProgress, StudyText, no_progress
from pipeline.lab.starts import small_language_model
from pipeline.lab.training import Batch, carrying_state, train, train_on_text
from pipeline.lab.truncation.gradient_sum import GradientSum
from pipeline.models.settings import CELL_NAMES
from pipeline.training.optimizer import ClippedAdamW

PARTS = {"recurrent": "recurrent_1/", "all": ""}
"""Which weights: those of the recurrent layer, or all of the model."""


@dataclasses.dataclass(frozen=True)
class TruncationSettings:
    """Settings of the study of truncation."""

    cells: tuple[str, ...] = ("rnn", "lstm")
    """Cells, as `pipeline.layers.recurrent.cell_layer` takes them."""
    units: int = 64
    """Width of the hidden state."""
    embedding_size: int = 32
    """Width of the embeddings of characters."""
    streams: int = 16
    """Stretches of text read side by side."""
    length: int = 256
    """Characters of each; the longest window. Shorter where there is less text."""
    updates: int = 300
    """Updates of the short training."""
    training_window: int = 64
    """Characters of each stream that an update of it reads."""
    learning_rate: float = 5e-3
    """Learning rate of the short training."""


QUICK = TruncationSettings(
    units=16, embedding_size=16, streams=8, length=32, updates=20, training_window=16
)
"""For a quick run."""


@dataclasses.dataclass(frozen=True)
class TruncatedNetwork:
    """The truncated gradients of one network, untrained or trained, beside its full one.

    Attributes:
        cell: which.
        updates: how many it has learnt from.
        windows: characters that a gradient goes back at the most, from 1 to the whole length.
        losses: nats a character, read in these windows, float64 [windows].
        cosine: part of the model (`PARTS`) -> cosine between the two gradients, float64 [windows].
        norm_ratio: part -> norm of the truncated one by that of the full one, float64 [windows].
        between_texts: part -> cosine between the full gradients of this and of another stretch of
            text: what chance does to a gradient.
    """

    cell: str
    updates: int
    windows: Sequence[int]
    losses: np.ndarray
    cosine: Mapping[str, np.ndarray]
    norm_ratio: Mapping[str, np.ndarray]
    between_texts: Mapping[str, float]

    @property
    def name(self) -> str:
        when = f"after {self.updates} updates" if self.updates else "untrained"
        return f"{CELL_NAMES[self.cell]}, {when}"

    def window_for(self, cosine: float, part: str = "recurrent") -> int:
        """The shortest window from which on the cosine is never below `cosine`."""
        below = np.flatnonzero(self.cosine[part][:-1] < cosine)
        return self.windows[below[-1] + 1 if len(below) else 0]


class GradientReader:
    """Gradients of a language model's loss over a stretch of text, read in windows.

    The windows are those of a training: `StateCarrier` carries the state, its stop is the cut.

    Args:
        model: a language model without dropout.
        rows: of the stretches.
    """

    def __init__(self, model: keras.Model, rows: int):
        self._optimizer = GradientSum()
        self._carrier = carrying_state(model, rows, self._optimizer)

    def read(self, stretch: Batch, window: int) -> tuple[dict[str, np.ndarray], float]:
        """Weight's path -> gradient of the mean loss, and that loss in nats.

        Args:
            stretch: inputs and targets of a whole stretch, none of the targets -1; the state
                before it is 0.
            window: divides its length.
        """
        _, targets = stretch
        count, rest = divmod(targets.shape[1], window)
        if rest:
            raise ValueError(f"{window} does not divide {targets.shape[1]}")
        self._carrier.carried.assign(ops.zeros_like(self._carrier.carried))
        self._optimizer.restart()
        parts = [slice(begin, begin + window) for begin in range(0, targets.shape[1], window)]
        losses = list(train(self._carrier, (_part(stretch, part) for part in parts), count))
        paths = (weight.path for weight in self._carrier.trainable_variables)
        sums = zip(paths, self._optimizer.sums(), strict=True)
        return {path: total / count for path, total in sums}, float(np.mean(losses))


def stretches(text: StudyText, settings: TruncationSettings) -> tuple[Batch, Batch]:
    """Two stretches of training text of the same size, each stream of the second behind the first.

    Raises:
        UserError: there is too little text.
    """
    rows = text.rows["train"]
    units = len(rows.ids) - len(rows)
    length = settings.length
    while length > 1 and 2 * length * settings.streams > units:
        length //= 2
    if 2 * length * settings.streams > units:
        raise UserError(f"{units:,} characters are too few to study", remedy="give more text")
    streams = TextStreams(rows, settings.streams, len(rows.ids))[0]
    return _part(streams, slice(0, length)), _part(streams, slice(length, 2 * length))


def _part(batch: Batch, steps: slice) -> Batch:
    inputs, targets = batch
    return {name: values[:, steps] for name, values in inputs.items()}, targets[:, steps]


def windows_of(length: int) -> list[int]:
    """1, 2, 4, ... `length`, which is a power of two."""
    return [2**power for power in range(length.bit_length())]


def compare_windows(
    cell: str, updates: int, reader: GradientReader, first: Batch, second: Batch
) -> TruncatedNetwork:
    """Compares the gradients of the first stretch in all windows; the second is another text."""
    windows = windows_of(first[1].shape[1])
    gradients, losses = zip(*(reader.read(first, window) for window in windows), strict=True)
    full = gradients[-1]
    other, _ = reader.read(second, windows[-1])
    return TruncatedNetwork(
        cell,
        updates,
        windows,
        np.array(losses),
        {part: np.array([cosine_between(g, full, part) for g in gradients]) for part in PARTS},
        {part: np.array([_norm(g, part) for g in gradients]) / _norm(full, part) for part in PARTS},
        {part: cosine_between(full, other, part) for part in PARTS},
    )


def cosine_between(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray], part: str) -> float:
    """The cosine between two gradients, over the weights of a part of the model."""
    v, w = _flat(a, part), _flat(b, part)
    return float(v @ w / (np.linalg.norm(v) * np.linalg.norm(w)))


@dataclasses.dataclass(frozen=True)
class TruncationResults:
    """Results of the study of truncation.

    Attributes:
        settings, seed: of the study.
        networks: each cell at its start and after a short training.
    """

    settings: TruncationSettings
    seed: int
    networks: tuple[TruncatedNetwork, ...]

    @property
    def length(self) -> int:
        """Characters that the full gradient goes back at the most."""
        return self.networks[0].windows[-1]

    def of(self, cell: str) -> list[TruncatedNetwork]:
        return [network for network in self.networks if network.cell == cell]


def measure_truncation(
    text: StudyText, settings: TruncationSettings, seed: int, progress: OnProgress = no_progress
) -> TruncationResults:
    """Compares gradients of each cell at its start and after a short training.

    Raises:
        UserError: there is too little text.
    """
    first, second = stretches(text, settings)
    rows, window = text.rows["train"], settings.training_window
    networks: list[TruncatedNetwork] = []
    for cell in settings.cells:
        model = small_language_model(
            cell, units=settings.units, embedding_size=settings.embedding_size,
            vocabulary_size=text.vocabulary_size, seed=seed,
        )  # fmt: skip
        reader = GradientReader(model, settings.streams)
        for updates in (0, settings.updates):
            if updates:
                optimizer = ClippedAdamW(settings.learning_rate, clip_norm=1.0)
                train_on_text(model, optimizer, rows, settings.streams, window, updates, seed)
            networks.append(compare_windows(cell, updates, reader, first, second))
            progress(len(networks) / (2 * len(settings.cells)))
    return TruncationResults(settings, seed, tuple(networks))


def _flat(gradient: Mapping[str, np.ndarray], part: str) -> np.ndarray:
    chosen = [g.ravel() for path, g in gradient.items() if PARTS[part] in path]
    return np.concatenate(chosen).astype(np.float64)


def _norm(gradient: Mapping[str, np.ndarray], part: str) -> float:
    return float(np.linalg.norm(_flat(gradient, part)))
