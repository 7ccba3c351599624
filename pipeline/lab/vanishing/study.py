"""What is left of ∂h_t/∂h_k after t - k steps, cell by cell, untrained and trained, on real text.

The pipeline's language models, with one recurrent layer, read windows of running text; their layer,
rewritten as equations (`pipeline.lab.cells`), gives every Jacobian of the way, and the products of
these (`pipeline.lab.lags`) the gradient. Then each model learns to predict the text for a while,
by truncated backpropagation through time, and is asked again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from pipeline.errors import UserError
from pipeline.lab.base import OnProgress, StudyText, no_progress, progress_by_part
from pipeline.lab.cells import GRU, LSTM, SimpleRNN
from pipeline.lab.lags import jacobians_of, log10_bound, log10_norms
from pipeline.lab.training import final_loss, train_on_text
from pipeline.lab.vanishing.cells import KINDS, Kind, embedded, equations_of, model_of
from pipeline.text.ragged import Ragged
from pipeline.training.optimizer import ClippedAdamW

LAG = 50  # at which the claims are made


@dataclasses.dataclass(frozen=True)
class VanishingSettings:
    """Settings of the study of vanishing gradients.

    Attributes:
        units: n, and the width of the embeddings.
        rows: windows that are read side by side.
        lags: 1 to this many.
        warm_up: steps that are read before the first k, so that no state is still 0.
        updates: of the training.
        window: steps that the training goes back at the most.
        learning_rate: of the training.
        trained: names of the kinds that are trained.
        gains: g of recurrent weights N(0, g²/n), from those that vanish to those that explode.
    """

    units: int = 64
    rows: int = 16
    lags: int = 100
    warm_up: int = 20
    updates: int = 200
    window: int = 100
    learning_rate: float = 3e-3
    trained: tuple[str, ...] = tuple(KINDS)
    gains: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0)

    @property
    def time(self) -> int:
        """Steps of a window of which gradients are taken."""
        return self.warm_up + self.lags


QUICK = VanishingSettings(
    units=32, rows=6, lags=LAG, warm_up=10, updates=80, window=60,
    learning_rate=1e-2, trained=("tanh-gaussian", "lstm-1"), gains=(0.5, 2.0),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Decay:
    """One norm against the lag, of each row of a batch.

    Attributes:
        log10: log₁₀ of it at the lags 1, 2, ..., float64 [rows, lags]; -inf where nothing is left.
    """

    log10: np.ndarray

    @property
    def lags(self) -> np.ndarray:
        return np.arange(1, self.log10.shape[1] + 1)

    @property
    def median(self) -> np.ndarray:
        """float64 [lags]."""
        return np.median(self.log10, axis=0)

    def at(self, lag: int) -> float:
        """The median at a lag."""
        return float(self.median[lag - 1])

    def change(self, lag: int = LAG) -> float:
        """log₁₀ of the median at `lag` by that at lag 1: below 0 where the gradient vanishes."""
        return self.at(lag) - self.at(1)

    def factor(self, first: int = 1, last: int | None = None) -> float:
        """What a step multiplies by, on average between two lags (None: to the longest); 0 if
        nothing is left."""
        last = last or len(self.lags)
        if self.at(last) == -math.inf:
            return 0.0
        return 10.0 ** ((self.at(last) - self.at(first)) / (last - first))


@dataclasses.dataclass(frozen=True)
class NetworkGradients:
    """How far the gradients of a network reach.

    Attributes:
        kind: of network.
        ways: name -> norms. "h": ‖∂h_t/∂h_k‖₂, whatever way the gradient takes. Of an LSTM also
            "C": ‖∂C_t/∂C_k‖₂; "C alone": the same where all h are held, ‖diag(f_t ⊙ ... ⊙
            f_{k+1})‖₂; "h alone": ‖∂h_t/∂h_k‖₂ where all C are held.
        numbers: of a SimpleRNN "norm" γ_W, "radius" ρ(W_hh), "slope" the mean φ'; of an LSTM
            "gate" the mean of f_t, of a GRU that of z_t.
        loss: nats a character over the last updates; NaN if untrained.
        bound: log₁₀ (γ_W γ_φ)^(t-k), float64 [lags]; None of other cells.
    """

    kind: Kind
    ways: Mapping[str, Decay]
    numbers: Mapping[str, float]
    loss: float = math.nan
    bound: np.ndarray | None = None

    @property
    def trained(self) -> bool:
        return not math.isnan(self.loss)

    @property
    def when(self) -> str:
        return "trained" if self.trained else "untrained"


@dataclasses.dataclass(frozen=True)
class Explosion:
    """A SimpleRNN with recurrent weights N(0, gain²/n).

    Attributes:
        activation: φ.
        gain: g.
        decay: ‖∂h_t/∂h_k‖₂.
        norm, radius, slope: γ_W, ρ(W_hh), the mean φ'.
    """

    activation: str
    gain: float
    decay: Decay
    norm: float
    radius: float
    slope: float


@dataclasses.dataclass(frozen=True)
class VanishingResults:
    """Results of the study of vanishing gradients.

    Attributes:
        settings, seed: of the study.
        untrained, trained: name of a kind -> its network.
        explosions: in the order of the activations, and then of the gains.
    """

    settings: VanishingSettings
    seed: int
    untrained: Mapping[str, NetworkGradients]
    trained: Mapping[str, NetworkGradients]
    explosions: Sequence[Explosion]

    @property
    def networks(self) -> list[NetworkGradients]:
        """All of them, the untrained ones first."""
        return [*self.untrained.values(), *self.trained.values()]

    def of(self, names: Sequence[str]) -> list[NetworkGradients]:
        """The networks of some kinds: of each untrained, and trained where it was trained."""
        groups = (self.untrained, self.trained)
        return [group[name] for name in names for group in groups if name in group]


def measure_vanishing(
    text: StudyText, settings: VanishingSettings, seed: int, progress: OnProgress = no_progress
) -> VanishingResults:
    """Measures the gradients of all kinds of networks and trains some of them.

    Raises:
        UserError: the text is shorter than a window.
    """
    rows, characters = text.rows["train"], text.vocabulary_size
    windows = draw_windows(rows, settings.rows, settings.time, seed)
    # Training takes about four times what measuring takes.
    costs = [6 if name in settings.trained else 1 for name in KINDS]
    *parts, _ = progress_by_part(progress, [*costs, 3])
    untrained, trained = {}, {}
    for (name, kind), part in zip(KINDS.items(), parts, strict=True):
        model = model_of(kind, units=settings.units, vocabulary_size=characters, seed=seed)
        untrained[name] = measure_network(kind, model, windows, settings.lags)
        if name in settings.trained:
            optimizer = ClippedAdamW(settings.learning_rate, clip_norm=1.0, weight_decay=0.0)
            losses = train_on_text(
                model, optimizer, rows, settings.rows, settings.window, settings.updates, seed, part
            )
            loss = float(final_loss(losses))
            trained[name] = measure_network(kind, model, windows, settings.lags, loss=loss)
        part(1.0)
    explosions = explode(windows, settings, characters, seed)
    progress(1.0)
    return VanishingResults(settings, seed, untrained, trained, explosions)


def draw_windows(rows: Ragged, count: int, time: int, seed: int) -> np.ndarray:
    """Draws stretches of the text, across the ends of documents: int32 [count, time].

    Raises:
        UserError: there are not so many ids.
    """
    if len(rows.ids) < time:
        raise UserError(
            f"the text has {len(rows.ids):,} characters to learn from, and {time} are to be read "
            "in a row",
            remedy="give a longer text with --corpus",
        )
    starts = np.random.default_rng(seed).integers(len(rows.ids) - time + 1, size=count)
    return rows.ids[starts[:, None] + np.arange(time)]


def measure_network(
    kind: Kind, model: keras.Model, windows: np.ndarray, lags: int, loss: float = math.nan
) -> NetworkGradients:
    """Measures the gradients of the last step of each window. A trained network has a loss."""
    cell = equations_of(model)
    trace = cell.forward(embedded(model, windows))
    t, bound = windows.shape[1] - 1, None
    ways = norms_by_way(cell, trace, t, lags)
    steps = trace.at(slice(t - lags + 1, None))
    if isinstance(cell, LSTM):
        numbers = {"gate": float(ops.mean(steps.f_t))}
    elif isinstance(cell, GRU):
        numbers = {"gate": float(ops.mean(steps.z_t))}
    else:
        numbers, bound = _simple_rnn_numbers(cell, steps), log10_bound(cell, lags)
    return NetworkGradients(kind, ways, numbers, loss, bound)


def norms_by_way(cell: SimpleRNN | LSTM | GRU, trace, t: int, lags: int) -> dict[str, Decay]:
    """The norms of every way that `NetworkGradients` names."""
    jacobian_at = jacobians_of(cell, trace)
    norms = {
        name: log10_norms(jacobian_at, t, lags, block, block) for name, block in cell.blocks.items()
    }
    if isinstance(cell, LSTM):
        norms["h alone"] = log10_norms(lambda step: cell.jacobian(trace.at(step)), t, lags)
        f = ops.convert_to_numpy(trace.f_t)[:, t - lags + 1 : t + 1][:, ::-1]
        with np.errstate(divide="ignore"):
            norms["C alone"] = np.log10(f).cumsum(axis=1).max(axis=-1)
    return {name: Decay(of_way) for name, of_way in norms.items()}


def explode(
    windows: np.ndarray, settings: VanishingSettings, characters: int, seed: int
) -> list[Explosion]:
    """Measures the Gaussian SimpleRNN with larger and smaller recurrent weights, and other φ."""
    kind = KINDS["tanh-gaussian"]
    model = model_of(kind, units=settings.units, vocabulary_size=characters, seed=seed)
    cell, x = equations_of(model), embedded(model, windows[: max(settings.rows // 2, 1)])
    t, explosions = windows.shape[1] - 1, []
    for activation in ("linear", "relu", "tanh"):
        for gain in settings.gains:
            scaled = dataclasses.replace(cell, W_hh=gain * cell.W_hh, activation=activation)
            trace = scaled.forward(x)
            ways = norms_by_way(scaled, trace, t, settings.lags)
            numbers = _simple_rnn_numbers(scaled, trace.at(slice(t - settings.lags + 1, None)))
            explosions.append(Explosion(activation, gain, ways["h"], **numbers))
    return explosions


def _simple_rnn_numbers(cell: SimpleRNN, steps) -> dict[str, float]:
    W_hh = ops.convert_to_numpy(cell.W_hh)  # noqa: N806
    return {
        "norm": float(np.linalg.norm(W_hh, 2)),
        "radius": float(np.abs(np.linalg.eigvals(W_hh)).max()),
        "slope": float(ops.mean(cell.slope(steps))),
    }
