from __future__ import annotations

import contextlib
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.catalogue import CATALOGUE
from pipeline.corpora.fetch import MIRROR
from pipeline.corpora.parallel import pair_files
from pipeline.corpora.parallel.own_pairs import read_pairs
from pipeline.corpora.parallel.pair_files import read_news, read_tatoeba
from pipeline.errors import UserError


def own(tmp_path: Path, *lines: str, name: str = "my.tsv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def sides(texts) -> list[tuple[str, str]]:
    return [(pair.ko, pair.en) for pair in texts.pairs]


# A user's own table

PAIR = ("톰은 갔다.", "Tom left.")


@pytest.mark.parametrize(
    ("lines", "columns", "header"),
    [
        (["톰은 갔다.\tTom left."], (1, 2), False),
        (["Tom left.\t톰은 갔다."], (2, 1), False),
        (["ko\ten", "톰은 갔다.\tTom left."], (1, 2), True),
        (["English\tKorean", "Tom left.\t톰은 갔다."], (2, 1), True),
        (["번호\t한국어\t영어", "1\t톰은 갔다.\tTom left."], (2, 3), True),
        # These name no language: the script tells.
        (["source\ttarget", "Tom left.\t톰은 갔다."], (2, 1), True),
        (["원문\t출처\t번역문", "톰은 갔다.\t어느 책\tTom left."], (1, 3), True),
        # Ids, numbers and credits are no side.
        (["a1\t톰은 갔다.\tTom left.\t7"] * 3, (2, 3), False),
        (["Tom left.\t톰은 갔다.\tCC-BY 2.0 (France) by Tom"] * 3, (2, 1), False),
        # A list of words begins with what might be a header, and is none.
        (["영어\tEnglish", "톰은 갔다.\tTom left."], (1, 2), False),
    ],
)
def test_columns_are_found(tmp_path, lines, columns, header):
    texts = read_pairs(own(tmp_path, *lines))
    assert (texts.details["ko_column"], texts.details["en_column"]) == columns
    assert texts.details["header"] is header
    assert texts.details["swapped"] is False
    assert sides(texts)[-1] == PAIR
    assert len(texts.pairs) == len(lines) - header
    assert texts.rejects == texts.warnings == []


def test_a_header_that_has_it_the_other_way_round(tmp_path):
    rows = ["ko\ten", "Tom left.\t톰은 갔다.", "I see.\t알겠어.", "안녕.\tHello."]
    texts = read_pairs(own(tmp_path, *rows))
    assert texts.details["swapped"] is True
    assert texts.warnings == [
        "my.tsv: its columns are swapped, the one called Korean is English; "
        "they were read the other way round."
    ]
    # The row that is not swapped now looks so; the filter turns it (test_pair_filters).
    assert sides(texts) == [PAIR, ("알겠어.", "I see."), ("Hello.", "안녕.")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["톰은 갔다."], "has one column only"),
        (["톰은 갔다.\t1"], "has no English column"),
        (["Tom left.\tTom est parti."], "has no Korean column"),
        (["나는 봤다\tI saw it\tI have seen it"] * 2, r"which of its 3 columns is the English"),
        (
            ["나는 봤다\t내가 봤다\tI saw it"] * 2,
            r"the Korean side\? 2 could be .*ko and en",
        ),
    ],
)
def test_columns_that_cannot_be_told(tmp_path, lines, expected):
    with pytest.raises(UserError, match=f"my.tsv: .*{expected}"):
        read_pairs(own(tmp_path, *lines))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_encodings_and_commas(tmp_path, encoding):
    path = own(tmp_path, "en,ko", '"Tom, left.","톰은 ""갔다"""', name="my.csv", encoding=encoding)
    assert sides(read_pairs(path)) == [('톰은 "갔다"', "Tom, left.")]


def test_unpaired_lines_are_counted_and_shown(tmp_path):
    lines = ["톰은 갔다.\tTom left.", "혼자 있는 줄", "", "셋\tThree\tTrois", "둘\tTwo\r"]
    texts = read_pairs(own(tmp_path, *lines))
    assert sides(texts) == [PAIR, ("둘", "Two")]
    assert [pair.line for pair in texts.pairs] == [1, 5]
    assert texts.left_out == {"unpaired": 2}
    assert [(row.line, row.reason) for row in texts.rejects] == [
        (2, "my.tsv: 1 column instead of 2"),
        (4, "my.tsv: 3 columns instead of 2"),
    ]
    assert texts.rejects[1].content == lines[3]


def test_an_id_depends_on_both_sides(tmp_path):
    lines = ["톰은 갔다.\tTom left.", "톰은  갔다.\tTom left.", "톰은 갔다.\tTom went."]
    first, same, other = (pair.id for pair in read_pairs(own(tmp_path, *lines)).pairs)
    assert first == same != other
    assert first[:8] == other[:8]


def test_files_that_are_none(tmp_path):
    with pytest.raises(UserError, match=r"none\.tsv: no such file"):
        read_pairs(tmp_path / "none.tsv")
    with pytest.raises(UserError, match="is empty"):
        read_pairs(own(tmp_path, "", name="empty.tsv"))


@given(st.binary(max_size=60), st.sampled_from(["my.tsv", "my.csv", "my.tar.gz"]))
def test_no_bytes_crash_a_reader(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    for reader in (read_pairs, read_tatoeba, read_news):
        with contextlib.suppress(UserError):
            reader(path)


# Tatoeba


def test_tatoeba(tmp_path):
    credit = "CC-BY 2.0 (France) Attribution: tatoeba.org #2877272 (CM) & #8363271 (Eunhee)"
    texts = read_tatoeba(own(tmp_path, f"Go.\t가.\t{credit}", "Hi.\t안녕.", "Hm\t음\t?"))
    assert [(pair.ko, pair.en, pair.line) for pair in texts.pairs] == [
        ("가.", "Go.", 1),
        ("음", "Hm", 3),
    ]
    assert texts.pairs[0].id == "2877272-8363271"
    assert [row.reason for row in texts.rejects] == ["my.tsv: 2 columns instead of 3"]
    assert texts.left_out == {"unpaired": 1}


# The news's archives


def archive(path: Path, members: dict[str, str | bytes], compression: str = "gz") -> Path:
    with tarfile.open(path, f"w:{compression}") as tar:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_news_is_read_within_its_archive(tmp_path):
    path = archive(
        tmp_path / "park.dev.tar.gz",
        {
            "._news.dev.ko": b"\x00\x05",
            "../../escaped/news.dev.ko": "하나\n둘\u2028 둘\r\n\n",
            "/news.dev.en": "One\nTwo\nThree",
            "README": "…",
        },
    )
    before = sorted(tmp_path.rglob("*"))
    texts = read_news(path)
    assert sides(texts) == [("하나", "One"), ("둘\u2028 둘", "Two"), ("", "Three")]
    assert [pair.id for pair in texts.pairs] == ["news-dev-1", "news-dev-2", "news-dev-3"]
    assert texts.pairs[2].reject("x").reason == "news.dev: x"
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent.parent / "escaped").exists()


def test_archives_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "a.test.tar.gz"
    with pytest.raises(UserError, match="no such file"):
        read_news(path)
    path.write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"is no whole \.tar\.gz archive"):
        read_news(path)
    archive(path, {"a.ko": os.urandom(5000).hex(), "a.en": os.urandom(5000).hex()})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"is no whole \.tar\.gz archive"):
        read_news(path)
    with pytest.raises(UserError, match=r"has 0 files ending in \.en"):
        read_news(archive(path, {"a.ko": "하나"}))
    with pytest.raises(UserError, match=r"has 2 files ending in \.ko"):
        read_news(archive(path, {"a.ko": "하나", "b/a.ko": "하나", "a.en": "One"}))
    with pytest.raises(UserError, match="2 Korean and 1 English lines, which cannot be paired"):
        read_news(archive(path, {"a.ko": "하나\n둘\n", "a.en": "One\n"}))
    with pytest.raises(UserError, match="a.en is not valid UTF-8"):
        read_news(archive(path, {"a.ko": "하나", "a.en": b"\xff"}))
    monkeypatch.setattr(pair_files, "MAX_MEMBER_BYTES", 10)
    with pytest.raises(UserError, match="a.en would take 11 bytes, more than 10"):
        read_news(archive(path, {"a.ko": "하나", "a.en": "x" * 11}))


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    secret = tmp_path / "secret.en"
    secret.write_text("secret\n")
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("a.ko")
        member.size = 3
        tar.addfile(member, io.BytesIO("하".encode()))
        link = tarfile.TarInfo("a.en")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(link)
    with pytest.raises(UserError, match=r"has 0 files ending in \.en"):
        read_news(path)


# As published


@pytest.fixture
def mirror() -> Path:
    if MIRROR not in os.environ:
        pytest.skip("needs the published files")
    return Path(os.environ[MIRROR])


def test_tatoeba_as_published(mirror):
    texts = read_tatoeba(mirror / CATALOGUE["tatoeba"].files["pairs"].relative)
    assert (len(texts.pairs), texts.rejects) == (5_749, [])
    assert len({pair.en for pair in texts.pairs}) == 5_130
    assert len({pair.ko for pair in texts.pairs}) == 5_568
    assert len({pair.id for pair in texts.pairs}) == len(set(sides(texts))) == 5_749
    assert (texts.pairs[0].ko, texts.pairs[0].en) == ("가.", "Go.")
    assert all("-" in pair.id for pair in texts.pairs)


def test_tatoeba_is_read_as_a_users_own_file_too(mirror):
    path = mirror / CATALOGUE["tatoeba"].files["pairs"].relative
    assert sides(read_pairs(path)) == sides(read_tatoeba(path))


@pytest.mark.parametrize(("part", "rows"), [("dev", 1_000), ("test", 2_000)])
def test_news_as_published(mirror, part, rows):
    texts = read_news(mirror / CATALOGUE["news"].files[part].relative)
    assert len(texts.pairs) == rows == CATALOGUE["news"].sentences[part]
    assert all(pair.ko and pair.en for pair in texts.pairs)
    assert texts.pairs[0].id == f"news-{part}-1"
