"""Scripts in processes of their own, and whether a process is still there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def start_script(path: Path, code: str) -> subprocess.Popen:
    """Writes a script that may import ours and the modules of tests, and starts it.

    Ctrl-C is `os.killpg(process.pid, signal.SIGINT)`: as from a terminal, it reaches all that the
    script started.
    """
    path.write_text(code)
    here = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (here.parent, here)))},
        stderr=subprocess.PIPE,
        start_new_session=True,
        # What a shell starts in the background does not listen to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def until(reached: Callable[[], object], seconds: float = 60) -> None:
    """Waits for what other processes do."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def lives(process: int) -> bool:
    """Whether there is a process of that number that has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
