"""A model without its text processing, for formats without strings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import numpy as np


@dataclasses.dataclass(frozen=True)
class IdsModel:
    """A model with ids as input and numbers as output.

    Attributes:
        model: {"ids": int32 [n, time], "lengths": int32 [n]} -> float32 [n, ..., names].
        output: what is called so that comes out: "logits".
        names: of the last axis, in its order.
        constants: name -> array that whoever asks the model needs beside its answer.
    """

    model: keras.Model
    output: str
    names: Sequence[str]
    constants: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
