"""The routes of the page: the page itself at `/`, its files and its data below `/page`.

The page holds no secret and is shown to everybody; what is below `/page/models` needs the token.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serving.page.font import web_font
from pipeline.serving.page.models import CARD, PageModels
from pipeline.serving.registry import Registry
from pipeline.serving.request_error import RequestError
from pipeline.serving.service import ServedModel

_STATIC = Path(__file__).parent / "static"
_MAX_BODY_SIZE = 1 << 17
"""Bytes of a text whose pieces are asked for."""
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_FOR_A_DAY, _ASK_AGAIN = b"max-age=86400", b"no-cache"


def is_open(path: str) -> bool:
    """Whether a path can be requested without the token."""
    return path == "/" or (path.startswith("/page/") and not path.startswith("/page/models"))


def page_routes(registry: Registry[ServedModel]) -> list[BaseRoute]:
    """The routes of the page.

    Args:
        registry: which models there are.
    """
    models = PageModels(registry)

    async def index(_: Request) -> Response:
        return FileResponse(_STATIC / "index.html")

    async def listed(_: Request) -> Response:
        return _json(await run_in_threadpool(models.listed))

    async def file(request: Request) -> Response:
        name = request.path_params["file"]
        path = await run_in_threadpool(models.file, request.path_params["model"], name)
        text = name == CARD or name.endswith(".txt")
        kind = "text/plain; charset=utf-8" if text else None
        return FileResponse(path, media_type=kind)

    async def pieces(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY_SIZE:
                raise RequestError(413, f"a text may have {_MAX_BODY_SIZE:,} bytes here")
        text = bytes(body).decode("utf-8", "replace")
        return _json(
            {"spans": await run_in_threadpool(models.spans, request.path_params["model"], text)}
        )

    async def font(request: Request) -> Response:
        content = await run_in_threadpool(web_font, request.path_params["name"])
        return Response(content, media_type="font/ttf")

    return [
        Route("/", _guarded(index), methods=["GET"]),
        Route("/page/models", _guarded(listed), methods=["GET"]),
        Route("/page/models/{model}/pieces", _guarded(pieces), methods=["POST"]),
        Route("/page/models/{model}/{file}", _guarded(file), methods=["GET"]),
        Route("/page/fonts/{name}", _guarded(font, _FOR_A_DAY), methods=["GET"]),
        Mount("/page", _Headed(StaticFiles(directory=_STATIC))),
    ]


def _json(value: object) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), media_type="application/json")


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]], caching: bytes = _ASK_AGAIN
) -> ASGIApp:
    """An endpoint that answers errors as JSON, with the headers of the page."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await endpoint(Request(scope, receive))
        except RequestError as error:
            response = Response(error.body, error.status, media_type="application/json")
        await response(scope, receive, send)

    return _Headed(app, caching)


class _Headed:
    """An application that adds the headers of the page.

    Args:
        app: it.
        caching: how long its answers may be kept.
    """

    def __init__(self, app: ASGIApp, caching: bytes = _ASK_AGAIN):
        self._app = app
        self._headers = [*_HEADERS, (b"cache-control", caching)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, headed)
