"""Requests to one signature of a model: what waits, what is computed together, what is split.

Everything here runs on the event loop; the model and the writing of answers run in threads.

A signature has three lanes, each of which computes one thing at a time: small requests, whose rows
go through the model together; large ones, which are split, a part of each in turn; and giants,
rows so large that one takes seconds. So none of them waits for one of another kind.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy.typing as npt

from pipeline.serving.answer_json import plain
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import (
    RowRules,
    Tensors,
    merged,
    row_count,
    shape_of_row,
    size_of,
    split,
)
from pipeline.serving.settings import BatchingSettings

Answer = Callable[[Mapping[str, Any]], bytes]
"""Outputs, each as `plain` makes it -> the body of an answer."""

_SMALL_ROWS = 32
_SMALL_SIZE = 1 << 14
"""Bytes of a small request."""
_PART_ROWS = 512
_PART_SIZE = 1 << 18
"""Bytes of a part of a large request; a row that is larger is a giant."""
_MOST_ROWS = 100_000
"""Rows of a request: the answer to a body of nothing but commas would take gigabytes."""
_ALONE = 4
"""Requests to a signature without rows that are computed at a time."""


class Stoppable(Protocol):
    """What ends a call (`pipeline.serving.model.Stop`)."""

    def stop(self) -> None:
        """Ends it."""


class Call(Protocol):
    """Asks a signature, in a thread; may raise `RequestError`."""

    def __call__(
        self, tensors: Mapping[str, npt.NDArray[Any]], stop: Stoppable | None = None
    ) -> Tensors: ...


class Observer(Protocol):
    """What is told of calls, to be counted."""

    def called(self, rows: int, seconds: float) -> None:
        """A call of the model is over."""

    def waiting(self, requests: int) -> None:
        """So many requests wait or are computed."""


@dataclasses.dataclass(eq=False)
class _Request:
    parts: deque[Tensors]
    answer: Answer
    future: asyncio.Future[bytes]
    rows: int
    done: list[Tensors] = dataclasses.field(default_factory=list)
    stop: Stoppable | None = None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it any longer."""
        return self.future.done()

    def refuse(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def give(self, body: bytes) -> None:
        if not self.future.done():
            self.future.set_result(body)


class SignatureQueue:
    """All requests to one signature.

    Args:
        call: asks the model.
        rules: how rows of several requests go together; None where each is asked alone.
        settings: how many wait, how many are computed together, and for how long.
        executor: of threads.
        new_stop: makes what ends a call.
        observer: is told of each call.
    """

    def __init__(
        self,
        call: Call,
        rules: RowRules | None,
        settings: BatchingSettings,
        executor: Executor,
        new_stop: Callable[[], Stoppable],
        observer: Observer,
    ):
        self._rules, self._settings, self._new_stop = rules, settings, new_stop
        self._observer = observer
        self._waiting = 0
        run = _Runner(call, rules or RowRules(), executor, observer)
        self._small = _SmallLane(run, settings)
        self._large, self._giant = _LargeLane(run, 1), _LargeLane(run, 1)
        self._alone = _LargeLane(run, _ALONE)

    async def ask(self, tensors: Tensors, answer: Answer) -> bytes:
        """The body of the answer.

        Raises:
            RequestError: 413, too many rows; 429, too many wait; 504, it took too long; whatever
                the model says.
        """
        settings = self._settings
        if self._waiting >= settings.queue:
            raise RequestError(429, f"{self._waiting:,} requests wait already; try again later")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        request = _Request(deque([tensors]), answer, future, 1)
        timer = loop.call_later(settings.deadline, _expire, request, settings.deadline)
        self._count(1)
        try:
            self._lane(request, tensors)
            return await future
        finally:
            timer.cancel()
            self._count(-1)
            if future.cancelled() and request.stop is not None:
                request.stop.stop()

    def _count(self, more: int) -> None:
        self._waiting += more
        self._observer.waiting(self._waiting)

    def _lane(self, request: _Request, tensors: Tensors) -> None:
        """Lets the request wait where it belongs."""
        if self._rules is None:
            request.stop = self._new_stop()
            self._alone.put(request)
            return
        request.rows = row_count(tensors)
        if request.rows > _MOST_ROWS:
            raise RequestError(413, f"a request may have {_MOST_ROWS:,} rows")
        size = size_of(tensors)
        if request.rows <= _SMALL_ROWS and size <= _SMALL_SIZE:
            self._small.put(request)
            return
        request.stop = self._new_stop()
        request.parts = deque(split(tensors, _PART_ROWS, _PART_SIZE))
        giant = size > _PART_SIZE and any(size_of(part) > _PART_SIZE for part in request.parts)
        (self._giant if giant else self._large).put(request)


def _expire(request: _Request, seconds: float) -> None:
    request.refuse(RequestError(504, f"no answer within {seconds:g} seconds"))
    if request.stop is not None:
        request.stop.stop()


class _Runner:
    """Calls the model in a thread, and writes answers there."""

    def __init__(self, call: Call, rules: RowRules, executor: Executor, observer: Observer):
        self._call, self._rules = call, rules
        self._executor, self._observer = executor, observer

    async def together(self, requests: Sequence[_Request]) -> None:
        """Answers small requests with one call; one that fails alone fails alone."""
        tensors = [request.parts[0] for request in requests]
        try:
            bodies = await self._in_thread(self._bodies, requests, tensors)
        except Exception as error:
            if len(requests) == 1:
                requests[0].refuse(error)
                return
            for request in requests:
                await self.together([request])
            return
        for request, body in zip(requests, bodies, strict=True):
            request.give(body)

    async def next_part(self, request: _Request) -> bool:
        """Computes a part; whether there are more to do."""
        try:
            if request.parts:
                part = request.parts.popleft()
                request.done.append(await self._in_thread(self._timed, part, request.stop))
            if not request.parts:
                request.give(await self._in_thread(self._joined, request))
                return False
        except Exception as error:
            request.refuse(error)
            return False
        return True

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)

    def _timed(self, tensors: Tensors, stop: Stoppable | None = None) -> Tensors:
        started = time.perf_counter()
        outputs = self._call(tensors, stop)
        rows = max((len(array) for array in tensors.values() if array.ndim), default=1)
        self._observer.called(rows, time.perf_counter() - started)
        return outputs

    def _bodies(self, requests: Sequence[_Request], tensors: Sequence[Tensors]) -> list[bytes]:
        outputs = self._timed(merged(tensors))
        counts = [row_count(given) for given in tensors]
        edges = [0, *accumulate(counts)]
        if len(requests) > 1 and {len(values) for values in outputs.values()} != {edges[-1]}:
            raise RequestError(500, "the model gave another number of rows than it was given")
        slices = [slice(first, last) for first, last in pairwise(edges)]
        if self._rules.padding or len(requests) == 1:
            taken = [self._rules.taken(outputs, rows) for rows in slices]
            values = [{name: plain(name, array) for name, array in t.items()} for t in taken]
        else:
            whole = {name: plain(name, array) for name, array in outputs.items()}
            values = [{name: lists[rows] for name, lists in whole.items()} for rows in slices]
        return [request.answer(given) for request, given in zip(requests, values, strict=True)]

    def _joined(self, request: _Request) -> bytes:
        outputs = self._rules.joined(request.done)
        request.done.clear()
        if self._rules.padding:
            outputs = self._rules.taken(outputs, slice(None))
        return request.answer({name: plain(name, array) for name, array in outputs.items()})


class _SmallLane:
    """Small requests: as many as wait are computed together, while others come in."""

    def __init__(self, run: _Runner, settings: BatchingSettings):
        self._run, self._settings = run, settings
        self._waiting: deque[_Request] = deque()
        self._busy = False
        self._rows = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, request: _Request) -> None:
        self._waiting.append(request)
        self._rows += request.rows
        if self._busy:
            return
        wait = self._settings.longest_wait / 1000
        if self._rows >= self._settings.largest_batch or wait <= 0:
            self._start()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._busy and self._waiting:
            self._busy = True
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while batch := self._next():
                await self._run.together(batch)
        finally:
            self._busy = False

    def _next(self) -> list[_Request]:
        """The oldest request, and those whose rows fit beside its own."""
        batch: list[_Request] = []
        rows, shape, left = 0, None, []
        while self._waiting:
            request = self._waiting.popleft()
            if request.abandoned:
                self._rows -= request.rows
                continue
            if batch and rows + request.rows > self._settings.largest_batch:
                left.append(request)
                break
            own = shape_of_row(request.parts[0])
            if shape is not None and own != shape:
                left.append(request)
                continue
            shape = own
            rows += request.rows
            batch.append(request)
        self._waiting.extendleft(reversed(left))
        self._rows -= rows
        return batch


class _LargeLane:
    """Requests of several parts: a part of each in turn.

    Args:
        at_once: parts that are computed at a time.
    """

    def __init__(self, run: _Runner, at_once: int):
        self._run, self._free = run, at_once
        self._waiting: deque[_Request] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, request: _Request) -> None:
        self._waiting.append(request)
        if self._free:
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                request = self._waiting.popleft()
                if not request.abandoned and await self._run.next_part(request):
                    self._waiting.append(request)
        finally:
            self._free += 1
