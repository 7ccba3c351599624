"""Short programs in processes of their own, without the seconds that importing TensorFlow takes.

One `python -I` with nothing of ours imports TensorFlow; each program then runs in a copy of it
(`fork`), which ends, is killed and leaves an exit code like any other process.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_SERVER = """
import json, os, sys
import tensorflow
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
for number, (path, mode) in enumerate(zip(asked["streams"], ("r", "w", "w"))):
    with open(path, mode) as stream:
        os.dup2(stream.fileno(), number)
sys.stdin = open(0, encoding="utf-8", closefd=False)
os.chdir(asked["cwd"])
os.environ.clear()
os.environ.update(asked["env"])
sys.argv = asked["argv"]
exec(compile(asked["program"], sys.argv[0], "exec", dont_inherit=True), {"__name__": "__main__"})
"""


class Running:
    """A program that was started."""

    def __init__(self, answers, argv: list[str], streams: list[Path]):
        self._answers, self._argv, self._streams = answers, argv, streams
        self._pid = int(answers.readline())
        self._code: int | None = None

    def over(self, seconds: float = 0) -> bool:
        """Whether it has ended, or does within so many seconds."""
        if self._code is None and select.select([self._answers], [], [], seconds)[0]:
            self._code = int(self._answers.readline())
        return self._code is not None

    def kill(self) -> None:
        """`kill -9`, unless it is over."""
        if not self.over():
            os.kill(self._pid, signal.SIGKILL)

    def wait(self, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """How it ended; after so many seconds it is killed."""
        if not self.over(seconds):
            self.kill()
            self.over(60)
        out, err = (
            stream.read_text(encoding="utf-8", errors="surrogateescape")
            for stream in self._streams[1:]
        )
        return subprocess.CompletedProcess(self._argv, self._code, out, err)


class WarmPython:
    """What `subprocess` does with [sys.executable, "-I", "-c", program, *arguments]."""

    def __init__(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PYTHON"))}
        self._server = subprocess.Popen(
            [sys.executable, "-I", "-c", _SERVER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._folder = tempfile.TemporaryDirectory()
        self._latest: Running | None = None

    def close(self) -> None:
        if self._latest:
            self._latest.wait(seconds=0)
        self._server.kill()
        self._server.communicate()
        self._folder.cleanup()

    def start(
        self,
        program: str,
        *arguments: object,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        given: str = "",
        name: str = "-c",
    ) -> Running:
        """Runs `program` in `cwd`. One at a time: one before it that is not over is killed.

        Args:
            program: Python.
            arguments: what it finds in sys.argv behind `name`.
            env: its environment; None: PATH, HOME, TMPDIR and LANG as they are.
            given: on its standard input.
        """
        folder = tempfile.mkdtemp(dir=self._folder.name)
        streams = [Path(folder, stream) for stream in ("in", "out", "err")]
        streams[0].write_text(given, encoding="utf-8")
        if env is None:
            env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR", "LANG")}
        asked = {
            "program": program,
            "argv": [name, *map(str, arguments)],
            "cwd": str(cwd),
            "env": dict(env),
            "streams": [str(stream) for stream in streams],
        }
        if self._latest:
            self._latest.wait(seconds=0)
        self._server.stdin.write(json.dumps(asked).encode() + b"\n")
        self._latest = Running(self._server.stdout, asked["argv"], streams)
        return self._latest

    def run(self, program: str, *arguments: object, **options) -> subprocess.CompletedProcess[str]:
        """The same, to its end."""
        return self.start(program, *arguments, **options).wait()
