"""The server as an ASGI application: routes, errors, the secret, the access log."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serving.access_log import AccessLog
from pipeline.serving.paths import Target, read_path
from pipeline.serving.request_error import RequestError
from pipeline.serving.service import Service
from pipeline.serving.settings import AddressSettings, BatchingSettings

_LOG = logging.getLogger(__name__)
_BODIES = 4
"""How many of the largest bodies may be in memory at once."""
_OPEN = ("/healthz", "/readyz")
"""What is told without the secret, and while the server ends."""
_REST = "/v1/"
_PATIENCE = 1.0
"""Seconds of an answer after which it matters whether somebody still waits for it."""


class Front:
    """What every request goes through.

    Args:
        service: what answers.
        address: the secret, and whether there is an access log.
        batching: how large a body may be.
    """

    def __init__(self, service: Service, address: AddressSettings, batching: BatchingSettings):
        self._service = service
        self._token = address.token.encode("utf-8")
        self._log = AccessLog() if address.access_log else None
        self._rest: ASGIApp = _Rest(service, batching)
        self._rest = _shared(self._rest, address.cors)
        self._app = Starlette(
            routes=[
                Route("/healthz", self._healthy),
                Route("/readyz", self._ready),
                Route("/monitoring/prometheus/metrics", self._metrics),
            ],
            lifespan=self._lifespan,
            exception_handlers={404: _not_found, 405: _wrong_method},
        )
        self.draining = False
        self.active = 0

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            if self._log is not None:
                self._log.flush()

    async def _watch(self) -> None:
        """A fault of the watching is a fault of ours, and must not end it."""
        while True:
            try:
                await self._service.watch()
            except Exception:
                _LOG.exception("looking for new models failed")
                await asyncio.sleep(1)

    async def _healthy(self, _: Request) -> Response:
        return _text(200, "ok")

    async def _ready(self, _: Request) -> Response:
        if self.draining:
            return _text(503, "the server ends")
        if not self._service.registry.ready:
            return _text(503, "no model is loaded")
        return _text(200, "ok")

    async def _metrics(self, _: Request) -> Response:
        metrics = self._service.metrics
        return Response(metrics.page(), media_type=metrics.content_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.draining:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        self.active += 1
        try:
            refusal = self._refused(scope)
            if refusal is not None:
                await _refuse(refusal, noting)
            elif scope["path"][: len(_REST)].lower() == _REST:
                # Past the router, which would take longer than all else here.
                await self._rest(scope, receive, noting)
            else:
                await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not self.draining or status:
                raise
            # The time is over in which what was accepted could be answered.
            await _refuse(RequestError(503, "the server ended before the answer"), noting)
        except Exception:
            _LOG.exception("%s %s failed", scope["method"], scope["path"][:200])
            if status:
                raise
            await _refuse(RequestError(500, "the server failed; its log says how"), noting)
        finally:
            self.active -= 1
            self._note(scope, status or 499, time.perf_counter() - started)

    def _refused(self, scope: Scope) -> RequestError | None:
        """Why a request does not come in."""
        if scope["path"] in _OPEN:
            return None
        if self.draining:
            return RequestError(503, "the server ends")
        if self._token and not self._knows(scope) and scope["method"] != "OPTIONS":
            return RequestError(401, "a token is needed: Authorization: Bearer <token>")
        return None

    def _knows(self, scope: Scope) -> bool:
        """Whether the secret is there; the time this takes does not tell how much is right."""
        given = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                given = value
        kind, _, token = given.partition(b" ")
        return hmac.compare_digest(token.strip(), self._token) and kind.lower() == b"bearer"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        target: Target | None = scope.get("target")
        if target is not None:
            known = target.model in self._service.registry.names
            self._service.metrics.answered(
                target.model if known else "", target.verb, status, seconds
            )
        if self._log is not None:
            client = scope.get("client") or ("-",)
            path = scope.get("raw_path", b"").decode("ascii", "backslashreplace")
            self._log.add(client[0], scope["method"], path[:300], status, seconds)


class _Rest:
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
            await _refuse(error, send)

    async def _answer(self, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        if target.verb == "status":
            await _send(200, service.status(target), send)
            return
        if target.verb == "metadata":
            await _send(200, await service.metadata(target), send)
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
            answer = await _unless_gone(receive, service.ask(target, body))
        finally:
            self._held -= scope.pop("held", 0)
        await _send(200, answer, send)

    async def _read_in_time(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        """The body of a request, which is not waited for longer than for an answer."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._read(scope, receive, body)
        except TimeoutError:
            raise RequestError(408, f"no request within {self._deadline:g} seconds") from None

    async def _read(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        """The body of a request.

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
        """Reads on for a while, for who is cut off in the middle would not hear why."""
        left = 4 * self._largest
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while more and left > 0:
                    message = await receive()
                    more = message.get("more_body", False)
                    left -= len(message.get("body", b""))


async def _unless_gone(receive: Receive, answer: Coroutine[Any, Any, bytes]) -> bytes:
    """An answer, which is not made for somebody who has closed the connection meanwhile.

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


def _shared(app: ASGIApp, cors: str) -> ASGIApp:
    """`app` for web pages of these origins, with commas between, as well."""
    origins = [origin.strip() for origin in cors.split(",") if origin.strip()]
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
    )


async def _refuse(error: RequestError, send: Send) -> None:
    headers: list[tuple[bytes, bytes]] = []
    if error.status in (429, 503):
        headers.append((b"retry-after", b"1"))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status in (408, 413):
        headers.append((b"connection", b"close"))
    await _send(error.status, error.body, send, headers)


async def _send(
    status: int, body: bytes, send: Send, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    fixed = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": status, "headers": fixed + (headers or [])}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain")


async def _not_found(request: Request, _: Any) -> Response:
    error = RequestError(404, f"there is nothing at {request.url.path[:200]}")
    return Response(error.body, 404, media_type="application/json")


async def _wrong_method(request: Request, _: Any) -> Response:
    error = RequestError(405, f"{request.method} is not for {request.url.path[:200]}")
    return Response(error.body, 405, media_type="application/json")
