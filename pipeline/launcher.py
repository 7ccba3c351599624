"""Training on several processes: who asked for it, and one process that watches over the others."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.readable import READABLE
from pipeline.workspace import has_ended

COUNT, NUMBER, COORDINATOR = "PROCESSES", "PROCESS", "COORDINATOR"
"""What a user sets in the environment."""

_PIPE, _SCREEN, _LOCAL = "SUPERVISOR_PIPE", "SUPERVISOR_SCREEN", "LOCAL_PROCESS"
"""What a supervisor sets for its children: a pipe that closes with it, where the first process
writes what people read, and the number among the processes of one machine."""

_TOLD = 2
"""The exit code of a process that has told what is wrong in one line."""

_LOST = re.compile("JaxRuntimeError.*(Gloo|NCCL|UNAVAILABLE)|another task died")
"""What JAX says in a process that does not reach another one any more."""

_GRACE = 3.0
"""Seconds for the other processes to tell what is wrong, after one has ended badly."""


@dataclasses.dataclass(frozen=True)
class Together:
    """Processes that train one model.

    Attributes:
        count: how many there are, at least 2.
        number: which one this is; None where this command starts them all.
        coordinator: host and port of process 0; None where this command chooses them.
    """

    count: int
    number: int | None = None
    coordinator: str | None = None

    @classmethod
    def asked(cls) -> Together | None:
        """What the environment asks for; None where one process trains alone.

        Raises:
            UserError: the values of `PROCESSES`, `PROCESS` and `COORDINATOR` do not fit together.
        """
        count = _whole_number(COUNT, 1) or 1
        number, coordinator = _whole_number(NUMBER, 0), os.environ.get(COORDINATOR) or None
        if (number is None) != (coordinator is None):
            missing, given = (NUMBER, COORDINATOR) if number is None else (COORDINATOR, NUMBER)
            raise UserError(
                f"is not set, but {given} is",
                where=missing,
                remedy=f"on many machines set {COUNT}, {NUMBER} and {COORDINATOR}; on one only "
                f"{COUNT}",
            )
        if coordinator is not None and not re.fullmatch(r"\S+:\d{1,5}", coordinator):
            raise UserError(
                f"{coordinator!r} is no address",
                where=COORDINATOR,
                remedy="give host and port of process 0: COORDINATOR=10.0.0.1:8476",
            )
        if number is not None and number >= count:
            raise UserError(
                f"is {number}, but {COUNT} is {count}",
                where=NUMBER,
                remedy=f"number the processes from 0 to {COUNT} - 1",
            )
        return None if count == 1 else cls(count, number, coordinator)

    @property
    def is_first(self) -> bool:
        return not self.number

    @property
    def supervised(self) -> bool:
        """Whether this process is one that `supervise` started."""
        return _PIPE in os.environ

    @property
    def local_number(self) -> int | None:
        """Which of several processes of this machine this one is; None where it is alone there."""
        local = os.environ.get(_LOCAL)
        return None if local is None else int(local)


def _whole_number(name: str, least: int) -> int | None:
    text = os.environ.get(name)
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}", text) or int(text) < least:
        raise UserError(
            f"{text!r} is no whole number from {least}", where=name, remedy="for example 2"
        )
    return int(text)


# ---- the process that watches over the others


def supervise(together: Together, arguments: list[str], folder: Path) -> int:
    """Starts the processes of this machine, and ends all of them when one ends badly.

    Args:
        together: all of them, or, where it has a number, the one to start.
        arguments: of `python -m pipeline`.
        folder: of the run; a process that fails leaves its log there.

    Returns:
        The exit code of process 0, or that of the only one.

    Raises:
        UserError: one was killed, or failed with a traceback, which is in its log.
    """
    children = _Children(together, arguments, folder)
    try:
        children.wait()
    except KeyboardInterrupt:
        if any((folder / "checkpoint").glob("*.npz")):
            say("the same command goes on from the last checkpoint")
        raise
    finally:
        children.end()
    return children.code()


class _Children:
    def __init__(self, together: Together, arguments: list[str], folder: Path):
        self.together, self.folder = together, folder
        coordinator = together.coordinator or f"127.0.0.1:{_free_port()}"
        numbers = range(together.count) if together.number is None else [together.number]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.failed: dict[int, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_logs_of_the_dead()
        closes_with_us, self._pipe = os.pipe()
        screen = os.dup(2)
        for number in numbers:
            with open(self._growing(number), "wb") as log:
                self.processes[number] = subprocess.Popen(
                    [sys.executable, "-m", "pipeline", *arguments],
                    env=self._environment(
                        number, coordinator, {_PIPE: closes_with_us, _SCREEN: screen}
                    ),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[closes_with_us, screen],
                    # Ctrl-C reaches this process alone, which ends the others.
                    process_group=0,
                )
        os.close(closes_with_us)
        os.close(screen)

    def _environment(self, number: int, coordinator: str, files: dict[str, int]) -> dict[str, str]:
        # What connects the processes must not go through a proxy.
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        several_here = self.together.number is None
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        share = {"NPROC": str(max(1, (cores or 1) // self.together.count))} if several_here else {}
        return {
            **share,
            **kept,
            COUNT: str(self.together.count),
            NUMBER: str(number),
            COORDINATOR: coordinator,
            **{name: str(file) for name, file in files.items()},
            **({_LOCAL: str(number)} if several_here else {}),
        }

    def log(self, number: int) -> Path:
        """Where it is found, once the process has failed."""
        return self.folder / f"process-{number}.log"

    def _growing(self, number: int) -> Path:
        """Where it is until then: a second command that is refused is to leave this one alone."""
        return self.folder / f".{os.getpid()}.process-{number}.log"

    def _remove_logs_of_the_dead(self) -> None:
        """Removes what commands left that were killed themselves."""
        for log in self.folder.glob(".*.process-*.log"):
            if has_ended(log.name.split(".")[1]):
                log.unlink(missing_ok=True)

    def wait(self) -> None:
        """Until all have ended, one was killed, or some time after one failed."""
        patience = None
        while None in (codes := [process.poll() for process in self.processes.values()]):
            if any(code and code < 0 for code in codes):
                return
            if any(codes) and patience is None:
                patience = time.monotonic() + _GRACE
            if patience is not None and time.monotonic() > patience:
                return
            time.sleep(0.05)

    def end(self) -> None:
        """Ends those that have not ended, and keeps the logs of those that have failed."""
        codes = {number: process.poll() for number, process in self.processes.items()}
        self.failed = {number: code for number, code in codes.items() if code}
        for number, process in self.processes.items():
            process.kill()
            process.wait()
            if self._tells(number):
                os.replace(self._growing(number), self.log(number))
            else:
                self._growing(number).unlink(missing_ok=True)
                if not self.failed:
                    self.log(number).unlink(missing_ok=True)
        os.close(self._pipe)

    def _tells(self, number: int) -> bool:
        """Whether the log of a process tells why it failed: process 0 may have told people."""
        code = self.failed.get(number, 0)
        return (code > 0 or code == -signal.SIGABRT) and (number, code) != (0, _TOLD)

    def code(self) -> int:
        """That of the command; of all that failed, one that was killed explains the others."""
        if not self.failed:
            return 0
        if self.failed.get(0) == _TOLD:
            return _TOLD
        number = min(self.failed, key=lambda number: (self._tells(number), number))
        log = ""
        if self._tells(number):
            text = self.log(number).read_text("utf-8", "replace")
            last = next((line for line in reversed(text.split("\n")) if line.strip()), "")
            why = f"failed: {last.removeprefix('error: ')}"
            if _LOST.search(text):
                why = "lost another one"
            log = f"; {self.log(number)} has more"
        else:
            why = f"was killed ({signal.Signals(-self.failed[number]).name})"
        raise UserError(
            f"process {number} of {self.together.count} {why}",
            where=self.folder,
            remedy=f"the same command goes on from the last checkpoint{log}",
        )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# ---- one of those it started


def as_one_of_several(work: Callable[[], int]) -> NoReturn:
    """Does `work` in a process that `supervise` started.

    Only process 0 writes to the screen, and only what Python code of ours says. All else, what
    C++ code prints among it, goes to the log of the process. It ends with its supervisor. When the
    work is done, or has failed, the process ends at once: nothing waits for processes that do not
    come.
    """
    pipe = int(os.environ[_PIPE])
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    if os.environ[NUMBER] == "0":
        sys.stderr = os.fdopen(
            int(os.environ[_SCREEN]), "w", buffering=1, encoding="utf-8", errors=READABLE
        )
    try:
        code = work()
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # nobody may read it any more
            stream.flush()
    os._exit(code)


def _end_with(pipe: int) -> None:
    os.read(pipe, 1)
    os._exit(1)
