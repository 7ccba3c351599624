from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.records import as_json, from_json
from pipeline.settings import check_ranges, closest, leaves, parse
from pipeline.tasks.base import RunSettings


@dataclasses.dataclass(frozen=True)
class Shape:
    """A group."""

    units: int = 8
    """Width."""
    cell: Literal["lstm", "gru"] = "lstm"
    """Kind."""
    state_dropout: float = 0.5
    """Share."""
    start_from: Path | None = None
    """A file."""


@dataclasses.dataclass(frozen=True)
class Everything:
    """All."""

    shape: Shape = Shape()
    run: RunSettings = RunSettings()


@dataclasses.dataclass(frozen=True)
class Question:
    """A text."""

    text: str | None = None
    """Anything at all."""


def read(*arguments: str):
    return parse(Everything, list(arguments), program="program", description="")


def test_both_ways_to_write_a_setting():
    assert read() == Everything()
    expected = Everything(Shape(units=3, cell="gru"), RunSettings(name="a"))
    assert read("--units", "3", "--cell", "gru", "--name", "a") == expected
    assert read("--units=3", "--cell=gru", "--name=a") == expected
    assert read("--state_dropout", "0.25").shape.state_dropout == 0.25
    assert read("--start-from", "a b.h5").shape.start_from == Path("a b.h5")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--unit", "3"], "unknown setting --unit .*--units"),
        (["--dropuot", "3"], "unknown setting --dropuot .*--state-dropout"),
        (["--cell", "gur"], "--cell cannot be 'gur' .*gru"),
        (["--units", "three"], "--units must be a whole number, not 'three'"),
        (["--units", "1.5"], "--units must be a whole number"),
        (["--state-dropout", ""], "--state-dropout must be a number"),
        (["--units"], "--units needs a value"),
        (["--units="], "--units must be a whole number"),
        (["units", "3"], "unexpected argument 'units'"),
        (["--units", "3", "4"], "unexpected argument '4'"),
    ],
)
def test_mistakes_are_named_with_what_is_near(arguments, expected):
    with pytest.raises(UserError, match=expected):
        read(*arguments)


@given(st.text())
def test_any_text_can_be_given(text):
    for arguments in (["--text", text], [f"--text={text}"]):
        assert parse(Question, arguments, program="p", description="").text == text


@pytest.mark.parametrize("text", ["--help", "-h", "--ㅋㅋ", "-_-", "--text", "a=b", ""])
def test_texts_that_look_like_options(text):
    assert parse(Question, ["--text", text], program="p", description="").text == text


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Everything(Shape(state_dropout=1.0)), "--state-dropout must be at least 0 and below 1"),
        (Everything(Shape(state_dropout=float("nan"))), "--state-dropout must be a finite number"),
        (Everything(Shape(units=-1)), "--units must not be negative"),
        (Everything(Shape(units=0)), "--units must be at least 1"),
        (Everything(Shape(units=10**12)), "--units must be below"),
        (Everything(run=RunSettings(version=0)), "--version must be at least 1"),
        *(
            (Everything(run=RunSettings(name=name)), "--name names a folder")
            for name in ("", "..", "../outside", "/tmp/x", "a/b", "-x", ".hidden", "a\nb", "a b")
        ),
    ],
)
def test_values_that_mean_nothing(settings, expected):
    with pytest.raises(UserError, match=expected):
        check_ranges(settings)


def test_values_that_are_fine():
    for name in ("default", "작은것", "v1.2_b-3", "2"):
        check_ranges(Everything(run=RunSettings(name=name)))


def test_as_json_and_back():
    one = Everything(Shape(units=3, start_from=Path("x.weights.h5")))
    assert from_json(Everything, as_json(one)) == one
    assert from_json(Everything, {"shape": {"units": 9}}).shape.units == 9
    with pytest.raises(UserError, match="unknown entry 'width'"):
        from_json(Everything, {"shape": {"width": 9}})


def test_leaves_and_closest():
    names = [name for name, _ in leaves(Everything)]
    assert names == ["units", "cell", "state_dropout", "start_from", "name", "version"]
    assert closest("trian", ["train", "predict"]) == "train"
    assert closest("zzz", ["train", "predict"]) == "train, predict"
