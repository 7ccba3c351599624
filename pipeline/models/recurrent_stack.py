"""Stacks of recurrent layers with residual connections from the second layer on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import keras

from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.layers.recurrent import Recurrent


class StackSettings(Protocol):
    """The settings of a stack, as a group of settings has them."""

    cell: str
    units: int
    direction: str
    layers: int
    state_dropout: float


def recurrent_stack(x, lengths, settings: StackSettings):
    """Runs `settings.layers` layers over rows, with dropout after each.

    Args:
        x: symbolic float32 [batch, time, features].
        lengths: symbolic int32 [batch].

    Returns:
        Symbolic float32 [batch, time, width]. Layer n is called `recurrent_<n>`.
    """
    for number in range(1, settings.layers + 1):
        below = x
        x = Recurrent(
            settings.cell, settings.units, settings.direction, name=f"recurrent_{number}"
        )(below, lengths)
        if number > 1:
            x = keras.layers.Add(name=f"residual_{number}")([x, below])
        x = keras.layers.Dropout(settings.state_dropout, name=f"state_dropout_{number}")(x)
    return x


def carried_stack(layers: Sequence[CarriedRecurrent], x, reset, state, dropout: float):
    """Runs layers that take and return their state, with dropout after each.

    Args:
        x: symbolic float32 [batch, time, features].
        reset: symbolic bool [batch, time], as of `CarriedRecurrent`.
        state: symbolic float32 [batch, state_size of all layers], one behind the other.
        dropout: share of features dropped in training.

    Returns:
        Symbolic float32 [batch, time, units], and the state after the last step.
    """
    after, first = [], 0
    for number, layer in enumerate(layers, 1):
        below, size = x, layer.state_size
        x, last = layer(below, reset, state[:, first : first + size])
        after, first = [*after, last], first + size
        if number > 1:
            x = keras.layers.Add(name=f"residual_{number}")([x, below])
        x = keras.layers.Dropout(dropout, name=f"state_dropout_{number}")(x)
    if len(after) == 1:
        return x, after[0]
    return x, keras.layers.Concatenate(name="state_after")(after)
