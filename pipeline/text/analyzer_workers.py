"""Runs a function over texts in worker processes that may crash or hang without stopping the
whole."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.pool import ExceptionWithTraceback
from time import monotonic
from typing import Any, TypeVar

from pipeline.errors import UserError
from pipeline.own_process import end_with_parent
from pipeline.progress import say

Answer = TypeVar("Answer")

_CHUNK_TEXTS = 500
_CHUNK_CHARACTERS = 20_000  # fits into the buffer of a connection, so that sending does not wait
_CHUNKS_AHEAD = 4  # for each worker, those among them that are answered before an earlier one
_TICK = 0.2  # seconds


@dataclasses.dataclass(frozen=True)
class TimeLimits:
    """Seconds without an answer after which a worker counts as hanging.

    They are far above what an analyzer needs: Kkma, on a machine that was busy otherwise, took 170
    to start and 0.15 for each character.

    Attributes:
        start: to load the function.
        text, character: for a text, and in addition for each of its characters.
    """

    start: float = 600.0
    text: float = 120.0
    character: float = 0.5


LIMITS = TimeLimits()


@dataclasses.dataclass
class Chunk:
    """Texts that go to a worker together; `first` is the number of the first one, from 1."""

    first: int
    texts: list[str] = dataclasses.field(default_factory=list)
    answers: list[Any] = dataclasses.field(default_factory=list)

    @property
    def rest(self) -> list[str]:
        """Texts without an answer yet."""
        return self.texts[len(self.answers) :]


def chunks_of(texts: Iterable[str]) -> Iterator[Chunk]:
    """All texts in order; a chunk ends with the text that makes it large enough."""
    chunk, characters = Chunk(first=1), 0
    for number, text in enumerate(texts, 1):
        chunk.texts.append(text)
        characters += len(text)
        if len(chunk.texts) == _CHUNK_TEXTS or characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = Chunk(number + 1), 0
    if chunk.texts:
        yield chunk


def in_workers(
    name: str,
    load: Callable[[], Callable[[str], Answer]],
    texts: Iterable[str],
    workers: int,
    limits: TimeLimits = LIMITS,
) -> Iterator[Answer]:
    """The answers for texts, in their order, from processes that are replaced when they fail.

    A worker sends each answer by itself, so it is known at which text it died or stalled; a new one
    goes on with that text. Texts are read a few chunks ahead, so there may be any number of them.
    The workers end when all answers are taken, when the iterator is dropped, with Ctrl-C, and when
    this process is killed.

    Args:
        name: what is loaded, for messages.
        load: runs once in each worker, and gives the function that is asked about texts; a function
            of a module or a partial of one, since it is pickled.
        texts: what to ask about.
        workers: at most so many processes at a time; each is started when there is work for it.
        limits: when a worker counts as stalled.

    Raises:
        UserError: a text, or the start of a worker, failed twice.
        Exception: what `load` or its function raised.
    """
    crew = [_Worker(name, load, limits) for _ in range(workers)]
    chunks = chunks_of(texts)
    open_chunks: deque[Chunk] = deque()
    try:
        while True:
            idle = [worker for worker in crew if worker.chunk is None]
            dealt = itertools.islice(chunks, _CHUNKS_AHEAD * workers - len(open_chunks))
            for worker, chunk in zip(idle, dealt, strict=False):
                open_chunks.append(chunk)
                worker.give(chunk)
            if not open_chunks:
                return
            busy = [worker for worker in crew if worker.chunk is not None]
            before = monotonic()
            wait([worker.connection for worker in busy], _TICK)
            # No more than that: this process may itself have been stopped meanwhile (Ctrl-Z).
            seconds = min(monotonic() - before, _TICK)
            for worker in busy:
                worker.listen(seconds)
            while open_chunks and not open_chunks[0].rest:
                yield from open_chunks.popleft().answers
    finally:
        for worker in crew:
            worker.end()


class _Worker:
    """A worker process, and its successor when it fails.

    Attributes:
        chunk: what it is to answer; None where it is idle.
        connection: can be read when an answer has come, and when the process is over.
    """

    connection: Connection

    def __init__(self, name: str, load: Callable[[], Callable[[str], Any]], limits: TimeLimits):
        self.chunk: Chunk | None = None
        self._name, self._load, self._limits = name, load, limits
        self._process: multiprocessing.process.BaseProcess | None = None
        self._ready = False
        self._silent = 0.0  # seconds
        self._failed: set[str] = set()  # at what, since the last answer

    def give(self, chunk: Chunk) -> None:
        self.chunk = chunk
        if self._ready:
            self._ask()
        elif self._process is None:
            self._start()

    def listen(self, seconds: float) -> None:
        """Receives answers, and replaces a process that has ended or hangs.

        Args:
            seconds: how long has been waited for it since the last time.
        """
        self._silent += seconds
        messages, over = self._received()
        for message in messages:
            if isinstance(message, Exception):
                raise message
            self._silent = 0.0
            if self._ready:
                self.chunk.answers.append(message)
                self._failed.clear()
            else:
                self._ready = True
                self._ask()
        if not self.chunk.rest:
            self.chunk = None
        elif over:
            self._process.join(1)
            self._replace(f"died (exit code {self._process.exitcode})")
        elif self._silent > self._limit:
            self._replace(f"gave no answer for {self._silent:,.0f} seconds")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self.connection.close()

    def _start(self) -> None:
        # Spawned, not forked: a Java machine does not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._load), daemon=True)
        resource_tracker.ensure_running()  # to start it would unblock Ctrl-C
        # Ctrl-C is for this process alone, also before the other one can say so.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
            self._process = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        self._ready, self._silent = False, 0.0

    def _ask(self) -> None:
        with contextlib.suppress(ConnectionError):  # it is over, which `listen` will notice
            self.connection.send(self.chunk.rest)

    def _received(self) -> tuple[list[Any], bool]:
        """Messages, and whether the process is over."""
        messages = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except (EOFError, OSError):
            return messages, True
        return messages, False

    @property
    def _limit(self) -> float:
        if not self._ready:
            return self._limits.start
        return self._limits.text + self._limits.character * len(self.chunk.rest[0])

    def _replace(self, what: str) -> None:
        at, remedy = "its start", "close other programs if memory is short, or use another analyser"
        if self._ready:
            text = self.chunk.rest[0]
            begins = text if len(text) <= 40 else f"{text[:40]}…"
            at = f"text {self.chunk.first + len(self.chunk.answers):,} ({begins})"
            remedy = "leave this text out, or use another analyser, such as kiwi"
        failure = f"a process {what} at {at}"
        if at in self._failed:
            raise UserError(f"{failure}, for the second time", where=self._name, remedy=remedy)
        say(f"{self._name}: {failure}; another one goes on")
        self._failed.add(at)
        self.end()
        self._start()


def _work(connection: Connection, load: Callable[[], Callable[[str], Any]]) -> None:
    """The loop of a worker: sends None when it has started, then an answer for each text.

    After an exception that it sends, it is ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with contextlib.suppress(EOFError, ConnectionError):  # nobody asks any more
        answer = _result(load)
        connection.send(answer if isinstance(answer, ExceptionWithTraceback) else None)
        while True:
            for text in connection.recv():
                connection.send(_result(answer, text))


def _result(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return ExceptionWithTraceback(error, error.__traceback__)
