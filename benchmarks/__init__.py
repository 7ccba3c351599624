"""Benchmarks behind docs/results.md. Each prints one table; run them on an idle machine."""

import sys
from types import TracebackType

from pipeline.environment import start_python_anew
from pipeline.readable import print_utf8


def _say_stopped(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints one line after Ctrl-C, even while a benchmark still imports its modules."""
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_stopped
if sys.argv[0] == "-m":  # python -m benchmarks.<name>, before Python has the name
    start_python_anew()
    print_utf8()
