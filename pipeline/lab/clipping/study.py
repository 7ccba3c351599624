"""Exploding gradients on real text, and what clipping does about them.

Small language models learn the same batches from the same start, once with every gradient as it
is and once with those of a norm above a threshold scaled down to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from keras import ops

from pipeline.batches.text_streams import TextStreams
from pipeline.lab.base import StudyText
from pipeline.lab.clipping.cliff import Walk, walk
from pipeline.lab.clipping.descent import ClippedDescent
from pipeline.lab.starts import started
from pipeline.models.settings import LanguageModelSettings
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.state_carrier import StateCarrier

NEVER = float("inf")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is trained."""

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
    """Of each training."""
    threshold: float = 1.0
    """Norm above which a gradient is clipped."""
    learning_rates: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    """Of plain gradient descent."""
    shown_rate: float = 1.0
    """That of the trainings that are shown update by update; one of the others."""

    @property
    def cells(self) -> list[str]:
        return list(self.gains)


QUICK = Plan(
    units=16, embedding_size=16, streams=8, window=32, updates=30, learning_rates=(0.5, 1.0, 2.0)
)
"""For a first look."""


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
        last = max(self.planned // 10, 1)
        return float("inf") if self.lost else float(self.losses[-last:].mean())

    @property
    def jump(self) -> float:
        """The most that the loss rose from one update to the next, nats."""
        return float("inf") if self.lost else max(float(np.diff(self.losses).max(initial=0)), 0.0)

    @property
    def largest(self) -> float:
        """The largest norm before clipping."""
        return float(self.before.max())


class _Trainer:
    """Trains a network again and again from one start, with one traced step."""

    def __init__(self, text: StudyText, cell: str, how: Plan, seed: int):
        shape = LanguageModelSettings(
            cell=cell, units=how.units, embedding_size=how.embedding_size,
            embedding_dropout=0.0, state_dropout=0.0,
        )  # fmt: skip
        model = started(
            shape,
            vocabulary_size=len(text.characters.vocabulary),
            seed=seed,
            gain=how.gains[cell],
        )
        self.cell, self.how, self.seed, self.rows = cell, how, seed, text.rows["train"]
        self.carrier = StateCarrier(model, how.streams)
        self.optimizer = ClippedDescent(1.0, NEVER)
        self.carrier.compile(self.optimizer, PieceCrossEntropy(), jit_compile=False)
        self.start = [ops.convert_to_numpy(weight) for weight in self.carrier.weights]

    def train(self, learning_rate: float, threshold: float) -> Descent:
        for weight, value in zip(self.carrier.weights, self.start, strict=True):
            weight.assign(value)
        self.optimizer.learning_rate = learning_rate
        self.optimizer.threshold.assign(threshold)
        found = []
        for inputs, targets in self._batches():
            loss = float(self.carrier.train_on_batch(inputs, targets))
            norms = (float(self.optimizer.norm_before), float(self.optimizer.norm_after))
            found.append((loss, *norms))
            if not np.isfinite(found[-1]).all():
                break
        columns = np.array(found, np.float64).T
        return Descent(self.cell, learning_rate, threshold, *columns, self.how.updates)

    def _batches(self):
        how, given, epoch = self.how, 0, 0
        while True:
            streams = TextStreams(self.rows, how.streams, how.window, seed=self.seed, epoch=epoch)
            for index in range(len(streams)):
                if given == how.updates:
                    return
                yield streams[index]
                given += 1
            epoch += 1


@dataclasses.dataclass(frozen=True)
class ClippingStudy:
    """All that was trained.

    Attributes:
        plan, seed: how.
        vocabulary: how many characters there are to choose from.
        descents: every cell at every learning rate, without and with clipping.
        walks: over the surface of `pipeline.lab.clipping.cliff`, without and with clipping.
    """

    plan: Plan
    seed: int
    vocabulary: int
    descents: tuple[Descent, ...]
    walks: tuple[Walk, Walk]

    def of(self, cell: str, *, clips: bool) -> list[Descent]:
        """One for each learning rate."""
        return [d for d in self.descents if (d.cell, d.clips) == (cell, clips)]

    def shown(self, cell: str, *, clips: bool) -> Descent:
        """The training that is shown update by update."""
        return self.of(cell, clips=clips)[self.plan.learning_rates.index(self.plan.shown_rate)]


def study(
    text: StudyText,
    how: Plan,
    seed: int,
    progress: Callable[[float], None] = lambda done: None,
) -> ClippingStudy:
    """Trains every cell at every learning rate, without and with clipping."""
    descents = []
    total = 2 * len(how.gains) * len(how.learning_rates)
    for cell in how.cells:
        trainer = _Trainer(text, cell, how, seed)
        for rate in how.learning_rates:
            for threshold in (NEVER, how.threshold):
                descents.append(trainer.train(rate, threshold))
                progress(len(descents) / total)
    vocabulary = len(text.characters.vocabulary)
    return ClippingStudy(how, seed, vocabulary, tuple(descents), cliff_walks())


def cliff_walks() -> tuple[Walk, Walk]:
    """Down the valley beside the wall of `clipping.cliff`, without and with clipping."""
    start, learning_rate, steps = (4.8, -2.0), 0.5, 100
    return walk(start, learning_rate, steps), walk(start, learning_rate, steps, threshold=1.0)
