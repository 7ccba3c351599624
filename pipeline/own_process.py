"""Work in a process of its own, whose memory is given back when it is done."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from pipeline.errors import UserError

Result = TypeVar("Result")


def in_own_process(work: Callable[..., Result], *arguments: object) -> Result:
    """`work(*arguments)`, done in a new process; what it raises is raised here.

    The process ends with the work, with Ctrl-C, and when the process that asked for it is killed.

    Args:
        work: a function of a module.
        arguments: what pickles; they travel between processes and are never stored.

    Raises:
        UserError: the process was killed, as the system does when memory runs out.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=end_with_parent) as process:
        asked = process.submit(work, *arguments)
        try:
            return asked.result()
        except BrokenProcessPool:
            raise UserError(
                "a process was killed while it worked, perhaps for want of memory",
                where=work.__name__,
                remedy="close other programs and give the same command again",
            ) from None
        except KeyboardInterrupt:
            # Ctrl-C reached both; a signal to this process alone must end the other, too.
            for child in (process._processes or {}).values():
                child.terminate()
            raise


def end_with_parent() -> None:
    """Ends this process when the one that started it is killed: nobody waits for its work."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int = parent.sentinel) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
