"""Frozen dataclasses are the only configuration; here the command line becomes one."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import shlex
import types
import typing
from collections.abc import Collection, Iterator
from pathlib import Path

import tyro

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, Between, Paths, Range
from pipeline.records import as_json
from pipeline.workspace import read_json

RENAMED = {
    "most_pieces": "max_length",
    "least_steps": "min_steps",
    "most_ngrams": "max_ngrams",
    "longest_ngram": "max_ngram_length",
    "ngram_frequency": "min_ngram_frequency",
    "length_blur": "length_jitter",
    "most_factor": "max_length_factor",
    "most_addend": "max_length_offset",
    "longest_ratio": "max_length_ratio",
    "longest_side": "max_characters",
    "ngram_forget": "ngram_dropout",
    "ngram_forget_rows": "ngram_row_dropout",
    "beam": "beam_size",
    "least": "min_length",
    "enough": "early_stopping",
}
"""What a setting was called in an earlier version -> what it is called now."""


Chosen = typing.TypeVar("Chosen")


def leaves(cls: type, include_extras: bool = False) -> Iterator[tuple[str, typing.Any]]:
    """(name, type) of every single setting in a dataclass of dataclasses, depth first.

    Args:
        include_extras: whether a range stays with the type that declares it.
    """
    hints = typing.get_type_hints(cls, include_extras=include_extras)
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from leaves(typing.cast(type, kind), include_extras)
        else:
            yield field.name, kind


def _renamed(name: str, valid: Collection[str]) -> str | None:
    """What an old name of a setting, as a field or as an option, is called among `valid` now."""
    options = {option_of(old): option_of(new) for old, new in RENAMED.items()}
    new = RENAMED.get(name) or options.get(name)
    return f"it is called {new} now" if new in valid else None


def option_of(name: str) -> str:
    """How a setting is written on the command line."""
    return f"--{name.replace('_', '-')}"


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


def split_settings_option(arguments: list[str]) -> list[str]:
    """The arguments with the words of each `--settings "--units 64 --epochs 3"` in its place.

    They are read as a shell reads words in quotes; nothing else of a shell is in them.

    Raises:
        UserError: a quote is not closed.
    """
    words, rest = [], iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if name != _SETTINGS:
            words.append(word)
            continue
        value = value if equals else next(rest, "")
        try:
            words += shlex.split(value)
        except ValueError:
            raise UserError(
                f"a quote is not closed in {value!r}",
                where="SETTINGS",
                remedy="close it, or put it in the other kind of quotes",
            ) from None
    return words


_SETTINGS = "--settings"


def _yes(word: str, value: str) -> bool:
    """What is meant by the value of an option that is on or off.

    Raises:
        UserError: neither.
    """
    meant = _YES_OR_NO.get(value.strip().lower())
    if meant is None:
        raise UserError(f"{word} is yes or no, not {value!r}", where="command line")
    return meant


_YES_OR_NO = {
    **dict.fromkeys(("yes", "y", "true", "on", "1"), True),
    **dict.fromkeys(("no", "n", "false", "off", "0"), False),
}


def _is_number(kind: type, value: str) -> bool:
    """Whether a number is written as usual: 04, 0_4 and ４ are no whole numbers here."""
    if kind is int:
        return re.fullmatch("-?(0|[1-9][0-9]*)", value) is not None and len(value) < 100
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _check(arguments: list[str], settings: type) -> list[str]:
    """Says in one line what is wrong with a name or a value, before tyro says it in ten.

    Returns:
        The same as `--name=value`, so that no value is taken for a name (`--text "--ㅋㅋ"`), and
        paths with the home folder that their `~` means.
    """
    checked = []
    options = {option_of(name): kind for name, kind in leaves(settings)}
    ranges = {option_of(name): range_of(kind) for name, kind in leaves(settings, True)}
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
                if equals:
                    raise UserError(f"{word} takes no value", where="command line")
                checked.append(word)
                index += 1
                continue
            raise UserError(
                f"unknown setting {word}",
                where="command line",
                remedy=_renamed(word, list(options))
                or f"closest: {closest(word, sorted(options))}",
            )
        kind = options[word]
        if kind is bool:
            on = not equals or _yes(word, value)
            checked.append(word if on else f"--no-{word[2:]}")
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
        number = _number(kind)
        if number and not _is_number(number, value):
            article = "a whole number in plain digits" if number is int else "a number"
            raise UserError(f"{word} must be {article}, not {value!r}", where="command line")
        if isinstance(paths := ranges[word], Paths):
            value = paths.expanded(value)
        checked.append(f"{word}={value}")
        index += 1
    return checked


def parse(kind: type[Chosen], arguments: list[str], *, program: str, description: str) -> Chosen:
    """The command line as an instance of the dataclass `kind`.

    Nested groups only order the help; every setting is written `--name value`.

    Raises:
        UserError: an unknown setting or a value it cannot take, with the closest valid ones.
        SystemExit: after `--help`.
    """
    return tyro.cli(
        kind,
        args=_check(split_settings_option(arguments), kind),
        prog=program,
        description=description,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )


def range_of(kind: typing.Any) -> Range | None:
    """The range that the type of a setting declares, `Annotated[float, Share] | None` included."""
    for part in (*getattr(kind, "__metadata__", ()), *typing.get_args(kind)):
        if isinstance(part, Range):
            return part
        if (declared := range_of(part)) is not None:
            return declared
    return None


def check_ranges(settings: object) -> None:
    """Refuses values outside the range that the type of a setting declares (`pipeline.ranges`).

    Any number must be finite and below 2**31, and not negative where no range is declared.

    Args:
        settings: a dataclass of groups.

    Raises:
        UserError: the first that is wrong.
    """
    for group in dataclasses.fields(typing.cast(typing.Any, settings)):
        values = getattr(settings, group.name)
        if not dataclasses.is_dataclass(values):
            continue
        kinds = typing.get_type_hints(type(values), include_extras=True)
        for field in dataclasses.fields(values):
            _check_range(field.name, getattr(values, field.name), range_of(kinds[field.name]))


def _check_range(name: str, value: object, declared: Range | None) -> None:
    if type(value) in (int, float):
        declared = declared or _UNDECLARED
    fault, remedy = None, None
    if isinstance(value, float) and not math.isfinite(value):
        fault = "a finite number"
    elif isinstance(value, int) and value >= _INT32 and not isinstance(declared, Between):
        fault = f"below {_INT32:,}"
    elif value is not None and declared is not None and not declared.accepts(value):
        fault, remedy = str(declared), declared.remedy
    if fault is not None:
        raise UserError(
            f"{option_of(name)} must be {fault}, not {value!r}",
            where="command line",
            remedy=remedy,
        )


_INT32 = 2**31
_UNDECLARED = AtLeast(0)


def same_settings(
    path: Path, settings: dict[str, typing.Any], ignoring: Collection[str] = ()
) -> bool:
    """Whether a config.json has the same `settings`, apart from those named in `ignoring`."""

    def compared(values: dict[str, typing.Any]) -> dict[str, typing.Any]:
        return {
            name: compared(value) if isinstance(value, dict) else value
            for name, value in values.items()
            if name not in ignoring
        }

    try:
        return compared(read_json(path)) == compared(settings)
    except (OSError, UserError, AttributeError):
        return False


def without_run(settings: object) -> dict[str, typing.Any]:
    """The settings that decide a result, JSON-able: all but where it goes."""
    return {group: values for group, values in as_json(settings).items() if group != "run"}
