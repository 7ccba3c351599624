"""Models train on JAX as they do on TensorFlow (KERAS_BACKEND=jax), and leave as before."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from jax_compilations import kept_in

CHECKOUT = Path(__file__).resolve().parent.parent


def without_chance(settings, weights: Path):
    """The same, but nothing is drawn at random that both would draw differently."""
    groups = {}
    for group in dataclasses.fields(settings):
        values = getattr(settings, group.name)
        drawn = [f.name for f in dataclasses.fields(values) if f.name.endswith("_dropout")]
        groups[group.name] = dataclasses.replace(values, **dict.fromkeys(drawn, 0.0))
    training = dataclasses.replace(
        groups["training"],
        epochs=1,
        min_steps=1,
        batch_size=400,
        evaluations=1,
        initial_weights=weights,
    )
    return dataclasses.replace(settings, **{**groups, "training": training})


def arrays(weights: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(weights) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


@pytest.fixture(scope="module")
def jax_environment(tmp_path_factory) -> dict[str, str]:
    return {"KERAS_BACKEND": "jax", **kept_in(tmp_path_factory.mktemp("compiled"))}


def test_jax_finds_the_weights_that_tensorflow_finds(finished, jax_environment, tmp_path):
    """With one task: compiling another takes a minute."""
    run = finished("sentiment")
    settings = without_chance(run.task.tiny, run.run / "best.weights.h5")
    ours, theirs = (run.untrained_copy(tmp_path / name) for name in ("tensorflow", "jax"))
    ours.do("train", settings=settings)
    outcome = subprocess.run(
        [sys.executable, "-m", "pipeline", "train", "sentiment", *theirs.words(settings)],
        cwd=theirs.root,
        env={**os.environ, **jax_environment, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    histories = [pd.read_csv(copy.run / "history.csv") for copy in (ours, theirs)]
    for name in ("step", "loss", "dev_loss"):
        here, there = (history[name].to_numpy() for history in histories)
        assert there == pytest.approx(here, rel=1e-4), name
    expected, found = (arrays(copy.run / "best.weights.h5") for copy in (ours, theirs))
    assert found.keys() == expected.keys()
    for place, values in expected.items():
        np.testing.assert_allclose(found[place], values, atol=2e-4, err_msg=place)


def test_what_holds_on_tensorflow_holds_on_jax(jax_environment):
    """Of trainings that were stopped, that follow each other, or that learn from moved vectors."""
    files = ("test_resume.py", "test_training.py", "test_adversarial.py")
    places = [CHECKOUT / "tests" / name for name in files]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *places]
        + ["-k", "bag or several or both_gradients or each_pass", "-rA"],
        cwd=CHECKOUT,
        env={**environment, **jax_environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
    for name in (
        "ends_as_one_that_was_not[sentiment-bag]",
        "mean_of_several_trainings_is_kept",
        "follows_the_mean_of_both_gradients[2]",
        "drawn_for_each_pass",
    ):
        assert re.search(rf"^PASSED .*{re.escape(name)}$", outcome.stdout, re.M), outcome.stdout
