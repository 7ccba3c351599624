"""What every recurrent unit of a language model does while it reads a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from pipeline.lab.base import OnProgress, no_progress
from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.models.language_model import state_size
from pipeline.models.unit_losses import streams_to_read
from pipeline.text.ragged import Ragged


@dataclasses.dataclass(frozen=True)
class Unit:
    """One number of the state.

    Attributes:
        layer: number of its recurrent layer, from 1.
        index: which of its units, from 0.
        part: "h", or "C" for the cell state of an LSTM.
        alone: there is but one layer, and its number need not be said.
    """

    layer: int
    index: int
    part: str
    alone: bool = True

    @property
    def name(self) -> str:
        of = "" if self.alone else f"layer {self.layer} "
        return f"{of}unit {self.index} ({self.part})"

    @property
    def place(self) -> tuple[int, int]:
        """Layer and index: h and C of an LSTM's unit have the same."""
        return self.layer, self.index


def recurrent_layers(model: keras.Model) -> list[CarriedRecurrent]:
    """From below to above."""
    return [layer for layer in model.layers if isinstance(layer, CarriedRecurrent)]


def units_of(model: keras.Model) -> list[Unit]:
    """The numbers of the state of a language model, as its state holds them: one for each column
    of what `read_states` gives."""
    layers = recurrent_layers(model)
    return [
        Unit(number, index, part, alone=len(layers) == 1)
        for number, layer in enumerate(layers, 1)
        for part in ("h", "C")[: layer.state_size // layer.units]
        for index in range(layer.units)
    ]


class EveryState(keras.layers.Layer):
    """The whole state of a recurrent layer after every step, where the layer gives h alone.

    Args:
        recurrent: the layer; its weights are shared.

    Call arguments:
        Those of the layer.

    Returns:
        float [batch, time, state_size].
    """

    def __init__(self, recurrent: CarriedRecurrent, **kwargs):
        super().__init__(**kwargs)
        self.recurrent = recurrent
        self.built = True

    def call(self, sequences, reset, state):
        every, _ = self.recurrent.states(sequences, reset, state)
        return ops.transpose(ops.concatenate(every, axis=-1), (1, 0, 2))


def state_reader(model: keras.Model) -> keras.Model:
    """A model with the inputs of a language model whose output is the state after every step,
    float32 [batch, time, state_size]; the weights are shared."""
    every = [EveryState(layer)(*layer.input) for layer in recurrent_layers(model)]
    every = every[0] if len(every) == 1 else ops.concatenate(every, axis=-1)
    return keras.Model(model.input, every, name="state_reader")


def read_states(
    reader: keras.Model,
    rows: Ragged,
    places: np.ndarray,
    progress: OnProgress = no_progress,
) -> np.ndarray:
    """The state right after some ids were read, each after all that stands before it.

    A long text is read as parallel streams, as `pipeline.models.unit_losses.unit_losses` does.

    Args:
        reader: from `state_reader`.
        rows: documents, each opened by [BOS].
        places: int64 [asked], ascending places in `rows.ids`, none the last of its row.

    Returns:
        float32 [asked, state_size], columns as `units_of` names them.
    """
    width = state_size(reader)
    every = np.zeros((len(places), width), np.float32)
    if not len(places):
        return every
    asked = np.full(len(rows.ids), -1)
    asked[places] = np.arange(len(places))
    streams, state = streams_to_read(rows, width)
    for index in range(len(streams)):
        inputs, targets = streams[index]
        states = reader.predict_on_batch({**inputs, "state": state})
        # What is predicted at a place stands one behind what was read there.
        read = np.where(targets >= 0, asked[streams.places(index) - 1], -1)
        every[read[read >= 0]] = states[read >= 0]
        state = states[:, -1]
        progress((index + 1) / len(streams))
    return every


def columns_of(units: Sequence[Unit], place: tuple[int, int]) -> list[int]:
    """Which columns are of one unit."""
    return [number for number, unit in enumerate(units) if unit.place == place]
