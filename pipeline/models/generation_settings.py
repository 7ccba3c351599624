"""Settings of sampling from a language model; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast, Between

MAX_LENGTH = 100_000
"""Maximum number of characters that a model writes at once."""


@dataclasses.dataclass(frozen=True)
class GenerationSettings:
    """How the next character is sampled."""

    top_k: Annotated[int, AtLeast(0)] = 0
    """Samples only from this many of the most probable characters; 0: from all."""
    top_p: Annotated[float, Between(0, 1, with_lowest=False)] = 1.0
    """Samples only from the smallest set of the most probable characters whose probabilities add up
    to this (nucleus sampling, Holtzman et al. 2020); 1: from all."""
