"""What `kill -9` leaves behind, for real: processes are killed in the middle of their work."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.stages import train
from pipeline.stages.files import RunFiles
from pipeline.tasks.sentiment.training import build_model
from pipeline.workspace import read_json
from warm_python import Running

CHECKOUT = Path(__file__).resolve().parent.parent
MAIN = "from pipeline.__main__ import main\nsys.exit(main(sys.argv[1:]))"


@pytest.fixture
def start(warm_python) -> Callable[..., Running]:
    """`python -m pipeline ...` in a process of its own, which may first do something else."""

    def call(folder: Path, *words: str, before: str = "") -> Running:
        program = f"import sys\nsys.path.insert(0, {str(CHECKOUT)!r})\n{before}\n{MAIN}"
        return warm_python.start(program, *words, cwd=folder, env=os.environ)

    return call


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


# Dies in the middle of writing the third checkpoint: half of the arrays are in the file.
DIE_IN_CHECKPOINT = """
import os, signal
import numpy as np
whole, written = np.savez, 0
def savez(file, **arrays):
    global written
    written += 1
    if written < 3:
        return whole(file, **arrays)
    whole(file, **dict(list(arrays.items())[: len(arrays) // 2]))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
np.savez = savez
"""


def test_killed_training_ends_as_one_that_was_not(run, start, tmp_path):
    """Killed once at any moment and once while it writes a checkpoint; ends the same, bit by bit.

    All three are processes of their own, so that they count on the same number of threads.
    """
    settings = dataclasses.replace(
        run.task.tiny,
        training=dataclasses.replace(run.task.tiny.training, epochs=4, checkpoint_seconds=0.0),
        model=dataclasses.replace(run.task.tiny.model, direction="forward", units=8),
    )
    words = ["train", "sentiment", *run.words(settings)]
    straight, broken = (
        run.untrained_copy(tmp_path / "straight"),
        run.untrained_copy(tmp_path / "broken"),
    )
    uninterrupted = start(straight.root, *words).wait()
    assert uninterrupted.returncode == 0, uninterrupted.stderr
    assert "resuming" not in uninterrupted.stderr

    first = start(broken.root, *words)
    state = broken.run / "checkpoint" / "state.npz"
    deadline = time.monotonic() + 120
    while not state.exists() and not first.over() and time.monotonic() < deadline:
        time.sleep(0.005)
    first.kill()
    assert first.wait().returncode == -signal.SIGKILL, "it was over before it could be killed"
    with np.load(state, allow_pickle=False) as stored:
        assert len(stored.files) > 3

    second = start(broken.root, *words, before=DIE_IN_CHECKPOINT).wait()
    assert second.returncode == -signal.SIGKILL
    assert re.search(r"resuming .* at step \d+ of 88", second.stderr)
    assert not (broken.run / "training.json").exists()
    with np.load(state, allow_pickle=False) as stored:
        assert len(stored.files) > 3

    third = start(broken.root, *words).wait()
    assert third.returncode == 0, third.stderr
    assert re.search(r"resuming .* at step \d+ of 88", third.stderr)

    both = [
        np.load(r.run / "checkpoint" / "state.npz", allow_pickle=False) for r in (straight, broken)
    ]
    assert both[0].files == both[1].files
    for name in both[0].files:
        if name != "state":  # tells seconds, too
            np.testing.assert_array_equal(both[0][name], both[1][name], err_msg=name)
    for stored in both:
        stored.close()
    models = [build_model(settings, run.prepared) for _ in both]
    for model, finished_run in zip(models, (straight, broken), strict=True):
        model.load_weights(finished_run.run / "best.weights.h5")
    for one, other in zip(models[0].weights, models[1].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    ours, theirs = (read_json(r.run / "training.json") for r in (straight, broken))
    for result in (ours, theirs):
        result["seconds"] = 0
        del result["files"]["history.csv"]  # in which the seconds of each part stand
    assert ours == theirs
    assert not list(broken.run.rglob("*.partial*")), "what the killed one left behind stays"


DIE_IN_EXPORT = """
import os, signal
from pipeline.text.tokenizer import Tokenizer
Tokenizer.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_export_leaves_the_earlier_one(run, start, tmp_path, command):
    copy = run.copy(tmp_path)
    # As an earlier version left it, so that there is something to do.
    (copy.saved_model / "assets.extra" / "manifest.json").unlink()
    before = {p: p.read_bytes() for p in copy.saved_model.rglob("*") if p.is_file()}
    killed = start(copy.root, "export", "sentiment", before=DIE_IN_EXPORT).wait()
    assert killed.returncode == -signal.SIGKILL
    assert {p: p.read_bytes() for p in copy.saved_model.rglob("*") if p.is_file()} == before
    assert len(list(copy.saved_model.parent.iterdir())) == 2, "it died before it had begun"
    assert command(copy.root, "predict", "--text", "좋다").code == 0
    assert command(copy.root, "export").code == 0
    assert [path.name for path in copy.saved_model.parent.iterdir()] == ["1"]
    assert command(copy.root, "predict", "--text", "좋다").code == 0


def test_kill_while_an_earlier_run_is_set_aside(tmp_path, monkeypatch):
    """Whichever rename comes last before the kill, the next attempt ends in one whole folder."""

    class KilledError(BaseException):
        pass

    for deadly in range(len(train.RESULTS)):
        folder = tmp_path / str(deadly) / "default"
        folder.mkdir(parents=True)
        for name in train.RESULTS:
            (folder / name).write_text(f"old {name}")
        files = RunFiles("sentiment", folder, tmp_path)
        done = 0

        def replace(source, target, deadly=deadly, whole=os.replace):
            nonlocal done
            if done == deadly:
                raise KilledError
            done += 1
            whole(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(train.os, "replace", replace)
            with pytest.raises(KilledError):
                train._set_aside(files)
        train._set_aside(files)
        kept = folder.with_name("default.1")
        assert {p.name: p.read_text() for p in kept.iterdir()} == {
            n: f"old {n}" for n in train.RESULTS
        }
        assert not list(folder.iterdir())
        assert sorted(p.name for p in folder.parent.iterdir()) == ["default", "default.1"]
