from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, Between, Share
from pipeline.records import as_json, from_json
from pipeline.settings import RENAMED, check_ranges, closest, leaves, parse, range_of
from pipeline.stages.studies import STUDIES
from pipeline.tasks.base import RunSettings, find_task, task_names


@dataclasses.dataclass(frozen=True)
class Shape:
    """A group."""

    units: Annotated[int, AtLeast(1)] = 8
    """Width."""
    cell: Literal["lstm", "gru"] = "lstm"
    """Kind."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share."""
    test_share: Annotated[float, Between(0, 0.5)] | None = None
    """Share."""
    top_p: Annotated[float | None, Between(0, 1, with_lowest=False)] = None
    """Share."""
    max_length: Annotated[int, AtLeast(3, remedy="two are the frame")] = 9
    """Pieces."""
    limit: int = 0
    """Of no declared range."""
    beam_size: int = 4
    """Hypotheses."""
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
        (["--most-pieces", "3"], "unknown setting --most-pieces — it is called --max-length now"),
        (["--most_pieces=3"], "it is called --max-length now"),
        (["--beam", "3"], "unknown setting --beam — it is called --beam-size now"),
        (["--least-steps", "3"], "unknown setting --least-steps — closest: "),
        (["--top-p", "much"], "--top-p must be a number, not 'much'"),
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
        (Everything(Shape(units=-1)), "--units must be at least 1, not -1"),
        (Everything(Shape(test_share=0.6)), "--test-share must be between 0 and 0.5, not 0.6"),
        (Everything(Shape(test_share=float("nan"))), "--test-share must be a finite number"),
        (Everything(Shape(top_p=0.0)), "--top-p must be above 0 and at most 1, not 0.0"),
        (Everything(Shape(max_length=2)), "--max-length must be at least 3, not 2 — two are the"),
        (Everything(Shape(limit=-1)), "--limit must be at least 0, not -1"),
        (Everything(Shape(units=0)), "--units must be at least 1"),
        (Everything(Shape(units=10**12)), "--units must be below"),
        (Everything(run=RunSettings(version=0)), "--version must be at least 1"),
        *(
            (Everything(run=RunSettings(name=name)), "--name must be the name of a folder")
            for name in ("", "..", "../outside", "/tmp/x", "a/b", "-x", ".hidden", "a\nb", "a b")
        ),
    ],
)
def test_values_that_mean_nothing(settings, expected):
    with pytest.raises(UserError, match=expected):
        check_ranges(settings)


def test_values_that_are_fine():
    check_ranges(Everything(Shape(state_dropout=0.0, test_share=0.0, top_p=1.0, max_length=3)))
    check_ranges(Everything(Shape(test_share=0.5, limit=2**31 - 1)))
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
    assert {"units", "cell", "test_share", "start_from", "name", "version"} < set(names)
    assert closest("trian", ["train", "predict"]) == "train"
    assert closest("zzz", ["train", "predict"]) == "train, predict"


def groups_of(cls: type) -> set[type]:
    """The dataclass and all within it."""
    inner = [kind for kind in typing.get_type_hints(cls).values() if dataclasses.is_dataclass(kind)]
    return {cls}.union(*map(groups_of, inner))


TASKS = [find_task(name) for name in task_names()]
ASKED = [task.asking for task in TASKS if task.asking is not None]
COMMAND_LINES = [
    *(task.settings for task in TASKS),
    *ASKED,
    *STUDIES.values(),
]
GROUPS = sorted(set().union(*map(groups_of, COMMAND_LINES)), key=str)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group.__module__}.{group.__name__}")
def test_every_number_declares_its_range(group):
    """A number that declares none may be anything from 0 on, which is seldom what is meant."""
    declared = typing.get_type_hints(group, include_extras=True)
    for name, kind in typing.get_type_hints(group).items():
        if {int, float} & {kind, *typing.get_args(kind)}:
            assert range_of(declared[name]) is not None, name


def test_renamed_settings_lead_to_some_that_there_are():
    names = {name for cls in COMMAND_LINES for name, _ in leaves(cls)}
    assert set(RENAMED.values()) <= names
    assert not names & set(RENAMED)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_rows_without_room_for_a_piece_are_refused(task):
    if "max_length" not in dict(leaves(task.settings)):
        pytest.skip("its rows have no such limit")
    text = dataclasses.replace(task.tiny.text, max_length=2)
    with pytest.raises(UserError, match=r"--max-length must be between 3 and .*, not 2 .*\[BOS\]"):
        check_ranges(dataclasses.replace(task.tiny, text=text))
