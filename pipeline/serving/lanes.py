"""Lanes in which requests to a signature wait, and the threads that compute them.

All of it runs on the event loop; the model and the writing of answers run in threads.
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

from pipeline.serving.answer_json import json_values
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import RowRules, Tensors, merged, row_count, shape_of_row
from pipeline.serving.settings import BatchingSettings

Answer = Callable[[Mapping[str, Any]], bytes]
"""Outputs, each as `json_values` makes it -> the body of an answer."""


class Stoppable(Protocol):
    """A call that can be stopped (`pipeline.serving.model.Stop`)."""

    def stop(self) -> None:
        """Stops the call."""


class Call(Protocol):
    """Calls a signature, in a thread; may raise `RequestError`."""

    def __call__(
        self, tensors: Mapping[str, npt.NDArray[Any]], stop: Stoppable | None = None
    ) -> Tensors: ...


class Observer(Protocol):
    """Receives events to be counted."""

    def called(self, rows: int, seconds: float) -> None:
        """A call of the model has ended."""

    def waiting(self, requests: int) -> None:
        """The number of requests that wait or are computed has changed."""


@dataclasses.dataclass(eq=False)
class Request:
    """A waiting request: its inputs, how to write its answer, and its future."""

    parts: deque[Tensors]
    answer: Answer
    future: asyncio.Future[bytes]
    rows: int
    done: list[Tensors] = dataclasses.field(default_factory=list)
    stop: Stoppable | None = None

    @property
    def abandoned(self) -> bool:
        """Whether the client no longer waits for the answer."""
        return self.future.done()

    def refuse(self, error: BaseException) -> None:
        """Answers with an error."""
        if not self.future.done():
            self.future.set_exception(error)

    def give(self, body: bytes) -> None:
        """Sends the answer."""
        if not self.future.done():
            self.future.set_result(body)


class Runner:
    """Calls the model in a thread, and writes answers there."""

    def __init__(self, call: Call, rules: RowRules, executor: Executor, observer: Observer):
        self._call, self._rules = call, rules
        self._executor, self._observer = executor, observer

    async def together(self, requests: Sequence[Request]) -> None:
        """Answers small requests with one call; if it fails, each request is tried alone."""
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

    async def next_part(self, request: Request) -> bool:
        """Computes one part of a request; returns whether there are more."""
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

    def _bodies(self, requests: Sequence[Request], tensors: Sequence[Tensors]) -> list[bytes]:
        outputs = self._timed(merged(tensors))
        counts = [row_count(given) for given in tensors]
        edges = [0, *accumulate(counts)]
        if len(requests) > 1 and {len(values) for values in outputs.values()} != {edges[-1]}:
            raise RequestError(500, "the model gave another number of rows than it was given")
        slices = [slice(first, last) for first, last in pairwise(edges)]
        if len(requests) == 1:
            slices = [slice(None)]
        if self._rules.padding or len(requests) == 1:
            taken = [self._rules.taken(outputs, rows) for rows in slices]
            values = [{name: json_values(name, array) for name, array in t.items()} for t in taken]
        else:
            whole = {name: json_values(name, array) for name, array in outputs.items()}
            values = [{name: lists[rows] for name, lists in whole.items()} for rows in slices]
        return [request.answer(given) for request, given in zip(requests, values, strict=True)]

    def _joined(self, request: Request) -> bytes:
        outputs = self._rules.joined(request.done)
        if len(request.done) > 1 and {len(v) for v in outputs.values()} != {request.rows}:
            raise RequestError(500, "the model gave another number of rows than it was given")
        request.done.clear()
        if self._rules.padding:
            outputs = self._rules.taken(outputs, slice(None))
        return request.answer({name: json_values(name, array) for name, array in outputs.items()})


class SmallLane:
    """The lane of small requests: all that wait are computed in one call."""

    def __init__(self, run: Runner, settings: BatchingSettings):
        self._run, self._settings = run, settings
        self._waiting: deque[Request] = deque()
        self._busy = False
        self._rows = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, request: Request) -> None:
        """Adds a request."""
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

    def _next(self) -> list[Request]:
        """The oldest request, and others whose rows fit into the same call."""
        batch: list[Request] = []
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


class LargeLane:
    """The lane of requests of several parts: one part of each in turn.

    Args:
        parallel_parts: parts that are computed at a time.
    """

    def __init__(self, run: Runner, parallel_parts: int):
        self._run, self._free = run, parallel_parts
        self._waiting: deque[Request] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, request: Request) -> None:
        """Adds a request."""
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
