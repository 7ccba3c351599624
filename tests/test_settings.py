from __future__ import annotations

import dataclasses
import shlex
import typing
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, Between, Share
from pipeline.records import as_json, from_json
from pipeline.settings import (
    RENAMED,
    check_ranges,
    closest,
    leaves,
    parse,
    range_of,
    split_settings_option,
)
from pipeline.stages.options import EvaluateOptions, PredictOptions
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
    joint: bool = False
    """On or off."""


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
        (["--units", "three"], "--units must be a whole number .*not 'three'"),
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


@pytest.mark.parametrize("version", ["04", "+4", "0_4", "４", "4.0", "1e3", " 4", "4 ", "", "four"])
def test_a_whole_number_is_written_in_one_way(version):
    with pytest.raises(UserError, match="--version must be a whole number"):
        read("--version", version)


@pytest.mark.parametrize("version", [1, 20261128130000, 2**63 - 1])
def test_a_version_may_be_a_date(version):
    settings = read("--version", str(version))
    check_ranges(settings)
    assert settings.run.version == version


@pytest.mark.parametrize("version", [0, -1, 2**63, 10**200])
def test_a_version_is_what_tensorflow_serving_can_count(version):
    with pytest.raises(UserError, match="--version must be"):
        check_ranges(read("--version", str(version)))


@pytest.mark.parametrize("word", ["yes", "Yes", "true", "TRUE", "1", "on", " y "])
def test_ways_to_say_yes(word):
    assert read(f"--joint={word}").shape.joint
    assert read("--joint").shape.joint


@pytest.mark.parametrize("word", ["no", "No", "false", "FALSE", "0", "off"])
def test_ways_to_say_no(word):
    assert not read("--joint", f"--joint={word}").shape.joint
    assert not read("--joint", "--no-joint").shape.joint


@pytest.mark.parametrize("argument", ["--joint=maybe", "--joint=2", "--joint=", "--no-joint=yes"])
def test_what_is_neither_yes_nor_no(argument):
    with pytest.raises(UserError, match="yes or no|takes no value"):
        read(argument)


class TestSettingsInOneWord:
    """`--settings`, which is how make hands SETTINGS on."""

    def test_its_words_stand_in_its_place(self):
        expected = read("--units", "3", "--name", "a", "--cell", "gru")
        assert read("--settings", "--units 3", "--name", "a", "--settings=--cell gru") == expected
        assert read("--settings", "") == read("--settings=  ") == read()

    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_a_quoted_value_is_one_word(self, value):
        assert split_settings_option(["--settings", f"--name {shlex.quote(value)}"]) == [
            "--name",
            value,
        ]

    def test_nothing_of_a_shell_is_in_it(self):
        assert split_settings_option(["--settings=--name $HOME `id` $(id) *"]) == [
            *("--name", "$HOME", "`id`", "$(id)", "*")
        ]

    @pytest.mark.parametrize("words", ["--name it's", '--name "a', "--name a\\"])
    def test_an_open_quote_is_one_line(self, words):
        with pytest.raises(UserError, match="a quote is not closed"):
            read("--settings", words)


class TestHomeFolder:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("~/a.tsv", "/home/me/a.tsv"),
            ("~", "/home/me"),
            ("a.tsv,~/b.tsv", "a.tsv,/home/me/b.tsv"),
            ("~/a.tsv, ~/b.tsv", "/home/me/a.tsv, /home/me/b.tsv"),
            ("a~/b.tsv", "a~/b.tsv"),
            ("~nobody-is-called-so/a.tsv", "~nobody-is-called-so/a.tsv"),
            ("-", "-"),
            ("nsmc", "nsmc"),
        ],
    )
    def test_it_is_meant_wherever_a_path_is_taken(self, monkeypatch, typed, meant):
        monkeypatch.setenv("HOME", "/home/me")

        def value(kind: type, option: str) -> object:
            (found,) = (
                getattr(group, option[2:].replace("-", "_"))
                for group in vars(parse(kind, [option, typed], program="", description="")).values()
                if hasattr(group, option[2:].replace("-", "_"))
            )
            return str(found)

        for task in ("sentiment", "ner", "translation", "charlm"):
            assert value(find_task(task).settings, "--corpus") == meant
            assert value(find_task(task).settings, "--initial-weights") == str(Path(meant))
        assert value(STUDIES["gradients"], "--corpus") == meant
        for kind, option in ((PredictOptions, "--file"), (EvaluateOptions, "--on")):
            whole = dataclasses.make_dataclass("Whole", [("stage", kind)], frozen=True)
            assert value(whole, option) == meant

    def test_a_text_is_no_path(self, monkeypatch):
        monkeypatch.setenv("HOME", "/home/me")
        question = parse(PredictOptions, ["--text", "~/ㅋㅋ"], program="p", description="")
        assert question.text == "~/ㅋㅋ"


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
        (Everything(run=RunSettings(version=0)), "--version must be between 1"),
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
