"""Work in a process of its own: what comes back, and what ends it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from other_processes import lives, start_script, until
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
    asking = start_script(
        tmp_path / "asks.py",
        "from pipeline.own_process import in_own_process\n"
        "from test_own_process import note_and_sleep\n"
        f"if __name__ == '__main__': in_own_process(note_and_sleep, {str(note)!r})\n",
    )
    until(lambda: note.exists() and note.read_text())
    asking.send_signal(how)
    asking.communicate(timeout=30)
    assert asking.returncode != 0
    until(lambda: not lives(int(note.read_text())))
