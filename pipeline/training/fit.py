"""The training loop: steps, evaluations on dev, early stopping, checkpoints."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from pipeline.counts import counted
from pipeline.errors import UnusableCheckpointError, UserError
from pipeline.facts import TrainingResult
from pipeline.models.one_graph import training_step
from pipeline.progress import Progress, say
from pipeline.records import as_json
from pipeline.training import checkpoints, processes
from pipeline.training.optimizer import ClippedAdamW, warmup_cosine
from pipeline.training.settings import TrainingSettings
from pipeline.training.step_together import step_together
from pipeline.training.tensorboard import TensorBoardLog
from pipeline.training.weights import load_initial_weights, load_weights, save_weights
from pipeline.workspace import is_what_was_written, sha256, write_record, write_text

WEIGHTS = "best.weights.h5"
HISTORY = "history.csv"
STEPS = "steps.csv"
"""What a training leaves in its run besides training.json and the checkpoint."""

_STEPS_BETWEEN_ROWS = 10


def count_tokens(inputs: dict) -> int:
    """The sum of `lengths`, or the number of rows of a batch that has none."""
    if "lengths" in inputs:
        return int(np.sum(inputs["lengths"]))
    return len(next(iter(inputs.values())))


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """The model, data and evaluation that a task gives to the training loop.

    Attributes:
        model: inputs of a batch -> the predictions that the loss takes; not compiled. `model.input`
            gives the shapes of its inputs by name.
        loss: over (targets, logits).
        batches: epoch number -> its batches, a sized sequence of (inputs, targets); always the same
            for the same number.
        evaluate: model -> results on dev: scores, among them `loss`, and texts for people
            (Markdown), which go to the log; called with the averaged weights.
        monitor: the score by which the best weights are chosen; higher is better.
        tokens: inputs -> the number of tokens of a batch without padding, for the speed; by default
            the sum of the input `lengths`, or the number of rows if there is no such input.
        prepare: (inputs, steps done, all steps) -> the inputs to train on instead, and numbers
            about them for the log. It may call the model, and must be deterministic, since a
            resumed training calls it again.
        rates: name of a layer -> its learning rate, relative to that of the others.
        trainings: number of trainings, one after the other, all from the initial weights. The mean
            of their final weights is evaluated and kept. Only for weights that start from
            pretrained ones.
    """

    model: keras.Model
    loss: keras.losses.Loss
    batches: Callable[[int], Sequence]
    evaluate: Callable[[keras.Model], dict[str, float | str]]
    monitor: str
    tokens: Callable[[dict], int] = count_tokens
    prepare: Callable[[dict, int, int], tuple[dict, dict[str, float]]] | None = None
    rates: Mapping[str, float] = dataclasses.field(default_factory=dict)
    trainings: int = 1

    def train(self, settings: TrainingSettings, run: Path) -> TrainingResult:
        """Runs `fit` with its log in `run`/tensorboard."""
        if not processes.is_first():
            return fit(self, settings, run)
        log = TensorBoardLog(run / "tensorboard")
        try:
            return fit(self, settings, run, log)
        finally:
            log.close()


@dataclasses.dataclass
class _State:
    """Everything besides weights that the next step depends on; `vars` of it can be written as
    JSON."""

    epoch: int = 0
    position: int = 0  # batches of this epoch already done
    step: int = 0
    evaluations_since_best: int = 0
    best: float = -math.inf
    best_step: int = 0
    seconds: float = 0.0
    finished: bool = False
    weights: str = ""  # sha256 of best.weights.h5
    history: list[dict] = dataclasses.field(default_factory=list)
    steps: list[list[float]] = dataclasses.field(default_factory=list)
    # since the last evaluation
    losses: list[float] = dataclasses.field(default_factory=list)
    norms: list[float] = dataclasses.field(default_factory=list)
    tokens: int = 0
    step_seconds: float = 0.0


class Log:
    """The log of the training loop; TensorBoardLog is one. This one discards everything."""

    def scalar(self, tag: str, value: float, step: int) -> None: ...

    def text(self, tag: str, markdown: str, step: int) -> None: ...

    def restart(self, first_step: int) -> None: ...

    def flush(self) -> None: ...


class _Training:
    def __init__(self, plan: TrainingPlan, settings: TrainingSettings, run: Path, log: Log):
        self.plan, self.settings, self.run, self.log = plan, settings, run, log
        self.state = _State()
        self.batches = plan.batches(0)
        self.steps_per_epoch = len(self.batches)
        if not self.steps_per_epoch:
            raise UserError("there is nothing to train on", where=run, remedy="give more data")
        self.batches_epoch = 0
        least = math.ceil(settings.min_steps / plan.trainings)
        self.steps = max(self.steps_per_epoch * settings.epochs, least)
        self.total = self.steps * plan.trainings
        # Of several trainings only the final weights are evaluated.
        looks = min(settings.evaluations, self.total) if plan.trainings == 1 else plan.trainings
        self.evaluate_at = {round(self.total * (i + 1) / looks) for i in range(looks)}
        self.optimizer = ClippedAdamW(
            warmup_cosine(settings.learning_rate, self.steps, settings.warmup_share),
            clip_norm=settings.clip_norm,
            weight_decay=settings.weight_decay,
            averaging=settings.weight_averaging,
            rates=plan.rates,
            starts_again=plan.trainings > 1,
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias"])
        # XLA compiles every new batch shape anew, which on TensorFlow's CPU costs more than
        # it gives; JAX cannot do without.
        plan.model.compile(self.optimizer, plan.loss, jit_compile=keras.backend.backend() == "jax")
        self.optimizer.build(plan.model.trainable_variables)
        in_step = step_together if processes.several() else training_step
        self.take_step = in_step(plan.model)
        self.last_checkpoint = time.monotonic()

    def resume(self) -> None:
        stored = checkpoints.load(self.run / "checkpoint")
        if stored is None:
            return
        try:
            self.state = _State(**stored.state)
        except TypeError as error:
            raise UnusableCheckpointError(
                f"does not hold the state of a training ({error})",
                where=stored.path,
                remedy="delete it to start the training again",
            ) from None
        stored.restore(self.plan.model)
        self._check_weights()
        self.log.restart(self.state.step + 1)
        if not self.state.finished:
            say(f"resuming {self.run} at step {self.state.step} of {self.total}")

    def _open(self, epoch: int) -> None:
        if self.batches_epoch != epoch:
            self.batches = ()  # lets go of the last epoch before the next one is made
            self.batches, self.batches_epoch = self.plan.batches(epoch), epoch

    def _check_weights(self) -> None:
        """Refuses to resume where the best weights are missing or changed.

        While it is not over, newer weights than the checkpoint knows are what a kill leaves.
        """
        state, path = self.state, self.run / WEIGHTS
        if not state.best_step:
            return
        whole = is_what_was_written(path, state.weights) if state.weights else path.is_file()
        if not whole and (state.finished or not path.is_file()):
            raise UnusableCheckpointError(
                "is not what the training wrote" if path.exists() else "is gone",
                where=path,
                remedy=f"delete {self.run / 'checkpoint'} to start the training again",
            )

    def checkpoint(self) -> None:
        self.log.flush()
        if processes.is_first():
            checkpoints.save(self.run / "checkpoint", self.plan.model, vars(self.state))
        self.last_checkpoint = time.monotonic()

    def go(self) -> None:
        state, settings = self.state, self.settings
        started = time.monotonic() - state.seconds
        with Progress("train", self.total, "steps", start=state.step) as progress:
            while not state.finished:
                self._open(state.epoch)
                while state.position < self.steps_per_epoch and not state.finished:
                    self._step(progress)
                    state.seconds = time.monotonic() - started
                    if state.step in self.evaluate_at:
                        self._evaluate()
                        patience_ends = state.evaluations_since_best >= settings.patience
                        state.finished = patience_ends or state.step == self.total
                        if self.plan.trainings > 1 and not state.finished:
                            self.optimizer.start_again(self.plan.model.trainable_variables)
                        self.checkpoint()
                    elif time.monotonic() - self.last_checkpoint >= settings.checkpoint_seconds:
                        self.checkpoint()
                if not state.finished:
                    state.epoch, state.position = state.epoch + 1, 0

    def _step(self, progress: Progress) -> None:
        state = self.state
        started = time.perf_counter()
        inputs, targets = self.batches[state.position]
        numbers: dict[str, float] = {}
        if self.plan.prepare is not None:
            inputs, numbers = self.plan.prepare(inputs, state.step, self.total)
        loss = self.take_step(inputs, targets)
        norm = float(self.optimizer.gradient_norm)
        self._check_finite({"loss": loss, "norm of the gradient": norm}, state.step + 1)
        state.step_seconds += time.perf_counter() - started
        state.position += 1
        state.step += 1
        state.losses.append(loss)
        state.norms.append(norm)
        state.tokens += self.plan.tokens(inputs)
        if state.step % _STEPS_BETWEEN_ROWS == 0:
            rate = float(self.optimizer.learning_rate)
            state.steps.append([state.step, loss, rate, norm])
            self.log.scalar("train/loss", loss, state.step)
            self.log.scalar("train/learning_rate", rate, state.step)
            self.log.scalar("train/gradient_norm", norm, state.step)
            for name, value in numbers.items():
                self.log.scalar(f"train/{name}", value, state.step)
        best = f", best {self.plan.monitor} {state.best:.4f}" if state.history else ""
        progress.advance(note=f"epoch {state.epoch + 1}, loss {loss:.3f}{best}")

    def _check_finite(self, values: dict[str, float], step: int) -> None:
        """Stops a training whose loss is not finite; nothing of this step is kept.

        Raises:
            UserError: one of `values` is no finite number.
        """
        for name, value in values.items():
            if math.isfinite(value):
                continue
            best = self.state.best_step
            kept = f"; best.weights.h5 has the best weights so far, of step {best}" if best else ""
            raise UserError(
                f"the {name} became {float(value)} at step {step}{kept}",
                where=self.run,
                remedy="lower --learning-rate or set --clip-norm above 0",
            )

    def _evaluate(self) -> None:
        state, model = self.state, self.plan.model
        raw = [np.asarray(v) for v in model.trainable_variables]
        largest = np.max([np.max(np.abs(v)) for v in raw if v.size])
        self._check_finite({"largest weight": largest}, state.step)
        self.optimizer.assign_averages(model.trainable_variables)
        with np.errstate(all="ignore"):  # what is not finite is said below
            found = self.plan.evaluate(model)
        scores = processes.agreed({k: v for k, v in found.items() if not isinstance(v, str)})
        score = scores[self.plan.monitor]
        # An accuracy is a number whatever the weights are; the loss on dev tells.
        watched = {"loss": scores.get("loss", 0.0), self.plan.monitor: score}
        self._check_finite({f"{name} on dev": of for name, of in watched.items()}, state.step)
        # A mean over more trainings is better, whatever a few rows of dev say.
        if score > state.best or self.plan.trainings > 1:
            state.best, state.best_step, state.evaluations_since_best = score, state.step, 0
            if processes.is_first():
                save_weights(model, self.run / WEIGHTS)
                state.weights = sha256(self.run / WEIGHTS)
        else:
            state.evaluations_since_best += 1
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)
        clip = self.settings.clip_norm
        row = {
            "epoch": round(state.epoch + state.position / self.steps_per_epoch, 4),
            "step": state.step,
            "loss": float(np.mean(state.losses)),
            **{f"dev_{name}": float(value) for name, value in scores.items()},
            "learning_rate": float(self.optimizer.learning_rate),
            "gradient_norm": float(np.median(state.norms)),
            "gradient_norm_max": float(np.max(state.norms)),
            "clipped_share": float(np.mean(np.array(state.norms) > clip)) if clip else 0.0,
            "tokens_per_second": round(state.tokens / max(state.step_seconds, 1e-9)),
            "seconds": round(state.seconds, 1),
        }
        state.history.append(row)
        state.losses, state.norms, state.tokens, state.step_seconds = [], [], 0, 0.0
        for name, value in row.items():
            if name not in ("epoch", "step"):
                place = "dev" if name.startswith("dev_") else "train"
                self.log.scalar(f"{place}/{name.removeprefix('dev_')}", value, state.step)
        for name, text in found.items():
            if isinstance(text, str):
                self.log.text(f"dev/{name}", text, state.step)
        self.log.flush()
        self.write_tables()
        mark = "  best so far" if state.evaluations_since_best == 0 else ""
        if self.plan.trainings > 1:
            mark = f"  mean of {counted(state.step // self.steps, 'training')}"
        dev = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
        say(
            f"epoch {row['epoch']:.2f}: loss {row['loss']:.4f} | dev {dev} | "
            f"{row['tokens_per_second']:,} tokens/s, {row['seconds']:.0f} s{mark}"
        )

    def write_tables(self) -> None:
        if not processes.is_first():
            return
        history, steps = self.state.history, self.state.steps
        write_text(self.run / HISTORY, pd.DataFrame(history).to_csv(index=False))
        columns = ["step", "loss", "learning_rate", "gradient_norm"]
        write_text(self.run / STEPS, pd.DataFrame(steps, columns=columns).to_csv(index=False))

    def result(self) -> TrainingResult:
        """The result of a finished training, with checksums of the files this process wrote."""
        files: dict[str, str] = {}
        if processes.is_first():
            self._check_weights()
            self.write_tables()
            files = {name: sha256(self.run / name) for name in (WEIGHTS, HISTORY, STEPS)}
        state = self.state
        return TrainingResult(
            monitor=self.plan.monitor,
            best=state.best,
            best_step=state.best_step,
            steps=state.step,
            epochs=state.history[-1]["epoch"],
            seconds=round(state.seconds, 1),
            parameters=int(self.plan.model.count_params()),
            stopped_early=state.step < self.total,
            files=files,
            trainings=self.plan.trainings,
        )


def fit(
    plan: TrainingPlan, settings: TrainingSettings, run: Path, log: Log | None = None
) -> TrainingResult:
    """Trains until the last epoch or until dev stops improving; resumes a training that was killed.

    Where several processes train (`pipeline.training.processes`), all go through this, and process
    0 alone writes.

    Of several trainings (`TrainingPlan.trainings`) the mean over all is kept, and dev only watches.

    Writes into `run`: `checkpoint/state.npz` (everything, every `checkpoint_seconds`),
    `best.weights.h5` (the averaged weights of the best look at dev), `history.csv` (one row a
    look at dev), `steps.csv` (every tenth step), `training.json` (this function's result). On
    one machine with the same seed, an interrupted training ends with the same weights as one
    that was not.

    Args:
        plan: model, loss, batches and evaluation.
        settings: how to train.
        run: the folder of the run.
        log: takes scalars and texts; None for nobody.

    Raises:
        UnusableCheckpointError: there is one, or weights beside it, from which it cannot go on.
        UserError: the loss is not finite, or a file cannot be read or written.
    """
    if settings.initial_weights is not None:
        load_initial_weights(plan.model, settings.initial_weights)
    training = _Training(plan, settings, run, log or Log())
    unusable = None
    try:
        training.resume()
    except UnusableCheckpointError as fault:
        unusable = fault  # raised once all have read it: one of them deletes it then
    processes.check_same(
        "checkpoint",
        training.state.step if unusable is None else "unusable",
        "let all see the same folder: runs/ is to be shared",
    )
    if unusable is not None:
        raise unusable
    training.go()
    result = training.result()
    if processes.is_first():
        load_weights(plan.model, run / WEIGHTS)
        write_record(run / "training.json", as_json(result))
    return result
