"""Two tasks that need memory, with any lag between what is read and where it is asked for.

Both have a score that every network without memory ends at, so that it shows at once whether
anything was remembered. Sequences are drawn anew for each batch; there is nothing to overfit.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np


@dataclasses.dataclass(frozen=True)
class Adding:
    """The adding problem: of many numbers two are marked, and at the end their sum is due.

    Hochreiter and Schmidhuber 1997, experiment 4, in the form of Le et al. 2015
    (arXiv:1504.00941) and Arjovsky et al. 2016 (arXiv:1511.06464), section 4.2: numbers are even
    over 0 to 1, one mark stands in the first half and one in the second, and the score is the
    squared error.

    Attributes:
        lag: T, numbers in a sequence, at least 2; the first mark is T/2 to T steps from the end.
    """

    lag: int

    name: ClassVar[str] = "adding"
    features: ClassVar[int] = 2
    outputs: ClassVar[int] = 1
    asked: ClassVar[int] = 1
    unit: ClassVar[str] = "MSE"
    baseline: ClassVar[float] = 1 / 6
    """The variance of the sum of two numbers, 2 · 1/12: whoever always says 1 has this error."""
    solved: ClassVar[float] = 0.01

    def __post_init__(self):
        if self.lag < 2:
            raise ValueError("there must be two numbers to be added")

    @property
    def steps(self) -> int:
        """Steps of a sequence."""
        return self.lag

    @property
    def farthest(self) -> int:
        """Steps from the first thing that may have to be remembered to where it is asked for."""
        return self.lag - 1

    def draw(self, generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers and marks float32 [rows, steps, 2], and the sums float32 [rows, 1, 1]."""
        half = self.lag // 2
        numbers = generator.uniform(size=(rows, self.lag))
        marks = np.zeros_like(numbers)
        row = np.arange(rows)
        marks[row, generator.integers(0, half, rows)] = 1
        marks[row, generator.integers(half, self.lag, rows)] = 1
        sums = (numbers * marks).sum(axis=1)[:, None, None]
        return np.stack([numbers, marks], axis=-1).astype(np.float32), sums.astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Copying:
    """The copy memory task: some symbols, then nothing for a while, then the symbols are due.

    After Hochreiter and Schmidhuber 1997, as in Arjovsky et al. 2016 (arXiv:1511.06464), section
    4.1: the symbols, T - 1 blanks, a sign that asks for them, and blanks while they are said.
    They count blanks that are due, too; here only what has to be remembered is scored, so that
    the score of a network without memory, ln 8, does not depend on T.

    Attributes:
        lag: T, steps from the last symbol to the sign, at least 1; a symbol is due T + `symbols`
            steps after it was read.
        symbols: how many are to be kept (Arjovsky et al.: 10).
    """

    lag: int
    symbols: int = 3

    name: ClassVar[str] = "copy"
    alphabet: ClassVar[int] = 8
    features: ClassVar[int] = alphabet + 2
    outputs: ClassVar[int] = alphabet
    unit: ClassVar[str] = "nats"
    baseline: ClassVar[float] = math.log(alphabet)
    """The entropy of a symbol."""
    solved: ClassVar[float] = 0.1

    def __post_init__(self):
        if self.lag < 1 or self.symbols < 1:
            raise ValueError("there must be a symbol, and a step to the sign")

    @property
    def asked(self) -> int:
        """How many of the last steps owe an answer."""
        return self.symbols

    @property
    def steps(self) -> int:
        """Steps of a sequence."""
        return self.lag + 2 * self.symbols

    @property
    def farthest(self) -> int:
        """Steps from each symbol to where it is asked for."""
        return self.lag + self.symbols

    def draw(self, generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """One-hot float32 [rows, steps, 10] (8 is blank, 9 the sign), and the symbols int32
        [rows, symbols]."""
        symbols = generator.integers(0, self.alphabet, (rows, self.symbols))
        read = np.full((rows, self.steps), self.alphabet)
        read[:, : self.symbols] = symbols
        read[:, self.symbols + self.lag - 1] = self.alphabet + 1
        return np.eye(self.features, dtype=np.float32)[read], symbols.astype(np.int32)


MemoryTask = Adding | Copying
