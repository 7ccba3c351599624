"""Settings of the search for a translation or a caption; here so that reading them does not import
keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast


@dataclasses.dataclass(frozen=True)
class SearchSettings:
    """How beam search looks for the best translation."""

    beam_size: Annotated[int, AtLeast(1)] = 4
    """Hypotheses kept alive for each sentence; 1 is greedy."""
    alpha: Annotated[float, AtLeast(0)] = 1.0
    """Length normalisation, ((5 + length) / 6) ** alpha (Wu et al. 2016): 0 compares plain log
    probabilities, higher values prefer longer translations."""
    coverage: Annotated[float, AtLeast(0)] = 0.0
    """Weight of the coverage penalty (Wu et al. 2016) for source pieces with little attention;
    needs attention."""
    min_length: Annotated[int, AtLeast(0)] = 0
    """Minimum number of pieces of a translation."""
    max_length_factor: Annotated[float, AtLeast(0)] = 1.5
    """The maximum length of a translation is this many times the pieces of its source ..."""
    max_length_offset: Annotated[int, AtLeast(0)] = 10
    """... plus this many pieces."""
    early_stopping: Annotated[int, AtLeast(0)] = 0
    """The search also ends as soon as this many hypotheses are finished; 0: only when no better one
    can be found, which takes longer."""
    n_best: Annotated[int, AtLeast(0)] = 0
    """Number of translations per text in the signature `n_best` of the exported model; 0: as many
    as the beam holds; 1: the model has no such signature."""

    @property
    def one_best(self) -> SearchSettings:
        """The same search for the best translation alone."""
        return dataclasses.replace(self, n_best=1)

    @property
    def all_best(self) -> SearchSettings:
        """The same search for the `n_best` translations, or for all of the beam where `n_best` is
        0."""
        return dataclasses.replace(self, n_best=self.n_best or self.beam_size)


@dataclasses.dataclass(frozen=True)
class CaptionSearchSettings:
    """How beam search looks for the best caption."""

    beam_size: Annotated[int, AtLeast(1)] = 3
    """Hypotheses kept alive for each picture; 1 is greedy."""
    alpha: Annotated[float, AtLeast(0)] = 1.0
    """Length normalisation, ((5 + length) / 6) ** alpha (Wu et al. 2016): 0 compares plain log
    probabilities, higher values prefer longer captions."""
    min_length: Annotated[int, AtLeast(0)] = 0
    """Minimum number of pieces of a caption."""
    longest_caption: Annotated[int, AtLeast(2)] = 40
    """Maximum number of pieces of a caption, [EOS] included."""
    early_stopping: Annotated[int, AtLeast(0)] = 0
    """The search also ends as soon as this many hypotheses are finished; 0: only when no better one
    can be found, which takes longer."""
