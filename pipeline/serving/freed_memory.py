"""Returns freed memory of the process to the operating system."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 1 << 20
"""Bytes."""
_SECONDS = 5.0


def return_freed_memory() -> None:
    """Makes glibc return freed memory, now and later; does nothing on other systems.

    By itself it raises, with each large block that is freed, the size from which blocks are mapped
    and so given back; each thread may have a heap of its own that never shrinks; and of small
    blocks only those at the end of a heap are given back. A server whose requests differ much in
    size then grows for minutes.
    """
    try:
        libc = ctypes.CDLL(None)
        mallopt, malloc_trim = libc.mallopt, libc.malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
    mallopt(_ARENA_MAX, 2)
    threading.Thread(target=_trim, args=[malloc_trim], name="freed memory", daemon=True).start()


def _trim(malloc_trim: Callable[[int], int]) -> None:
    """Returns every few seconds what is free between blocks in use; other threads go on."""
    while True:
        time.sleep(_SECONDS)
        malloc_trim(0)
