"""What is left of ∂h_t/∂h_k after t - k steps, cell by cell, untrained and trained, on real text.

The pipeline's language models, with one recurrent layer, read windows of running text; their layer,
rewritten as equations (`pipeline.lab.cells`), gives every Jacobian of the way, and the products of
these (`pipeline.lab.lags`) the gradient. Then each model learns to predict the text for a while,
by truncated backpropagation through time, and is asked again.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from keras import ops

from pipeline.batches.text_streams import TextStreams
from pipeline.errors import UserError
from pipeline.lab.base import StudyText
from pipeline.lab.cells import GRU, LSTM, SimpleRNN
from pipeline.lab.lags import (
    JacobianAt,
    jacobians_of,
    log10_bound,
    scaled_products,
    spectral_norms,
)
from pipeline.lab.vanishing.cells import KINDS, Kind, embedded, equations_of, model_of
from pipeline.text.ragged import Ragged
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.optimizer import ClippedAdamW
from pipeline.training.state_carrier import StateCarrier

LAG = 50  # at which the claims are made


@dataclasses.dataclass(frozen=True)
class Plan:
    """How large the experiment is.

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


QUICK = Plan(
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

    def quantile(self, share: float) -> np.ndarray:
        """float64 [lags], the row of that rank: with nothing between, -inf stays what it is."""
        return np.quantile(self.log10, share, axis=0, method="nearest")

    def at(self, lag: int) -> float:
        """The median at a lag."""
        return float(self.median[lag - 1])

    def change(self, lag: int = LAG) -> float:
        """log₁₀ of the median at `lag` by that at lag 1: below 0 where the gradient vanishes."""
        return self.at(lag) - self.at(1)

    @property
    def factor(self) -> float:
        """What a step multiplies by, on average from lag 1 to the last; 0 if nothing is left."""
        last = len(self.lags)
        if self.at(last) == -math.inf:
            return 0.0
        return 10.0 ** (self.change(last) / (last - 1))


@dataclasses.dataclass(frozen=True)
class Measured:
    """A network at one moment.

    Attributes:
        kind: which.
        trained: or as it starts.
        ways: name -> norms. "h": ‖∂h_t/∂h_k‖₂, whatever way the gradient takes. Of an LSTM also
            "C": ‖∂C_t/∂C_k‖₂; "C alone": the same where all h are held, ‖diag(f_t ⊙ ... ⊙
            f_{k+1})‖₂; "h alone": ‖∂h_t/∂h_k‖₂ where all C are held.
        numbers: of a SimpleRNN "norm" γ_W, "radius" ρ(W_hh), "slope" the mean φ'; of an LSTM
            "gate" the mean of f_t, of a GRU that of z_t.
        loss: nats a character over the last updates; NaN if untrained.
        bound: log₁₀ (γ_W γ_φ)^(t-k), float64 [lags]; None of other cells.
    """

    kind: Kind
    trained: bool
    ways: Mapping[str, Decay]
    numbers: Mapping[str, float]
    loss: float = math.nan
    bound: np.ndarray | None = None


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
class VanishingStudy:
    """All that was measured.

    Attributes:
        plan, seed: with which.
        untrained, trained: name of a kind -> what was measured.
        explosions: in the order of the activations, and then of the gains.
    """

    plan: Plan
    seed: int
    untrained: Mapping[str, Measured]
    trained: Mapping[str, Measured]
    explosions: Sequence[Explosion]


def study(
    text: StudyText, plan: Plan, seed: int, progress: Callable[[float], None] = lambda done: None
) -> VanishingStudy:
    """Measures everything.

    Raises:
        UserError: the text is shorter than a window.
    """
    rows, characters = text.rows["train"], len(text.characters.vocabulary)
    windows = draw_windows(rows, plan.rows, plan.time, seed)
    # A part is what is told as progress; training takes about four times what measuring takes.
    parts, done = 5 * len(plan.trained) + len(KINDS) + 3, 0

    def told(more: float) -> None:
        progress((done + more) / parts)

    untrained, trained = {}, {}
    for name, kind in KINDS.items():
        model = model_of(kind, units=plan.units, vocabulary_size=characters, seed=seed)
        untrained[name] = measure(kind, model, windows, plan.lags)
        done += 1
        if name in plan.trained:
            loss = teach(model, rows, plan, seed, lambda share: told(4 * share))
            trained[name] = measure(kind, model, windows, plan.lags, loss=loss)
            done += 5
        told(0)
    explosions = explode(windows, plan, characters, seed)
    progress(1.0)
    return VanishingStudy(plan, seed, untrained, trained, explosions)


def draw_windows(rows: Ragged, count: int, time: int, seed: int) -> np.ndarray:
    """Stretches of the text from anywhere in it, across the ends of documents: int32 [count, time].

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


def teach(
    model: keras.Model,
    rows: Ragged,
    plan: Plan,
    seed: int,
    progress: Callable[[float], None] = lambda done: None,
) -> float:
    """Truncated backpropagation through time, the state carried; returns the mean loss in nats of
    the last tenth of the updates."""
    carrier = StateCarrier(model, plan.rows)
    optimizer = ClippedAdamW(plan.learning_rate, clip_norm=1.0, weight_decay=0.0)
    carrier.compile(optimizer, PieceCrossEntropy(), jit_compile=False)
    losses, epoch = [], 0
    while len(losses) < plan.updates:
        streams = TextStreams(rows, plan.rows, plan.window, seed=seed, epoch=epoch)
        for index in range(min(len(streams), plan.updates - len(losses))):
            losses.append(float(carrier.train_on_batch(*streams[index])))
            progress(len(losses) / plan.updates)
        epoch += 1
    return float(np.mean(losses[-max(plan.updates // 10, 1) :]))


def measure(
    kind: Kind, model: keras.Model, windows: np.ndarray, lags: int, loss: float = math.nan
) -> Measured:
    """Looks back from the last step of each window."""
    cell = equations_of(model)
    trace = cell.forward(embedded(model, windows))
    t, bound = windows.shape[1] - 1, None
    ways = norms_by_way(cell, trace, t, lags)
    seen = trace.at(slice(t - lags + 1, None))
    if isinstance(cell, LSTM):
        numbers = {"gate": float(ops.mean(seen.f_t))}
    elif isinstance(cell, GRU):
        numbers = {"gate": float(ops.mean(seen.z_t))}
    else:
        numbers, bound = _of_simple_rnn(cell, seen), log10_bound(cell, lags)
    return Measured(kind, not math.isnan(loss), ways, numbers, loss, bound)


def norms_by_way(cell: SimpleRNN | LSTM | GRU, trace, t: int, lags: int) -> dict[str, Decay]:
    """Of every way there is in a cell, as `Measured` names them; each Jacobian is made once."""
    jacobian_at = functools.lru_cache(maxsize=1)(jacobians_of(cell, trace))
    chains: list[tuple[JacobianAt, Mapping[str, slice]]] = [(jacobian_at, cell.blocks)]
    if isinstance(cell, LSTM):
        h = cell.blocks["h"]
        # ∂h_t/∂h_{t-1} with C_{t-1} held is that block of the Jacobian of the whole state.
        chains.append((lambda step: jacobian_at(step)[:, h, h], {"h alone": slice(None)}))
    found: dict[str, list[np.ndarray]] = {name: [] for _, blocks in chains for name in blocks}
    products = [scaled_products(at, t, lags) for at, _ in chains]
    for at_lag in zip(*products, strict=True):
        for (scaled, exponent), (_, blocks) in zip(at_lag, chains, strict=True):
            for name, block in blocks.items():
                with np.errstate(divide="ignore"):
                    of_scaled = np.log10(spectral_norms(scaled[:, block, block]))
                found[name].append(of_scaled + exponent * math.log10(2.0))
    ways = {name: Decay(np.stack(norms, axis=1)) for name, norms in found.items()}
    if isinstance(cell, LSTM):
        f = ops.convert_to_numpy(trace.f_t)[:, t - lags + 1 : t + 1][:, ::-1]
        with np.errstate(divide="ignore"):
            ways["C alone"] = Decay(np.log10(f).cumsum(axis=1).max(axis=-1))
    return ways


def explode(windows: np.ndarray, plan: Plan, characters: int, seed: int) -> list[Explosion]:
    """The Gaussian SimpleRNN with larger and smaller recurrent weights and other activations."""
    kind = KINDS["tanh-gaussian"]
    model = model_of(kind, units=plan.units, vocabulary_size=characters, seed=seed)
    cell, x = equations_of(model), embedded(model, windows[: max(plan.rows // 2, 1)])
    t, found = windows.shape[1] - 1, []
    for activation in ("linear", "relu", "tanh"):
        for gain in plan.gains:
            scaled = dataclasses.replace(cell, W_hh=gain * cell.W_hh, activation=activation)
            trace = scaled.forward(x)
            ways = norms_by_way(scaled, trace, t, plan.lags)
            numbers = _of_simple_rnn(scaled, trace.at(slice(t - plan.lags + 1, None)))
            found.append(Explosion(activation, gain, ways["h"], **numbers))
    return found


def _of_simple_rnn(cell: SimpleRNN, seen) -> dict[str, float]:
    W_hh = ops.convert_to_numpy(cell.W_hh)  # noqa: N806
    return {
        "norm": float(np.linalg.norm(W_hh, 2)),
        "radius": float(np.abs(np.linalg.eigvals(W_hh)).max()),
        "slope": float(ops.mean(cell.slope(seen))),
    }
