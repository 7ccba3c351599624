"""How many characters of a text a language model continues exactly."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from pipeline.text.characters import normalize_lines

MOST_LINES = 64
LONGEST_PROMPT = 1000
"""Characters: of a longer beginning only the end is read."""
LENGTH = 20
"""Characters that are compared."""


def line_halves(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Beginnings of lines of some texts, and what follows each on its line.

    Lines, evenly spread over the texts, are cut before the last space that is not behind their
    middle, or in the middle if there is none; before the cut `LONGEST_PROMPT` characters are kept.

    Returns:
        Up to `MOST_LINES` prompts, and the rest of each line, of which `LENGTH` characters are
        kept; neither is empty.
    """
    lines = [line for text in texts for line in normalize_lines(text).split("\n") if len(line) > 1]
    chosen = np.linspace(0, len(lines) - 1, min(MOST_LINES, len(lines))).astype(int)
    prompts, rests = [], []
    for line in (lines[i] for i in chosen):
        middle = len(line) // 2
        cut = line.rfind(" ", 1, middle + 1)
        cut = middle if cut < 0 else cut
        prompts.append(line[max(cut - LONGEST_PROMPT, 0) : cut].lstrip(" "))
        rests.append(line[cut : cut + LENGTH])
    return prompts, rests


def right_characters(
    continuations: Sequence[str], prompts: Sequence[str], references: Sequence[str]
) -> float:
    """The number of characters after each prompt that agree with the text, up to the first that
    does not.

    Args:
        continuations: what the model makes of each prompt, the prompt included.
        prompts, references: as `line_halves` gives them.

    Returns:
        The mean over the prompts, in characters; 0 where there are none.
    """
    counts = [
        max(len(os.path.commonprefix([text, prompt + rest])) - len(prompt), 0)
        for text, prompt, rest in zip(continuations, prompts, references, strict=True)
    ]
    return float(np.mean(counts)) if counts else 0.0
