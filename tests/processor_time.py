"""How long something takes, for tests of how time grows."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

Clock = Callable[[], float]


def processor_seconds(function: Callable[[], object], clock: Clock = time.process_time) -> float:
    """Of the processor, not of the clock on the wall: other processes do not count.

    Nor does the garbage collection, which takes seconds where earlier tests left millions of
    objects; `timeit` turns it off.

    Args:
        function: is called once.
        clock: `time.thread_time` for what works in the thread that calls it alone: what threads
            of earlier tests do meanwhile does not count then.
    """
    return timeit.Timer(function, timer=clock).timeit(1)
