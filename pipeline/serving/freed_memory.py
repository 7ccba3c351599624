"""Returns freed memory of the process to the operating system."""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 1 << 20
"""Bytes."""


def return_freed_memory() -> None:
    """Makes glibc return freed memory, now and later; does nothing on other systems.

    By itself it raises, with each large block that is freed, the size from which blocks are mapped
    and so given back; and each thread may have a heap of its own that never shrinks. A server whose
    requests differ much in size then grows for minutes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
    mallopt(_ARENA_MAX, 2)
