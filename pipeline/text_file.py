"""A text file of any common encoding, and its lines."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipeline.errors import UserError

DAMAGED = "has a character that is not valid in the encoding of the file"
"""Why a line is rejected that `is_damaged`."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DAMAGED_SHARE = 0.1
# UTF-16 without a byte order mark: of ASCII text every other byte is NUL.
_NULS_SEEN_IN = 4096


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file, whichever way it is encoded, and the name of that encoding.

    As `decode` says of its bytes.

    Raises:
        UserError: no such file, a folder, empty, or not a text in one of these encodings.
    """
    return decode(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        UserError: no such file, a folder, or empty.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy="check the path") from None
    except IsADirectoryError:
        raise UserError("is a folder", where=path, remedy="name one file in it") from None
    except PermissionError:
        raise UserError("may not be read", where=path, remedy="check its permissions") from None
    if not data.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UserError("is empty", where=path, remedy="give a file with text in it")
    return data


def decode(data: bytes, where: object) -> tuple[str, str]:
    """Bytes as text, and the name of their encoding: "UTF-8", "UTF-8 with BOM", "UTF-16",
    "UTF-32" or "CP949".

    Tried in this order: what a byte order mark says; UTF-8; CP949 (which includes EUC-KR). A text
    that is UTF-8 but for a few damaged characters is not taken for CP949. Bytes that are not
    valid become lone surrogates, by which `is_damaged` knows their lines.

    Args:
        where: where the bytes come from, for errors.

    Raises:
        UserError: in none of these encodings are nine of ten lines and characters valid.
    """
    for bom, codec, name in _BOMS:
        if data.startswith(bom):
            if codec == "utf-8-sig":
                return _mostly_valid(data, codec, name, where), name
            try:
                return data.decode(codec), name
            except UnicodeDecodeError as error:
                raise _undecodable(where, data, error.start, name) from None
    if b"\0" in data[:_NULS_SEEN_IN]:
        raise UserError(
            "is not a text file (it has NUL bytes near its beginning)",
            where=where,
            remedy="save it as text in UTF-8",
        )
    text = data.decode("utf-8", "surrogateescape")
    wrong = len(_SURROGATE.findall(text))
    if not wrong:
        return text, "UTF-8"
    right = sum(not character.isascii() for character in text) - wrong
    if right > wrong:
        return _mostly_valid(data, "utf-8", "UTF-8", where), "UTF-8"
    return _mostly_valid(data, "cp949", "UTF-8 nor valid CP949", where), "CP949"


def split_lines(text: str) -> list[str]:
    """Lines without their ends, which are LF or CRLF, or CR where there is nothing else.

    U+2028, U+0085 and their like belong to the text. Behind the last line end there is one more,
    empty line.
    """
    return unix_line_ends(text).split("\n")


def unix_line_ends(text: str) -> str:
    """`text` with LF for CRLF, and for CR where no line ends otherwise."""
    text = text.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def is_damaged(text: str) -> bool:
    """Whether some of its bytes were not valid in the encoding of their file, or, of text from
    JSON, it has half of a surrogate pair. Such a text cannot be written as UTF-8."""
    return _SURROGATE.search(text) is not None


def printable(text: str) -> str:
    """`text` with U+FFFD for what `is_damaged` speaks of, so that it can be written as UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


def _mostly_valid(data: bytes, codec: str, name: str, where: object) -> str:
    try:
        text = data.decode(codec, "surrogateescape")
    except UnicodeDecodeError as error:  # a damaged byte of ASCII, which CP949 can have
        text = data.decode(codec, "replace").replace("\ufffd", "\udcff")
        first = error.start
    else:
        match = _SURROGATE.search(text)
        if match is None:
            return text
        first = len(text[: match.start()].encode(codec))
    lines = [line for line in split_lines(text) if line.strip()]
    damaged = sum(map(is_damaged, lines))
    share = len(_SURROGATE.findall(text)) / len(text)
    if damaged > max(1, _MAX_DAMAGED_SHARE * len(lines)) or share > _MAX_DAMAGED_SHARE:
        raise _undecodable(where, data, first, name)
    return text


def _undecodable(where: object, data: bytes, start: int, name: str) -> UserError:
    line = data.count(b"\n", 0, start) + 1
    return UserError(
        f"line {line} is not valid {name} (byte 0x{data[start]:02x} at {start})",
        where=where,
        remedy="save the file as UTF-8",
    )
