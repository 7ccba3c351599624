"""What corpora exist, under which licence, where, and how each of their files is recognised."""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import PurePosixPath
from urllib.parse import quote

from pipeline.errors import UserError

HOST = "https://raw.githubusercontent.com"


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """One file of one commit of a GitHub repository, so the same bytes for ever.

    Attributes:
        repository: `owner/name`.
        commit: 40 hexadecimal digits.
        path: inside the repository, with `/`, not percent-encoded.
        size: bytes.
        git_blob: 40 hexadecimal digits, the sha1 of `blob <size>\\0` + content.
        licence: SPDX name, or a sentence where there is none.
    """

    repository: str
    commit: str
    path: str
    size: int
    git_blob: str
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
class Corpus:
    """One corpus as its authors published it.

    Attributes:
        name: what a user types.
        title: what a report prints.
        licence: of the texts.
        homepage: where a person reads about it.
        files: part (`train`, `test`, or a path where there are many) -> file.
        counts: part -> what a reader must find there (`rows`, and rows per label). A check on
            the reader: the bytes themselves are checked by their blob id.
    """

    name: str
    title: str
    licence: str
    homepage: str
    files: dict[str, RemoteFile]
    counts: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)


def _nsmc() -> Corpus:
    def file(path: str, size: int, git_blob: str) -> RemoteFile:
        commit = "cc0670e872d4ac27bfe36c87456783004b39ef6c"
        return RemoteFile("e9t/nsmc", commit, path, size, git_blob, "CC0-1.0")

    return Corpus(
        name="nsmc",
        title="Naver sentiment movie corpus v1.0",
        licence="CC0-1.0",
        homepage="https://github.com/e9t/nsmc",
        files={
            "train": file(
                "ratings_train.txt", 14_628_807, "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876"
            ),
            "test": file("ratings_test.txt", 4_893_335, "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367"),
        },
        counts={
            "train": {"rows": 150_000, "positive": 74_827, "negative": 75_173},
            "test": {"rows": 50_000, "positive": 25_173, "negative": 24_827},
        },
    )


CATALOGUE: dict[str, Corpus] = {corpus.name: corpus for corpus in (_nsmc(),)}


def find(name: str) -> Corpus:
    """The corpus called `name`.

    Raises:
        UserError: there is none; names the closest ones.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    close = difflib.get_close_matches(name.lower(), CATALOGUE, n=3, cutoff=0.4)
    listed = ", ".join(close or sorted(CATALOGUE))
    raise UserError(
        f"no corpus is called {name!r}",
        remedy=f"{'did you mean' if close else 'there is'} {listed}; or give the path of a file",
    )
