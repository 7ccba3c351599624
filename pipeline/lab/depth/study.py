"""Deeper stacks: what gradient reaches the lowest layer, and what is learnt in so many updates.

He et al. 2016 (arXiv:1512.03385) saw that plain networks learn their *training* data worse when
layers are added, although the added ones need do nothing, and that they no longer do when each
layer has its input added to its output. Here the same is measured with recurrent layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops
from scipy.stats import entropy

from pipeline.batches.text_streams import TextStreams
from pipeline.lab.base import OnProgress, StudyText, no_progress, progress_by_part
from pipeline.lab.cells import cell_of
from pipeline.lab.cells.columns import product
from pipeline.lab.depth.stacks import Stack, build_stack, start
from pipeline.lab.training import final_loss, text_batches, train
from pipeline.models.settings import CELL_NAMES
from pipeline.text.ragged import Ragged
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.optimizer import ClippedAdamW


@dataclasses.dataclass(frozen=True)
class DepthSettings:
    """Settings of the study of depth.

    Attributes:
        cells: whose gradients are measured.
        trained: which of them are trained, too.
        depths: numbers of layers, 1 among them.
        draws: how many random starts.
        units: width of every layer.
        rows: windows in a batch.
        window: steps of a window, each read from a state of zeros.
        measured_rows: windows of which gradients are measured.
        updates: of each training.
        learning_rate: the same for all.
    """

    cells: tuple[str, ...] = ("rnn", "lstm")
    trained: tuple[str, ...] = ("rnn", "lstm")
    depths: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    draws: int = 2
    units: int = 48
    rows: int = 16
    window: int = 32
    measured_rows: int = 6
    updates: int = 200
    learning_rate: float = 3e-3


QUICK = DepthSettings(
    trained=("rnn",), depths=(1, 4), draws=1, units=24, rows=8, window=24, measured_rows=4,
    updates=60, learning_rate=1e-2,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class StackMeasurements:
    """What was measured of one stack, from all its starts.

    Attributes:
        cell, depth, skip: which.
        norms: ‖∂L/∂y^(n)‖ of the output y^(n) of layer n as the layer above it reads it, untrained,
            lowest layer first, float64 [draws, rows, depth]. L is what a window costs, in nats.
        signal: the root mean square of y^(n) less its mean over windows and steps, untrained,
            float64 [draws, depth].
        losses: nats a character before each update, float64 [draws, updates]; [draws, 0] if it
            was not trained.
    """

    cell: str
    depth: int
    skip: bool
    norms: np.ndarray
    signal: np.ndarray
    losses: np.ndarray

    @property
    def name(self) -> str:
        """The stack in a few words."""
        if self.depth == 1:
            return f"{CELL_NAMES[self.cell]}, 1 layer"
        return f"{CELL_NAMES[self.cell]}, {self.depth} layers{' with skips' if self.skip else ''}"

    @property
    def profile(self) -> np.ndarray:
        """log₁₀ of each layer's norm by that of the top layer, float64 [draws * rows, depth]."""
        relative = np.log10(self.norms) - np.log10(self.norms[:, :, -1:])
        return relative.reshape(-1, self.depth)

    @property
    def left(self) -> float:
        """log₁₀ of what of the top layer's gradient reaches the lowest: the median."""
        return float(np.median(self.profile[:, 0]))

    @property
    def learnt(self) -> np.ndarray:
        """The loss at the end, float64 [draws]."""
        return final_loss(self.losses)


@dataclasses.dataclass(frozen=True)
class DepthResults:
    """Results of the study of depth.

    Attributes:
        settings, seed: of the study.
        stacks: all of them; a stack of one layer is there once, without skip connections.
        entropy: nats a character of whoever knows how frequent characters are and nothing else.
    """

    settings: DepthSettings
    seed: int
    stacks: Sequence[StackMeasurements]
    entropy: float

    def of(self, cell: str, *, skip: bool) -> list[StackMeasurements]:
        """The stacks of a cell by depth, the single layer included."""
        return [
            each for each in self.stacks
            if each.cell == cell and (each.skip == skip or each.depth == 1)
        ]  # fmt: skip


def measure_depth(
    text: StudyText, settings: DepthSettings, seed: int, progress: OnProgress = no_progress
) -> DepthResults:
    """Measures the gradients of all stacks and trains some of them."""
    rows, vocabulary_size = text.rows["train"], text.vocabulary_size
    shapes = [
        (cell, depth, skip)
        for cell in settings.cells
        for depth in settings.depths
        for skip in ((False, True) if depth > 1 else (False,))
    ]
    costs = [depth * (4 if cell in settings.trained else 1) for cell, depth, _ in shapes]
    stacks = []
    parts = progress_by_part(progress, costs)
    for (cell, depth, skip), part in zip(shapes, parts, strict=True):
        stack = build_stack(
            cell, depth, skip=skip, units=settings.units, vocabulary_size=vocabulary_size
        )
        stacks.append(_measure_stack(cell, stack, rows, settings, seed, part))
        part(1.0)
    return DepthResults(settings, seed, stacks, frequency_entropy(rows))


def _measure_stack(
    cell: str, stack: Stack, rows: Ragged, settings: DepthSettings, seed: int, progress: OnProgress
) -> StackMeasurements:
    inputs, targets = TextStreams(rows, settings.rows, settings.window, seed=seed)[0]
    measured = slice(settings.measured_rows)
    optimizer = ClippedAdamW(settings.learning_rate, clip_norm=1.0, weight_decay=0.0)
    optimizer.build(stack.model.trainable_variables)
    stack.model.compile(optimizer, PieceCrossEntropy(), jit_compile=False)
    untouched = [ops.convert_to_numpy(variable).copy() for variable in optimizer.variables]
    norms, signal, losses = [], [], []
    for draw, part in enumerate(progress_by_part(progress, [1] * settings.draws), seed):
        start(stack, draw)
        layers = gradients_by_layer(stack, inputs["ids"][measured], targets[measured])
        gradients = [ops.convert_to_numpy(layer.gradient) for layer in layers]
        norms.append([np.linalg.norm(each, axis=(1, 2)) for each in gradients])
        signal.append([_deviation(layer.output) for layer in layers])
        if cell in settings.trained:
            for variable, value in zip(optimizer.variables, untouched, strict=True):
                variable.assign(value)
            batches = text_batches(rows, settings.rows, settings.window, draw)
            ids_alone = (({"ids": read["ids"]}, due) for read, due in batches)
            losses.append(list(train(stack.model, ids_alone, settings.updates, part)))
    return StackMeasurements(
        cell,
        stack.depth,
        stack.skip,
        np.array(norms).transpose(0, 2, 1),
        np.array(signal),
        np.array(losses).reshape(settings.draws, -1),
    )


@dataclasses.dataclass(frozen=True)
class AtLayer:
    """The output of a layer, and the gradient of the loss by it.

    Attributes:
        output: y^(n), what the layer above reads, float64 [batch, time, units].
        gradient: ∂L/∂y^(n), where L is the loss summed over all that is predicted.
    """

    output: Any
    gradient: Any


def gradients_by_layer(stack: Stack, ids: np.ndarray, targets: np.ndarray) -> list[AtLayer]:
    """Carries a gradient back through time and depth, by the closed forms of the cells.

    At the top ∂L/∂y = W_outᵀ (ŷ - onehot); a layer hands ∂L/∂y^(n) to its input as `backward`
    says, and a skip connection adds ∂L/∂y^(n) itself to that.

    Args:
        stack: whose weights are used; everything is computed in float64.
        ids: int32 [batch, time].
        targets: int32 [batch, time], -1 where nothing is asked.

    Returns:
        The layers, lowest first.
    """
    (embeddings,) = stack.embedding.get_weights()
    y = ops.convert_to_tensor(embeddings.astype(np.float64)[ids])
    passed = []
    for number, layer in enumerate(stack.layers):
        cell = cell_of(layer, "float64")
        trace = cell.forward(y)
        y = y + trace.h_t if stack.skip and number else trace.h_t
        passed.append((cell, trace, y))
    W_out, b = (np.asarray(w, np.float64) for w in stack.readout.get_weights())  # noqa: N806
    y_hat = ops.softmax(ops.matmul(y, W_out) + b, axis=-1)
    asked = np.asarray(targets) >= 0
    due = ops.one_hot(np.where(asked, targets, 0), W_out.shape[1], dtype="float64")
    gradient = product(W_out, (y_hat - due) * asked[:, :, None])
    layers = []
    for number in reversed(range(stack.depth)):
        cell, trace, y = passed[number]
        layers.insert(0, AtLayer(y, gradient))
        below = backward(cell, trace, gradient)
        gradient = below + gradient if stack.skip and number else below
    return layers


def backward(cell, trace, by_h):
    """The gradient of the loss by what a layer reads, from that by its output h, for all steps.

        δ_t = (∂L/∂h_t, 0) + (∂s_{t+1}/∂s_t)ᵀ δ_{t+1}        ∂L/∂x_t = (∂s_t/∂x_t)ᵀ δ_t

    where s is the whole state, h or (h, C).

    Args:
        cell, trace: of `pipeline.lab.cells`, over a sequence.
        by_h: [batch, time, n].

    Returns:
        [batch, time, inputs].
    """
    by_s = cell.state_jacobian(trace)
    size = by_s.shape[-1] - by_h.shape[-1]
    direct = ops.unstack(ops.pad(by_h, ((0, 0), (0, 0), (0, size))), axis=1)
    by_s = ops.unstack(by_s, axis=1)
    δ = [direct[-1]]
    for t in reversed(range(len(direct) - 1)):
        δ.insert(0, direct[t] + ops.einsum("bij,bi->bj", by_s[t + 1], δ[0]))
    return ops.einsum("btij,bti->btj", cell.input_jacobian(trace), ops.stack(δ, axis=1))


def frequency_entropy(rows: Ragged) -> float:
    """-Σ p ln p over the ids that are predicted: all but those that open a row."""
    return float(entropy(np.bincount(np.delete(rows.ids, rows.row_splits[:-1]))))


def _deviation(output) -> float:
    values = ops.convert_to_numpy(output)
    return float((values - values.mean(axis=(0, 1))).std())
