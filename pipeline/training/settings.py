"""Settings of a training: how long, how fast, how regularised."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

from pipeline.ranges import AtLeast, Between, Share, UserFiles


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How the weights are found."""

    epochs: Annotated[int, AtLeast(1)] = 5
    """Passes over the training split, at most; early stopping may end before."""
    min_steps: Annotated[int, AtLeast(1)] = 300
    """A small corpus is read more often than `epochs`, until this many steps are done."""
    batch_size: Annotated[int, AtLeast(1)] = 256
    """Rows a batch."""
    learning_rate: Annotated[float, AtLeast(0)] = 3e-3
    """Highest learning rate, reached after the warm-up, then decayed along a cosine to 0."""
    warmup_share: Annotated[float, Share] = 0.03
    """Share of all steps in which the learning rate climbs."""
    weight_decay: Annotated[float, AtLeast(0)] = 0.01
    """Decoupled weight decay (AdamW)."""
    clip_norm: Annotated[float, AtLeast(0)] = 1.0
    """Gradients are scaled to a global norm of at most this; 0 never clips."""
    label_smoothing: Annotated[float, Share] = 0.0
    """Mass of the target distribution spread over all labels."""
    weight_averaging: Annotated[float, Share] = 0.998
    """Momentum of the moving average of the weights, which is what is evaluated and kept;
    0 keeps the last weights."""
    evaluations: Annotated[int, AtLeast(1)] = 10
    """How many times the model is evaluated on dev, at even distances; where a small corpus is
    learnt several times, once after each."""
    patience: Annotated[int, AtLeast(1)] = 4
    """The training stops after this many evaluations on dev without a better one."""
    checkpoint_seconds: Annotated[float, AtLeast(0)] = 20.0
    """At most this much work is lost to a kill."""
    seed: Annotated[int, AtLeast(0)] = 1
    """Start of every random choice: weights, dropout, batches, sampling."""
    initial_weights: Annotated[Path, UserFiles] | None = None
    """A `.weights.h5` file to start from, for instance of a model pretrained on other data."""


@dataclasses.dataclass(frozen=True)
class DistillationSettings:
    """How probabilities of labels are learnt; nothing to a corpus that has labels alone."""

    temperature: Annotated[float, Between(0.1, 100)] = 1.0
    """Above 1, what a teacher thinks of the labels that it does not choose counts more: its
    probabilities to the power 1 / temperature, made to add up to 1, are compared with the
    student's at the same temperature, and the loss is multiplied by its square (Hinton et al.
    2015)."""
    label_share: Annotated[float, Between(0, 1)] = 0.0
    """Share of the loss that is about the label itself, at temperature 1, of rows that have a
    label beside their probabilities."""


@dataclasses.dataclass(frozen=True)
class ScheduledSamplingSettings:
    """What a decoder reads in training: pieces of the reference (teacher forcing), or its own."""

    scheduled_sampling: Annotated[float, Share] = 0.0
    """Probability, at the last step, that the decoder reads its own prediction instead of the
    reference's piece (Bengio et al. 2015); it rises to that from 0 in a straight line. A step
    then reads its batch twice. 0 is plain teacher forcing."""


@dataclasses.dataclass(frozen=True)
class BatchSettings:
    """Which examples a step learns from together."""

    length_jitter: Annotated[int, AtLeast(1)] = 10
    """Texts of a batch differ in length by about so many pieces. Fewer need less padding and so
    less time a step; but from batches of nearly one length a translator learns worse."""


@dataclasses.dataclass(frozen=True)
class TruncationSettings:
    """How far back gradients go over running text. `batch_size` is the number of streams that
    are read side by side."""

    window: Annotated[int, AtLeast(1)] = 128
    """Characters of each stream in a step. Gradients go no further back (truncated
    backpropagation through time); the state goes on from window to window."""


@dataclasses.dataclass(frozen=True)
class AdversarialSettings:
    """Whether a batch is learnt a second time, made harder."""

    adversarial_size: Annotated[float, Between(0, 10)] = 0.0
    """How far the vectors of a text's pieces are moved to where the loss rises most, as a part of
    their mean length; the step learns from these and from those that were not moved (adversarial
    training, Miyato et al. 2017). 0 moves nothing."""
    adversarial_every: Annotated[int, Between(1, 100)] = 1
    """Which rows of a batch are learnt a second time: with 1 all, and a step takes about twice as
    long as without adversarial training; with 2 every second one, and it takes half as long again.
    """
