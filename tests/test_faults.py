"""What a kill, a full disk and a missing network leave behind, for real where a test can."""

from __future__ import annotations

import dataclasses
import errno
import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline import workspace as workspace_module
from pipeline.corpora import catalogue, download
from pipeline.corpora.fetch import MIRROR, fetch
from pipeline.settings import leaves
from pipeline.stages import train
from pipeline.stages.files import RunFiles
from pipeline.tasks import sentiment
from pipeline.training import checkpoints
from pipeline.workspace import Workspace, read_json

CHECKOUT = Path(__file__).resolve().parent.parent


def arguments(settings) -> list[str]:
    """Settings as they stand on the command line."""
    words = []
    for name, _ in leaves(type(settings)):
        group = next(g for g in vars(settings).values() if hasattr(g, name))
        if (value := getattr(group, name)) is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def start(folder: Path, *words: str, before: str = "") -> subprocess.Popen:
    """`python -m pipeline ...` in a process of its own, which may first do something else."""
    program = (
        f"{before}\nimport sys\nfrom pipeline.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, *(["-c", program] if before else ["-m", "pipeline"]), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> str:
    """What it said on stderr."""
    _, said = process.communicate(timeout=300)
    return said


def fresh(run, folder: Path):
    """A copy of a finished run that has its ids, and no training yet."""
    copy = run.copy(folder)
    for name in train.RESULTS:
        path = copy.run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(copy.saved_model)
    return copy


def quick(run, seed: int = 1):
    """Settings of a training that takes no more than building a model does."""
    training = dataclasses.replace(run.task.tiny.training, epochs=1, evaluations=1, seed=seed)
    model = dataclasses.replace(run.task.tiny.model, cell="bag")
    return dataclasses.replace(run.task.tiny, model=model, training=training)


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


# ---- kills

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


def test_killed_training_ends_as_one_that_was_not(run, tmp_path):
    """Killed once at any moment and once while it writes a checkpoint; ends the same, bit by bit.

    All three are processes of their own, so that they count on the same number of threads.
    """
    training = dataclasses.replace(run.task.tiny.training, epochs=4, checkpoint_seconds=0.0)
    words = [
        "train",
        "sentiment",
        *arguments(dataclasses.replace(run.task.tiny, training=training)),
    ]
    straight, broken = fresh(run, tmp_path / "straight"), fresh(run, tmp_path / "broken")
    uninterrupted = start(straight.root, *words)

    first = start(broken.root, *words)
    state = broken.run / "checkpoint" / "state.npz"
    deadline = time.monotonic() + 120
    while not state.exists() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    first.kill()
    finish(first)
    assert first.returncode == -signal.SIGKILL, "it was over before it could be killed"
    with np.load(state, allow_pickle=False) as stored:
        assert len(stored.files) > 3

    second = start(broken.root, *words, before=DIE_IN_CHECKPOINT)
    said = finish(second)
    assert second.returncode == -signal.SIGKILL
    assert re.search(r"resuming .* at step \d+ of 88", said)
    assert not (broken.run / "training.json").exists()
    with np.load(state, allow_pickle=False) as stored:
        assert len(stored.files) > 3

    third = start(broken.root, *words)
    said = finish(third)
    assert third.returncode == 0, said
    assert re.search(r"resuming .* at step \d+ of 88", said)
    said = finish(uninterrupted)
    assert uninterrupted.returncode == 0, said
    assert "resuming" not in said

    both = [
        np.load(r.run / "checkpoint" / "state.npz", allow_pickle=False) for r in (straight, broken)
    ]
    assert both[0].files == both[1].files
    for name in both[0].files:
        if name != "state":  # tells seconds, too
            np.testing.assert_array_equal(both[0][name], both[1][name], err_msg=name)
    for stored in both:
        stored.close()
    models = [sentiment.build_model(run.task.tiny, run.tokens) for _ in both]
    for model, finished_run in zip(models, (straight, broken), strict=True):
        model.load_weights(finished_run.run / "best.weights.h5")
    for one, other in zip(models[0].weights, models[1].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    ours, theirs = (read_json(r.run / "training.json") for r in (straight, broken))
    assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    assert not list(broken.run.rglob("*.partial*")), "what the killed one left behind stays"


DIE_IN_EXPORT = """
import os, signal
from pipeline.text.tokenizer import Tokenizer
Tokenizer.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_export_leaves_the_earlier_one(run, tmp_path, command):
    copy = run.copy(tmp_path)
    before = {p: p.read_bytes() for p in copy.saved_model.rglob("*") if p.is_file()}
    killed = start(copy.root, "export", "sentiment", before=DIE_IN_EXPORT)
    finish(killed)
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


# ---- other settings


def test_finished_runs_are_kept_when_settings_change(run, tmp_path, capsys):
    copy = run.copy(tmp_path)
    before = {
        n: (copy.run / n).read_bytes() for n in ("best.weights.h5", "report.html", "config.json")
    }
    for number, seed in ((1, 5), (2, 6)):
        copy.do("train", settings=quick(run, seed=seed))
        assert f"is kept in {copy.run}.{number}" in capsys.readouterr().err
    kept = copy.run.with_name("default.1")
    assert {name: (kept / name).read_bytes() for name in before} == before
    assert (kept / "checkpoint" / "state.npz").exists()
    second = copy.run.with_name("default.2")
    assert read_json(second / "config.json")["training"]["seed"] == 5
    assert read_json(copy.run / "config.json")["training"]["seed"] == 6
    assert not (copy.run / "metrics.json").exists(), "numbers of other weights"


def test_unfinished_training_with_other_settings_starts_again(run, tmp_path, capsys):
    copy = run.copy(tmp_path)
    for name in ("training.json", "metrics.json", "report.html"):
        (copy.run / name).unlink()
    copy.do("train", settings=quick(run))
    said = capsys.readouterr().err
    assert "starts again" in said
    assert "resuming" not in said
    assert read_json(copy.run / "training.json")["steps"] == 22
    assert not copy.run.with_name("default.1").exists()


def test_lost_weights_are_found_again(run, tmp_path, capsys):
    copy = fresh(run, tmp_path)
    copy.do("train", settings=quick(run))
    (copy.run / "best.weights.h5").unlink()
    copy.do("train", settings=quick(run))
    assert "is gone: training again" in capsys.readouterr().err
    assert (copy.run / "best.weights.h5").exists()


# ---- a full disk


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
    assert checkpoints.load(folder, model) == {"step": 1}


def test_training_and_export_on_a_full_disk(run, small_disk, command):
    """One line each and exit code 2; what was finished is untouched; with room, it goes on."""
    disk = small_disk((3 * size(run.root)) / 1e6 + 4)
    copy = run.copy(disk)
    before = snapshot(disk)
    other = [*arguments(quick(run)), "--name", "other"]
    shutil.copytree(copy.run, copy.run.with_name("other"))
    for name in train.RESULTS:
        path = copy.run.with_name("other") / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

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
        ("tokenize", np, "savez_compressed"),
        ("train", checkpoints.np, "savez"),
        ("evaluate", workspace_module.os, "fsync"),
        ("export", type(keras.export.ExportArchive()), "write_out"),
        ("export", workspace_module.os, "fsync"),
    ],
)
def test_no_space_in_any_stage_is_one_line(
    run, tmp_path, command, monkeypatch, stage, target, what
):
    copy, settings = run.copy(tmp_path), run.task.tiny
    if stage == "train":
        copy, settings = fresh(run, tmp_path), quick(run)
    elif stage == "tokenize":
        shutil.rmtree(copy.tokens)
    elif stage == "evaluate":
        (copy.run / "metrics.json").unlink()
        shutil.rmtree(copy.run / "tensorboard" / "test")  # written anew as a whole
    before = snapshot(tmp_path)
    failing = no_space_for_tensorflow if what == "write_out" else no_space
    monkeypatch.setattr(target, what, failing)
    outcome = command(tmp_path, stage, "sentiment", *arguments(settings))
    assert "disk is full" in outcome.error or "No space left" in outcome.error
    after = snapshot(tmp_path)
    assert {path: after[path] for path in before} == before
    assert not list(tmp_path.rglob("*.partial*"))


# ---- no network


def described(name: str, content: bytes) -> catalogue.RemoteFile:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return catalogue.RemoteFile("someone/reviews", "c" * 40, name, len(content), blob, "CC0-1.0")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A catalogue of one small corpus, a network that refuses every connection, and no mirror.

    Gives a function that fills a mirror and names it.
    """
    sample = sentiment.SAMPLE.read_text(encoding="utf-8").split("\n")[1:-1]
    rows = [f"{i}\t{line}" for i, line in enumerate(sample)]
    parts = {"train": rows[:400], "test": rows[400:500]}
    contents = {
        name: "\n".join(["id\tdocument\tlabel", *part, ""]).encode() for name, part in parts.items()
    }
    files = {name: described(f"{name}.txt", content) for name, content in contents.items()}
    reviews = catalogue.Corpus(
        "nsmc", "Reviews of a mirror", "CC0-1.0", "https://example.org", files
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "nsmc", reviews)
    monkeypatch.setattr(sentiment, "fetch", functools.partial(fetch, host="http://127.0.0.1:9"))
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(MIRROR, raising=False)

    def mirror() -> None:
        for name, file in files.items():
            path = tmp_path / "mirror" / file.relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[name])
        monkeypatch.setenv(MIRROR, str(tmp_path / "mirror"))

    return mirror


def test_without_network_the_sample_stands_in_loudly(run, tmp_path, command, offline):
    """On the screen, in the report and in the model card; and no longer than need be."""
    root = tmp_path / "checkout"
    root.mkdir()
    corpus = dataclasses.replace(run.task.tiny.corpus, corpus="nsmc", dev_size=50)
    words = arguments(dataclasses.replace(quick(run), corpus=corpus))
    outcome = command(root, "corpus", "sentiment", *words)
    assert outcome.code == 0
    assert "!!!!!" in outcome.err
    assert "Reviews of a mirror could not be had" in outcome.err
    assert "connection was refused" in outcome.err
    folder = Workspace(root).run("sentiment", "default")
    assert (folder / "corpus.json").stat().st_mtime == 0, "make would not ask again"
    for stage in ("tokenize", "train", "evaluate", "export"):
        assert command(root, stage, "sentiment", *words).code == 0
    warning = "sample of hand-written reviews stands in"
    report = (folder / "report.html").read_text(encoding="utf-8")
    card = Workspace(root).saved_model("sentiment", 1) / "assets.extra" / "model_card.md"
    assert warning in re.sub(r"\s+", " ", report)
    assert warning in card.read_text(encoding="utf-8")

    offline()
    outcome = command(root, "corpus", "sentiment", *words)
    assert "!!!!!" not in outcome.err
    assert (folder / "corpus.json").stat().st_mtime > 0
    assert read_json(folder / "corpus.json")["notes"]["rows"] == {
        "train": 350,
        "dev": 50,
        "test": 100,
    }
    assert "changed after this training" not in command(root, "tokenize", "sentiment", *words).err
    assert "changed after this training" in command(root, "export").error
    outcome = command(root, "train", "sentiment", *words)
    assert "is kept in" in outcome.err, "the model of the sample"
    for stage in ("evaluate", "export"):
        assert command(root, stage).code == 0
    assert warning not in re.sub(r"\s+", " ", (folder / "report.html").read_text(encoding="utf-8"))
    assert warning not in card.read_text(encoding="utf-8")
    assert "Reviews of a mirror" in card.read_text(encoding="utf-8")
