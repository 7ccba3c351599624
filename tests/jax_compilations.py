"""What JAX compiles is kept for other processes."""

from __future__ import annotations

from pathlib import Path


def kept_in(folder: Path) -> dict[str, str]:
    """Environment of processes that compile on JAX what no other one has compiled into `folder`."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
