"""Work in a process of its own: what comes back, and what ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.own_process import in_own_process


def process_and(value):
    return os.getpid(), value


def refuse(where):
    raise UserError("is no corpus", where=where, remedy="give another one")


def fail():
    raise ZeroDivisionError("one over nothing")


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def note_and_sleep(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_the_result_comes_from_another_process_each_time():
    first, second = (in_own_process(process_and, {"한글": 1}) for _ in range(2))
    assert first[1] == second[1] == {"한글": 1}
    assert len({first[0], second[0], os.getpid()}) == 3


def test_errors_arrive_as_they_were_raised():
    with pytest.raises(UserError) as refused:
        in_own_process(refuse, "a.tsv")
    assert (refused.value.where, refused.value.remedy) == ("a.tsv", "give another one")
    assert str(refused.value) == str(
        UserError("is no corpus", where="a.tsv", remedy="give another one")
    )
    with pytest.raises(ZeroDivisionError):
        in_own_process(fail)


def test_a_process_that_the_system_kills_is_one_line():
    with pytest.raises(UserError, match="was killed"):
        in_own_process(kill_itself)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_process_ends_with_the_one_that_asked_for_it(tmp_path, how):
    note = tmp_path / "pid"
    code = (
        "from pipeline.own_process import in_own_process\n"
        "from test_own_process import note_and_sleep\n"
        f"if __name__ == '__main__': in_own_process(note_and_sleep, {str(note)!r})\n"
    )
    script = tmp_path / "asks.py"
    script.write_text(code)
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here.parent, here)))
    asking = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.DEVNULL,
        # What a shell starts in the background does not listen to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    _until(lambda: note.exists() and note.read_text())
    asking.send_signal(how)
    assert asking.wait(30) != 0
    _until(lambda: not _lives(int(note.read_text())))


def _until(reached, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
