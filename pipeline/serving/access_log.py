"""Writes one line per request to standard output."""

from __future__ import annotations

import asyncio
import sys
import time

_EVERY = 0.2
"""Seconds after which lines are written, many at once: each by itself would slow a server down."""


class AccessLog:
    """Collects lines, and writes them a little later."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, client: str, method: str, path: str, status: int, seconds: float) -> None:
        """Adds a line for a finished request.

        Args:
            path: as it was sent, with `%` for what is no plain character.
        """
        if not self._lines:
            asyncio.get_running_loop().call_later(_EVERY, self.flush)
        when = time.strftime("%Y-%m-%dT%H:%M:%S")
        self._lines.append(f"{when} {client} {method} {path} {status} {seconds * 1000:.1f} ms\n")

    def flush(self) -> None:
        """Writes the collected lines."""
        lines, self._lines = self._lines, []
        try:
            sys.stdout.write("".join(lines))
            sys.stdout.flush()
        except OSError:  # nobody reads it any longer, which is no reason to stop serving
            pass
