"""The usual way to serve a model, to be measured beside this project's server.

    python benchmarks/served_plain.py saved_models/sentiment

A web application (starlette, on which FastAPI is built) whose handler calls the newest version of
the model once for each request, in a thread of the pool. It understands one path and no errors.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main() -> None:
    folder = max(Path(sys.argv[1]).iterdir(), key=lambda path: int(path.name))
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]

    def call(texts: list[str]) -> list[dict]:
        values = {name: v.numpy().tolist() for name, v in serve(text=tf.constant(texts)).items()}
        rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
        return [
            {name: v.decode() if isinstance(v, bytes) else v for name, v in row.items()}
            for row in rows
        ]

    async def predict(request: Request) -> JSONResponse:
        texts = (await request.json())["instances"]
        return JSONResponse({"predictions": await run_in_threadpool(call, texts)})

    path = f"/v1/models/{folder.parent.name}:predict"
    app = Starlette(routes=[Route(path, predict, methods=["POST"])])
    call(["warm"])
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as uvicorn's own sockets have
    print(f"listening on port:{sock.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, loop="asyncio", http="h11", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()
