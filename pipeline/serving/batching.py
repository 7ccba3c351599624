"""The queue of a signature: which requests are computed together, and which in parts.

A signature has three lanes, each of which computes one thing at a time: small requests, whose rows
go through the model together; large ones, which are split, a part of each in turn; and giants,
rows so large that one takes seconds. So none of them waits for one of another kind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

from pipeline.serving.lanes import (
    Answer,
    Call,
    LargeLane,
    Observer,
    Request,
    Runner,
    SmallLane,
    Stoppable,
)
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import RowRules, Tensors, row_count, size_of, split
from pipeline.serving.settings import BatchingSettings

_SMALL_ROWS = 32
_SMALL_SIZE = 1 << 14
"""Bytes of a small request."""
_PART_ROWS = 512
_PART_SIZE = 1 << 18
"""Bytes of a part of a large request; a row that is larger is a giant."""
_MAX_ROWS = 100_000
"""Rows of a request: the answer to a body of nothing but commas would take gigabytes."""
_ALONE = 4
"""Requests to a signature without rows that are computed at a time."""


class SignatureQueue:
    """The queue of all requests to one signature.

    Attributes:
        waiting: requests that wait or are computed.

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
        self.waiting = 0
        run = Runner(call, rules or RowRules(), executor, observer)
        self._small = SmallLane(run, settings)
        self._large, self._giant = LargeLane(run, 1), LargeLane(run, 1)
        self._alone = LargeLane(run, _ALONE)

    async def ask(self, tensors: Tensors, answer: Answer) -> bytes:
        """Computes the body of the answer.

        Raises:
            RequestError: 413, too many rows; 429, too many wait; 504, it took too long; whatever
                the model says.
        """
        settings = self._settings
        if self.waiting >= settings.queue:
            raise RequestError(429, f"{self.waiting:,} requests wait already; try again later")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        request = Request(deque([tensors]), answer, future, 1)
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
        self.waiting += more
        self._observer.waiting(self.waiting)

    def _lane(self, request: Request, tensors: Tensors) -> None:
        """Puts the request into the right lane."""
        if self._rules is None:
            request.stop = self._new_stop()
            self._alone.put(request)
            return
        request.rows = row_count(tensors)
        if request.rows > _MAX_ROWS:
            raise RequestError(413, f"a request may have {_MAX_ROWS:,} rows")
        size = size_of(tensors)
        if request.rows <= _SMALL_ROWS and size <= _SMALL_SIZE:
            self._small.put(request)
            return
        request.stop = self._new_stop()
        request.parts = deque(split(tensors, _PART_ROWS, _PART_SIZE))
        giant = size > _PART_SIZE and any(size_of(part) > _PART_SIZE for part in request.parts)
        (self._giant if giant else self._large).put(request)


def _expire(request: Request, seconds: float) -> None:
    request.refuse(RequestError(504, f"no answer within {seconds:g} seconds"))
    if request.stop is not None:
        request.stop.stop()
