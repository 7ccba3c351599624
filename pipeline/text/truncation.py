"""Warnings about texts that were longer than a model reads."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.counts import counted


def truncation_warnings(truncated: Mapping[tuple[str, str], int], max_length: int) -> list[str]:
    """One sentence with the counts, or none where nothing was cut.

    Args:
        truncated: what was cut ("source", "train") -> how many.
        max_length: how much of a text is read, [BOS] and [EOS] counted.
    """
    found = [
        f"{counted(count, noun)} of {part}" for (noun, part), count in truncated.items() if count
    ]
    if not found:
        return []
    return [
        f"Longer than {max_length - 2:,} pieces, and read only up to there: {', '.join(found)}. "
        "--max-length says how much is read."
    ]
