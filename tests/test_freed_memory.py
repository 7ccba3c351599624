"""What a server has freed is not kept."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pipeline.serving import freed_memory

START = """
import sys, time
import numpy as np
from pathlib import Path
from pipeline.serving import freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

freed_memory._SECONDS = 0.05
freed_memory.return_freed_memory()
"""
LARGE = """
np.ones(30 << 20, np.uint8)  # by itself glibc would keep blocks up to this size from now on
before = held()
blocks = [np.ones(2 << 20, np.uint8) for _ in range(100)]
full = held()
kept = blocks[-1]
del blocks
print(full - before, held() - before)
"""
SMALL = """
before = held()
blocks = [np.ones(100_000, np.uint8) for _ in range(2_000)]
full = held()
kept = blocks[::100]
del blocks
end = time.monotonic() + 60
while held() - before > 20 and time.monotonic() < end:
    time.sleep(0.05)
print(full - before, held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("blocks", [LARGE, SMALL], ids=["large", "small"])
def test_blocks_before_one_that_stays_are_given_back(blocks):
    given = subprocess.run(
        [sys.executable, "-c", START + blocks],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    full, left = map(float, given.stdout.split())
    assert full > 190
    assert left < 20


@pytest.mark.parametrize("fault", [OSError, TypeError])
def test_where_there_is_no_glibc_nothing_happens(monkeypatch, fault):
    def none(name):
        raise fault

    monkeypatch.setattr(ctypes, "CDLL", none)
    freed_memory.return_freed_memory()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    freed_memory.return_freed_memory()
