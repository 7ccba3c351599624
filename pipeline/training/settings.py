"""Settings of training: length, learning rate, regularisation, batches."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

from pipeline.ranges import AtLeast, Between, Share, UserFiles


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How the model is trained."""

    epochs: Annotated[int, AtLeast(1)] = 5
    """Maximum number of passes over the training split; early stopping may end the training
    before."""
    min_steps: Annotated[int, AtLeast(1)] = 300
    """Minimum number of steps: a small corpus is read more often than `epochs` until they are
    done."""
    batch_size: Annotated[int, AtLeast(1)] = 256
    """Rows per batch."""
    learning_rate: Annotated[float, AtLeast(0)] = 3e-3
    """Highest learning rate, reached after the warm-up, then decayed along a cosine to 0."""
    warmup_share: Annotated[float, Share] = 0.03
    """Share of all steps in which the learning rate rises."""
    weight_decay: Annotated[float, AtLeast(0)] = 0.01
    """Decoupled weight decay (AdamW)."""
    clip_norm: Annotated[float, AtLeast(0)] = 1.0
    """Gradients are scaled to a global norm of at most this; 0 never clips."""
    label_smoothing: Annotated[float, Share] = 0.0
    """Share of the target probability that is spread over all labels."""
    weight_averaging: Annotated[float, Share] = 0.998
    """Momentum of the moving average of the weights. The averaged weights are evaluated and kept;
    0: no averaging."""
    evaluations: Annotated[int, AtLeast(1)] = 10
    """Number of evaluations on dev, at regular intervals; if a small corpus is trained on several
    times, one after each training."""
    patience: Annotated[int, AtLeast(1)] = 4
    """Training stops after this many evaluations on dev without improvement."""
    checkpoint_seconds: Annotated[float, AtLeast(0)] = 20.0
    """Seconds between two checkpoints: a killed training loses at most this much work."""
    seed: Annotated[int, AtLeast(0)] = 1
    """Random seed of weights, dropout, batches and sampling."""
    initial_weights: Annotated[Path, UserFiles] | None = None
    """A `.weights.h5` file to start from, for example of a model pretrained on other data."""


@dataclasses.dataclass(frozen=True)
class DistillationSettings:
    """How the model learns from probabilities of labels; without effect if the corpus has only
    labels."""

    temperature: Annotated[float, Between(0.1, 100)] = 1.0
    """Temperature of distillation (Hinton et al. 2015): the teacher's probabilities to the power 1
    / temperature, normalised, are compared with the student's at the same temperature, and the loss
    is multiplied by the temperature squared. Above 1, the labels that the teacher does not choose
    count more."""
    label_share: Annotated[float, Between(0, 1)] = 0.0
    """Weight of the loss on the label itself, at temperature 1, for rows that have a label beside
    their probabilities."""


@dataclasses.dataclass(frozen=True)
class ScheduledSamplingSettings:
    """Whether the decoder reads the reference in training (teacher forcing) or its own
    predictions."""

    scheduled_sampling: Annotated[float, Share] = 0.0
    """Probability, at the last step, that the decoder reads its own prediction instead of the
    reference's piece (Bengio et al. 2015); it rises linearly from 0. A step then computes its batch
    twice. 0 is plain teacher forcing."""


@dataclasses.dataclass(frozen=True)
class BatchSettings:
    """How examples are grouped into batches."""

    length_jitter: Annotated[int, AtLeast(1)] = 10
    """Texts of a batch differ in length by about this many pieces. Lower values need less padding
    and less time per step; but a translator learns worse from batches of nearly one length."""


@dataclasses.dataclass(frozen=True)
class TruncationSettings:
    """Truncated backpropagation through time over running text. `batch_size` is the number of
    streams that are read side by side."""

    window: Annotated[int, AtLeast(1)] = 128
    """Characters of each stream in a step. Gradients go no further back; the state is carried from
    window to window."""


@dataclasses.dataclass(frozen=True)
class AdversarialSettings:
    """Adversarial training: each batch is learnt a second time with changed embeddings."""

    adversarial_size: Annotated[float, Between(0, 10)] = 0.0
    """How far the embeddings of a text's pieces are moved in the direction in which the loss rises
    most, as a share of their mean length; a step learns from the moved and the unmoved embeddings
    (Miyato et al. 2017). 0: no adversarial training."""
    adversarial_every: Annotated[int, Between(1, 100)] = 1
    """Every n-th row of a batch is learnt a second time. 1: all rows, and a step takes about twice
    as long as without adversarial training; 2: every second row, and a step takes about 1.5 times
    as long.
    """
