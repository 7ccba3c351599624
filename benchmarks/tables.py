"""Prints tables, and takes medians."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table


def median_seconds(run: Callable[[], float], times: int) -> float:
    """The median of `times` measurements; `run` returns seconds."""
    return statistics.median(run() for _ in range(times))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table in Markdown."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=160, markup=False).print(table)
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
