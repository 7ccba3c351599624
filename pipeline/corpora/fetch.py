"""Gets verified files of a corpus: from data/raw, else from a mirror, else from the network."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import BinaryIO

import requests

from pipeline.corpora.download import announced_size, download, failure_reason
from pipeline.corpora.remote_files import HOST, ChangingFile, ReleaseFile, RemoteFile
from pipeline.errors import UserError
from pipeline.progress import Progress
from pipeline.workspace import atomic_file

MIRROR = "CORPUS_MIRROR"
# Number of files that are fetched at the same time.
AT_ONCE = 8


class CorpusUnavailable(UserError):  # noqa: N818
    """A file is neither in data/raw nor in a mirror, and cannot be downloaded."""


def git_blob(path: Path) -> str:
    """The id git gives to a file's content: sha1 of `blob <bytes>\\0` + content, in hexadecimal."""
    with open(path, "rb") as file:
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch(
    file: RemoteFile | ReleaseFile, raw: Path, *, host: str = HOST, quiet: bool = False
) -> Path:
    """Puts a verified, read-only copy of `file` under `raw`, if it is not there yet.

    Looks in `raw`, then in the folder `$CORPUS_MIRROR` (laid out like `raw`, so that another
    checkout's data/raw serves), then on the network. Wherever it comes from, size and git blob
    id (of a release the md5) must be right, today's copy in `raw` included; of a file whose id is
    not known (`Corpus.unpinned`), the length that the server announces. Until they are, nothing
    stands under the final name; what a killed download leaves in a hidden `.part` file, the next
    one continues.

    Args:
        raw: usually `Workspace().raw`.
        host: where the network's copy is, `scheme://name`.
        quiet: shows no progress.

    Returns:
        `raw / file.relative`.

    Raises:
        CorpusUnavailable: nowhere to get it from.
        UserError: a copy was found that is not the file the catalogue describes.
    """
    target = raw / file.relative
    if target.is_file():
        _verify(target, file, target, "delete it and run again; it will be fetched anew")
        return target
    if (source := in_mirror(file)) is not None:
        with atomic_file(target) as temporary:
            shutil.copyfile(source, temporary)
            _verify(temporary, file, source, f"replace it in the mirror, or unset {MIRROR}")
            os.chmod(temporary, 0o444)
        return target
    version = (file.md5 if isinstance(file, ReleaseFile) else file.git_blob or file.commit)[:8]
    with exclusive_part(target, version) as part, atomic_file(target) as temporary:
        if target.is_file():  # another process was faster
            _verify(target, file, target, "delete it and run again; it will be fetched anew")
            shutil.copyfile(target, temporary)
            os.chmod(temporary, 0o444)
        else:
            _from_network(file, part, host, quiet)
            os.chmod(part.name, 0o444)
            os.replace(part.name, temporary)
    return target


def fetch_all(
    files: Sequence[RemoteFile], raw: Path, label: str, *, host: str = HOST
) -> list[Path]:
    """`fetch` for many small files, some at a time, with one progress bar.

    The first that only the network can give is fetched alone, so that without a network the
    answer comes as soon as for one file. After any failure no further file is begun; what is
    there already stays.

    Args:
        label: what the progress bar calls them together.

    Returns:
        Their paths, in the order of `files`.

    Raises:
        CorpusUnavailable, UserError: as `fetch`, for one of them.
    """
    with Progress(label, len(files), "files") as progress:
        waiting = dict.fromkeys(files)
        for file in files:
            if not (raw / file.relative).is_file() and in_mirror(file) is None:
                waiting.pop(file)
                fetch(file, raw, host=host, quiet=True)
                progress.advance()
                break
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            begun = [pool.submit(fetch, file, raw, host=host, quiet=True) for file in waiting]
            for done in as_completed(begun):
                done.result()
                progress.advance()
        finally:
            pool.shutdown(cancel_futures=True)
    return [raw / file.relative for file in files]


def in_mirror(file: RemoteFile | ReleaseFile | ChangingFile) -> Path | None:
    """The path of a file in the folder $CORPUS_MIRROR; None if there is no such folder or file.

    Raises:
        UserError: it names no folder.
    """
    setting = os.environ.get(MIRROR)
    if not setting:
        return None
    mirror = Path(setting).expanduser()
    if not mirror.is_dir():
        raise UserError(f"{MIRROR} names no folder", where=mirror, remedy="correct it, or unset it")
    source = mirror / file.relative
    return source if source.is_file() else None


@contextlib.contextmanager
def exclusive_part(target: Path, version: str) -> Iterator[BinaryIO]:
    """The partial download, held by one process at a time; others wait for their turn.

    What has arrived stays for the next attempt, whoever makes it, at the same version of the file.
    """
    path = target.with_name(f".{target.name}.{version}.part")

    def still_there() -> bool:
        return path.exists() and os.path.samestat(path.stat(), os.fstat(part.fileno()))

    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = open(path, "a+b")  # noqa: SIM115
        except PermissionError as error:
            raise UserError("cannot be written here", where=path, remedy=error.strerror) from error
        with part:
            fcntl.flock(part, fcntl.LOCK_EX)
            if not still_there():  # completed or removed by the process that had it before
                continue
            try:
                yield part
                return
            finally:
                if still_there() and path.stat().st_size == 0:
                    path.unlink()


def _from_network(file: RemoteFile | ReleaseFile, part: BinaryIO, host: str, quiet: bool) -> None:
    url = file.url_on(host)
    while True:
        resumed = os.fstat(part.fileno()).st_size > 0
        try:
            size = announced_size(url) if file.size is None else file.size
            download(url, part, size, None if quiet else file.name)
        except requests.RequestException as error:
            raise CorpusUnavailable(
                f"{file.relative} could not be downloaded: {failure_reason(error)}",
                remedy=f"try again with a network, or set {MIRROR} to a folder that holds it",
            ) from error
        try:
            _verify(
                Path(part.name),
                file,
                url,
                "something between here and the server changes it; try another network, "
                f"or set {MIRROR} to a folder that holds the right file",
            )
            return
        except UserError:
            part.truncate(0)
            if not resumed:  # a bad beginning from an earlier run is worth one clean start
                raise


def _verify(path: Path, file: RemoteFile | ReleaseFile, where: object, remedy: str) -> None:
    """Raises UserError unless `path` has the bytes of `file`; `where` is what the user knows."""
    if isinstance(file, ReleaseFile):
        with open(path, "rb") as opened:
            md5 = hashlib.file_digest(opened, "md5").hexdigest()
        if md5 != file.md5:
            raise UserError(
                f"is not the file the catalogue describes: md5 {md5} "
                f"({path.stat().st_size:,} bytes), expected {file.md5}",
                where=where,
                remedy=remedy,
            )
        return
    if file.git_blob is None:
        return
    actual = git_blob(path)
    if actual != file.git_blob:
        raise UserError(
            f"is not the file the catalogue describes: git blob id {actual} "
            f"({path.stat().st_size:,} bytes), expected {file.git_blob} ({file.size:,} bytes)",
            where=where,
            remedy=remedy,
        )
