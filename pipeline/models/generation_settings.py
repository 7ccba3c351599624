"""Settings of how a language model writes; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class GenerationSettings:
    """How the next character is drawn."""

    top_k: int = 0
    """Only so many of the most probable characters are drawn from; 0: all."""
    top_p: float = 1.0
    """Only the fewest most probable characters that together reach this probability are drawn
    from (nucleus, Holtzman et al. 2020); 1: all."""
