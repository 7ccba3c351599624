"""The study of single units: they are chosen on one half of a text and measured on the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from pipeline.errors import UserError
from pipeline.lab.base import OnProgress, no_progress, progress_by_part
from pipeline.lab.units.ablation import Effect, ablation_costs, effect, random_places
from pipeline.lab.units.activations import Unit, read_states, state_reader, units_of
from pipeline.lab.units.held_out import HeldOut, halves
from pipeline.lab.units.predicates import PREDICATES, Predicate
from pipeline.lab.units.probes import MIN_POSITIONS, Probe, areas, character_scores
from pipeline.text.characters import Characters

MAX_ACTIVATIONS = 2**27
"""Activations that are held in memory at once (512 MiB); of a large state less text is read."""
_PERCENTILE = 99


@dataclasses.dataclass(frozen=True)
class UnitStudySettings:
    """How much is done.

    Attributes:
        characters: of each half, at the most.
        controls: random units that are held, too.
        ablated: predicates whose best unit is held, at the most.
    """

    characters: int = 60_000
    controls: int = 10
    ablated: int = len(PREDICATES)


QUICK = UnitStudySettings(5_000, 3, 3)


@dataclasses.dataclass(frozen=True)
class Ablation:
    """What it costs to hold the best unit of a predicate.

    Attributes:
        probe: of the predicate.
        cost: nats a character with nothing held, where the predicate holds (`on`) and elsewhere.
        best: how much more with that unit held.
        controls: how much more with each of some random units held.
    """

    probe: Probe
    cost: Effect
    best: Effect
    controls: Sequence[Effect]

    @property
    def used(self) -> bool:
        """Where the predicate holds, holding it costs more than elsewhere, and more than holding
        any of the random units does."""
        return self.best.on > max([0.0, self.best.off, *(other.on for other in self.controls)])

    @property
    def misled(self) -> bool:
        """The other way round: where the predicate holds, the text costs less without it, and less
        than without any of the random units."""
        return self.best.on < min([0.0, self.best.off, *(other.on for other in self.controls)])


@dataclasses.dataclass(frozen=True)
class UnitResults:
    """What was measured.

    Attributes:
        units: names of the columns of the state.
        chosen: how many characters chose.
        text: the other half, on which all is measured.
        probes: of each predicate that was asked about, the most surprising first: by how much its
            best unit tells more than the character alone.
        unasked: predicates with too few positives or negatives, and how often each held, in the
            half that chose and in the other.
        states: float32 [characters of `text`, units], activations, each less its mean.
        means: float32 [units], that mean.
        scales: float32 [units], what the distance from it is rarely above.
        ablations: of the first of `probes`.
    """

    units: Sequence[Unit]
    chosen: int
    text: HeldOut
    probes: Sequence[Probe]
    unasked: Sequence[tuple[Predicate, int, int]]
    states: np.ndarray
    means: np.ndarray
    scales: np.ndarray
    ablations: Sequence[Ablation]


def measure_units(
    model: keras.Model,
    characters: Characters,
    texts: Sequence[str],
    ends: Sequence[bool],
    settings: UnitStudySettings,
    seed: int,
    progress: OnProgress = no_progress,
) -> UnitResults:
    """Reads a text with a language model and measures what its units know.

    Args:
        model: what `pipeline.models.language_model.language_model` made.
        characters: the alphabet it was trained with.
        texts, ends: held-out documents, as `corpora.running.documents.from_frame` gives them.
        settings: how much is done.
        seed: which units are held to compare with.

    Raises:
        UserError: the text is so short that nothing can be asked.
    """
    units = units_of(model)
    max_length = min(settings.characters, MAX_ACTIVATIONS // len(units))
    first, second = (HeldOut.of(*part, characters) for part in halves(texts, ends, max_length))
    asked, unasked, holds = _asked(first, second)
    if not asked:
        raise UserError(
            f"{len(first) + len(second):,} characters of held-out text are too few to ask about",
            remedy="give a longer text",
        )
    reading_first, reading_second, holding = progress_by_part(progress, [1, 1, 3])
    reader = state_reader(model)
    states = read_states(reader, first.rows, first.read, reading_first)
    chosen = areas(states, np.stack([before for before, _ in holds]))
    means = states.mean(axis=0, dtype=np.float64).astype(np.float32)
    del states  # as large as what is read next
    states = read_states(reader, second.rows, second.read, reading_second)
    checked = areas(states, np.stack([behind for _, behind in holds]))
    probes = []
    for number, (predicate, (before, behind)) in enumerate(zip(asked, holds, strict=True)):
        alone = character_scores(first.text, before, second.text)[:, None]
        shares = float(before.mean()), float(behind.mean())
        character = float(areas(alone, behind[None])[0, 0])
        probes.append(Probe(predicate, shares, chosen[number], checked[number], character))
    order = sorted(range(len(probes)), key=lambda n: probes[n].character - probes[n].area)
    probes, holds = [probes[n] for n in order], [holds[n][1] for n in order]
    ablations = _ablations(
        model, second, units, probes[: settings.ablated], holds, means, settings.controls, seed,
        holding,
    )  # fmt: skip
    means = states.mean(axis=0, dtype=np.float64).astype(np.float32)
    states -= means
    # One by one: all at once would need the memory twice more.
    far = (np.percentile(np.abs(column), _PERCENTILE) for column in states.T)
    scales = np.fromiter(far, np.float32, len(units))
    return UnitResults(units, len(first), second, probes, unasked, states, means, scales, ablations)


def _asked(first: HeldOut, second: HeldOut):
    """Predicates with enough positives and negatives in both halves; those without; and of the
    former where they hold, in one half and in the other."""
    asked, unasked, holds = [], [], []
    for predicate in PREDICATES:
        each = first.holds(predicate), second.holds(predicate)
        if min(min(one.sum(), (~one).sum()) for one in each) < MIN_POSITIONS:
            unasked.append((predicate, *(int(one.sum()) for one in each)))
        else:
            asked.append(predicate)
            holds.append(each)
    return asked, unasked, holds


def _ablations(
    model: keras.Model,
    text: HeldOut,
    units: Sequence[Unit],
    probes: Sequence[Probe],
    holds: Sequence[np.ndarray],
    means: np.ndarray,
    controls: int,
    seed: int,
    progress: OnProgress,
) -> list[Ablation]:
    of = [units[probe.best].place for probe in probes]
    best = list(dict.fromkeys(of))
    others = random_places(units, best, controls, seed)
    costs = ablation_costs(model, text, units, [*best, *others], means, progress)
    more = dict(zip([*best, *others], costs[1:], strict=True))
    return [
        Ablation(
            probe,
            effect(costs[0], held),
            effect(more[place], held),
            [effect(more[other], held) for other in others],
        )
        for probe, place, held in zip(probes, of, holds, strict=False)
    ]
