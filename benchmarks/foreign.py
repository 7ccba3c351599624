"""Runs scripts of this folder as other people would: without the rest of this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def foreign_process(script: str, *arguments: object, given: str = "") -> str:
    """Runs a copy of a script outside the repository, in `python -I`; returns its output.

    Args:
        script: its name in this folder.
        arguments: of the script; paths must be absolute, since it runs in another folder.
        given: its standard input.

    Raises:
        SystemExit: it ended with an error.
    """
    # The environment of a person who serves a model has none of our variables.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PYTHON"))}
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(Path(__file__).with_name(script), folder)
        done = subprocess.run(
            [sys.executable, "-I", copy, *map(str, arguments)],
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    if done.returncode:
        sys.exit(f"{done.stderr}error: {script} ended with {done.returncode}")
    return done.stdout
