"""Finds and reads two files in two languages that are aligned line by line."""

from __future__ import annotations

import dataclasses
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.corpora.parallel.packed import first_bytes, unpacked, without_compression
from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, pair_id
from pipeline.corpora.scripts import is_english, is_korean
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, decode, is_damaged, read_unpacked, split_lines

_NAMES = {
    "ko": ("ko", "kor", "korean", "kr", "한국어"),
    "en": ("en", "eng", "english", "영어"),
    "source": ("src", "source"),
    "target": ("tgt", "target"),
}
"""A side -> its names in file names; names at the same place of the two sides correspond."""
_OTHER = {"ko": "en", "en": "ko", "source": "target", "target": "source"}
_SIDES = {name: side for side, names in _NAMES.items() for name in names}
# ko-KR and kor_Hang are one name; `train_ko` has two.
_WORD = re.compile(
    r"(?<![^\W_])(" + "|".join(sorted(_SIDES, key=len, reverse=True)) + r")"
    r"(?:[-_](?:kr|us|gb|hang|latn))?(?![^\W_])",
    re.IGNORECASE,
)
_ENDINGS = ("", ".txt", ".tok", ".snt", ".sent", ".text", ".raw")
_PEEKED = 1 << 16


@dataclasses.dataclass(frozen=True)
class AlignedFiles:
    """Two files: line n of one translates line n of the other.

    Attributes:
        ko, en: the files, by their names; their content decides in the end (`pairs_of_lines`).
    """

    ko: Path
    en: Path

    def __str__(self) -> str:
        return f"{self.ko},{self.en}"


def aligned_files(path: Path) -> AlignedFiles | None:
    """The two files that `path` stands for: it is one of them, or the beginning of both names.

    Two files belong together if their names differ only in the last language: train.ko and
    train.en, X.en-ko.ko and X.en-ko.en, train_kor.txt and train_eng.txt, train.src and train.tgt,
    with or without .gz, .xz or .bz2. If the language is not the end of the name, each must be
    written in one language; else it is a table with such a name.

    Returns:
        None if there are no two such files.
    """
    entries = _entries(path.parent)
    if os.path.isfile(path):
        for side, skeleton in _skeletons(path.name):
            for other in _matching(entries, side, skeleton)[:1]:
                found = _as_named(side, path, path.parent / other)
                if skeleton.endswith("\0") or _one_each(found):
                    return found
        return None
    begin = unicodedata.normalize("NFC", path.name)
    wanted = {f"{begin}{mark}\0{ending}" for mark in ("", ".", "-", "_") for ending in _ENDINGS}
    for entry in entries:
        for side, skeleton in _skeletons(entry):
            others = _matching(entries, side, skeleton) if skeleton in wanted else []
            if others:
                return _as_named(side, path.parent / entry, path.parent / others[0])
    return None


def aligned_names(names: Sequence[str]) -> list[tuple[str, str]]:
    """The names in an archive that belong together, as pairs (Korean, English)."""
    found = {}
    for name in names:
        for side, skeleton in _skeletons(name):
            others = _matching(names, side, skeleton) if side in ("ko", "source") else []
            if others and skeleton.endswith(tuple(f"\0{ending}" for ending in _ENDINGS)):
                found.setdefault(skeleton, (name, others[0]))
    return list(found.values())


def aligned_by_content(one: Path, other: Path) -> AlignedFiles | None:
    """Two files of any names, if one is in Korean and the other in English, a sentence per line;
    else None."""
    languages = _language(one), _language(other)
    if languages == ("ko", "en"):
        return AlignedFiles(one, other)
    return AlignedFiles(other, one) if languages == ("en", "ko") else None


def read_aligned(files: AlignedFiles) -> PairTexts:
    """Reads the pairs of two files; see `pairs_of_lines`."""
    names = [files.ko.name, files.en.name]
    if names[0] == names[1]:
        names = [str(files.ko), str(files.en)]
    contents = []
    for path in (files.ko, files.en):
        packed = unpacked(path)
        contents.append(packed.read(packed.names[:1])[0] if packed else read_unpacked(path))
    return pairs_of_lines(*zip(names, contents, strict=True), files)


def pairs_of_lines(ko: tuple[str, bytes], en: tuple[str, bytes], where: object) -> PairTexts:
    """Pairs line n of one file with line n of the other.

    A line ends with LF or CRLF (CR where there is nothing else). A line that is empty on both
    sides is no pair, and one with a damaged character is rejected.

    Args:
        ko, en: the name of a file and its content. If their languages are not those of their
            names, they are exchanged, and a warning says so.
        where: for errors.

    Raises:
        UserError: the numbers of lines differ, or they are not in Korean and English.
    """
    (ko_name, ko_lines, ko_encoding), (en_name, en_lines, en_encoding) = _lines(*ko), _lines(*en)
    _make_even(ko_lines, en_lines)
    if len(ko_lines) != len(en_lines):
        raise UserError(
            f"{ko_name} has {len(ko_lines):,} lines and {en_name} has {len(en_lines):,}, which "
            "cannot be paired",
            where=where,
            remedy="line n of one must be the translation of line n of the other",
        )
    straight, crossed = _written(ko_lines, en_lines), _written(en_lines, ko_lines)
    if not straight and not crossed:
        raise UserError(
            f"no line of {ko_name} is Korean beside an English one in {en_name}",
            where=where,
            remedy="give a Korean and an English file",
        )
    texts = PairTexts([])
    if crossed > straight:
        if _side_of(ko_name) == "ko" or _side_of(en_name) == "en":
            texts.warnings.append(
                f"{ko_name} is in English and {en_name} in Korean; they were read the other way "
                "round."
            )
        ko_name, ko_lines, en_name, en_lines = en_name, en_lines, ko_name, ko_lines
    for number, sides in enumerate(zip(ko_lines, en_lines, strict=True), 1):
        if any(map(is_damaged, sides)):
            texts.reject_unpaired(ko_name, number, DAMAGED, "\t".join(sides))
        elif any(map(str.strip, sides)):
            texts.pairs.append(SentencePair(*sides, pair_id(*sides), number, ko_name))
    texts.details.update(
        format="two files",
        encoding=", ".join(dict.fromkeys((ko_encoding, en_encoding))),
        read_as=f"{ko_name} (Korean) and {en_name} (English) line by line, {len(ko_lines):,} lines",
    )
    return texts


def _lines(name: str, data: bytes) -> tuple[str, list[str], str]:
    if not data.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UserError("is empty", where=name, remedy="give a file with text in it")
    text, encoding = decode(data, name)
    return name, split_lines(text), encoding


def _make_even(one: list[str], other: list[str]) -> None:
    """Removes an empty rest behind the last line end, and empty lines behind the last line of the
    shorter file."""
    for lines in (one, other):
        if not lines[-1]:
            lines.pop()
    for lines in (one, other):
        while len(lines) > min(len(one), len(other)) and not lines[-1].strip():
            lines.pop()


def _written(korean: list[str], english: list[str]) -> int:
    return sum(is_korean(ko) and is_english(en) for ko, en in zip(korean, english, strict=True))


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):  # a name that no folder can have
        return []


def _skeletons(name: str) -> Iterator[tuple[str, str]]:
    """The sides that a name mentions, the last one first, each with the rest of the name (under
    NFC, without the ending of a compression)."""
    name = without_compression(unicodedata.normalize("NFC", name))
    begin = name.rfind("/") + 1
    for match in reversed(list(_WORD.finditer(name, begin))):
        side = _SIDES[match[1].casefold()]
        yield side, f"{name[: match.start()]}\0{name[match.end() :]}"


def _matching(names: Iterable[str], side: str, skeleton: str) -> list[str]:
    """The names of the other side, best first: those in the same case, then the shortest."""
    found = [
        (rest != skeleton, len(name), name)
        for name in names
        for other, rest in _skeletons(name)
        if other == _OTHER[side] and rest.casefold() == skeleton.casefold()
    ]
    return [name for _, _, name in sorted(found)]


def _side_of(name: str) -> str | None:
    return next((side for side, _ in _skeletons(name)), None)


def _as_named(side: str, one: Path, other: Path) -> AlignedFiles:
    return AlignedFiles(one, other) if side in ("ko", "source") else AlignedFiles(other, one)


def _one_each(files: AlignedFiles) -> bool:
    return aligned_by_content(files.ko, files.en) is not None


def _language(path: Path) -> str | None:
    """The language of the first lines of a file; None for a table, or for neither language."""
    try:
        data = first_bytes(path, _PEEKED)
        text = decode(data[: data.rfind(b"\n") + 1] or data, path)[0]
    except (OSError, UserError):
        return None
    lines = [line for line in split_lines(text) if line.strip()]
    if any("\t" in line or "|||" in line for line in lines):
        return None
    korean, english = sum(map(is_korean, lines)), sum(map(is_english, lines))
    if 2 * korean > len(lines):
        return "ko"
    return "en" if 2 * english > len(lines) and 10 * korean < len(lines) else None
