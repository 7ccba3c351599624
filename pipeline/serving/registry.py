"""Finds models and their versions in a folder, and loads the right ones."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipeline.errors import UserError
from pipeline.serving.request_error import RequestError

_VERSION = re.compile(r"0|[1-9][0-9]{0,18}")
_OLDER = 2
"""Versions of a model that stay loaded beside the newest, those that were asked last."""


Loaded = TypeVar("Loaded")
Stamp = tuple[tuple[str, int, int], ...]


@dataclasses.dataclass
class _Version(Generic[Loaded]):
    """A version and the state in which it was last seen.

    Attributes:
        stamp: names, sizes and times of its files.
        model: it, if it is loaded.
        fault: why it cannot be loaded.
        asked: when it was asked last, as a number that grows.
        missing: whether its folder was not there when it was looked for last.
    """

    stamp: Stamp
    model: Loaded | None = None
    fault: str | None = None
    asked: int = 0
    missing: bool = False


class Registry(Generic[Loaded]):
    """The models below a folder: `<folder>/<model>/<version>/saved_model.pb`.

    `scan` and `load` are called by one thread, `find` and `status` by any.

    Args:
        folder: where they lie.
        names: which of them are served; all where it is empty.
        labels: (model, label) -> version.
        load: model, version, its folder -> it, warm; raises `UserError` where it is damaged.
        say: is told in one line what was loaded and what is refused.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        labels: Mapping[tuple[str, str], int],
        load: Callable[[str, int, Path], Loaded],
        say: Callable[[str], None],
    ):
        self._folder, self._names, self._labels = folder, names, labels
        self._load, self._say = load, say
        self._models: dict[str, dict[int, _Version[Loaded]]] = {}
        self._unstable: dict[Path, Stamp] = {}
        self._clock = 0
        self.scanned = False

    # ---- what lies in the folder, in one thread

    def scan(self) -> None:
        """Checks the folder once: loads new versions, forgets removed ones.

        What changed is loaded when it has not changed again by the next look, for somebody may be
        copying it; in the first look of all it is loaded at once.
        """
        for name in sorted({*self._found_names(), *self._models}):
            self._look_at(name)
            self._load_newest(name)
        self.scanned = True

    def _found_names(self) -> list[str]:
        if self._names:
            return list(self._names)
        try:
            found = [path.name for path in self._folder.iterdir() if not path.name.startswith(".")]
        except OSError:
            return []
        return [name for name in found if not re.search(r"[/:]", name) and self._folders(name)]

    def _folders(self, name: str) -> dict[int, Path]:
        try:
            paths = list((self._folder / name).iterdir())
        except OSError:
            return {}
        return {
            int(path.name): path
            for path in paths
            if _VERSION.fullmatch(path.name) and (path / "saved_model.pb").is_file()
        }

    def _look_at(self, name: str) -> None:
        versions = dict(self._models.get(name, {}))
        folders = self._folders(name)
        for number, folder in folders.items():
            stamp = _stamp(folder)
            known = versions.get(number)
            if known is not None and known.stamp == stamp:
                known.missing = False
                self._unstable.pop(folder, None)
            elif not self.scanned or self._unstable.get(folder) == stamp:
                self._unstable.pop(folder, None)
                versions[number] = _Version(stamp)
                if known is not None and known.model is not None:
                    self._load_version(name, number, versions[number])
                    # What was there goes on until what is new can take its place.
                    versions[number].model = versions[number].model or known.model
            else:
                self._unstable[folder] = stamp
        for number in [number for number in versions if number not in folders]:
            # A version that is exported anew is away for a moment.
            if versions[number].missing:
                del versions[number]
                self._say(f"no longer there: {name} version {number}")
            else:
                versions[number].missing = True
        self._put(name, versions)

    def _load_newest(self, name: str) -> None:
        for number, version in sorted(self._models.get(name, {}).items(), reverse=True):
            if version.model is None and version.fault is None:
                self._load_version(name, number, version)
            if version.model is not None:
                break
        self._unload_older(name)

    def _load_version(self, name: str, number: int, version: _Version[Loaded]) -> None:
        folder = self._folder / name / str(number)
        try:
            version.model = self._load(name, number, folder)
        except UserError as error:
            version.fault = str(error)
            self._say(f"refused: {error}")
        except OSError as error:
            version.fault = f"{folder}: {error.strerror}"
            self._say(f"refused: {version.fault}")
        else:
            version.fault = None
            self._say(f"serving {name} version {number}")

    def load(self, name: str, number: int) -> Loaded | None:
        """Loads an older version on request; None if it cannot be loaded."""
        version = self._models.get(name, {}).get(number)
        if version is None:
            return None
        if version.model is None and version.fault is None:
            self._load_version(name, number, version)
            self._touch(version)
            self._unload_older(name)
        return version.model

    def _unload_older(self, name: str) -> None:
        versions = self._models.get(name, {})
        loaded = [v for _, v in sorted(versions.items()) if v.model is not None]
        for version in sorted(loaded[:-1], key=lambda v: v.asked)[:-_OLDER]:
            version.model = None

    def _put(self, name: str, versions: dict[int, _Version[Loaded]]) -> None:
        models = {**self._models, name: versions}
        self._models = {key: value for key, value in models.items() if value or key in self._names}

    def _touch(self, version: _Version[Loaded]) -> None:
        self._clock += 1
        version.asked = self._clock

    # ---- what is asked, in any thread

    @property
    def ready(self) -> bool:
        """Whether all models were checked, and at least one can answer."""
        return self.scanned and any(self._newest(name) for name in self._models)

    @property
    def names(self) -> list[str]:
        """The names of all models."""
        return sorted(self._models)

    def _newest(self, name: str) -> tuple[int, Loaded] | None:
        for number, version in sorted(self._models.get(name, {}).items(), reverse=True):
            if (model := version.model) is not None:
                return number, model
        return None

    def number_of(self, name: str, label: str) -> int:
        """The version number of a label.

        Raises:
            RequestError: 400, there is no such label.
        """
        number = self._labels.get((name, label))
        if number is None:
            raise RequestError(400, f"Unrecognized servable version label: {label}")
        return number

    def find(self, name: str, number: int | None) -> Loaded | None:
        """The version of a model that answers: the newest one that can be loaded, or the requested
        one.

        Returns:
            None: it is there and must be loaded first (`load`).

        Raises:
            RequestError: 404, there is no such model or version; 503, models are still loaded.
        """
        if number is None:
            newest = self._newest(name)
            if newest is not None:
                return newest[1]
            asked = f"Latest({name})"
        else:
            version = self._models.get(name, {}).get(number)
            if version is not None and version.fault is None:
                self._touch(version)
                return version.model
            if version is not None and version.model is not None:
                return version.model
            asked = f"Specific({name}, {number})"
        if not self.scanned:
            raise RequestError(503, f"Models are being loaded: {asked}")
        raise RequestError(404, f"Servable not found for request: {asked}")

    def status(self, name: str, number: int | None) -> dict[str, Any]:
        """The states of a model's versions, newest first, in TensorFlow Serving's form.

        Raises:
            RequestError: 404, there is no such model or version.
        """
        versions = self._models.get(name, {})
        chosen = versions if number is None else {n: v for n, v in versions.items() if n == number}
        if not chosen:
            which = "" if number is None else f" version {number}"
            raise RequestError(404, f"Could not find any versions of model {name}{which}")
        return {
            "model_version_status": [
                _state(number, version) for number, version in sorted(chosen.items(), reverse=True)
            ]
        }


def _state(number: int, version: _Version[Any]) -> dict[str, Any]:
    """The state of a version; one that is loaded on request counts as available."""
    failed = version.fault is not None and version.model is None
    return {
        "version": str(number),
        "state": "END" if failed else "AVAILABLE",
        "status": {
            "error_code": "UNKNOWN" if failed else "OK",
            "error_message": version.fault or "",
        },
    }


def _stamp(folder: Path) -> Stamp:
    """Names, sizes and times of all files below a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            state = path.stat()
        except OSError:  # it was there a moment ago
            continue
        if path.is_file():
            found.append((str(path.relative_to(folder)), state.st_size, state.st_mtime_ns))
    return tuple(found)


def parse_labels(text: str) -> dict[tuple[str, str], int]:
    """Parses `sentiment:stable=1,sentiment:canary=2` to (model, label) -> version.

    Raises:
        UserError: it is written in another way.
    """
    labels = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        match = re.fullmatch(r"([^:=/]+):([^:=/]+)=(0|[1-9][0-9]{0,18})", word)
        if match is None:
            raise UserError(
                f"{word!r} names no version",
                where="--labels",
                remedy="write model:label=version, for instance sentiment:stable=1",
            )
        labels[match[1], match[2]] = int(match[3])
    return labels
