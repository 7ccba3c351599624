"""What the record of every task promises: its settings, and the functions that stages call."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import sys
import typing
from pathlib import Path

import pytest

from pipeline.records import as_json, from_json
from pipeline.settings import check_ranges, leaves
from pipeline.tasks.base import Data, Evaluation, Serving, Training


def test_task_record_is_complete(task):
    assert dataclasses.is_dataclass(task)
    assert task.summary
    assert task.example(task.settings()) is not None
    assert isinstance(task.tiny, task.settings)
    groups = {field.name for field in dataclasses.fields(task.settings)}
    assert "run" in groups
    assert {*task.corpus_groups, *task.prepare_groups} <= groups


def settings_classes(cls: type) -> list[type]:
    hints = typing.get_type_hints(cls)
    inner = [hints[f.name] for f in dataclasses.fields(cls)]
    return [
        cls,
        *(c for kind in inner if dataclasses.is_dataclass(kind) for c in settings_classes(kind)),
    ]


def documented_fields(cls: type) -> set[str]:
    """Fields with a string literal below them, which is what `--help` prints."""
    tree = ast.parse(Path(sys.modules[cls.__module__].__file__).read_text(encoding="utf-8"))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__).body
    return {
        first.target.id
        for first, second in zip(body, body[1:], strict=False)
        if isinstance(first, ast.AnnAssign)
        and isinstance(second, ast.Expr)
        and isinstance(getattr(second.value, "value", None), str)
    }


def test_settings_are_frozen_and_each_is_explained(task):
    names = [name for name, _ in leaves(task.settings)]
    assert len(names) == len(set(names)), "two settings share a name on the command line"
    for cls in settings_classes(task.settings):
        assert cls.__dataclass_params__.frozen, cls
        assert cls.__doc__
        fields = {f.name for f in dataclasses.fields(cls)}
        groups = {f for f in fields if dataclasses.is_dataclass(typing.get_type_hints(cls)[f])}
        assert fields - groups <= documented_fields(cls), cls


def test_settings_survive_json(task):
    assert from_json(task.settings, json.loads(json.dumps(as_json(task.tiny)))) == task.tiny
    assert task.settings() == task.settings()


def test_the_command_line_takes_the_defaults(task):
    check_ranges(task.settings())
    check_ranges(task.tiny)


@pytest.mark.parametrize("part", ["data", "training", "evaluation", "serving"])
def test_each_part_of_a_task_has_the_functions_that_stages_call(task, part):
    """With the parameters of the protocol, by the same names."""
    protocol = {"data": Data, "training": Training, "evaluation": Evaluation, "serving": Serving}
    functions = {
        name: function
        for name, function in vars(protocol[part]).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    assert functions
    for name, function in functions.items():
        _, *expected = inspect.signature(function).parameters
        ours = inspect.signature(getattr(getattr(task, part), name)).parameters
        assert list(ours) == expected, name


def test_a_record_names_only_groups_that_there_are(task):
    with pytest.raises(ValueError, match="no group 'nothing'"):
        dataclasses.replace(task, prepare_groups=("nothing",))
