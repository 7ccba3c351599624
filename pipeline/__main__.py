"""`python -m pipeline STAGE TASK [--setting value ...]`, `python -m pipeline study STUDY ...`."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import importlib.util
import os
import sys
import textwrap
import warnings
from collections.abc import Callable

from pipeline.environment import (
    check_folder,
    check_libraries,
    forget_foreign_settings,
    start_python_anew,
)
from pipeline.errors import UserError
from pipeline.launcher import COUNT, Together, as_one_of_several, supervise
from pipeline.quiet import start_keras
from pipeline.readable import print_utf8
from pipeline.scoring.settings import SCORE_HELP, ScoreSettings, split_options
from pipeline.serving.settings import SERVE_HELP, ServeSettings
from pipeline.settings import check_ranges, closest, leaves, parse
from pipeline.stages.options import STAGES, TENSORBOARD_HELP, TensorBoardOptions
from pipeline.stages.studies import STUDIES, STUDY_HELP
from pipeline.tasks.base import RunSettings, Task, find_task, task_names
from pipeline.workspace import Workspace

_DEFAULT_TASK = "sentiment"
_BACKENDS = ("tensorflow", "jax")


def _help() -> str:
    stages = "\n".join(f"  {name:<10}{stage.summary}" for name, stage in STAGES.items())
    tasks = "\n".join(f"  {name:<13}{find_task(name).summary}" for name in task_names())
    settings = "\n".join(_settings_of(find_task(name)) for name in task_names())
    studies = " ".join(STUDIES)
    return f"""python -m pipeline STAGE TASK [--setting value ...]

stages, in the order data flows:
{stages}

tasks:
{tasks}

settings (what they mean: python -m pipeline train {_DEFAULT_TASK} --help):
{settings}

studies of recurrent networks, on pages (python -m pipeline study gradients --help):
  {studies}

run a model on many texts with Apache Beam: python -m pipeline score {_DEFAULT_TASK} --input
texts.txt --output scores.jsonl (--help)

serve exported models over HTTP: python -m pipeline serve --port 8501 (--help)

show the logs of all trainings: python -m pipeline tensorboard --port 6006

Usually make runs the stages: `make help`."""


def _settings_of(task: Task) -> str:
    names = " ".join(f"--{name.replace('_', '-')}" for name, _ in leaves(task.settings))
    return textwrap.fill(
        names,
        96,
        initial_indent=f"  {task.name:<13}",
        subsequent_indent=" " * 15,
        break_on_hyphens=False,
    )


def prepare_process(stage: str = "train") -> None:
    """Sets the environment variables that must be set before keras is imported.

    Raises:
        UserError: KERAS_BACKEND is not available, a file hides a library, or TensorFlow cannot work
            in this folder.
    """
    forget_foreign_settings()
    check_libraries()
    check_folder()
    os.environ["KERAS_BACKEND"] = _backend(stage)
    # What goes wrong comes as an exception; what C++ prints as an error beside that is
    # TensorFlow's own affair (a graph it could not simplify, a GPU that is not there).
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The two directions of a bidirectional layer run side by side, each on a core of its own;
    # with few cores that beats splitting every small matrix product over them (compare with
    # TF_NUM_INTRAOP_THREADS=2 python -m benchmarks.training_speed).
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1" if (os.cpu_count() or 1) <= 4 else "2")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(max(2, os.cpu_count() or 1)))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


def _backend(stage: str) -> str:
    """The backend of Keras: TensorFlow or JAX for training, TensorFlow for everything else."""
    if stage != "train":
        return _BACKENDS[0]
    several = Together.asked() is not None
    asked = "jax" if several else os.environ.get("KERAS_BACKEND") or _BACKENDS[0]
    if asked not in _BACKENDS:
        raise UserError(
            f"{asked!r} is not supported",
            where="KERAS_BACKEND",
            remedy=f"use {' or '.join(_BACKENDS)}, or leave it unset",
        )
    if importlib.util.find_spec(asked) is None:
        raise UserError(
            f"{asked} is not installed",
            where=COUNT if several else "KERAS_BACKEND",
            remedy=f".venv/bin/pip install {asked}, or leave it unset",
        )
    return asked


def main(arguments: list[str]) -> int:
    """Runs one stage of one task; returns the exit code."""
    return exit_code(lambda: _run(arguments))


def exit_code(command: Callable[[], int]) -> int:
    """Runs a command; prints one line on stderr if it fails for a reason outside our code.

    Args:
        command: returns its exit code.

    Returns:
        That code; 2 for a mistake of the user or a problem of the machine, 130 after Ctrl-C.
    """
    try:
        code = command()
        # Here and not when Python ends, where nobody could catch a full disk or a closed pipe.
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        return 0
    except OSError as error:
        if error.errno not in _OUTSIDE:
            raise
        _drop_output()
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror}", file=sys.stderr)
        return 2


# What the machine refuses, whichever line of ours asked for it.
_OUTSIDE = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EIO),
)


def _drop_output() -> None:
    """Discards what is still buffered for stdout if it cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    stage, *rest = arguments
    if stage == "study":
        return _study(rest)
    if stage == "tensorboard":
        return _tensorboard(rest)
    if stage == "serve":
        return _serve(rest)
    if stage == "score":
        return _score(rest)
    if stage not in STAGES:
        near = f"closest: {closest(stage, [*STAGES, 'study', 'serve', 'score', 'tensorboard'])}"
        raise UserError(
            f"unknown stage {stage!r}",
            where="command line",
            remedy="it is called prepare now" if stage == "tokenize" else near,
        )
    name = rest.pop(0) if rest and not rest[0].startswith("-") else _DEFAULT_TASK
    task = find_task(name)
    options = STAGES[stage].options
    kind = task.settings
    if stage == "predict":
        # Nothing else of the settings matters to a model that is already exported.
        asked: list[tuple[str, type]] = [("run", RunSettings)]
        if task.asking is not None:
            asked.append(("asking", task.asking))
        kind = dataclasses.make_dataclass("Predict", asked, frozen=True)
    program = f"python -m pipeline {stage} {name}"
    try:
        parsed = parse(
            kind if options is None else _with_options(kind, options),
            rest,
            program=program,
            description=STAGES[stage].description,
        )
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    check_ranges(parsed)
    groups = {group.name: getattr(parsed, group.name) for group in dataclasses.fields(kind)}
    together = Together.asked()
    if together is not None and stage == "train" and not together.supervised:
        _backend(stage)  # said once if it cannot be had
        return supervise(together, arguments, Workspace().run(name, groups["run"].name))
    if together is not None and stage != "train" and not together.is_first:
        return 0  # what is not training is done by process 0

    def work() -> int:
        prepare_process(stage)
        run = importlib.import_module(f"pipeline.stages.{stage}").run
        run(task, kind(**groups), Workspace(), *([] if options is None else [parsed.stage]))
        return 0

    if together is not None and together.supervised:
        return as_one_of_several(lambda: exit_code(work))
    return work()


def _with_options(settings: type, options: type) -> type:
    """`settings` with one more group, `stage`: the options of the stage alone."""
    return dataclasses.make_dataclass(
        settings.__name__, [("stage", options)], bases=(settings,), frozen=True, kw_only=True
    )


def _study(arguments: list[str]) -> int:
    name, *rest = arguments or [""]
    if name in ("", "-h", "--help"):
        print(f"python -m pipeline study {'|'.join(STUDIES)} [--setting value ...]\n")
        print(STUDY_HELP)
        return 0
    if name not in STUDIES:
        raise UserError(
            f"unknown study {name!r}",
            where="command line",
            remedy=f"closest: {closest(name, list(STUDIES))}",
        )
    program = f"python -m pipeline study {name}"
    try:
        settings = parse(STUDIES[name], rest, program=program, description=STUDY_HELP)
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    check_ranges(settings)
    prepare_process("study")
    start_keras()  # before the pages import it, which would not be quiet
    importlib.import_module("pipeline.stages.study").run(name, settings, Workspace())
    return 0


def _serve(arguments: list[str]) -> int:
    """Runs the HTTP server until it is stopped."""
    try:
        settings = parse(
            ServeSettings, arguments, program="python -m pipeline serve", description=SERVE_HELP
        )
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    check_ranges(settings)
    prepare_process("serve")
    importlib.import_module("pipeline.stages.serve").run(settings)
    return 0


def _score(arguments: list[str]) -> int:
    """Runs an exported model on files of texts, with Apache Beam."""
    named = bool(arguments) and not arguments[0].startswith("-")
    name, rest = (arguments[0], arguments[1:]) if named else (_DEFAULT_TASK, arguments)
    task = find_task(name)
    own, beams = split_options(rest)
    try:
        settings = parse(
            ScoreSettings, own, program=f"python -m pipeline score {name}", description=SCORE_HELP
        )
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    check_ranges(settings)
    prepare_process("score")
    importlib.import_module("pipeline.stages.score").run(task, settings, Workspace(), beams)
    return 0


def _tensorboard(arguments: list[str]) -> int:
    """Runs TensorBoard over runs/ until it is stopped."""
    try:
        settings = parse(
            TensorBoardOptions,
            arguments,
            program="python -m pipeline tensorboard",
            description=TENSORBOARD_HELP,
        )
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    check_ranges(settings)
    options = ["--logdir", "runs", "--port", str(settings.logs.port)]
    server = importlib.import_module("pipeline.training.tensorboard_server")
    code: int = server.main([*options, "--samples_per_plugin", "text=1000"])
    return code


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    start_python_anew()
    print_utf8()
    sys.exit(main(sys.argv[1:]))
