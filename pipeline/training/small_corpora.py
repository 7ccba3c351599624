"""Training on a small corpus: smaller batches, and several trainings."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast

MIN_ROWS = 16
"""Smallest number of rows per batch, however small the corpus is."""


@dataclasses.dataclass(frozen=True)
class SmallCorpusSettings:
    """How training changes for a small corpus."""

    min_batches: Annotated[int, AtLeast(1)] = 20
    """If a corpus has fewer batches than this, the batches become smaller, down to 16 rows, so that
    a few hundred steps do not read the corpus a hundred times; 1 always takes `batch_size` rows."""

    trainings: Annotated[int, AtLeast(1)] = 5
    """Number of trainings on such a corpus, for a model that starts from an encoder. Their weights
    are averaged into one model of the usual size (a model soup, Wortsman et al. 2022). The
    trainings share `min_steps`."""

    def trainings_of(self, batch_size: int, rows: int) -> int:
        """The number of trainings on a training split, for a model that starts from an encoder.

        Args:
            batch_size: of a large corpus, and at most.
            rows: of the split.

        Example:
            >>> [SmallCorpusSettings().trainings_of(256, rows) for rows in (80, 704, 9000)]
            [5, 5, 1]
        """
        return self.trainings if rows < batch_size * self.min_batches else 1

    def rows_per_batch(self, batch_size: int, rows: int) -> int:
        """The number of rows per batch for a training split.

        Args:
            batch_size: of a large corpus, and at most.
            rows: of the split.

        Example:
            >>> [SmallCorpusSettings().rows_per_batch(256, rows) for rows in (80, 704, 9000)]
            [16, 35, 256]
        """
        return min(batch_size, max(rows // self.min_batches, MIN_ROWS))
