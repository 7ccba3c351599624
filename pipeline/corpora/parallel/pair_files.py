"""Reads published sentence pairs: Tatoeba, and the archives of news."""

from __future__ import annotations

import collections
import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from pipeline.corpora.parallel.packed import MAX_MEMBER_BYTES
from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, pair_id
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.text_file import read_text

_NUMBERS = re.compile(r"#(\d+)\b.*#(\d+)\b")


def read_tatoeba(path: Path) -> PairTexts:
    """Reads a file of Tatoeba's pairs, in the format of https://www.manythings.org/anki.

    A line is English, Korean and the credit, `... tatoeba.org #2877272 (CM) & #8363271
    (Eunhee)`, with tabs between and LF at its end. The published file has 5,749 lines, none of
    them broken and no two alike; 5,130 English and 5,568 Korean sentences are different.

    Returns:
        id is the two numbers at Tatoeba, English first, `2877272-8363271`, under which the
        credit that the licence requires is found.

    Raises:
        UserError: no such file, or no text file.
    """
    texts = PairTexts([])
    for number, line in enumerate(read_text(path)[0].split("\n"), 1):
        fields = line.removesuffix("\r").split("\t")
        if len(fields) == 3:
            numbers = _NUMBERS.search(fields[2])
            identity = "-".join(numbers.groups()) if numbers else pair_id(fields[1], fields[0])
            texts.pairs.append(SentencePair(fields[1], fields[0], identity, number, path.name))
        elif line.strip():
            texts.reject_unpaired(
                path.name, number, f"{counted(len(fields), 'column')} instead of 3", line
            )
    return texts


def read_news(path: Path) -> PairTexts:
    """Reads one archive of the Korean-English news (jungyeul/korean-parallel-corpora).

    It has two files, one ends in `.ko` and one in `.en`; line n of one is line n of the other.
    Nothing is unpacked to disk.

    Returns:
        id is `news-`, the part (`dev`), `-`, number of the line.

    Raises:
        UserError: no such file, no such archive, or its files have different numbers of lines.
    """
    sides = _members(path, (".ko", ".en"))
    (name, ko), (_, en) = sides[".ko"], sides[".en"]
    if len(ko) != len(en):
        raise UserError(
            f"has {len(ko):,} Korean and {len(en):,} English lines, which cannot be paired",
            where=path,
            remedy="delete it and run again; it will be fetched anew",
        )
    part = PurePosixPath(name).stem.rpartition(".")[2]
    return PairTexts(
        [
            SentencePair(*sides, f"news-{part}-{number}", number, PurePosixPath(name).stem)
            for number, sides in enumerate(zip(ko, en, strict=True), 1)
        ]
    )


def _members(path: Path, endings: tuple[str, ...]) -> dict[str, tuple[str, list[str]]]:
    """ending -> (name, lines) of the only file in a .tar.gz with that ending."""
    found = collections.defaultdict(list)
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if not member.isreg() or name.startswith("."):  # macOS puts ._name beside name
                    continue
                for ending in endings:
                    if name.endswith(ending):
                        found[ending].append((name, _lines(archive, member, path)))
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy="fetch it first") from None
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"is no whole .tar.gz archive ({error})",
            where=path,
            remedy="delete it and run again; it will be fetched anew",
        ) from error
    for ending in endings:
        if len(found[ending]) != 1:
            raise UserError(
                f"has {len(found[ending])} files ending in {ending} instead of one",
                where=path,
                remedy="delete it and run again; it will be fetched anew",
            )
    return {ending: found[ending][0] for ending in endings}


def _lines(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> list[str]:
    if member.size > MAX_MEMBER_BYTES:
        raise UserError(
            f"{member.name} would take {member.size:,} bytes, more than {MAX_MEMBER_BYTES:,}",
            where=path,
            remedy="delete it and run again; it will be fetched anew",
        )
    try:
        text = archive.extractfile(member).read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{member.name} is not valid UTF-8 ({error.reason})", where=path) from None
    lines = text.removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]
