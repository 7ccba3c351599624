"""A small decoder whose every probability can be told, and decoding with it."""

from __future__ import annotations

import numpy as np
from keras import ops

from pipeline.decoding import (
    Hypotheses,
    SamplingOptions,
    SearchOptions,
    SpecialIds,
    beam_search,
    greedy,
    sample,
)

PAD, BOS, EOS = 0, 1, 2
SPECIAL = SpecialIds(BOS, EOS, PAD)
SOURCE = 4


class Toy:
    """A recurrent network with random weights: each probability hangs on the whole prefix.

    `step` is what decoding calls; `after` says the same of one prefix, in float64 NumPy.
    """

    def __init__(self, seed: int, rows: int = 3, vocabulary: int = 6, scale: float = 1.5):
        draw = np.random.default_rng(seed)
        self.rows, self.vocabulary = rows, vocabulary
        self.inner, self.embedding, self.outer = (
            scale * draw.normal(size=shape).astype("float32")
            for shape in ((4, 4), (vocabulary, 4), (4, vocabulary))
        )
        self.hidden = draw.normal(size=(rows, 4)).astype("float32")
        self.memory = 2 * draw.normal(size=(rows, SOURCE, 4)).astype("float32")
        self.mask = np.arange(SOURCE)[None, :] < draw.integers(1, SOURCE + 1, (rows, 1))

    @property
    def state(self) -> dict[str, np.ndarray]:
        mask = self.mask.astype("float32")
        return {"hidden": self.hidden, "memory": self.memory, "mask": mask}

    def rows_of(self, chosen: slice) -> Toy:
        """The same with some of the rows."""
        some = Toy.__new__(Toy)
        vars(some).update(vars(self))
        some.hidden, some.memory, some.mask = (
            values[chosen] for values in (self.hidden, self.memory, self.mask)
        )
        some.rows = len(some.hidden)
        return some

    def only(self, row: int) -> Toy:
        return self.rows_of(slice(row, row + 1))

    def first(self, rows: int) -> Toy:
        return self.rows_of(slice(rows))

    def step(self, last, state, position):
        hidden = ops.tanh(
            ops.matmul(state["hidden"], self.inner) + ops.take(self.embedding, last, 0)
        )
        hidden = hidden + 0.1 * ops.cast(position, "float32")
        energy = ops.sum(hidden[:, None, :] * state["memory"], axis=-1)
        attention = ops.softmax(ops.where(state["mask"] > 0, energy, -np.inf), axis=-1)
        log_probs = ops.log_softmax(ops.matmul(hidden, self.outer), axis=-1)
        return log_probs, {**state, "hidden": hidden}, attention

    def after(
        self, row: int, prefix: tuple[int, ...], first: int = BOS
    ) -> tuple[np.ndarray, np.ndarray]:
        """log p of what comes next [vocabulary], and the attention [SOURCE] paid to find it."""
        hidden = self.hidden[row].astype(np.float64)
        for position, last in enumerate((first, *prefix)):
            hidden = np.tanh(hidden @ self.inner + self.embedding[last]) + 0.1 * position
        energy = np.where(self.mask[row], self.memory[row] @ hidden, -np.inf)
        logits = hidden @ self.outer
        attention = np.exp(energy - np.logaddexp.reduce(energy))
        return logits - np.logaddexp.reduce(logits), attention

    def log_p(self, row: int, ids, first: int = BOS) -> float:
        return sum(self.after(row, tuple(ids[:t]), first)[0][ids[t]] for t in range(len(ids)))

    def attention(self, row: int, ids) -> np.ndarray:
        return np.array([self.after(row, tuple(ids[:t]))[1] for t in range(len(ids))])

    def score(self, row: int, ids, alpha: float, beta: float) -> float:
        """Wu et al. 2016, equation 14."""
        score = self.log_p(row, ids) / ((5 + len(ids)) / 6) ** alpha
        if beta:
            coverage = self.attention(row, ids).sum(axis=0)[self.mask[row]]
            score += beta * np.log(np.minimum(coverage, 1)).sum()
        return score


def numpy(hypotheses: Hypotheses) -> Hypotheses:
    return Hypotheses(*(None if x is None else ops.convert_to_numpy(x) for x in hypotheses))


def search(toy: Toy, *, max_length, source_mask=True, constant=(), **options) -> Hypotheses:
    """Beam search with the toy; the mask of its source is used unless told otherwise."""
    return numpy(
        beam_search(
            toy.step,
            toy.state,
            toy.rows,
            SPECIAL,
            SearchOptions(**options),
            max_length=max_length,
            source_mask=toy.mask if source_mask is True else source_mask,
            constant=constant,
        )
    )


def follow(toy: Toy, **settings) -> Hypotheses:
    """Greedy decoding with the toy."""
    return numpy(greedy(toy.step, toy.state, toy.rows, SPECIAL, **settings))


def draw(toy: Toy, *, max_length, source_mask=None, **options) -> Hypotheses:
    """Sampling with the toy."""
    options, limits = SamplingOptions(**options), {"max_length": max_length}
    return numpy(
        sample(toy.step, toy.state, toy.rows, SPECIAL, options, source_mask=source_mask, **limits)
    )


def lists(found: Hypotheses) -> list[list[tuple[int, ...]]]:
    """The ids of what exists, per row; what stands behind the end must be padding."""
    rows = []
    for ids, lengths, scores in zip(found.ids, found.lengths, found.scores, strict=True):
        assert all((line[length:] == PAD).all() for line, length in zip(ids, lengths, strict=True))
        assert not lengths[np.isneginf(scores)].any()
        rows.append(
            [
                tuple(int(i) for i in line[:length])
                for line, length, score in zip(ids, lengths, scores, strict=True)
                if score > -np.inf
            ]
        )
    return rows
