"""The server as an ASGI application: routes, errors, the secret, the access log."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serving.access_log import AccessLog
from pipeline.serving.page.routes import is_open, page_routes
from pipeline.serving.paths import Target
from pipeline.serving.replies import refuse
from pipeline.serving.request_error import RequestError
from pipeline.serving.rest import Rest
from pipeline.serving.service import Service
from pipeline.serving.settings import AddressSettings, BatchingSettings

_LOG = logging.getLogger(__name__)
_OPEN = ("/healthz", "/readyz")
"""What is told without the secret, and while the server ends."""
_REST = "/v1/"


class Front:
    """The ASGI application that every request goes through first.

    Args:
        service: what answers.
        address: the secret, and whether there is an access log.
        batching: how large a body may be.
    """

    def __init__(self, service: Service, address: AddressSettings, batching: BatchingSettings):
        self._service = service
        self._token = address.token.encode("utf-8")
        self._log = AccessLog() if address.access_log else None
        self._rest: ASGIApp = Rest(service, batching)
        self._rest = _shared(self._rest, address.cors)
        self._app = Starlette(
            routes=[
                Route("/healthz", self._healthy),
                Route("/readyz", self._ready),
                Route("/monitoring/prometheus/metrics", self._metrics),
                *page_routes(service.registry),
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
                await refuse(refusal, noting)
            elif scope["path"][: len(_REST)].lower() == _REST:
                # Past the router, which would take longer than all else here.
                await self._rest(scope, receive, noting)
            else:
                await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not self.draining or status:
                raise
            # The time is over in which what was accepted could be answered.
            await refuse(RequestError(503, "the server ended before the answer"), noting)
        except Exception:
            _LOG.exception("%s %s failed", scope["method"], scope["path"][:200])
            if status:
                raise
            await refuse(RequestError(500, "the server failed; its log says how"), noting)
        finally:
            self.active -= 1
            self._note(scope, status or 499, time.perf_counter() - started)

    def _refused(self, scope: Scope) -> RequestError | None:
        """The reason to refuse a request, if there is one."""
        if scope["path"] in _OPEN:
            return None
        if self.draining:
            return RequestError(503, "the server ends")
        wanted = self._token and scope["method"] != "OPTIONS" and not is_open(scope["path"])
        if wanted and not self._knows(scope):
            return RequestError(401, "a token is needed: Authorization: Bearer <token>")
        return None

    def _knows(self, scope: Scope) -> bool:
        """Whether a request has the secret; compared in constant time."""
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


def _shared(app: ASGIApp, cors: str) -> ASGIApp:
    """Adds CORS for these origins, with commas between, to `app`."""
    origins = [origin.strip() for origin in cors.split(",") if origin.strip()]
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
    )


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain")


async def _not_found(request: Request, _: Any) -> Response:
    error = RequestError(404, f"there is nothing at {request.url.path[:200]}")
    return Response(error.body, 404, media_type="application/json")


async def _wrong_method(request: Request, _: Any) -> Response:
    error = RequestError(405, f"{request.method} is not for {request.url.path[:200]}")
    return Response(error.body, 405, media_type="application/json")
