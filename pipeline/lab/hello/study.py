"""The smallest example of lectures: a network learns to answer "hell" with "ello".

Four letters, three hidden units, and at each step the letter that comes next: the drawing in
Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks" (2015), and in Stanford's
CS231n. After the first l an l is due and after the second an o, so the input alone cannot tell:
the hidden state has to.
"""
# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
from keras import ops

from pipeline.errors import UserError
from pipeline.lab.bptt import Network, Pass, Terms, forward, gradients, terms
from pipeline.lab.cells.simple_rnn import SimpleRNN
from pipeline.lab.lags import jacobians_of, log10_bound, log10_norms

LETTERS = "helo"
READ, DUE = "hell", "ello"
UNITS = 3
LEARNING_RATE = 0.1
SURE = 0.9  # training ends when each letter that is due has this probability
MAX_UPDATES = 3000


def one_hot(text: str) -> np.ndarray:
    """float64 [1, letters of `text`, 4]."""
    return np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in text]][None]


def new_network(seed: int, units: int = UNITS) -> Network:
    """Draws weights in float64, uniform over ±1/√n, from a seed.

    `b` is 0, and so is h_0.
    """
    generator, edge = np.random.default_rng(seed), 1 / math.sqrt(units)
    W_xh, W_hh, W_hy = (
        ops.convert_to_tensor(generator.uniform(-edge, edge, shape))
        for shape in ((units, len(LETTERS)), (units, units), (len(LETTERS), units))
    )
    return Network(SimpleRNN(W_xh, W_hh, ops.zeros(units, "float64")), W_hy)


def read(network: Network) -> Pass:
    """Runs the network over "hell"."""
    return forward(network, one_hot(READ), [[LETTERS.index(letter) for letter in DUE]])


def most_probable(passed: Pass) -> str:
    """The most probable letter at each step."""
    return "".join(LETTERS[i] for i in ops.convert_to_numpy(passed.y_hat)[0].argmax(axis=-1))


def continued(network: Network, first: str = READ[0], length: int = len(DUE)) -> str:
    """The answer of a network that reads `first`, and then its own most probable letters."""
    h, x, said = None, first, ""
    for _ in range(length):
        passed = forward(network, one_hot(x), [[0]], h)
        h, x = passed.trace.h_t[:, -1], most_probable(passed)
        said += x
    return said


@dataclasses.dataclass(frozen=True)
class HelloNetwork:
    """The network, and all that can be asked of it; each is computed once, when it is asked."""

    network: Network

    @functools.cached_property
    def passed(self) -> Pass:
        return read(self.network)

    @functools.cached_property
    def gradients(self) -> dict[str, Any]:
        return gradients(self.network, self.passed)

    @functools.cached_property
    def terms(self) -> Terms:
        return terms(self.network, self.passed)

    @property
    def said(self) -> str:
        """Reading "hell", whatever it answered."""
        return most_probable(self.passed)

    @property
    def continued(self) -> str:
        """Reading "h" and then its own answers."""
        return continued(self.network)

    @property
    def loss(self) -> float:
        """L, nats over the four letters."""
        return float(ops.sum(self.passed.losses))

    @property
    def hidden(self) -> np.ndarray:
        """h_t, float64 [time, n]."""
        return ops.convert_to_numpy(self.passed.trace.h_t)[0]

    @property
    def mean_slope(self) -> float:
        """1 - h², over steps and units."""
        return float(np.mean(1 - self.hidden**2))

    @property
    def probabilities(self) -> np.ndarray:
        """ŷ_t, float64 [time, letters]."""
        return ops.convert_to_numpy(self.passed.y_hat)[0]

    @property
    def norms_by_lag(self) -> np.ndarray:
        """‖∂h_t/∂h_k‖₂ of the last step t, at the lags 1, 2, ... up to h_0."""
        jacobian_at = jacobians_of(self.network.cell, self.passed.trace)
        return 10 ** log10_norms(jacobian_at, len(READ) - 1, len(READ))[0]

    @property
    def bounds_by_lag(self) -> np.ndarray:
        """(γ_W γ_φ)^(t-k) at the same lags."""
        return 10 ** log10_bound(self.network.cell, len(READ))

    def slope(self, name: str, place: tuple[int, ...], nudge: float = 1e-5) -> float:
        """∂L by one weight as a student checks it: the difference of L a little above and below.

        Args:
            name: one of `pipeline.lab.bptt.PARAMETERS`.
            place: which of its entries.
        """
        losses = []
        for side in (nudge, -nudge):
            changes = {key: np.zeros(w.shape) for key, w in self.network.parameters().items()}
            changes[name][place] = side
            losses.append(HelloNetwork(self.network.moved(changes)).loss)
        return (losses[0] - losses[1]) / (2 * nudge)


@dataclasses.dataclass(frozen=True)
class HelloRun:
    """One training from beginning to end.

    Attributes:
        before, after: the network untrained and trained.
        losses: L before each update and after the last, nats, float64 [updates + 1].
        answers: what it said to "hell" at those moments.
        seed, learning_rate: what it was trained with.
    """

    before: HelloNetwork
    after: HelloNetwork
    losses: np.ndarray
    answers: tuple[str, ...]
    seed: int
    learning_rate: float

    @property
    def updates(self) -> int:
        return len(self.losses) - 1

    @property
    def right_from(self) -> int:
        """Updates after which it says "ello" and never again anything else."""
        wrong = [number for number, answer in enumerate(self.answers) if answer != DUE]
        return wrong[-1] + 1 if wrong else 0


def train_by_hand(
    seed: int = 0, learning_rate: float = LEARNING_RATE, units: int = UNITS
) -> HelloRun:
    """Trains by gradient descent with gradients written out by hand, W ← W - η ∂L/∂W.

    It ends when each letter that is due has a probability of at least `SURE`.

    Raises:
        UserError: after `MAX_UPDATES` updates it is not so far.
    """
    start = HelloNetwork(new_network(seed, units))
    now, losses, answers = start, [], []
    while True:
        losses.append(now.loss)
        answers.append(now.said)
        due = [LETTERS.index(letter) for letter in DUE]
        if now.probabilities[np.arange(len(due)), due].min() >= SURE:
            return HelloRun(start, now, np.array(losses), tuple(answers), seed, learning_rate)
        if len(losses) > MAX_UPDATES:
            raise UserError(
                f'after {MAX_UPDATES:,} updates the network says "{now.said}", with a loss of '
                f"{now.loss:.2f} nats",
                where=f"seed {seed}, learning rate {learning_rate:g}, {units} hidden units",
                remedy="take another seed, a learning rate about 0.1, or more units",
            )
        steps = {name: -learning_rate * gradient for name, gradient in now.gradients.items()}
        now = HelloNetwork(now.network.moved(steps))
