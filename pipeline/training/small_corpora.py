"""How a small corpus is learnt from: in smaller batches, and several times."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast

MIN_ROWS = 16
"""Rows a batch that few rows make no smaller."""


@dataclasses.dataclass(frozen=True)
class SmallCorpusSettings:
    """What changes for a small corpus."""

    min_batches: Annotated[int, AtLeast(1)] = 20
    """A corpus of fewer batches than this is read in smaller ones, down to 16 rows, so that some
    hundred steps do not read it a hundred times; 1 always takes `batch_size` rows."""

    trainings: Annotated[int, AtLeast(1)] = 5
    """How many times a model that starts from an encoder is trained on such a corpus. What is kept
    is the mean of their weights, one model of the usual size (a model soup, Wortsman et al. 2022).
    They share `min_steps`."""

    def trainings_of(self, batch_size: int, rows: int) -> int:
        """How many times a training split is learnt from, from an encoder.

        Args:
            batch_size: of a large corpus, and at most.
            rows: of the split.

        Example:
            >>> [SmallCorpusSettings().trainings_of(256, rows) for rows in (80, 704, 9000)]
            [5, 5, 1]
        """
        return self.trainings if rows < batch_size * self.min_batches else 1

    def rows_per_batch(self, batch_size: int, rows: int) -> int:
        """Rows of a batch of a training split.

        Args:
            batch_size: of a large corpus, and at most.
            rows: of the split.

        Example:
            >>> [SmallCorpusSettings().rows_per_batch(256, rows) for rows in (80, 704, 9000)]
            [16, 35, 256]
        """
        return min(batch_size, max(rows // self.min_batches, MIN_ROWS))
