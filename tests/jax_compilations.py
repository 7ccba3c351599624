"""What JAX compiles is kept for other processes, and compiled quickly rather than well."""

from __future__ import annotations

from pathlib import Path


def kept_in(folder: Path) -> dict[str, str]:
    """Environment of processes that compile on JAX what no other one has compiled into `folder`."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # A few steps of a tiny model: optimizing them takes longer than they do.
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
    }
