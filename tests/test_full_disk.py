"""A full disk: one line, exit code 2, and what was there is untouched."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipeline import workspace as workspace_module
from pipeline.corpora.stored_numbers import StoredNumbers
from pipeline.corpora.stored_rows import RowStore
from pipeline.errors import UserError
from pipeline.stages import train
from pipeline.training import checkpoints
from pipeline.training.weights import save_weights


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


@pytest.fixture
def small_disk(tmp_path):
    """size in MB -> a folder on a disk of its own, that small. For root on Linux only."""
    mounted = []

    def mount(megabytes: float) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        size = f"size={int(megabytes * 1024)}k"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    if shutil.which("mount") is None:
        pytest.skip("there is no mount command")
    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Takes all room but `leave` bytes."""
    ballast = folder / "ballast"
    with open(ballast, "wb") as file:
        while (free := shutil.disk_usage(folder).free - leave) > 0:
            file.write(bytes(min(free, 1 << 20)))
            file.flush()
    return ballast


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "ballast" not in p.name}


@pytest.mark.parametrize("rows", [1, 50_000])
def test_rows_and_numbers_of_a_corpus_on_a_full_disk(small_disk, rows):
    folder = small_disk(1)
    fill(folder, leave=0)
    with pytest.raises(UserError, match="disk is full"):
        RowStore(folder).add(pd.DataFrame({"id": ["글"] * rows}))
    with pytest.raises(UserError, match="disk is full"):
        StoredNumbers(np.uint64, (), folder).add(np.zeros(rows, np.uint64))


def test_checkpoint_on_a_full_disk(small_disk):
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1000)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    folder = small_disk(4)
    checkpoints.save(folder, model, {"step": 1})
    before = snapshot(folder)
    fill(folder, leave=size(folder) // 2)
    with pytest.raises(checkpoints.UserError, match="disk is full"):
        checkpoints.save(folder, model, {"step": 2})
    assert snapshot(folder) == before
    assert checkpoints.load(folder).state == {"step": 1}


def test_weights_on_a_full_disk(small_disk):
    """However little room is missing, and for weights that are smaller than what HDF5 adds."""
    model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(20))])
    folder = small_disk(2)
    path = folder / "best.weights.h5"
    save_weights(model, path)
    before, whole = snapshot(folder), size(folder)
    for leave in (0, whole // 2, whole - 5000):
        ballast = fill(folder, leave)
        with pytest.raises(checkpoints.UserError, match="disk is full"):
            save_weights(model, path)
        ballast.unlink()
        assert snapshot(folder) == before
    model.load_weights(path)


def test_training_and_export_on_a_full_disk(run, quick, small_disk, command):
    """One line each and exit code 2; what was finished is untouched; with room, it goes on."""
    disk = small_disk((3 * size(run.root)) / 1e6 + 4)
    copy = run.copy(disk)
    # As an earlier version left it, so that there is something to do.
    (copy.saved_model / "assets.extra" / "manifest.json").unlink()
    before = snapshot(disk)
    other = [*run.words(quick()), "--name", "other"]
    shutil.copytree(copy.run, copy.run.with_name("other"))
    for name in train.RESULTS:
        path = copy.run.with_name("other") / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    ballast = fill(disk, leave=100_000)
    outcome = command(disk, "train", "sentiment", *other)
    assert "disk is full" in outcome.error or "No space left" in outcome.error
    outcome = command(disk, "export")
    assert "disk is full" in outcome.error
    assert {p: b for p, b in snapshot(disk).items() if p in before} == before
    assert not list(disk.rglob("*.partial*"))
    assert command(disk, "predict", "--text", "좋다").code == 0

    ballast.unlink()
    assert command(disk, "train", "sentiment", *other).code == 0
    assert command(disk, "export").code == 0


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_space_for_tensorflow(*_, **__):
    raise tf.errors.ResourceExhaustedError(None, None, "variables; No space left on device")


@pytest.mark.parametrize(
    ("stage", "target", "what"),
    [
        ("corpus", workspace_module.os, "replace"),
        ("prepare", np.lib.format, "write_array_header_1_0"),
        ("train", checkpoints.np, "savez"),
        ("evaluate", workspace_module.os, "fsync"),
        ("export", tf.saved_model, "save"),
        ("export", workspace_module.os, "fsync"),
    ],
)
def test_no_space_in_any_stage_is_one_line(
    run, quick, tmp_path, command, monkeypatch, stage, target, what
):
    copy, settings = run.copy(tmp_path), run.task.tiny
    if stage == "train":
        copy, settings = run.untrained_copy(tmp_path), quick()
    elif stage == "corpus":
        (copy.run / "corpus.json").unlink()
    elif stage == "prepare":
        shutil.rmtree(copy.prepared)
    elif stage == "evaluate":
        (copy.run / "metrics.json").unlink()
        shutil.rmtree(copy.run / "tensorboard" / "test")  # written anew as a whole
    elif stage == "export":
        (copy.saved_model / "assets.extra" / "manifest.json").unlink()
    before = snapshot(tmp_path)
    failing = no_space_for_tensorflow if what == "save" else no_space
    monkeypatch.setattr(target, what, failing)
    outcome = command(tmp_path, stage, "sentiment", *run.words(settings))
    assert "disk is full" in outcome.error or "No space left" in outcome.error
    after = snapshot(tmp_path)
    assert {path: after[path] for path in before} == before
    assert not list(tmp_path.rglob("*.partial*"))
