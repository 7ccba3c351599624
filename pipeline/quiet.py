"""Keeps TensorFlow's start-up chatter off the user's screen."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

from pipeline.errors import UserError


@contextlib.contextmanager
def native_chatter_hidden() -> Iterator[None]:
    """Hides what C++ code writes to stderr meanwhile; shows it after all if a bug comes out.

    TensorFlow's C++ side logs about CPU flags and absent GPUs before any log level is read, so
    no environment variable reaches those lines.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except (UserError, KeyboardInterrupt):
            raise
        except BaseException:
            os.dup2(screen, 2)
            hidden.seek(0)
            os.write(2, hidden.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Imports make objects by the hundred thousand and nearly no garbage: looking for it again and
    again would take a fifth of their time. What is there at the end is never looked at."""
    if "keras" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _of_use(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


def start_keras(seed: int | None = None) -> None:
    """Imports keras and wakes its backend, quietly; with a seed, all chance begins there."""
    # TensorFlow takes the functions of all models for one, and so warns where each was traced for
    # a few shapes.
    logging.getLogger("tensorflow").addFilter(_of_use)
    with native_chatter_hidden(), _without_garbage_collection():
        import keras

        keras.ops.matmul(keras.ops.ones((2, 2)), keras.ops.ones((2, 2)))
    if seed is not None:
        keras.utils.set_random_seed(seed)
