"""A minimal web application around a model, as people usually write it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def serve(name: str, call: Callable[[list], list[dict]]) -> None:
    """Calls the model once for each request, in a thread of a pool, until the process ends.

    It knows the path of one model, handles no errors, and prints the port on which it listens.
    """

    async def predict(request: Request) -> JSONResponse:
        rows = (await request.json())["instances"]
        return JSONResponse({"predictions": await run_in_threadpool(call, rows)})

    app = Starlette(routes=[Route(f"/v1/models/{name}:predict", predict, methods=["POST"])])
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as uvicorn's own sockets have
    print(f"listening on port:{sock.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, loop="asyncio", http="h11", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[sock])
