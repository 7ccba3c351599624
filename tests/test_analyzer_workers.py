"""Worker processes that die and stall: what comes back, what is said, and what stays behind."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from other_processes import lives, start_script, until
from pipeline.errors import UserError
from pipeline.text.analyzer_workers import TimeLimits, chunks_of, in_workers

PATIENT = TimeLimits(start=120, text=120)
HASTY = TimeLimits(start=120, text=1, character=0)


def backwards():
    return lambda text: text[::-1]


def fails_at(how, note=None):
    """Fails at the text 무한; with a note only until that is there."""

    def answer(text):
        if text == "무한" and not (note and Path(note).exists()):
            if note:
                Path(note).touch()
            how()
        return text[::-1]

    return answer


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def stall():
    time.sleep(3600)


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def refuse():
    raise UserError("is no text", where="무한", remedy="give another one")


def fail():
    raise FileNotFoundError("model.bin")


def load_and(how, note=None):
    if not (note and Path(note).exists()):
        if note:
            Path(note).touch()
        how()
    return backwards()


def answers(load, texts, workers=2, limits=PATIENT):
    return in_workers("backwards", load, texts, workers, limits)


def with_culprit(count=1200, at=700):
    texts = [f"영화 {i}" for i in range(count)]
    texts[at] = "무한"
    return texts


def test_answers_come_in_the_order_of_the_texts():
    texts = [f"영화 {i}" for i in range(3000)]
    assert list(answers(backwards, texts, workers=3)) == [text[::-1] for text in texts]
    assert list(answers(backwards, [])) == []


def test_texts_are_read_only_a_bounded_number_ahead():
    taken = 0

    def endless():
        nonlocal taken
        for taken in itertools.count(1):
            yield f"영화 {taken}"

    found = answers(backwards, endless())
    for number, answer in enumerate(itertools.islice(found, 10_000), 1):
        assert answer == f"영화 {number}"[::-1]
        assert taken - number <= 5000
    found.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("length", [1, 1000, 100_000])
def test_chunks_have_all_texts_and_bounded_sizes(length):
    texts = [chr(ord("가") + i) * length for i in range(60)] + ["", "끝"]
    chunks = list(chunks_of(iter(texts)))
    assert [text for chunk in chunks for text in chunk.texts] == texts
    assert [texts[chunk.first - 1] for chunk in chunks] == [chunk.texts[0] for chunk in chunks]
    assert all(sum(map(len, chunk.texts[:-1])) < 20_000 for chunk in chunks)


@pytest.mark.parametrize(("how", "limits"), [(die, PATIENT), (stall, HASTY), (stop, HASTY)])
def test_a_text_that_fails_once_is_answered_by_another_process(tmp_path, capsys, how, limits):
    texts = with_culprit()
    load = functools.partial(fails_at, how, str(tmp_path / "note"))
    assert list(answers(load, texts, limits=limits)) == [text[::-1] for text in texts]
    (line,) = capsys.readouterr().err.splitlines()
    assert "text 701 (무한)" in line


@pytest.mark.parametrize(("how", "limits"), [(die, PATIENT), (stall, HASTY), (stop, HASTY)])
def test_a_text_that_fails_twice_is_named(how, limits):
    with pytest.raises(UserError, match=r"text 701 \(무한\)") as refused:
        list(answers(functools.partial(fails_at, how), with_culprit(), limits=limits))
    assert refused.value.remedy
    assert not multiprocessing.active_children()


def test_a_start_that_fails_is_tried_again(tmp_path):
    load = functools.partial(load_and, die, str(tmp_path / "note"))
    assert list(answers(load, ["영화"])) == ["화영"]


@pytest.mark.parametrize("how", [die, stall])
def test_a_start_that_fails_twice_is_one_line(how):
    with pytest.raises(UserError, match="start"):
        list(answers(functools.partial(load_and, how), ["영화"], limits=TimeLimits(start=1)))


@pytest.mark.parametrize("load", [load_and, fails_at])
def test_errors_arrive_as_they_were_raised(load):
    with pytest.raises(UserError) as refused:
        list(answers(functools.partial(load, refuse), with_culprit()))
    assert (refused.value.where, refused.value.remedy) == ("무한", "give another one")
    with pytest.raises(FileNotFoundError, match=r"model\.bin") as raised:
        list(answers(functools.partial(load, fail), with_culprit()))
    assert "in fail" in str(raised.value.__cause__)  # the traceback of the worker
    assert not multiprocessing.active_children()


def note_and_stall(folder):
    Path(folder, str(os.getpid())).touch()
    return lambda text: stall()


STALLING = """
import functools, sys
from pipeline.text.analyzer_workers import in_workers
from test_analyzer_workers import note_and_stall
if __name__ == "__main__":
    try:
        list(in_workers("stall", functools.partial(note_and_stall, {0!r}), ["영화"] * 1000, 2))
    except KeyboardInterrupt:
        sys.exit(130)
"""
IMPORTING = f"{STALLING}else:\n    note_and_stall({{0!r}})('영화')\n"


def ctrl_c(process):
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("workers_do", "end", "code"),
    [
        (STALLING, ctrl_c, 130),
        (STALLING, subprocess.Popen.kill, -signal.SIGKILL),
        (IMPORTING, ctrl_c, 130),
    ],
)
def test_no_worker_stays_behind(tmp_path, workers_do, end, code):
    folder = tmp_path / "pids"
    folder.mkdir()
    asking = start_script(tmp_path / "asks.py", workers_do.format(str(folder)))
    until(lambda: len(list(folder.iterdir())) == 2)
    end(asking)
    _, said = asking.communicate(timeout=60)
    assert (asking.returncode, said) == (code, b"")
    until(lambda: not any(lives(int(pid.name)) for pid in folder.iterdir()))
