"""Frozen dataclasses are the only configuration; here the command line becomes one."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import types
import typing
from collections.abc import Collection, Iterator
from pathlib import Path

import tyro

from pipeline.errors import UserError


def leaves(cls: type) -> Iterator[tuple[str, typing.Any]]:
    """(name, type) of every single setting in a dataclass of dataclasses, depth first."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from leaves(kind)
        else:
            yield field.name, kind


def as_json(settings: object) -> dict:
    """A settings dataclass as plain JSON: what is written to config.json."""
    return json.loads(json.dumps(dataclasses.asdict(settings), default=str))


def from_json(cls: type, values: dict):
    """What `as_json` wrote, as the dataclass again; groups that are not there keep defaults.

    Raises:
        UserError: a setting that this version does not have.
    """
    hints = typing.get_type_hints(cls)
    given = {}
    for name, value in values.items():
        if name not in hints:
            raise UserError(f"config.json has an unknown setting {name!r}", remedy="train again")
        kind = hints[name]
        if dataclasses.is_dataclass(kind):
            value = from_json(kind, value)
        elif value is not None and Path in (kind, *typing.get_args(kind)):
            value = Path(value)
        given[name] = value
    return cls(**given)


def _choices(kind: typing.Any) -> tuple[str, ...]:
    if typing.get_origin(kind) is typing.Literal:
        return tuple(str(value) for value in typing.get_args(kind))
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return tuple(value for part in typing.get_args(kind) for value in _choices(part))
    return ()


def closest(word: str, valid: list[str]) -> str:
    found = difflib.get_close_matches(word, valid, n=3, cutoff=0.5)
    return " or ".join(found) if found else ", ".join(valid)


def _number(kind: typing.Any) -> type | None:
    """The number that a setting must be, or may be where it may be left out."""
    kinds = set(typing.get_args(kind) or [kind]) - {types.NoneType}
    return kinds.pop() if kinds in ({int}, {float}) else None


def _check(arguments: list[str], kinds: dict[str, typing.Any]) -> list[str]:
    """Says in one line what is wrong with a name or a value, before tyro says it in ten.

    Returns:
        The same as `--name=value`, so that no value is taken for a name (`--text "--ㅋㅋ"`).
    """
    checked = []
    options = {f"--{name.replace('_', '-')}": kind for name, kind in kinds.items()}
    index = 0
    while index < len(arguments):
        word, equals, value = arguments[index].partition("=")
        if word in ("-h", "--help"):
            return ["--help"]
        if not word.startswith("--"):
            raise UserError(
                f"unexpected argument {word!r}",
                where="command line",
                remedy="settings are written --name value",
            )
        word = word.replace("_", "-")
        if word not in options:
            if word.startswith("--no-") and options.get(f"--{word[5:]}") is bool:
                checked.append(word)
                index += 1
                continue
            raise UserError(
                f"unknown setting {word}",
                where="command line",
                remedy=f"closest: {closest(word, sorted(options))}",
            )
        kind = options[word]
        if kind is bool:
            checked.append(word)
            index += 1
            continue
        if not equals:
            index += 1
            if index == len(arguments):
                raise UserError(f"{word} needs a value", where="command line")
            value = arguments[index]
        choices = _choices(kind)
        if choices and value not in choices:
            raise UserError(
                f"{word} cannot be {value!r}",
                where="command line",
                remedy=f"closest: {closest(value, list(choices))}",
            )
        if number := _number(kind):
            try:
                number(value)
            except ValueError:
                article = "a whole number" if number is int else "a number"
                raise UserError(
                    f"{word} must be {article}, not {value!r}", where="command line"
                ) from None
        checked.append(f"{word}={value}")
        index += 1
    return checked


def parse(kind: type, arguments: list[str], *, program: str, description: str):
    """The command line as an instance of the dataclass `kind`.

    Nested groups only order the help; every setting is written `--name value`.

    Raises:
        UserError: an unknown setting or a value it cannot take, with the closest valid ones.
        SystemExit: after `--help`.
    """
    return tyro.cli(
        kind,
        args=_check(arguments, dict(leaves(kind))),
        prog=program,
        description=description,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )


def check_ranges(settings: object) -> None:
    """Refuses numbers and names that no setting can mean, naming the setting.

    Raises:
        UserError: the first that is wrong.
    """
    shares = (
        *("dropout", "smoothing", "share", "averaging", "forget", "replacement"),
        "scheduled_sampling",
    )
    for group in dataclasses.fields(settings):
        values = getattr(settings, group.name)
        if not dataclasses.is_dataclass(values):
            continue
        for field in dataclasses.fields(values):
            value, option = getattr(values, field.name), f"--{field.name.replace('_', '-')}"
            if field.name == "name" and not _NAME.fullmatch(value):
                raise UserError(
                    f"{option} names a folder, and cannot be {value!r}",
                    where="command line",
                    remedy="use letters, digits, . _ and -, a letter or digit first",
                )
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if not math.isfinite(value):
                raise UserError(f"{option} must be a finite number, not {value}")
            if isinstance(value, int) and value >= _INT32:
                raise UserError(f"{option} must be below {_INT32:,}, not {value}")
            if any(word in field.name for word in shares) and not 0 <= value < 1:
                raise UserError(f"{option} must be at least 0 and below 1, not {value}")
            if value < 0:
                raise UserError(f"{option} must not be negative, not {value}")
            # 0 means something where a setting's default is 0, or one of these is asked for.
            zero = field.default == 0 or field.name in ("seed", "max_length_offset")
            if isinstance(value, int) and value == 0 and not zero:
                raise UserError(f"{option} must be at least 1, not 0")


_NAME = re.compile(r"\w[\w.-]{0,99}")
_INT32 = 2**31


def same_settings(path: Path, settings: dict, but: Collection[str] = ()) -> bool:
    """Whether a config.json says exactly `settings`, single ones called as in `but` aside."""

    def compared(values: dict) -> dict:
        return {
            name: compared(value) if isinstance(value, dict) else value
            for name, value in values.items()
            if name not in but
        }

    try:
        return compared(json.loads(path.read_bytes())) == compared(settings)
    except (OSError, ValueError, AttributeError):
        return False


def without_run(settings: object) -> dict:
    """The settings that decide a result, JSON-able: all but where it goes."""
    return {group: values for group, values in as_json(settings).items() if group != "run"}
