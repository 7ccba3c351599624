"""Frozen dataclasses as JSON and back: the one place that writes and reads facts and settings."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import types
import typing
from pathlib import Path

from pipeline.errors import UserError

Record = typing.TypeVar("Record")


def as_json(record: object) -> dict[str, typing.Any]:
    """A dataclass instance as plain JSON values; paths become strings, tuples lists."""
    return plain(dataclasses.asdict(typing.cast(typing.Any, record)))


def plain(values: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """The same as it comes back from a JSON file."""
    read: dict[str, typing.Any] = json.loads(json.dumps(values, default=str))
    return read


def from_json(cls: type[Record], values: typing.Any, *, where: object = None) -> Record:
    """The instance of the dataclass `cls` that `as_json` made `values` of.

    Fields that are not there keep their defaults.

    Args:
        cls: a dataclass, of dataclasses, plain values, paths, and tuples or mappings of these.
        values: what a JSON file holds.
        where: the file, for the error.

    Raises:
        UserError: `values` has a field that `cls` does not have, or lacks one that it needs.

    Example:
        >>> from_json(RunSettings, {"name": "small"})
        RunSettings(name='small', version=1)
    """
    if not isinstance(values, dict):
        raise UserError(f"{values!r} is no {cls.__name__}", where=where, remedy=_AGAIN)
    hints = typing.get_type_hints(cls)
    given = {}
    for name, value in values.items():
        if name not in hints:
            raise UserError(f"has an unknown entry {name!r}", where=where, remedy=_AGAIN)
        given[name] = _read(hints[name], value, where)
    try:
        return cls(**given)
    except TypeError as error:
        raise UserError(f"is incomplete ({error})", where=where, remedy=_AGAIN) from None


_AGAIN = "it was written by another version; run the stage that writes it again"


def _read(kind: typing.Any, value: typing.Any, where: object) -> typing.Any:
    """A JSON value as the type that a field declares."""
    if dataclasses.is_dataclass(kind):
        return from_json(typing.cast(type, kind), value, where=where)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and types.NoneType in inner:
            return None
        options = [option for option in inner if option is not types.NoneType]
        return _read(options[0], value, where) if len(options) == 1 else value
    if origin is typing.Literal:
        fits = value in inner
    else:
        fits = isinstance(value, _JSON_TYPES.get(origin or kind, object))
    if not fits:
        raise UserError(f"{value!r:.60} does not belong there", where=where, remedy=_AGAIN)
    if kind is Path:
        return Path(value)
    if origin is tuple:
        return tuple(_read(inner[0], item, where) for item in value)
    if origin is dict or origin is collections.abc.Mapping:
        return {name: _read(inner[1], item, where) for name, item in value.items()}
    return value


_JSON_TYPES: dict[typing.Any, tuple[type, ...]] = {
    Path: (str,),
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (float, int),
    tuple: (list, tuple),
    dict: (dict,),
    collections.abc.Mapping: (dict,),
}
"""Type of a field -> what it is in JSON."""
