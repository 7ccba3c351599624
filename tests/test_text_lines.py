"""Lines of files of any size and encoding, read in blocks."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import compressed
from pipeline.errors import UserError
from pipeline.fields import Text
from pipeline.text_file import decode, printable, split_lines
from pipeline.text_lines import decoded_lines, piped_lines, text_lines

CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp949")
CHARACTERS = st.sampled_from("가각힣 ㅋabc\t\u2028\x85😀\ufffd\r")
LINES = st.lists(st.text(CHARACTERS, max_size=8), max_size=30)
ENDS = st.sampled_from(["\n", "\r\n", "\r\r\n", "\r"])
TEXT = Text("text", "texts")


@pytest.fixture
def small_blocks(monkeypatch):
    """Of 7 bytes: nearly every character of several bytes lies in two."""
    monkeypatch.setattr(compressed, "_BLOCK", 7)


def whole(data: bytes) -> list[str]:
    """Lines by way of the reader that has all of a file at once."""
    lines = split_lines(printable(decode(data, "a.txt")[0]))
    return lines[:-1] if lines[-1] == "" else lines


def refusal(read, *arguments) -> str:
    with pytest.raises(UserError) as refused:
        list(read(*arguments))
    return refused.value.what


@given(lines=LINES, end=ENDS, last=st.booleans(), codec=st.sampled_from(CODECS))
def test_as_the_reader_of_whole_files(tmp_path, small_blocks, lines, end, last, codec):
    path = tmp_path / "a.txt"
    path.write_bytes((end.join(lines) + end * last).encode(codec, "replace"))
    read = text_lines(path)
    assert list(read) == list(read) == whole(path.read_bytes())
    assert read.count == len(list(read))


KOREAN = "".join(f"{n}번째 줄은 좋다\n" for n in range(30))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("damage", [b"\xff", b"\x80", b"\xb0", b""])
def test_damage_is_read_as_that_reader_does(tmp_path, small_blocks, codec, damage):
    """But for how many U+FFFD stand side by side."""
    path, data = tmp_path / "a.txt", KOREAN.encode(codec)
    for place in range(100, 108):
        path.write_bytes(data[:place] + damage + data[place + 1 :])
        assert outcome(text_lines, path) == outcome(whole, path.read_bytes())


def outcome(read, *arguments) -> list[str]:
    """The lines, or why there are none."""
    try:
        return [re.sub("\ufffd+", "\ufffd", line) for line in read(*arguments)]
    except UserError as error:
        return [error.what]


def test_what_is_no_text_is_refused_where_it_is_wrong(tmp_path, small_blocks):
    path = tmp_path / "a.txt"
    path.write_bytes("좋다\n".encode() + "싫다\n".encode().replace("다".encode(), b"\xeb\x8b") * 3)
    with pytest.raises(UserError) as whole_file:
        whole(path.read_bytes())
    assert refusal(text_lines, path) == whole_file.value.what
    path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
    assert "not a text" in refusal(text_lines, path)
    assert refusal(text_lines, tmp_path / "x") == "no such file"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_refusal_names_the_first_byte_that_is_wrong(tmp_path, small_blocks, codec, end):
    """Whether or not a byte order mark stands before it, or a byte of a character is a line end."""
    path, mark = tmp_path / "a.txt", len("".encode(codec))
    wrong = b"\xff" if codec == "cp949" else "\udc00".encode(codec, "surrogatepass")[mark:]
    good = end.join(["\uac0a" * 100, "좋다", ""])
    data = f"{good}{f'@{end}' * 3}".encode(codec).replace("@".encode(codec)[mark:], wrong)
    path.write_bytes(data)
    for refused in (refusal(text_lines, path), refusal(whole, data)):
        named = re.search(r"line (\d+) .*byte 0x(\w\w) at (\d+)", refused)
        assert (int(named[1]), bytes.fromhex(named[2])) == (3, wrong[:1])
        assert int(named[3]) == len(good.encode(codec))


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "a.gz"), (lzma.compress, "a.xz")])
def test_compressed(tmp_path, pack, name):
    path = tmp_path / name
    path.write_bytes(pack(KOREAN.encode("cp949")))
    plain = tmp_path / "a.txt"
    plain.write_text(KOREAN, "utf-8")
    assert TEXT.from_file(str(path)) == TEXT.from_file(str(plain)) == KOREAN.split("\n")[:-1]
    path.write_bytes(path.read_bytes()[:-9])
    assert "damaged" in refusal(text_lines, path)


def test_a_file_that_is_written_to_meanwhile_is_noticed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(KOREAN, "utf-8")
    lines = iter(text_lines(path))
    next(lines)
    with path.open("a", encoding="utf-8") as file:
        file.write("한 줄 더\n")
    with pytest.raises(UserError, match="was changed"):
        list(lines)


def test_what_a_file_says_decides_its_checksum(tmp_path):
    one, packed, other = tmp_path / "a.txt", tmp_path / "b.xz", tmp_path / "c.txt"
    one.write_text(KOREAN, "utf-8")
    packed.write_bytes(lzma.compress(one.read_bytes()))
    other.write_text(KOREAN.replace("좋", "싫", 1), "utf-8")
    assert text_lines(one).checksum == text_lines(packed).checksum != text_lines(other).checksum


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), codec=st.sampled_from(CODECS))
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_bytes_in_a_known_encoding(lines, end, codec, size):
    """Only LF ends a line, and CR in front of it belongs to it."""
    data = (end.join(lines) + end).encode(codec, "replace")
    text = data.decode(codec)
    expected = [line.rstrip("\r") for line in text.split("\n")[:-1]]
    assert list(decoded_lines(blocks_of(data, size), codec)) == expected
    with pytest.raises(UnicodeDecodeError):
        list(decoded_lines([data, b"\xff"], codec))


# ---- pipes


def blocks_of(data: bytes, size: int):
    stream = io.BytesIO(data)
    return iter(lambda: stream.read(size), b"")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ascii_first", [0, 40])
def test_what_is_piped(codec, end, ascii_first):
    text = ("abc\n" * ascii_first + KOREAN).replace("\n", end)
    data = text.encode(codec)
    lines = list(piped_lines(blocks_of(data, 64), "standard input"))
    assert lines == text.split(end)[:-1]


@pytest.mark.parametrize("codec", CODECS)
def test_what_stands_behind_the_last_line_end_alone_tells_the_encoding(codec):
    data = "abc\n한글".encode(codec)
    assert list(piped_lines([data], "standard input")) == ["abc", "한글"]


def test_a_pipe_is_not_read_ahead():
    taken = []
    blocks = (taken.append(n) or f"{n}번째 줄\n".encode() for n in range(1000))
    lines = piped_lines(blocks, "standard input")
    for number in range(100):
        assert next(lines) == f"{number}번째 줄"
        assert len(taken) <= number + 3


def test_a_pipe_of_the_shell(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(path.write_text, "가\n나\n", "utf-8")  # waits for who reads
        asked = TEXT.open_values(str(path))
        assert (asked.count, asked.checksum) == (None, None)
        assert list(asked.values) == ["가", "나"]
        writing.result()
