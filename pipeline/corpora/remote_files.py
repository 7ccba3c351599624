"""Files of corpora: their addresses and checksums."""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath
from typing import ClassVar
from urllib.parse import quote, urlsplit

HOST = "https://raw.githubusercontent.com"


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """One file of one commit of a GitHub repository, so the same bytes for ever.

    Attributes:
        repository: `owner/name`.
        commit: 40 hexadecimal digits.
        path: inside the repository, with `/`, not percent-encoded.
        size: bytes; None where nobody here has seen the file (`Corpus.unpinned`).
        git_blob: 40 hexadecimal digits, the sha1 of `blob <size>\\0` + content; None likewise.
        licence: SPDX name, or a sentence where there is none.
    """

    repository: str
    commit: str
    path: str
    size: int | None
    git_blob: str | None
    licence: str

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.relative).parts
        if ".." in parts or PurePosixPath(self.path).is_absolute():
            raise ValueError(f"{self.path!r} leaves its repository")

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def relative(self) -> str:
        """Where the file lies in data/raw and in a mirror."""
        return f"github.com/{self.repository}/{self.commit}/{self.path}"

    @property
    def url(self) -> str:
        return self.url_on(HOST)

    def url_on(self, host: str) -> str:
        """The address on a host (`https://name`) laid out like raw.githubusercontent.com."""
        return f"{host}/{self.repository}/{self.commit}/{quote(self.path)}"


@dataclasses.dataclass(frozen=True)
class ReleaseFile:
    """A file of a release of a GitHub repository, which git itself knows nothing of.

    Attributes:
        repository: `owner/name`.
        tag: of the release.
        name: of the file.
        md5: of its bytes, 32 hexadecimal digits.
        licence: SPDX name, or a sentence where there is none.
    """

    repository: str
    tag: str
    name: str
    md5: str
    licence: str

    size: ClassVar[None] = None
    """Unknown until the server tells it."""

    @property
    def relative(self) -> str:
        """Where the file lies in data/raw and in a mirror."""
        return f"github.com/{self.repository}/releases/download/{self.tag}/{self.name}"

    def url_on(self, host: str) -> str:
        """The address; releases are on another host than files of commits."""
        place = "https://github.com" if host == HOST else host
        return f"{place}/{self.repository}/releases/download/{self.tag}/{quote(self.name)}"


@dataclasses.dataclass(frozen=True)
class ChangingFile:
    """A file whose content changes every month under the same address, so that its checksum
    cannot be known beforehand: a list beside it on the server has the current one.

    Attributes:
        url: where it is.
        sums: where its sha1 is: a list of lines `<sha1>  <name>`.
        listed_as: a regular expression for the name it has in that list, which says its version.
        licence: SPDX name.
    """

    url: str
    sums: str
    listed_as: str
    licence: str

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def relative(self) -> str:
        """Where the file lies in data/raw and in a mirror."""
        address = urlsplit(self.url)
        return address.netloc + address.path
