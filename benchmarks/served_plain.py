"""Serves a model the usual way, for comparison with this project's server.

    python benchmarks/served_plain.py saved_models/sentiment

A web application (starlette, on which FastAPI is built) whose handler calls the newest version of
the model once for each request, in a thread of a pool. It knows one path and handles no errors.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)
from plain_application import serve


def main() -> None:
    folder = max(Path(sys.argv[1]).iterdir(), key=lambda path: int(path.name))
    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]

    def call(texts: list[str]) -> list[dict]:
        values = {
            name: v.numpy().tolist() for name, v in signature(text=tf.constant(texts)).items()
        }
        rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
        return [
            {name: v.decode() if isinstance(v, bytes) else v for name, v in row.items()}
            for row in rows
        ]

    call(["warm"])
    serve(folder.parent.name, call)


if __name__ == "__main__":
    main()
