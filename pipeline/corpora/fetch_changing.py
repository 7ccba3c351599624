"""Gets a file that is another every month, verified against the list that lies beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

import requests

from pipeline.corpora.download import announced_size, download, failure_reason
from pipeline.corpora.fetch import MIRROR, CorpusUnavailable, exclusive_part, in_mirror
from pipeline.corpora.remote_files import ChangingFile
from pipeline.errors import UserError
from pipeline.workspace import atomic_file, write_text

_SUM = re.compile(r"([0-9a-f]{40})\s+\*?(\S+)")


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A file that is there.

    Attributes:
        path: where it lies.
        version: the name it had in the list it was verified against; None where somebody put it
            there without that.
    """

    path: Path
    version: str | None


def fetch_changing(file: ChangingFile, raw: Path) -> Fetched:
    """Puts a read-only copy of `file` under `raw`, if there is none yet.

    Looks in `raw`, in the folder `$CORPUS_MIRROR` and on the network, as `fetch.fetch` does. What
    comes from the network must have the sha1 that the list on the server has; that line of the
    list is then kept beside the file as `<name>.sha1`, and the copy is checked against it ever
    after, without a network. To get a newer version, delete the file.

    Raises:
        CorpusUnavailable: nowhere to get it from.
        UserError: it is not the file that the list describes.
    """
    target = raw / file.relative
    if not target.is_file():
        if (source := in_mirror(file)) is not None:
            _copy(source, target)
        else:
            return _from_network(file, target)
    sums = _sums(target)
    if not sums.is_file():
        return Fetched(target, None)
    expected, version = _listed(sums.read_text(encoding="utf-8"), r"\S+", sums)
    if (actual := _sha1(target)) != expected:
        raise UserError(
            f"is not {version}: sha1 {actual}, expected {expected}",
            where=target,
            remedy="delete it and run again; it will be fetched anew",
        )
    return Fetched(target, version)


def _copy(source: Path, target: Path) -> None:
    if _sums(source).is_file():
        write_text(_sums(target), _sums(source).read_text(encoding="utf-8"))
    else:
        _sums(target).unlink(missing_ok=True)  # that of a file that is gone
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)
        os.chmod(temporary, 0o444)


def _from_network(file: ChangingFile, target: Path) -> Fetched:
    try:
        with tempfile.TemporaryFile("a+b") as list_file:
            download(file.sums, list_file, announced_size(file.sums), None)
            list_file.seek(0)
            text = list_file.read().decode("utf-8", "replace")
        sha1, version = _listed(text, file.listed_as, file.sums)
        with exclusive_part(target, sha1[:8]) as part:
            if not target.is_file():  # else another process was faster
                _download(file, part, sha1, version)
                write_text(_sums(target), f"{sha1}  {version}\n")
                with atomic_file(target) as temporary:
                    os.chmod(part.name, 0o444)
                    os.replace(part.name, temporary)
    except requests.RequestException as error:
        raise CorpusUnavailable(
            f"{file.relative} could not be downloaded: {failure_reason(error)}",
            remedy=f"try again with a network, or set {MIRROR} to a folder that holds it",
        ) from error
    return Fetched(target, version)


def _download(file: ChangingFile, part: BinaryIO, sha1: str, version: str) -> None:
    while True:
        resumed = os.fstat(part.fileno()).st_size > 0
        download(file.url, part, announced_size(file.url), file.name)
        if (actual := _sha1(Path(part.name))) == sha1:
            return
        part.truncate(0)
        if not resumed:  # a bad beginning from an earlier run is worth one clean start
            raise UserError(
                f"is not {version}, as {file.sums} has it: sha1 {actual}, expected {sha1}",
                where=file.url,
                remedy="a new version is perhaps being put there; try again in a day",
            )


def _listed(text: str, name: str, where: object) -> tuple[str, str]:
    """The sha1 and the name of the file in a list that is called so."""
    for line in text.splitlines():
        if (match := _SUM.fullmatch(line.strip())) and re.fullmatch(name, match[2]):
            return match[1], match[2]
    raise UserError(
        "has no sha1 of the file",
        where=where,
        remedy="try again in a day; delete it if it is in data/raw",
    )


def _sums(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha1")


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
