"""A text file of any common encoding, and its lines."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipeline.compressed import unpacked_blocks
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
ENCODINGS = {codec: name for _, codec, name in _BOMS} | {"utf-8": "UTF-8", "cp949": "CP949"}
"""Codec -> what a person calls it."""
_OTHER_FILES = (
    (b"\x1f\x8b", "is compressed with gzip", "unpack it with gunzip"),
    (b"BZh", "is compressed with bzip2", "unpack it with bunzip2"),
    (b"\xfd7zXZ\0", "is compressed with xz", "unpack it with unxz"),
    (b"(\xb5/\xfd", "is compressed with zstd", "unpack it with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "unpack it and give a file in it"),
    (b"Rar!\x1a", "is a RAR archive", "unpack it and give a file in it"),
    (b"PAR1", "is a Parquet file", "write it as .jsonl or .csv, with pandas for example"),
    (b"ARROW1", "is an Arrow file", "write it as .jsonl or .csv, with pandas for example"),
    (b"SQLite format 3\0", "is an SQLite database", "export a table of it as .csv"),
    (b"%PDF-", "is a PDF file", "save its text as .txt in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is an Excel, Word or Hangul file", "save it as CSV or text in UTF-8"),
    (b"HWP Document File", "is a Hangul (HWP) file", "save it as text in UTF-8"),
)
_ZIP = b"PK\x03\x04"
NEITHER = "UTF-8 nor valid CP949"
"""What a file is called that is in no encoding, where it has no byte order mark."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Stands for a byte that is not valid."""
_LINE_END = re.compile(r"\r+\n")
_MAX_DAMAGED_SHARE = 0.1
# UTF-16 without a byte order mark: every other byte of a space or line end is NUL, and so are
# many of any file that is no text; of a text a stray one may be.
_NULS_SEEN_IN = 4096
_MAX_NUL_SHARE = 0.02


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file, whichever way it is encoded, and the name of that encoding.

    As `decode` says of its bytes.

    Raises:
        UserError: no such file, a folder, empty, or not a text in one of these encodings.
    """
    return decode(read_unpacked(path), path)


def read_unpacked(path: Path) -> bytes:
    """What a file holds, unpacked where it is compressed.

    Raises:
        UserError: no such file, a folder, empty, or compressed and damaged.
    """
    data = b"".join(unpacked_blocks(path, shown=False))
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
    if (marked := marked_encoding(data, where)) is not None:
        codec, name = marked
        return _mostly_valid(data, codec, name, where), name
    text = data.decode("utf-8", "surrogateescape")
    wrong = len(SURROGATE.findall(text))
    if not wrong:
        return text, "UTF-8"
    right = sum(not character.isascii() for character in text) - wrong
    if right > wrong:
        return _mostly_valid(data, "utf-8", "UTF-8", where), "UTF-8"
    return _mostly_valid(data, "cp949", NEITHER, where), "CP949"


def marked_encoding(head: bytes, where: object) -> tuple[str, str] | None:
    """The codec and the name of the encoding that a byte order mark tells, if there is one.

    Args:
        head: how the file begins.

    Raises:
        UserError: it begins as a common file does that is no text.
    """
    _refuse_other_files(head, where)
    for bom, codec, name in _BOMS:
        if head.startswith(bom):
            return codec, name
    head = head[:_NULS_SEEN_IN]
    if head.count(0) > _MAX_NUL_SHARE * len(head):
        raise UserError(
            "is not a text file (it has NUL bytes near its beginning)",
            where=where,
            remedy="save it as text in UTF-8",
        )
    return None


def split_lines(text: str) -> list[str]:
    """Lines without their ends, which are LF or CRLF, or CR where there is nothing else.

    U+2028, U+0085 and their like belong to the text. Behind the last line end there is one more,
    empty line.
    """
    return unix_line_ends(text).split("\n")


def unix_line_ends(text: str) -> str:
    """`text` with LF for CRLF (or CR CR LF, as what was converted twice has), and for CR where no
    line ends otherwise."""
    if "\r" not in text:
        return text
    text = _LINE_END.sub("\n", text)
    return text if "\n" in text else text.replace("\r", "\n")


def is_damaged(text: str) -> bool:
    """Whether some of its bytes were not valid in the encoding of their file, or, of text from
    JSON, it has half of a surrogate pair. Such a text cannot be written as UTF-8."""
    return SURROGATE.search(text) is not None


def printable(text: str) -> str:
    """`text` with U+FFFD for what `is_damaged` speaks of, so that it can be written as UTF-8."""
    return SURROGATE.sub("\ufffd", text)


def _refuse_other_files(data: bytes, where: object) -> None:
    """Raises UserError for the common files that are no text, and says what to do with them."""
    for magic, what, remedy in _OTHER_FILES:
        if data.startswith(magic):
            raise UserError(what, where=where, remedy=remedy)
    if data.startswith(_ZIP):
        if b"xl/" in data or str(where).lower().endswith(".xlsx"):
            what, remedy = "is an Excel workbook", "save it as CSV UTF-8 and give that file"
        elif b"word/" in data or b"hwp" in data:
            what, remedy = "is a Word or Hangul document", "save it as text in UTF-8"
        else:
            what, remedy = "is a ZIP archive", "unpack it and give a file in it"
        raise UserError(what, where=where, remedy=remedy)


def _mostly_valid(data: bytes, codec: str, name: str, where: object) -> str:
    text, first = _decoded(data, codec)
    if first is None:
        return text
    lines = split_lines(text)
    damaged = [number for number, line in enumerate(lines, 1) if is_damaged(line)]
    not_blank = sum(bool(line.strip()) for line in lines)
    if too_damaged(len(damaged), not_blank, len(SURROGATE.findall(text)), len(text)):
        raise undecodable(where, name, damaged[0], data[first], first)
    return text


def too_damaged(damaged_lines: int, lines: int, damaged: int, characters: int) -> bool:
    """Whether a text was decoded with the wrong codec, as far as its damage tells.

    Args:
        lines: that are not blank.
        damaged: characters.
    """
    most = max(1, _MAX_DAMAGED_SHARE * lines)
    return damaged_lines > most or damaged > _MAX_DAMAGED_SHARE * characters


def _decoded(data: bytes, codec: str) -> tuple[str, int | None]:
    """The text with lone surrogates for what is not valid, and where the first such byte is."""
    try:
        return data.decode(codec), None
    except UnicodeDecodeError as error:
        first = len(data) - len(error.object) + error.start  # a byte order mark may be left out
    if codec == "utf-16":
        whole = len(data) // 2 * 2  # a byte at the end may have lost the other one
        return data[:whole].decode(codec, "surrogatepass") + "\udcff" * (whole < len(data)), first
    if codec == "utf-32":
        return data.decode(codec, "replace").replace("\ufffd", "\udcff"), first
    try:
        return data.decode(codec, "surrogateescape"), first
    except UnicodeDecodeError:  # a damaged byte of ASCII, which CP949 can have
        return data.decode(codec, "replace").replace("\ufffd", "\udcff"), first


def undecodable(where: object, name: str, line: int, byte: int, offset: int) -> UserError:
    """What is said of a file that is in none of the encodings.

    Args:
        name: of the encodings that were tried.
        line: of the first byte that is not valid, counted from 1.
        offset: of that byte in the file.
    """
    return UserError(
        f"line {line} is not valid {name} (byte 0x{byte:02x} at {offset})",
        where=where,
        remedy="save the file as UTF-8",
    )
