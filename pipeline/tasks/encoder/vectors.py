"""Vectors of texts by a finished run, computed as in the exported model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from pipeline.models.text_vectors import mean_vectors, text_vectors
from pipeline.tasks.encoder.settings import Settings
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Tokenizer

_TEXTS_OF_CENTRE = 1000


def centre(encoder: keras.Model, prepared_folder: Path) -> np.ndarray:
    """The mean vector of up to 1,000 passages of dev: float32 [width]."""
    dev = Ragged.load(prepared_folder / "dev")
    few = dev.take(np.arange(min(len(dev), _TEXTS_OF_CENTRE)))
    return mean_vectors(encoder, few).mean(axis=0)


def vectors_of(
    settings: Settings,
    encoder: keras.Model,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    middle: np.ndarray,
) -> np.ndarray:
    """A vector of length 1 for each text as given: float32 [texts, width]."""
    rows = tokenizer.encode(texts).truncated(settings.text.max_length)
    return text_vectors(encoder, rows, middle)
