"""Exploding gradients on real text, and what clipping does about them.

Small language models learn the same batches from the same start, once with every gradient as it
is and once with those of a norm above a threshold scaled down to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from keras import ops

from pipeline.lab.base import OnProgress, StudyText, no_progress
from pipeline.lab.clipping.cliff import Walk, walk
from pipeline.lab.clipping.descent import ClippedDescent
from pipeline.lab.starts import small_language_model
from pipeline.lab.training import carrying_state, final_loss, text_batches, train

NEVER = float("inf")


@dataclasses.dataclass(frozen=True)
class ClippingSettings:
    """Settings of the study of clipping."""

    gains: Mapping[str, float | None] = dataclasses.field(
        default_factory=lambda: {"rnn": 1.5, "lstm": None}
    )
    """Cells, and what their random recurrent weights are multiplied by (None: orthogonal)."""
    units: int = 64
    """Width of the hidden state."""
    embedding_size: int = 32
    """Width of the embeddings of characters."""
    streams: int = 16
    """Stretches of text read side by side."""
    window: int = 64
    """Characters of each that an update reads."""
    updates: int = 200
    """Updates of each training."""
    threshold: float = 1.0
    """Norm above which a gradient is clipped."""
    learning_rates: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    """Learning rates of plain gradient descent."""
    shown_rate: float = 1.0
    """That of the trainings that are shown update by update; one of the others."""

    @property
    def cells(self) -> list[str]:
        return list(self.gains)


QUICK = ClippingSettings(
    units=16, embedding_size=16, streams=8, window=32, updates=30, learning_rates=(0.5, 1.0, 2.0)
)
"""For a quick run."""


@dataclasses.dataclass(frozen=True)
class Descent:
    """One training.

    Attributes:
        cell: of the network.
        learning_rate: η.
        threshold: θ; infinity never clips.
        losses: before each update, nats a character, float64 [updates]; it ends early where the
            loss is no number any more.
        before, after: norm of the gradient before and after clipping, float64 [updates].
        planned: updates there should have been.
    """

    cell: str
    learning_rate: float
    threshold: float
    losses: np.ndarray
    before: np.ndarray
    after: np.ndarray
    planned: int

    @property
    def clips(self) -> bool:
        return np.isfinite(self.threshold)

    @property
    def lost(self) -> bool:
        """Whether the loss became something that is no number."""
        return len(self.losses) < self.planned or not np.isfinite(self.losses[-1])

    @property
    def clipped_share(self) -> float:
        """Share of updates whose gradient was above the threshold."""
        return float(np.mean(self.before > self.threshold))

    @property
    def end(self) -> float:
        """Mean loss of the last tenth of the updates; infinity if it was lost."""
        return float("inf") if self.lost else float(final_loss(self.losses))

    @property
    def jump(self) -> float:
        """The most that the loss rose from one update to the next, nats."""
        return float("inf") if self.lost else max(float(np.diff(self.losses).max(initial=0)), 0.0)

    @property
    def largest(self) -> float:
        """The largest norm before clipping."""
        return float(self.before.max())

    @property
    def median(self) -> float:
        """The median norm before clipping."""
        return float(np.median(self.before))


@dataclasses.dataclass(frozen=True)
class ClippingResults:
    """Results of the study of clipping.

    Attributes:
        settings, seed: of the study.
        vocabulary: how many characters there are to choose from.
        descents: every cell at every learning rate, without and with clipping.
        walks: over the surface of `pipeline.lab.clipping.cliff`, without and with clipping.
    """

    settings: ClippingSettings
    seed: int
    vocabulary: int
    descents: tuple[Descent, ...]
    walks: tuple[Walk, Walk]

    def of(self, cell: str, *, clips: bool) -> list[Descent]:
        """The trainings of a cell, one for each learning rate."""
        return [d for d in self.descents if (d.cell, d.clips) == (cell, clips)]

    def shown(self, cell: str, *, clips: bool) -> Descent:
        """The training that is shown update by update."""
        rates = self.settings.learning_rates
        return self.of(cell, clips=clips)[rates.index(self.settings.shown_rate)]


def measure_clipping(
    text: StudyText, settings: ClippingSettings, seed: int, progress: OnProgress = no_progress
) -> ClippingResults:
    """Trains every cell at every learning rate, without and with clipping."""
    descents: list[Descent] = []
    total = 2 * len(settings.gains) * len(settings.learning_rates)
    for cell in settings.cells:
        for descent in _descents(text, cell, settings, seed):
            descents.append(descent)
            progress(len(descents) / total)
    vocabulary = text.vocabulary_size
    return ClippingResults(settings, seed, vocabulary, tuple(descents), cliff_walks())


def _descents(
    text: StudyText, cell: str, settings: ClippingSettings, seed: int
) -> Iterator[Descent]:
    """Trains one network again and again from the same start, with one traced step."""
    model = small_language_model(
        cell, units=settings.units, embedding_size=settings.embedding_size,
        vocabulary_size=text.vocabulary_size, seed=seed, gain=settings.gains[cell],
    )  # fmt: skip
    optimizer = ClippedDescent(1.0, NEVER)
    carrier = carrying_state(model, settings.streams, optimizer)
    start = [ops.convert_to_numpy(weight) for weight in carrier.weights]
    for learning_rate in settings.learning_rates:
        for threshold in (NEVER, settings.threshold):
            for weight, value in zip(carrier.weights, start, strict=True):
                weight.assign(value)
            optimizer.learning_rate = learning_rate
            optimizer.threshold.assign(threshold)
            batches = text_batches(text.rows["train"], settings.streams, settings.window, seed)
            steps = []
            for loss in train(carrier, batches, settings.updates):
                steps.append((loss, float(optimizer.norm_before), float(optimizer.norm_after)))
                if not np.isfinite(steps[-1]).all():
                    break
            columns = np.array(steps, np.float64).T
            yield Descent(cell, learning_rate, threshold, *columns, settings.updates)


def cliff_walks() -> tuple[Walk, Walk]:
    """Down the valley beside the wall of `clipping.cliff`, without and with clipping."""
    start, learning_rate, steps = (4.8, -2.0), 0.5, 100
    return walk(start, learning_rate, steps), walk(start, learning_rate, steps, threshold=1.0)
