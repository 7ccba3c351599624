"""Texts with one label or translation each, as a reader returns them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

import pandas as pd

from pipeline.corpora.rejects import Rejected, of_file


@dataclasses.dataclass(frozen=True)
class ReadTexts:
    """The texts of a file, with rejected rows and warnings.

    Attributes:
        frame: columns id, text, label, all str, none missing.
        rejects: the rows that are not in it, and those that are, but doubtful (`kept`).
        details: what a person wants to know of how it was read; JSON-able.
        warnings: sentences that a user must not miss.
    """

    frame: pd.DataFrame
    rejects: list[Rejected]
    details: dict = dataclasses.field(default_factory=dict)
    warnings: Sequence[str] = ()

    def of_file(self, name: str) -> Self:
        """A copy whose rejects and `read_as` name the file, for one of several files."""
        rejects = [of_file(reject, name) for reject in self.rejects]
        details = {**self.details, "read_as": f"{name}: {self.details['read_as']}"}
        return dataclasses.replace(self, rejects=rejects, details=details)
