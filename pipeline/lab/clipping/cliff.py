"""The smallest network whose gradient explodes: one unit, two weights, a wall in the loss.

    x_t = w σ(x_{t-1}) + b,    E = (σ(x_50) - 0.7)²,    x_0 = 0.5

Pascanu et al. 2013 (arXiv:1211.5063), equation 8 and figure 6. The unit reads nothing; w and b
alone decide where it is after 50 steps.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import expit

STEPS, FIRST, TARGET = 50, 0.5, 0.7


def loss_and_gradient(w, b, steps: int = STEPS):
    """E, ∂E/∂w and ∂E/∂b, for arrays of any shape.

    The derivatives go forward with the unit: ∂x_t/∂w = σ(x_{t-1}) + w σ' ∂x_{t-1}/∂w.
    """
    w, b = np.broadcast_arrays(np.asarray(w, np.float64), np.asarray(b, np.float64))
    x = np.full(w.shape, FIRST)
    by_w, by_b = np.zeros(w.shape), np.zeros(w.shape)
    for _ in range(steps):
        s = expit(x)
        slope = w * s * (1 - s)
        by_w, by_b = s + slope * by_w, 1 + slope * by_b
        x = w * s + b
    s = expit(x)
    outer = 2 * (s - TARGET) * s * (1 - s)
    return (s - TARGET) ** 2, outer * by_w, outer * by_b


@dataclasses.dataclass(frozen=True)
class Walk:
    """Gradient descent over the surface.

    Attributes:
        places: (w, b) before each step and after the last, float64 [steps + 1, 2].
        losses: E there, float64 [steps + 1].
        norms: ‖(∂E/∂w, ∂E/∂b)‖ before each step, float64 [steps].
        learning_rate: η.
        threshold: θ; infinity never clips.
    """

    places: np.ndarray
    losses: np.ndarray
    norms: np.ndarray
    learning_rate: float
    threshold: float

    @property
    def largest(self) -> int:
        """The step before which the gradient is largest."""
        return int(self.norms.argmax())

    @property
    def clips(self) -> int:
        """How many steps are shortened."""
        return int((self.norms > self.threshold).sum())

    @property
    def leaps(self) -> np.ndarray:
        """How far each step goes, float64 [steps]."""
        return np.linalg.norm(np.diff(self.places, axis=0), axis=1)


def walk(
    start: tuple[float, float], learning_rate: float, steps: int, threshold: float = np.inf
) -> Walk:
    """(w, b) ← (w, b) - η g min(1, θ / ‖g‖)."""
    places, losses, norms = [np.array(start, np.float64)], [], []
    for _ in range(steps):
        loss, *g = loss_and_gradient(*places[-1])
        norm = float(np.hypot(*g))
        losses.append(float(loss))
        norms.append(norm)
        scale = threshold / norm if norm > threshold else 1.0
        places.append(places[-1] - learning_rate * scale * np.array(g))
    losses.append(float(loss_and_gradient(*places[-1])[0]))
    return Walk(np.array(places), np.array(losses), np.array(norms), learning_rate, threshold)
