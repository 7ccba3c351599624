"""The nearest neighbours of words by the vectors of an encoder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

_WORD = re.compile("[가-힣]{2,}")
MOST_WORDS = 3000
FEWEST_TIMES = 3


def frequent_words(texts: Sequence[str], max_words: int = MOST_WORDS) -> list[str]:
    """The most frequent words of two Hangul syllables or more, the most frequent first."""
    counts = Counter(word for text in texts for word in text.split() if _WORD.fullmatch(word))
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, count in by_count[:max_words] if count >= FEWEST_TIMES]


def word_neighbours(
    words: Sequence[str], vectors: Callable[[list[str]], np.ndarray], shown: int = 12, near: int = 6
) -> list[tuple[str, list[tuple[str, float]]]]:
    """Some of the words, each with its nearest neighbours.

    Args:
        words: the most frequent first; those that are shown are spread over the first half.
        vectors: texts -> float [texts, width], of length 1.
        shown: words to give neighbours of, at most.
        near: neighbours of each.

    Returns:
        (word, (neighbour, cosine similarity), the nearest first) for each.
    """
    if len(words) < 2:
        return []
    table = vectors(list(words))
    chosen = np.unique(np.linspace(0, max(len(words) // 2 - 1, 0), shown).astype(int))
    found = []
    for number in chosen:
        similarity = table @ table[number]
        order = [i for i in np.argsort(-similarity, kind="stable") if i != number][:near]
        found.append((words[number], [(words[i], float(similarity[i])) for i in order]))
    return found
