"""The page on the adding and the copy task: where the gradient dies, and where learning fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pipeline.lab.base import Page, StudyText
from pipeline.lab.tasks import pictures
from pipeline.lab.tasks.copy_adding import Adding, Copying
from pipeline.lab.tasks.study import DEAD, QUICK, Plan, TaskStudy, Trial, first_lag, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import to_png
from pipeline.report.magnitudes import written
from pipeline.report.page import Card, Picture, Section, Table

TITLE = "Adding and copying · 기억이 필요한 과제"
KINDS = {"adding": "adding task · 덧셈 과제", "copy": "copy task · 복사 과제"}
_COMMANDS = (
    "make study-gradients",
    "make study-gradients QUICK=1",
    "python -m benchmarks.adding_task",
)


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found; these tasks need no text."""
    return page_of(study(QUICK if quick else Plan(), seed, progress))


def page_of(found: TaskStudy) -> Page:
    """The page of a study that has been made."""
    curves = {}
    for trial in found.trials:
        name, updates = name_of(trial), list(trial.updates)
        curves[f"score, {name}"] = (updates, list(trial.scores))
        curves[f"log10 left at the farthest lag, {name}"] = (updates, trial.left[:, -1].tolist())
    return Page(
        name="tasks",
        title=TITLE,
        summary=" ".join(in_short(found, kind) for kind in KINDS),
        sections=[
            _tasks(found),
            _experiment(found),
            _at_a_glance(found),
            *(_kind(found, kind) for kind in KINDS),
            _all(found),
        ],
        cards=_cards(found),
        numbers=_numbers(found),
        curves=curves,
    )


def name_of(trial: Trial) -> str:
    return f"{trial.task.name}, T = {trial.task.lag}, {CELL_NAMES[trial.cell]}"


def in_short(found: TaskStudy, kind: str) -> str:
    """Up to which lag each cell solves a task."""
    told = []
    for cell in found.plan.cells:
        solved = [trial.task.lag for trial in found.of(kind, cell) if trial.solved]
        told.append(f"{CELL_NAMES[cell]} {f'to T = {max(solved)}' if solved else 'at no T'}")
    return f"The {kind} task is solved by {', '.join(told)}."


def _cards(found: TaskStudy) -> list[Card]:
    cards = []
    for kind in KINDS:
        lag = found.telling_lag(kind)
        for trial in (t for t in found.of(kind) if t.task.lag == lag):
            cards.append(
                Card(
                    f"{kind}, T = {lag}, {CELL_NAMES[trial.cell]}",
                    score(trial),
                    f"{trial.task.unit}, without memory {trial.task.baseline:.3f}; left of the "
                    f"gradient at lag {trial.task.farthest}: {written(trial.at_best)}",
                )
            )
    return cards


def _tasks(found: TaskStudy) -> Section:
    adding, copying = Adding(8), Copying(4, found.plan.copy_symbols)
    tasks = Table(
        ("", "adding · 덧셈", "copy · 복사"),
        [
            ("reads", "T numbers from 0 to 1, one marked in each half",
             f"{copying.symbols} of {copying.alphabet} symbols, then blanks; T steps after the "
             "last symbol a sign"),
            ("owes", "the sum of the two marked ones, at the end", "the symbols, in order"),
            ("without memory", f"MSE {adding.baseline:.3f} = 2 · 1/12, by always saying 1",
             f"ln {copying.alphabet} = {copying.baseline:.3f} nats a symbol, by guessing"),
            ("solved", f"MSE below {adding.solved:g}", f"below {copying.solved:g} nats"),
        ],
    )  # fmt: skip
    return Section(
        "Two tasks that need memory · 장기 의존성",
        [
            "Text is full of things that can be guessed from what is near. These tasks are not: "
            "what is due was read long before, and nothing between says anything about it. How "
            "long before is up to us. Both go back to Hochreiter and Schmidhuber 1997; the form "
            "is that of Arjovsky et al. 2016 (arXiv:1511.06464, section 4).",
            "Each has a score that every network without memory ends at. A network that stays "
            "there has remembered nothing; one that is well below has (long-term dependency, "
            "장기 의존성).",
        ],
        tables=[tasks],
    )


def _experiment(found: TaskStudy) -> Section:
    plan, how = found.plan, found.plan.training
    return Section(
        "The experiment · 실험",
        [
            f"One layer of {how.units} units and a linear readout, weights started as Keras does "
            "it (recurrent ones orthogonal, the LSTM's forget bias 1), at most "
            f"{how.most_updates:,} updates of {how.batch_size} new sequences each (Adam, learning "
            f"rate {how.learning_rate:g}, for the copy task {plan.copy_learning_rate:g}; gradients "
            f"clipped to norm {how.clip_norm:g}; random seed {found.seed}, one training each). "
            f"Every {how.look_every} updates the score is taken "
            f"on {how.look_rows:,} other sequences; below the mark the task counts as solved.",
            "At the same moments one more thing is measured: the gradient of the first answer's "
            "loss by the states before it, ∂L/∂s_k, carried back step by step with the cells' "
            "Jacobians in closed form (s is h, of an LSTM h and C). What is left at a lag is its "
            "norm there by that at lag 1, averaged (in logarithms) over "
            f"{plan.gradient_rows} sequences. If less than {written(DEAD)} is left where the task "
            "needs it, it is called dead here.",
        ],
    )


def _at_a_glance(found: TaskStudy) -> Section:
    tables = []
    for kind, title in KINDS.items():
        rows = []
        for cell in found.plan.cells:
            trials = found.of(kind, cell)
            rows.append(
                (
                    CELL_NAMES[cell],
                    lag_or_none(_dead_at_start(trials[-1])),
                    lag_or_none(first_lag(trials, lambda trial: trial.dead)),
                    lag_or_none(first_lag(trials, lambda trial: not trial.solved)),
                )
            )
        lags = ", ".join(str(trial.task.lag) for trial in found.of(kind, found.plan.cells[0]))
        tables.append(
            Table(
                ("network", "untrained, the gradient is dead from lag",
                 "trained, it is dead from T", "learning fails from T"),
                rows,
                numeric=(1, 2, 3),
                caption=f"The {title}; tried: T = {lags}",
            )
        )  # fmt: skip
    return Section(
        "Where the gradient dies and where learning fails · 경사소실과 학습 실패",
        agreement(found.trials),
        tables=tables,
    )


def lag_or_none(lag: int | None) -> str:
    return "none tried" if lag is None else str(lag)


def agreement(trials: Sequence[Trial]) -> list[str]:
    """In how many trainings the gradient and the outcome tell the same, and where not."""
    alike = [trial for trial in trials if trial.solved != trial.dead]
    told = [
        f"Of {len(trials)} trainings {len(alike)} agree: "
        f"{sum(t.solved for t in alike)} solve their task with a gradient that reaches back, "
        f"{sum(not t.solved for t in alike)} do not, and theirs is dead."
    ]
    for trial in (trial for trial in trials if trial.solved and trial.dead):
        told.append(f"{name_of(trial)}: solved, with only {written(trial.at_best)} left.")
    stuck = [trial for trial in trials if not trial.solved and not trial.dead]
    for trial in stuck:
        how = "" if trial.score > 0.8 * trial.task.baseline else ", though on its way"
        told.append(
            f"{name_of(trial)}: not solved{how} ({score(trial)}, without memory "
            f"{trial.task.baseline:.3f}), with {written(trial.at_best)} left."
        )
    if stuck:
        told.append("So a gradient that arrives is not always enough.")
    awake = [trial for trial in trials if trial.solved and trial.at_start < DEAD]
    if awake:
        farthest = min(awake, key=lambda trial: trial.at_start)
        told.append(
            f"The start need not decide. Solved, though the gradient was dead before training: "
            f"{len(awake)}, the farthest from {written(farthest.at_start)} to "
            f"{written(farthest.at_best)} ({name_of(farthest)}). Training itself has carried the "
            "gradient further back."
        )
    asleep = [trial for trial in trials if trial.dead and trial.at_start >= DEAD]
    if asleep:
        told.append(
            "And a good start may be lost. Dead after training, though it was not before: "
            + "; ".join(name_of(trial) for trial in asleep)
            + "."
        )
    return told


def _kind(found: TaskStudy, kind: str) -> Section:
    lag = found.telling_lag(kind)
    trials = [trial for trial in found.of(kind) if trial.task.lag == lag]
    return Section(
        f"The {KINDS[kind]}",
        [
            "The upper half is the score, the lower what is left of the gradient where the first "
            "thing to be remembered stands. On the dashed line of the upper half a network "
            "remembers nothing; under that of the lower half its errors hardly reach what they "
            "are about.",
            *(course(trial) for trial in trials),
            "Then all lags: each curve ends at the farthest state that its task needs.",
        ],
        figures=[
            _picture(
                pictures.over_updates(found, kind, lag),
                f"Score and remaining gradient over the updates, {kind} task, T = {lag}.",
            ),
            _picture(
                pictures.by_lag(found, kind),
                f"Remaining gradient against the lag, {kind} task, untrained and trained.",
                "A circle: solved. A cross: not. The grey line is where a gradient is called dead.",
            ),
        ],
    )


def course(trial: Trial) -> str:
    """What became of one network."""
    ended = (
        f"solves it after {trial.updates[trial.best]:,} updates"
        if trial.solved
        else f"does not solve it in {trial.updates[-1]:,} updates; its best score is "
        f"{score(trial)} ({trial.task.baseline:.3f} without memory)"
    )
    way = trial.left[1:, -1]
    return (
        f"{CELL_NAMES[trial.cell]}: {ended}. Of the gradient at lag {trial.task.farthest} "
        f"{written(trial.at_start)} is left before training, on the way from "
        f"{written(float(way.min()))} to {written(float(way.max()))}, and {written(trial.at_best)} "
        "in its best network."
    )


def score(trial: Trial) -> str:
    return f"{trial.score:.4f}" if trial.task.name == "adding" else f"{trial.score:.3f}"


def _all(found: TaskStudy) -> Section:
    columns = ("task", "T", "network", "updates", "best score", "without memory", "solved",
               "left, untrained", "left, best network")  # fmt: skip
    rows = [
        (
            trial.task.name,
            str(trial.task.lag),
            CELL_NAMES[trial.cell],
            f"{trial.updates[-1]:,}",
            score(trial),
            f"{trial.task.baseline:.3f} {trial.task.unit}",
            "yes" if trial.solved else "no",
            written(trial.at_start),
            written(trial.at_best),
        )
        for trial in found.trials
    ]
    return Section(
        "All trainings · 모든 학습",
        ["“Left” is ‖∂L/∂s_k‖ at the farthest lag by that at lag 1."],
        tables=[Table(columns, rows, numeric=(1, 3, 4, 5, 7, 8))],
        commands=_COMMANDS,
    )


def _dead_at_start(trial: Trial) -> int | None:
    """The shortest lag at which the untrained network's gradient is dead."""
    below = (trial.left[0] < DEAD).nonzero()[0]
    return int(below[0]) + 1 if len(below) else None


def _numbers(found: TaskStudy) -> dict[str, object]:
    return {
        "seed": found.seed,
        "dead_below": 10**DEAD,
        "trainings": [
            {
                "task": trial.task.name,
                "T": trial.task.lag,
                "cell": trial.cell,
                "updates": trial.updates[-1],
                "score": trial.score,
                "baseline": trial.task.baseline,
                "solved": trial.solved,
                "log10_left_untrained": _json(trial.at_start),
                "log10_left": _json(trial.at_best),
            }
            for trial in found.trials
        ],
    }


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _picture(figure, alt: str, caption: str = "") -> Picture:
    return Picture(to_png(figure), alt, caption)
