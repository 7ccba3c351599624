"""Scripts of this folder that must do without the rest of this project, run as others would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def foreign_process(script: str, *arguments: object, given: str = "") -> str:
    """Runs a copy of a script outside the repository, in `python -I`; returns what it printed.

    Args:
        script: its name, in this folder.
        arguments: its own; folders and files in full, since it runs somewhere else.
        given: on its standard input.

    Raises:
        SystemExit: it ended with an error.
    """
    # What a person who serves a model has in the environment: nothing of ours.
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
