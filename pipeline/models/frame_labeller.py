"""A model that labels each frame of a video (many to many in step)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from pipeline.batches.frame_windows import FrameRows, FrameWindows
from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.layers.crf import LinearChainCRF, Viterbi
from pipeline.models.one_graph import predict_batch
from pipeline.models.recurrent_stack import carried_stack, recurrent_stack
from pipeline.models.settings import FrameLabellerSettings


def frame_labeller(
    settings: FrameLabellerSettings, *, labels: int, mean: Sequence[float], std: Sequence[float]
) -> keras.Model:
    """Builds the model.

    Args:
        settings: its shape.
        labels: how many there are.
        mean, std: of each feature over the frames of train, [features]; std is not 0.

    Returns:
        A model from {"frames": float32 [batch, time, features], in the units of the data,
        "lengths": int32 [batch]} to the unary potentials of the layer "crf", float32 [batch,
        time, labels]. Rows are right-padded; padding changes nothing. Where the direction is
        "forward", a frame's potentials depend on nothing that comes after it.
    """
    frames = keras.Input((None, len(mean)), dtype="float32", name="frames")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x = keras.layers.Normalization(
        mean=np.asarray(mean, np.float32),
        variance=np.square(std, dtype=np.float32),
        name="standard",
    )(frames)
    x = _squashed(x, settings)
    x = keras.layers.Dropout(settings.feature_dropout, name="feature_dropout")(x)
    x = recurrent_stack(x, lengths, settings)
    potentials = keras.layers.Dense(labels, name="potentials")(x)
    crf = LinearChainCRF(np.ones((labels, labels), bool), learnt=settings.head == "crf", name="crf")
    return keras.Model({"frames": frames, "lengths": lengths}, crf(potentials), name="frames")


def _squashed(x, settings: FrameLabellerSettings):
    """The features after the asinh of `settings.squash`."""
    return keras.ops.arcsinh(settings.squash * x) if settings.squash else x


def best_labels(model: keras.Model) -> keras.Model:
    """A model with the same inputs that gives the numbers of the best labels, int32 [batch, time],
    0 at padding."""
    best = Viterbi(model.get_layer("crf"), name="viterbi")
    return keras.Model(model.input, best(model.output, model.input["lengths"]), name="best_labels")


def predict_labels(decoder: keras.Model, rows: FrameRows, batch_size: int) -> list[np.ndarray]:
    """The numbers of the best labels of each video, int32 [time], in the given order.

    Args:
        decoder: what `best_labels` made.
        rows: the videos, which are read whole.
        batch_size: videos at once.
    """
    batches = FrameWindows(rows, batch_size)
    found: list[np.ndarray] = [np.zeros(0, np.int32)] * len(rows)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        answers = np.asarray(predict_batch(decoder, inputs))
        for index, length, answer in zip(indices, inputs["lengths"], answers, strict=True):
            found[batches.windows[index, 0]] = answer[:length]
    return found


def carried_labeller(model: keras.Model, settings: FrameLabellerSettings) -> keras.Model:
    """A model with the same weights that takes and returns a state, so that a video can be read in
    pieces of any length, also one frame at a time.

    Args:
        model: of `frame_labeller`, with the direction "forward".
        settings: its shape.

    Returns:
        A model from {"frames": float32 [batch, time, features], time at least 1, "state": float32
        [batch, state_size]} to (potentials float32 [batch, time, labels], state float32 [batch,
        state_size]). A video begins with zeros.
    """
    layers = [
        CarriedRecurrent.sharing(model.get_layer(f"recurrent_{number}"), f"carried_{number}")
        for number in range(1, settings.layers + 1)
    ]
    frames = keras.Input(model.input["frames"].shape[1:], dtype="float32", name="frames")
    state = keras.Input((sum(layer.state_size for layer in layers),), name="state")
    x = _squashed(model.get_layer("standard")(frames), settings)
    reset = keras.ops.zeros_like(frames[:, :, 0], dtype="bool")
    x, after = carried_stack(layers, x, reset, state, settings.state_dropout)
    potentials = model.get_layer("potentials")(x)
    inputs = {"frames": frames, "state": state}
    return keras.Model(inputs, (potentials, after), name="carried_frames")
