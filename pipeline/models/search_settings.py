"""Settings of how a translation or a caption is searched; here so that reading them does not import
keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast


@dataclasses.dataclass(frozen=True)
class SearchSettings:
    """How the best translation is looked for."""

    beam_size: Annotated[int, AtLeast(1)] = 4
    """Hypotheses kept alive for each sentence; 1 is greedy."""
    alpha: Annotated[float, AtLeast(0)] = 1.0
    """Length normalisation, ((5 + length) / 6) ** alpha (Wu et al. 2016): 0 compares plain log
    probabilities, more prefers longer translations."""
    coverage: Annotated[float, AtLeast(0)] = 0.0
    """Weight of the coverage penalty (Wu et al. 2016), for source pieces that were never attended
    to; needs attention."""
    min_length: Annotated[int, AtLeast(0)] = 0
    """Pieces that a translation has at least."""
    max_length_factor: Annotated[float, AtLeast(0)] = 1.5
    """A translation ends after this many times the pieces of its source ..."""
    max_length_offset: Annotated[int, AtLeast(0)] = 10
    """... and so many more."""
    early_stopping: Annotated[int, AtLeast(0)] = 0
    """The search also ends when so many hypotheses have ended by themselves; 0: when no better
    one can be found, which takes longer."""
    n_best: Annotated[int, AtLeast(0)] = 0
    """Translations of a text that the exported model can give, in its signature `n_best`; 0: as
    many as the beam holds; 1: it has no such signature."""

    @property
    def one_best(self) -> SearchSettings:
        """The same search for the best translation alone."""
        return dataclasses.replace(self, n_best=1)

    @property
    def all_best(self) -> SearchSettings:
        """The same search with the number of translations that `n_best` stands for."""
        return dataclasses.replace(self, n_best=self.n_best or self.beam_size)


@dataclasses.dataclass(frozen=True)
class CaptionSearchSettings:
    """How the best caption is looked for."""

    beam_size: Annotated[int, AtLeast(1)] = 3
    """Hypotheses kept alive for each picture; 1 is greedy."""
    alpha: Annotated[float, AtLeast(0)] = 1.0
    """Length normalisation, ((5 + length) / 6) ** alpha (Wu et al. 2016): 0 compares plain log
    probabilities, more prefers longer captions."""
    min_length: Annotated[int, AtLeast(0)] = 0
    """Pieces that a caption has at least."""
    longest_caption: Annotated[int, AtLeast(2)] = 40
    """Pieces that a caption has at most, the end counted."""
    early_stopping: Annotated[int, AtLeast(0)] = 0
    """The search also ends when so many hypotheses have ended by themselves; 0: when no better
    one can be found, which takes longer."""
