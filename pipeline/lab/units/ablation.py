"""Ablation: a unit is held still, and what that costs shows whether the network uses it.

At every step, whatever the cell has computed, the unit is set to its mean: h, and in an LSTM C too
(C reaches nothing but the h of its own unit, so nothing of it is left). That is what the layers
above read, and what the next step reads. The mean, and not zero: a unit that is never near zero
would otherwise say something that the network has never heard.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import ops

from pipeline.lab.base import OnProgress, no_progress
from pipeline.lab.units.activations import Unit, columns_of, recurrent_layers
from pipeline.lab.units.held_out import HeldOut
from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.models.unit_losses import UnitLosses, unit_losses


class HeldRecurrent(CarriedRecurrent):
    """A recurrent layer in which numbers of the state can be held at a value at every step.

    s_t = m * v + (1 - m) * cell(x_t, s_{t-1}), with m in {0, 1}: so a held number is at its value
    for the layer above and for the next step. Before a document begins the state is zeros, as in
    the layer it is made from.

    Weights beside those of the layer: `held`, m, and `value`, v, float [state_size] each; all
    zeros at first, which holds nothing. Neither is trained.
    """

    def build(self, sequences_shape, reset_shape=None, state_shape=None):
        super().build(sequences_shape, reset_shape, state_shape)
        shape = (self.state_size,)
        self.held = self.add_weight(shape, "zeros", trainable=False, name="held")
        self.value = self.add_weight(shape, "zeros", trainable=False, name="value")

    def step(self, column, before):
        after = super().step(column, before)
        parts = len(after)
        held, values = ops.split(self.held, parts), ops.split(self.value, parts)
        return tuple(
            ops.where(still > 0, value, part)
            for part, still, value in zip(after, held, values, strict=True)
        )


def holdable(model: keras.Model) -> keras.Model:
    """A copy of a language model, weights too, whose recurrent layers are `HeldRecurrent`."""

    def copied(layer):
        kind = HeldRecurrent if isinstance(layer, CarriedRecurrent) else type(layer)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=copied)
    for layer in model.layers:
        its = copy.get_layer(layer.name)
        if isinstance(layer, CarriedRecurrent):  # the weights of what it runs, not `held`
            its, layer = its.layer, layer.layer
        its.set_weights(layer.get_weights())
    return copy


@contextlib.contextmanager
def held(copy: keras.Model, columns: Sequence[int], values: np.ndarray) -> Iterator[None]:
    """Holds some numbers of the state within a block.

    Args:
        copy: from `holdable`.
        columns: which, counted over the whole state, as `units_of` names them.
        values: float [state_size], what every number would be held at.
    """
    mask = np.zeros(len(values), np.float32)
    mask[list(columns)] = 1
    first = 0
    layers = recurrent_layers(copy)
    try:
        for layer in layers:
            part = slice(first, first + layer.state_size)
            layer.held.assign(mask[part])
            layer.value.assign(values[part])
            first += layer.state_size
        yield
    finally:
        for layer in layers:
            layer.held.assign(np.zeros(layer.state_size, np.float32))


def ablation_costs(
    model: keras.Model,
    text: HeldOut,
    units: Sequence[Unit],
    places: Sequence[tuple[int, int]],
    means: np.ndarray,
    progress: OnProgress = no_progress,
) -> np.ndarray:
    """Measures how much more each character costs when a unit is held at its mean.

    Args:
        model: a language model; it stays as it is.
        text: of which the characters are.
        units: from `units_of`.
        places: layer and index of each unit to be held, one at a time.
        means: float [state_size], of every number of the state.

    Returns:
        float64 [1 + places, characters]: nats of what comes next after each character with nothing
        held, and how much more it is with each unit held.
    """
    copy = holdable(model)
    scorer = UnitLosses(copy)
    costs = np.zeros((1 + len(places), len(text)))
    for number, columns in enumerate([[], *(columns_of(units, place) for place in places)]):
        with held(copy, columns, means):
            costs[number] = text.next_costs(unit_losses(scorer, text.rows))
        progress((number + 1) / len(costs))
    costs[1:] -= costs[0]
    return costs


def random_places(
    units: Sequence[Unit], but: Sequence[tuple[int, int]], count: int, seed: int
) -> list[tuple[int, int]]:
    """Units to compare with, drawn from all but some; fewer where there are not so many."""
    others = sorted({unit.place for unit in units} - set(but))
    drawn = np.random.default_rng(seed).permutation(len(others))[:count]
    return [others[number] for number in sorted(drawn)]


@dataclasses.dataclass(frozen=True)
class Effect:
    """What holding a unit costs, in nats a character.

    Attributes:
        on: where a predicate holds, on average.
        off: elsewhere.
    """

    on: float
    off: float


def effect(more: np.ndarray, holds: np.ndarray) -> Effect:
    """The means of what each character costs more, float [characters], where a predicate, bool
    [characters], holds and where it does not."""
    return Effect(float(more[holds].mean()), float(more[~holds].mean()))
