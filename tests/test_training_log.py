"""What the training loop tells its log, read back as TensorBoard shows it."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.text.ragged import Ragged
from pipeline.training import checkpoints
from pipeline.training.fit import TrainingPlan, fit
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.training.settings import TrainingSettings
from pipeline.training.tensorboard import TensorBoardLog

QUICK = TrainingSettings(epochs=4, min_steps=1, evaluations=4, patience=9, seed=3)


class KilledError(Exception):
    """The process is gone."""


def make_plan() -> TrainingPlan:
    """Rows to the sum of their ids, odd or even. A look at dev says what the weights are, in words;
    what is read is told as a number that grows with the steps."""
    generator = np.random.default_rng(0)
    rows = Ragged.from_lists([[2, *generator.integers(4, 9, 3), 3] for _ in range(60)])
    labels = rows.ids.reshape(60, 5).sum(axis=1) % 2
    keras.utils.set_random_seed(3)
    inputs = {"ids": keras.Input((None,), dtype="int32", name="ids")}
    inputs["lengths"] = keras.Input((), dtype="int32", name="lengths")
    vectors = keras.layers.Embedding(9, 4)(inputs["ids"])
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Dropout(0.2)(vectors))
    model = keras.Model(inputs, keras.layers.Dense(2)(pooled))

    def evaluate(model):
        total = sum(float(np.abs(weight).sum()) for weight in model.get_weights())
        return {"accuracy": total, "loss": 0.0, "weights": f"가중치 {total!r}"}

    return TrainingPlan(
        model,
        SmoothedCrossEntropy(),
        lambda epoch: LengthBuckets(rows, labels, 12, seed=3, epoch=epoch),
        evaluate,
        monitor="accuracy",
        prepare=lambda inputs, step, total: (inputs, {"share": step / total}),
    )


def shown(folder, tag: str) -> list[tuple[int, object]]:
    """Step and value of everything under `tag`."""
    events = EventAccumulator(str(folder), tensor_size_guidance={"text": 0}).Reload()
    return [(e.step, make_ndarray(e.tensor_proto).item()) for e in events.Tensors(tag)]


def test_each_look_at_dev_is_told_once(tmp_path, monkeypatch):
    """Also the one after which the process died, before there was a checkpoint."""
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    with TensorBoardLog(straight / "tensorboard") as log:
        fit(make_plan(), QUICK, straight, log)
    save, saved = checkpoints.save, []

    def dying_save(folder, model, state):
        if len(saved) == 2:
            raise KilledError
        saved.append(state["step"])
        save(folder, model, state)

    with monkeypatch.context() as patched, TensorBoardLog(resumed / "tensorboard") as log:
        patched.setattr(checkpoints, "save", dying_save)
        with pytest.raises(KilledError):
            fit(make_plan(), QUICK, resumed, log)
    assert saved == [5, 10]
    assert [step for step, _ in shown(resumed / "tensorboard", "dev/weights")] == [5, 10, 15]
    with TensorBoardLog(resumed / "tensorboard") as log:
        fit(make_plan(), QUICK, resumed, log)

    texts = shown(straight / "tensorboard", "dev/weights")
    assert [step for step, _ in texts] == [5, 10, 15, 20]
    history = pd.read_csv(straight / "history.csv")
    assert [text.decode("utf-8") for _, text in texts] == [
        f"가중치 {total!r}" for total in history["dev_accuracy"]
    ]
    assert not [column for column in history if "weights" in column]
    for tag in ("dev/weights", "dev/accuracy", "train/share"):
        assert shown(resumed / "tensorboard", tag) == shown(straight / "tensorboard", tag)


def test_numbers_on_what_is_trained_on_are_told_with_the_steps(tmp_path):
    with TensorBoardLog(tmp_path / "tensorboard") as log:
        fit(make_plan(), QUICK, tmp_path, log)
    # Steps done before the tenth and the twentieth.
    assert shown(tmp_path / "tensorboard", "train/share") == [
        (10, pytest.approx(9 / 20)),
        (20, pytest.approx(19 / 20)),
    ]
