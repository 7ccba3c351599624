"""TensorFlow Serving's REST protocol as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from pipeline.serving.paths import Target, read_path
from pipeline.serving.replies import answer, refuse
from pipeline.serving.request_error import RequestError
from pipeline.serving.service import Service
from pipeline.serving.settings import BatchingSettings

_BODIES = 4
"""How many of the largest bodies may be in memory at once."""
_PATIENCE = 1.0
"""Seconds of an answer after which it matters whether somebody still waits for it."""


class Rest:
    """TensorFlow Serving's REST protocol.

    Args:
        service: what answers.
        batching: how large a body may be, and how long it is waited for.
    """

    def __init__(self, service: Service, batching: BatchingSettings):
        self._service, self._deadline = service, batching.deadline
        self._largest = batching.largest_body << 20
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            target = read_path(scope["method"], scope["path"])
            scope["target"] = target
            await self._answer(target, scope, receive, send)
        except RequestError as error:
            await refuse(error, send)

    async def _answer(self, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        if target.verb == "status":
            await answer(200, service.status(target), send)
            return
        if target.verb == "metadata":
            await answer(200, await service.metadata(target), send)
            return
        body = bytearray()
        try:
            await self._read_in_time(scope, receive, body)
            if target.verb == "stream":
                events = await service.stream(target, body)
                response = StreamingResponse(
                    events,
                    media_type="text/event-stream",
                    headers={"cache-control": "no-store", "x-accel-buffering": "no"},
                )
                await response(scope, receive, send)
                return
            content = await _unless_gone(receive, service.ask(target, body))
        finally:
            self._held -= scope.pop("held", 0)
        await answer(200, content, send)

    async def _read_in_time(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        """Reads the body of a request, with the same time limit as for the answer."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._read(scope, receive, body)
        except TimeoutError:
            raise RequestError(408, f"no request within {self._deadline:g} seconds") from None

    async def _read(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        """Reads the body of a request.

        Raises:
            RequestError: 413, it is too large; 429, too much is in memory already.
        """
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._largest:
            await self._discard(receive)
            raise self._too_large()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError(400, "the connection was closed before the request was over")
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            body += chunk
            self._held += len(chunk)
            scope["held"] = scope.get("held", 0) + len(chunk)
            if len(body) > self._largest:
                body.clear()
                await self._discard(receive, more)
                raise self._too_large()
            if self._held > _BODIES * self._largest:
                body.clear()
                await self._discard(receive, more)
                raise RequestError(429, "too much is being asked already; try again later")

    def _too_large(self) -> RequestError:
        return RequestError(413, f"a request may have {self._largest >> 20:,} MiB")

    async def _discard(self, receive: Receive, more: bool = True) -> None:
        """Reads the rest of a request for a while, since a client that is cut off would not see the
        answer."""
        left = 4 * self._largest
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while more and left > 0:
                    message = await receive()
                    more = message.get("more_body", False)
                    left -= len(message.get("body", b""))


async def _unless_gone(receive: Receive, answer: Coroutine[Any, Any, bytes]) -> bytes:
    """Computes an answer, unless the client closes the connection meanwhile.

    Raises:
        RequestError: 499, it was closed.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    watchers: list[asyncio.Task[None]] = []
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task is not None:
            task.cancel()

    # Most answers are there sooner, and need not be watched over.
    timer = loop.call_later(_PATIENCE, lambda: watchers.append(loop.create_task(watch())))
    try:
        return await answer
    except asyncio.CancelledError:
        if not gone:
            raise
        if task is not None:
            task.uncancel()
        raise RequestError(499, "the connection was closed") from None
    finally:
        timer.cancel()
        for watcher in watchers:
            watcher.cancel()
