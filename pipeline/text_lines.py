"""The lines of a text file of any size, in memory that does not grow with it."""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.compressed import unpacked_blocks
from pipeline.errors import UserError
from pipeline.text_file import (
    ENCODINGS,
    NEITHER,
    SURROGATE,
    decode,
    is_damaged,
    marked_encoding,
    printable,
    too_damaged,
    undecodable,
)

_BEGINNING = 1 << 16
"""Bytes of a pipe that are waited for, before its line ends are guessed."""
_BLOCK = 1 << 20
_MARKED = "malgyeol-marked"


def _mark(error: UnicodeError) -> tuple[str | bytes, int]:
    """Of bytes that are not valid a lone surrogate each, or one for all where that cannot be."""
    assert isinstance(error, UnicodeDecodeError)
    usual = "surrogatepass" if error.encoding.startswith("utf-16") else "surrogateescape"
    try:
        return codecs.lookup_error(usual)(error)
    except UnicodeDecodeError:  # a byte of ASCII, or half a character at the end
        return "\udcff", error.end


def _decoder(codec: str, errors: str) -> codecs.IncrementalDecoder:
    # Here, since a worker of Beam is sent functions and imports no module of ours.
    codecs.register_error(_MARKED, _mark)
    return codecs.getincrementaldecoder(codec)(errors)


@dataclasses.dataclass(frozen=True)
class TextLines:
    """The lines of a file, which was read once to see how; each iteration reads it again.

    Attributes:
        path: of the file.
        codec, errors: how it is decoded, as `codecs.getincrementaldecoder` takes them.
        line_end: LF, or CR where nothing ends with LF.
        count: how many lines there are.
        checksum: sha256 of what the file holds, unpacked.
        state: of the file when it was seen (`_state`).
    """

    path: Path
    codec: str
    errors: str
    line_end: str
    count: int
    checksum: str
    state: tuple[int, int]

    @property
    def encoding(self) -> str:
        """As of `text_file.decode`."""
        return ENCODINGS[self.codec]

    def __iter__(self) -> Iterator[str]:
        """The lines without their ends, with U+FFFD for what is damaged.

        Raises:
            UserError: the file was changed since.
        """
        yield from map(printable, self.as_they_are())

    def as_they_are(self) -> Iterator[str]:
        """The same, with a lone surrogate for what is damaged (`text_file.is_damaged`)."""
        yield from _lines(self._texts(), self.line_end)

    def _texts(self) -> Iterator[str]:
        for _, text in _decoded(self.path, self.codec, self.errors, shown=False):
            # Before any line of the block is asked about.
            if _state(self.path) != self.state:
                raise UserError(
                    "was changed while it was read",
                    where=self.path,
                    remedy="give a copy that nobody writes to",
                )
            yield text


def text_lines(path: Path) -> TextLines:
    """The lines of a file, in any encoding that `text_file.decode` reads, as that decodes it and
    `text_file.split_lines` splits it, but that there is no line behind the last line end. A .gz,
    .xz, .bz2 or .zst is unpacked on the way.

    Raises:
        UserError: no such file, a folder, compressed and damaged, or not a text in one of these
            encodings.
    """
    marked = marked_encoding(next(unpacked_blocks(path, shown=False), b""), path)
    candidates = [marked] if marked else [("utf-8", "UTF-8"), ("cp949", NEITHER)]
    for codec, name in candidates:
        try:
            return _seen(path, codec, "strict")
        except _NotValidError as error:
            first = error
        found, damage = _damaged(path, codec)
        if len(candidates) > 1 and codec == "utf-8" and not damage.spares_the_most:
            continue  # CP949 looks like UTF-8 that is damaged nearly everywhere
        if too_damaged(damage.lines, damage.all_lines, damage.characters, damage.all_characters):
            raise undecodable(path, name, damage.first_line, first.byte, first.offset)
        return found
    raise AssertionError("the last of them is returned or refused")


def piped_lines(data: Iterable[bytes], where: object) -> Iterator[str]:
    """The lines of what can be read only once, as they come.

    The first block tells how lines end, and the first that is not all ASCII the encoding; what
    behind it is not valid in that becomes U+FFFD.

    Raises:
        UserError: as `text_lines`.
    """
    stream = iter(data)
    head = next(stream, b"")
    marked = marked_encoding(head, where)
    line_end = "\r" if b"\r" in head[:-1] and b"\n" not in head else "\n"
    rest = itertools.chain([head], stream)
    texts = _texts(rest, marked[0], _MARKED) if marked else _unmarked(rest, where)
    yield from map(printable, _lines(texts, line_end))


def decoded_lines(data: Iterable[bytes], codec: str) -> Iterator[str]:
    """The lines of bytes in a known encoding without their ends, LF or CRLF; as they come.

    Raises:
        UnicodeDecodeError: a byte is not valid in it.
    """
    yield from _lines(_texts(data, codec, "strict"), "\n")


def standard_input() -> Iterator[bytes]:
    """What comes on standard input, as it comes."""
    if head := sys.stdin.buffer.read(_BEGINNING):
        yield head
    while block := sys.stdin.buffer.read1(_BLOCK):
        yield block


def _lines(texts: Iterable[str], line_end: str) -> Iterator[str]:
    """Lines without their ends, of a text that comes in parts."""
    begun: list[str] = []
    for text in texts:
        for number, part in enumerate(text.split(line_end)):
            if number:
                yield "".join(begun).rstrip("\r")
                begun = []
            begun.append(part)
    if last := "".join(begun):
        yield last


class _NotValidError(Exception):
    """A file cannot be decoded strictly.

    Args:
        byte, offset: the first byte that is not valid, as `undecodable` takes it.
    """

    def __init__(self, byte: int, offset: int):
        super().__init__(offset)
        self.byte, self.offset = byte, offset


def _decoded(
    path: Path, codec: str, errors: str, shown: bool = True
) -> Iterator[tuple[bytes, str]]:
    """The blocks of a file, and what they say: with a lone surrogate for what is not valid.

    Raises:
        _NotValidError: `errors` do not allow something in it.
    """
    decoder = _decoder(codec, errors)
    before = 0
    for block in itertools.chain(unpacked_blocks(path, shown), [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # With what was left of the block before, and without a byte order mark.
            data, start = error.object, error.start
            raise _NotValidError(data[start], before + len(block) - len(data) + start) from None
        before += len(block)
        yield block, text


def _seen(path: Path, codec: str, errors: str) -> TextLines:
    """A file that is read to its end.

    Raises:
        _NotValidError: as `_decoded`.
    """
    state, checksum = _state(path), hashlib.sha256()
    ends, last = {"\n": 0, "\r": 0}, ""
    for block, text in _decoded(path, codec, errors):
        checksum.update(block)
        for end in ends:
            ends[end] += text.count(end)
        last = text[-1:] or last
    line_end = "\n" if ends["\n"] else "\r"
    count = ends[line_end] + (last not in ("", line_end))
    return TextLines(path, codec, errors, line_end, count, checksum.hexdigest(), state)


@dataclasses.dataclass
class _Damage:
    """What of a file is not valid: its lines (blank ones aside) and characters; and the number of
    the first such line, from 1."""

    first_line: int = 0
    lines: int = 0
    all_lines: int = 0
    characters: int = 0
    all_characters: int = 0
    other_than_ascii: int = 0

    @property
    def spares_the_most(self) -> bool:
        """Whether most characters beyond ASCII are valid."""
        return self.other_than_ascii > 2 * self.characters


def _damaged(path: Path, codec: str) -> tuple[TextLines, _Damage]:
    """A file that cannot be decoded strictly."""
    found, damage = _seen(path, codec, _MARKED), _Damage()
    texts = (text for _, text in _decoded(path, codec, _MARKED, shown=False))
    for number, line in enumerate(_lines(texts, found.line_end), 1):
        if is_damaged(line):
            damage.lines += 1
            damage.first_line = damage.first_line or number
        damage.all_lines += bool(line.strip())
        damage.characters += len(SURROGATE.findall(line))
        damage.all_characters += len(line) + 1
        damage.other_than_ascii += sum(not character.isascii() for character in line)
    return found, damage


def _unmarked(data: Iterator[bytes], where: object) -> Iterator[str]:
    """What a pipe without a byte order mark says."""
    for block in data:
        if not block.isascii():
            # Not in the middle of a character, if that can be helped.
            whole = block[: block.rfind(b"\n") + 1]
            telling = block if whole.isascii() else whole
            codec = "cp949" if decode(telling, where)[1] == "CP949" else "utf-8"
            yield from _texts(itertools.chain([block], data), codec, _MARKED)
            return
        yield block.decode("ascii")


def _texts(data: Iterable[bytes], codec: str, errors: str) -> Iterator[str]:
    decoder = _decoder(codec, errors)
    for block in data:
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _state(path: Path) -> tuple[int, int]:
    """By what a change of a file is noticed; (0, 0) where there is none to be looked at."""
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_size, facts.st_mtime_ns
