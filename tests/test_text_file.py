"""Text files of any encoding, damaged or not, and files that are no text."""

from __future__ import annotations

import contextlib
import io
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.text_file import (
    decode,
    is_damaged,
    printable,
    read_text,
    split_lines,
    unix_line_ends,
)

TEXT = "".join(f"{n}번째 줄은 좋다 😀\n" for n in range(1, 31))
KOREAN = TEXT.replace(" 😀", "")
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "cp949": "CP949",
}


@pytest.mark.parametrize(("codec", "name"), ENCODINGS.items())
def test_encodings(codec, name):
    text = KOREAN if codec == "cp949" else TEXT
    assert decode(text.encode(codec), "a.txt") == (text, name)


@pytest.mark.parametrize("codec", ENCODINGS)
@pytest.mark.parametrize("damage", ["cut", "wrong", "end"])
def test_one_damaged_character_costs_its_line(codec, damage):
    unit = {"utf-16": 2, "utf-32": 4}.get(codec, 1)
    data = KOREAN.encode(codec)
    place = len(data) // 2 // unit * unit
    while data[place] < 0x80 and unit == 1:
        place += 1
    if damage == "cut" and unit == 1:
        data = data[:place] + data[place + 1 :]
    elif damage == "end":
        data = data + (b"\xff" if codec != "utf-32" else b"\xff\xff\xff\xff")
    else:
        lone = {"utf-16": b"\x00\xd8", "utf-32": b"\xff\xff\xff\xff"}.get(codec, b"\xff")
        data = data[:place] + lone + data[place + unit :]
    text, name = decode(data, "a.txt")
    assert name == ENCODINGS[codec]
    lines, whole = split_lines(text), split_lines(KOREAN)
    damaged = [number for number, line in enumerate(lines) if is_damaged(line)]
    # One byte less of CP949 can make other, valid characters of the rest of its line.
    assert len(damaged) <= 1 if codec == "cp949" else len(damaged) == 1
    assert sum(one == other for one, other in zip(lines, whole, strict=False)) >= len(whole) - 2
    printable(text).encode("utf-8")


def test_what_is_damaged_all_over_is_refused():
    for data in (b"\xfd\xfc\xfe" * 50, KOREAN.encode("utf-8")[1::2], KOREAN.encode("utf-16-le")):
        with pytest.raises(UserError, match="a.txt: .* — save"):
            decode(data, "a.txt")
    with pytest.raises(UserError, match="line 2 is not valid UTF-8"):
        decode("좋다\n".encode() + "싫다\n".encode().replace("다".encode(), b"\xeb\x8b") * 3, "a")


def test_a_stray_nul_is_not_the_end_of_it():
    data = KOREAN.encode().replace("줄".encode(), "줄\0".encode(), 1)
    assert decode(data, "a.txt")[0].replace("\0", "") == KOREAN
    with pytest.raises(UserError, match="NUL"):
        decode(KOREAN.encode("utf-16-le"), "a.txt")


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "remedy"),
    [
        (zipped("xl/workbook.xml"), "book.xlsx", "CSV"),
        (zipped("word/document.xml"), "a.docx", "text"),
        (zipped("ratings.txt"), "a.zip", "unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50, "book.xls", "CSV"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a.tsv.gz", "again"),  # its end is missing
        (b"BZh91AY", "a.bz2", "again"),
        (b"\xfd7zXZ\0\0", "a.xz", "again"),
        (lzma.compress(b"BZh91AY"), "a.bz2.xz", "unpack"),  # compressed twice
        (b"PAR1\x15\x04\x15", "a.parquet", "csv"),
        (b"%PDF-1.7\n", "a.pdf", "txt"),
    ],
)
def test_files_that_are_no_text_are_named(tmp_path, data, name, remedy):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_text(path)
    assert str(path) in str(caught.value)
    assert remedy in caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_line_ends(end):
    text = end.join(["가", "나\u2028", "", "다\x85라"]) + end
    assert split_lines(text) == ["가", "나\u2028", "", "다\x85라", ""]


def test_a_carriage_return_within_a_line_stays():
    assert unix_line_ends("가\r나\n다\n") == "가\r나\n다\n"


@given(st.binary(max_size=200))
def test_no_bytes_crash(data):
    try:
        text, _ = decode(data, "a.txt")
    except UserError:
        return
    assert not is_damaged(printable(text))


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_any_text_in_utf_8_is_read(text, codec):
    data = text.encode(codec)
    with contextlib.suppress(UserError):  # a file of another kind, or NUL bytes
        assert decode(data, "a.txt")[0] == data.decode("utf-8-sig")
