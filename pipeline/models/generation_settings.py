"""Settings of how a language model writes; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast, Between

MAX_LENGTH = 100_000
"""Characters that a model writes at once, at the most."""


@dataclasses.dataclass(frozen=True)
class GenerationSettings:
    """How the next character is drawn."""

    top_k: Annotated[int, AtLeast(0)] = 0
    """Only so many of the most probable characters are drawn from; 0: all."""
    top_p: Annotated[float, Between(0, 1, with_lowest=False)] = 1.0
    """Only the fewest most probable characters that together reach this probability are drawn
    from (nucleus, Holtzman et al. 2020); 1: all."""
