"""Settings of the models; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class ClassifierSettings:
    """The shape of the classifier."""

    cell: Literal["lstm", "gru", "rnn", "irnn", "bag"] = "lstm"
    """What runs over the pieces. "irnn" is a ReLU RNN started at the identity; "bag" has no
    recurrence at all: the mean and maximum of the embeddings, the baseline."""
    units: int = 128
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: int = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection) where the widths agree."""
    embedding_size: int = 128
    """Width of the piece embeddings."""
    ngrams: Literal["none", "syllable", "jamo"] = "jamo"
    """What a piece's embedding borrows from: nothing, its syllables and pairs of syllables, or
    these and its runs of 3 jamo. Costs time in training, nothing when served."""
    most_ngrams: int = 12
    """N-grams a piece at the most."""
    pooling: Literal["last", "mean", "max", "attention", "max+mean"] = "max+mean"
    """How one vector is made of the states of all pieces."""
    embedding_dropout: float = 0.5
    """Share of embedding features dropped in training."""
    piece_dropout: float = 0.1
    """Share of pieces of which nothing is read in training."""
    state_dropout: float = 0.5
    """Share of state features dropped between layers and before the logits in training."""


def describe(settings: ClassifierSettings) -> str:
    """The shape in a few words, for reports."""
    if settings.cell == "bag":
        return f"bag of embeddings, {settings.embedding_size} wide"
    cell = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN", "irnn": "ReLU RNN"}[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    return f"{settings.layers}-layer {direction}{cell}-{settings.units}"


@dataclasses.dataclass(frozen=True)
class TaggerSettings:
    """The shape of the tagger."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What runs over the pieces. "irnn" is a ReLU RNN started at the identity."""
    units: int = 128
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: int = 2
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection)."""
    embedding_size: int = 64
    """Width of the piece embeddings."""
    ngram_size: int = 32
    """Width of the embeddings of runs of pieces."""
    head: Literal["crf", "softmax"] = "crf"
    """How tags are chosen: a linear-chain CRF scores whole sequences; "softmax" scores each tag
    by itself, and the best legal sequence is taken."""
    embedding_dropout: float = 0.3
    """Share of embedding features dropped in training."""
    piece_dropout: float = 0.1
    """Share of pieces of which nothing is read in training."""
    ngram_dropout: float = 0.3
    """Share of runs of pieces taken for unknown in training."""
    state_dropout: float = 0.5
    """Share of state features dropped between layers and before the tags in training."""


def describe_tagger(settings: TaggerSettings) -> str:
    """The shape in a few words, for reports."""
    cell = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN", "irnn": "ReLU RNN"}[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    head = {"crf": "CRF", "softmax": "softmax"}[settings.head]
    return f"{settings.layers}-layer {direction}{cell}-{settings.units} with a {head} head"
