"""Files of raw text: plain, compressed, JSON and tables."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import threading
from pathlib import Path

import pytest

from pipeline import compressed
from pipeline.errors import UserError
from raw_texts import LINES, documents, read, texts, write

# files


@pytest.mark.parametrize("opened", [open, gzip.open, bz2.open, lzma.open])
def test_a_text_a_line_whatever_it_is_compressed_with(opened, tmp_path):
    path = tmp_path / "texts"
    with opened(path, "wb") as file:
        file.write("\n".join(LINES).encode())
    splits = read(tmp_path, str(path))
    assert sorted(texts(splits)) == sorted(LINES)
    assert {name: len(frame) for name, frame in splits.splits.items()} == {
        "train": 24,
        "dev": 3,
        "test": 3,
    }
    assert all((frame["id"] == frame["label"]).all() for frame in splits.splits.values())


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_damaged_compressed_data_is_one_line(packed, tmp_path):
    data = packed("\n".join(LINES).encode())
    for damaged in (data[:-20], data[:40] + b"\0" * 30 + data[70:]):
        (tmp_path / "texts").write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            read(tmp_path, str(tmp_path / "texts"))


def test_streams_one_behind_the_other_are_one_file(tmp_path):
    path = tmp_path / "texts.xz"
    path.write_bytes(b"".join(lzma.compress(f"{line}\n".encode()) for line in LINES))
    assert documents(str(path)) == [[line] for line in LINES]


def test_what_is_compressed_otherwise_or_no_text_is_named(tmp_path):
    for content in (
        b"(\xb5/\xfd" + bytes(20),
        b"PK\x03\x04" + bytes(50),
        bytes(300),
        b"%PDF-1.7\n",
    ):
        (tmp_path / "a.txt").write_bytes(content)
        with pytest.raises(UserError):
            read(tmp_path, str(tmp_path / "a.txt"))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_encodings_and_line_ends(encoding, line_end, tmp_path):
    path = write(tmp_path / "a.txt", line_end.join([*LINES, ""]), encoding)
    assert documents(path) == [[line] for line in LINES]
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))
    assert documents(str(packed)) == [[line] for line in LINES]


def test_every_character_of_a_line_stays(tmp_path):
    odd = [
        "  두 칸  안 세 칸   ",
        "\t탭\t사이\t",
        "한글".encode().decode(),
        "\u1112\u1161\u11ab 풀어 쓴 글자",
        "가\u2028나\x0b다\x85라",
        "\u3000전각\u00a0공백",
        'quotes "in" it, and, commas',
        "가\r나",
    ]
    assert documents(write(tmp_path / "a.txt", "\n".join(odd + LINES))) == [
        [line] for line in odd + LINES
    ]


@pytest.mark.parametrize("opened", [open, gzip.open, lzma.open])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_over_many_blocks(opened, encoding, end, tmp_path, monkeypatch):
    monkeypatch.setattr(compressed, "_BLOCK", 100)
    apart = "" if encoding == "cp949" else "\u2028"
    lines = [*LINES, f"긴{apart} 줄\r의 끝 " * 300, *LINES]
    with opened(tmp_path / "texts", "wb") as file:
        file.write(end.join([*lines, ""]).encode(encoding))
    assert documents(str(tmp_path / "texts")) == [[line] for line in lines]


def test_a_file_that_begins_in_ascii_is_what_all_of_it_says(tmp_path):
    begin = "plain words only\n" * 70_000  # more than is looked at first
    path = write(tmp_path / "a.txt", begin + "\n".join(LINES), "cp949")
    assert documents(path)[-30:] == [[line] for line in LINES]


def test_a_damaged_line_is_rejected_alone(tmp_path):
    data = "\n".join(LINES).encode().replace("7 번째 줄".encode(), b"\xb0\xa1", 1)
    (tmp_path / "a.txt").write_bytes(data)
    splits = read(tmp_path, str(tmp_path / "a.txt"))
    assert [reject.line for reject in splits.rejects] == [8]
    assert set(texts(splits)) == set(LINES) - {LINES[7]}


def test_a_pipe_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("\n".join(LINES), "utf-8"))
    writer.start()
    assert documents(str(path)) == [[line] for line in LINES]
    writer.join()


# JSON and tables


@pytest.mark.parametrize("key", ["text", "document", "아무개"])
def test_a_record_of_json_is_a_document(key, tmp_path):
    records = [{"id": str(n), key: f"{n}번 글의 문단\r\n\r\n{n}번 글의 둘째"} for n in range(12)]
    expected = [[f"{n}번 글의 문단", f"{n}번 글의 둘째"] for n in range(12)]
    rows = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert documents(write(tmp_path / "a.jsonl", rows)) == expected
    assert documents(write(tmp_path / "a.txt", rows)) == expected
    assert documents(write(tmp_path / "b.json", json.dumps(records, indent=1))) == expected
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    assert documents(str(tmp_path / "c.jsonl.gz")) == expected


def test_json_without_texts_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"n": 1}\n{"n": 2}\n')
    with pytest.raises(UserError):
        documents(path)
    with pytest.raises(UserError):
        documents(write(tmp_path / "b.json", "[1, 2"))


def test_text_that_begins_like_json_is_text(tmp_path):
    lines = ["[스포] 재미있어요", "{중괄호} 로 시작", *LINES]
    assert documents(write(tmp_path / "a.txt", "\n".join(lines))) == [[line] for line in lines]


@pytest.mark.parametrize("suffix", [".txt", ".tsv", ""])
def test_nsmcs_own_file_is_a_table(suffix, tmp_path):
    rows = [f"{n}\t{n} 번째 영화, 좋다\t{n % 2}" for n in range(40)]
    path = write(tmp_path / f"ratings{suffix}", "\n".join(["id\tdocument\tlabel", *rows, ""]))
    assert documents(path) == [[f"{n} 번째 영화, 좋다"] for n in range(40)]


def test_tables_of_other_makes(tmp_path):
    csv = 'label,내용\n1,"좋다, 정말"\n0,"별로\n다"\n' + "\n".join(f"1,{n}번" for n in range(20))
    expected = [["좋다, 정말"], ["별로", "다"], *([f"{n}번"] for n in range(20))]
    for name in ("a.csv", "a.txt"):
        assert documents(write(tmp_path / name, csv)) == expected
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(csv.encode()))
    assert documents(str(tmp_path / "a.csv.xz")) == expected
    tags = "\n".join(f"__label__{n % 2} {line}" for n, line in enumerate(LINES))
    assert documents(write(tmp_path / "f.txt", tags)) == [[line] for line in LINES]
    bare = "\n".join(f"{line}\t{n % 2}" for n, line in enumerate(LINES))
    assert documents(write(tmp_path / "bare.tsv", bare)) == [[line] for line in LINES]
    one = "\n".join(["text", *LINES])
    assert documents(write(tmp_path / "one.csv", one)) == [[line] for line in LINES]


def test_rows_of_another_width_are_rejected(tmp_path):
    rows = "\n".join(f"{line}\t1" for line in LINES)
    path = write(tmp_path / "a.tsv", f"text\tlabel\n{rows}\n가\t나\t다\ntext\tlabel\n")
    splits = read(tmp_path, path)
    assert [reject.line for reject in splits.rejects] == [32, 33]
    assert sorted(texts(splits)) == sorted(LINES)


@pytest.mark.parametrize(
    "lines",
    [
        [f"{line}\t{n}" for n, line in enumerate(LINES)],
        [f"{n}, {line}" for n, line in enumerate(LINES)],
        ["내용", *LINES],
        ["리뷰, 정말 좋은 영화", *LINES],
        ["본문\t텍스트", *LINES],
        ["글 | 그림", *(f"{line} | 그" for line in LINES)],
    ],
)
def test_plain_text_without_a_header_is_no_table(lines, tmp_path):
    assert documents(write(tmp_path / "a.txt", "\n".join(lines))) == [[line] for line in lines]


@pytest.mark.parametrize(
    "rows",
    [
        "\n".join(f"{n}\t{n + 1}" for n in range(20)),
        "\n".join("글, " * (n % 5) + "끝" for n in range(20)),
    ],
)
def test_a_table_whose_texts_nobody_can_tell_is_refused(rows, tmp_path):
    with pytest.raises(UserError, match="column"):
        documents(write(tmp_path / "a.csv", rows))
