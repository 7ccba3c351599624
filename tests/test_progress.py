"""Answers and a bar on the same terminal, and lines where there is none."""

from __future__ import annotations

import io
import sys

from pipeline.progress import Progress, print_lines, say


class Screen(io.StringIO):
    """A terminal on which both stdout and stderr are shown."""

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What can be read on it: a carriage return goes back to the start of the line."""
        shown = []
        for written in self.getvalue().split("\n"):
            line: list[str] = []
            for part in written.split("\r"):
                line[: len(part)] = part
            shown.append("".join(line).rstrip())
        return shown


def test_a_bar_does_not_run_into_the_answers(monkeypatch):
    screen = Screen()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, screen)
    with Progress("predict", 4, "texts") as progress:
        print_lines(["I like coffee.", ""])
        progress.advance(2)
        assert "predict" in screen.lines[-1]
        say("a warning")
        print_lines(["Yes.", "No."])
        progress.advance(2)
    assert screen.lines == ["I like coffee.", "", "a warning", "Yes.", "No.", ""]


def test_answers_alone_go_to_stdout(capsys):
    with Progress("predict", 2, "texts") as progress:
        print_lines(["하나", "둘"])
        progress.advance(2)
    assert tuple(capsys.readouterr()) == ("하나\n둘\n", "")
