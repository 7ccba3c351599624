"""The dump of the Korean Wikipedia: fetched, verified, and read without its markup."""

from __future__ import annotations

import bz2
import hashlib
from pathlib import Path

import pandas as pd
import pytest

from file_server import CONTENT as LARGE
from file_server import files_under, flipped
from pipeline.corpora.catalogue import CATALOGUE, Corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.fetch_changing import Fetched, fetch_changing
from pipeline.corpora.remote_files import ChangingFile
from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.corpora.splits import CorpusSplits
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.corpora.unlabelled.text_files import read_text_file
from pipeline.corpora.unlabelled.wiki_markup import paragraphs
from pipeline.errors import UserError

pytestmark = pytest.mark.usefixtures("nothing_from_outside")

SENTENCE = "이것은 문단으로 치기에 넉넉한 길이의 문장이다."
HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="ko">\n'
    "<siteinfo><sitename>위키백과</sitename></siteinfo>\n"
)
VERSION = "kowiki-20260101-pages-articles.xml.bz2"


def page(markup: str, namespace: int = 0, inside: str = "", model: str = "wikitext") -> str:
    markup = markup.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<page><title>제목</title><ns>{namespace}</ns><id>1</id>{inside}<revision><id>2</id>"
        f'<model>{model}</model><text xml:space="preserve">{markup}</text></revision></page>\n'
    )


def dump(*pages: str) -> bytes:
    return bz2.compress(f"{HEAD}{''.join(pages)}</mediawiki>\n".encode())


MANY = [page(f"'''{n}'''번 글의 {SENTENCE}\n\n{n}번 글의 둘째 문단: {SENTENCE}") for n in range(20)]


def read(tmp_path: Path, corpus: str) -> CorpusSplits:
    return read_unlabelled_texts(UnlabelledCorpusSettings(corpus), tmp_path / "raw")


# markup


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("'''굵은''' ''기운'' '''''둘 다'''''", "굵은 기운 둘 다"),
        ("[[가]]와 [[나|다]]와 [[라#마|바]]와 [[:분류:사]]", "가와 다와 바와 분류:사"),
        ("앞 [[파일:a.jpg|섬네일|[[가]]의 [http://a.b 그림] 설명]]뒤", "앞 뒤"),
        ("앞[[분류:가]][[Category:b]][[en:Korea]][[zh-yue:a]]뒤", "앞뒤"),
        ("앞{{틀|{{안틀|a=[[b]]}}|{{{c}}}}}뒤", "앞뒤"),
        ("앞{{틀\n| a = b\n|}}뒤", "앞뒤"),
        ("앞<ref name=a/><ref>{{책}} [http://a b]</ref><ref\nname='b'>가\n나</ref>뒤", "앞뒤"),
        ("앞<!-- 주석\n{{ [[ -->뒤", "앞뒤"),
        ("앞<math>a<b</math><gallery>\n파일:a.jpg|가\n</gallery>뒤", "앞뒤"),
        ("[https://a.b/c 이름]과 [//a.b 둘째]와 [http://a.b]", "이름과 둘째와"),
        ("앞<br />뒤<small>작은</small><span style='a'>색</span>", "앞 뒤작은색"),
        ("AT&amp;T &lt;b&gt; 1&nbsp;m &amp;copy", "AT&T <b> 1\u00a0m &copy"),
        ("__목차없음__가__NOTOC__", "가"),
        ("사람({{llang|en|X}}, [[1924년]] ~ )과 ({{틀}})", "사람(1924년 ~ )과"),
        ("1 < 2이고 3 > 2이다", "1 < 2이고 3 > 2이다"),
    ],
)
def test_what_a_reader_sees_stays(markup, text):
    assert paragraphs(f"{SENTENCE} {markup}") == [f"{SENTENCE} {text}".strip()]


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        (f"* {SENTENCE}\n#: {SENTENCE}", [SENTENCE, SENTENCE]),
        (f"{{|\n| {SENTENCE}\n{{| class=a\n! {SENTENCE}\n|}}\n|-\n| {{{{틀|}}}} || 칸\n|}}\n", []),
        (f"{{{{틀|\n{{|\n| {SENTENCE}\n|}}\n}}}}", []),
        (f"== {SENTENCE} ==", []),
        (f"|{SENTENCE}\n!{SENTENCE}\n---- {SENTENCE}", []),
        (f"짧은 줄\n{SENTENCE}{{{{틀\n{SENTENCE}]]\n{SENTENCE}", [SENTENCE]),
        ("", []),
    ],
)
def test_lines_that_are_paragraphs_stay(markup, lines):
    assert paragraphs(f"{markup}\n{SENTENCE} 끝") == [*lines, f"{SENTENCE} 끝"]


def test_a_table_that_is_not_closed_goes_to_the_end():
    assert paragraphs(f"{SENTENCE}\n{{| class=a\n| {SENTENCE}\n{SENTENCE}") == [SENTENCE]


# the dump


@pytest.mark.parametrize("name", ["dump.xml.bz2", "dump.xml", "dump"])
def test_a_dump_of_ones_own_is_read_by_article(name, tmp_path):
    data = dump(*MANY)
    (tmp_path / name).write_bytes(data if name.endswith("bz2") else bz2.decompress(data))
    splits = read(tmp_path, str(tmp_path / name))
    rows = pd.concat(splits.splits.values())
    assert len(rows) == 40
    assert f"7번 글의 둘째 문단: {SENTENCE}" in set(rows["text"])
    assert rows["label"].nunique() == 20


def test_only_articles_are_read(tmp_path):
    others = [
        page(f"틀 {SENTENCE}", namespace=10),
        page(f"넘겨주기 {SENTENCE}", inside='<redirect title="가" />'),
        page(f"코드 {SENTENCE}", model="javascript"),
        page("짧다"),
        page(""),
    ]
    (tmp_path / "d.xml.bz2").write_bytes(dump(*others, *MANY, *others))
    assert len(read_text_file(tmp_path / "d.xml.bz2").documents) == 20


def test_a_damaged_dump_is_one_line(tmp_path):
    whole = bz2.decompress(dump(*MANY))
    for number, data in enumerate(
        (dump(*MANY)[:-10], bz2.compress(whole[:-40]), whole.replace(b"</text>", b"</tex>", 1))
    ):
        (tmp_path / f"{number}.xml").write_bytes(data)
        with pytest.raises(UserError, match=rf"{number}\.xml"):
            read_text_file(tmp_path / f"{number}.xml")


def test_memory_does_not_grow_with_a_dump(tmp_path, monkeypatch):
    seen = []

    def count(markup):
        seen.append(markup)
        return [SENTENCE]

    monkeypatch.setattr("pipeline.corpora.unlabelled.wikipedia.paragraphs", count)
    (tmp_path / "d.xml").write_bytes(bz2.decompress(dump(*(page(str(n)) for n in range(3000)))))
    assert len(read_text_file(tmp_path / "d.xml").documents) == 3000
    assert seen == [str(n) for n in range(3000)]


# fetching


CONTENT = dump(*MANY)
SHA1 = hashlib.sha1(CONTENT).hexdigest()
PATH = "/kowiki/latest/kowiki-latest-pages-articles.xml.bz2"


@pytest.fixture
def file(server) -> ChangingFile:
    """A dump on a server, with the list of checksums beside it."""
    sums = f"{'0' * 40}  kowiki-20260101-pages-articles-multistream.xml.bz2\n{SHA1}  {VERSION}\n"
    server.others = {PATH: CONTENT, "/kowiki/latest/sums.txt": sums.encode()}
    return ChangingFile(
        server.host + PATH,
        f"{server.host}/kowiki/latest/sums.txt",
        r"kowiki-\d{8}-pages-articles\.xml\.bz2",
        "CC-BY-SA-4.0",
    )


def test_a_download_is_verified_and_later_needs_no_network(file, server, tmp_path):
    fetched = fetch_changing(file, tmp_path)
    assert fetched == Fetched(tmp_path / file.relative, VERSION)
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.path.stat().st_mode & 0o222 == 0
    assert len(files_under(tmp_path)) == 2
    asked = len(server.asked)
    server.others = {}
    assert fetch_changing(file, tmp_path) == fetched
    assert len(server.asked) == asked


def test_a_file_that_changed_since_is_refused(file, tmp_path):
    path = fetch_changing(file, tmp_path).path
    path.chmod(0o644)
    path.write_bytes(flipped(CONTENT))
    with pytest.raises(UserError, match="sha1"):
        fetch_changing(file, tmp_path)


def test_what_the_list_does_not_have_is_not_taken(file, server, tmp_path):
    server.others[PATH] = flipped(CONTENT)
    with pytest.raises(UserError, match="sha1") as caught:
        fetch_changing(file, tmp_path)
    assert not isinstance(caught.value, CorpusUnavailable)
    assert files_under(tmp_path) == []
    server.others["/kowiki/latest/sums.txt"] = b"nothing here\n"
    with pytest.raises(UserError):
        fetch_changing(file, tmp_path)
    assert files_under(tmp_path) == []


def test_a_broken_download_goes_on_where_it_was(file, server, tmp_path):
    sums = f"{hashlib.sha1(LARGE).hexdigest()}  {VERSION}\n".encode()
    server.others = {PATH: LARGE, "/kowiki/latest/sums.txt": sums}
    server.cuts = [len(sums), len(LARGE) // 2]
    assert fetch_changing(file, tmp_path).path.read_bytes() == LARGE
    assert server.asked[-1] is not None


def test_a_newer_version_does_not_go_on_from_an_older_one(file, server, tmp_path):
    target = tmp_path / file.relative
    target.parent.mkdir(parents=True)
    target.with_name(f".{target.name}.{'1' * 8}.part").write_bytes(b"of last month")
    assert fetch_changing(file, tmp_path).path.read_bytes() == CONTENT
    # a bad beginning of this version costs one clean start
    target.chmod(0o644)
    target.unlink()
    target.with_name(f".{target.name}.{SHA1[:8]}.part").write_bytes(b"wrong")
    assert fetch_changing(file, tmp_path).path.read_bytes() == CONTENT


def test_without_the_server_it_cannot_be_had(file, server, tmp_path):
    del server.others[PATH]
    with pytest.raises(CorpusUnavailable):
        fetch_changing(file, tmp_path)
    server.others = {}
    with pytest.raises(CorpusUnavailable):
        fetch_changing(file, tmp_path)


@pytest.mark.parametrize("with_sum", [True, False])
def test_a_mirror_may_have_it(with_sum, file, server, tmp_path, monkeypatch):
    fetch_changing(file, tmp_path / "mirror")
    if not with_sum:
        (tmp_path / "mirror" / f"{file.relative}.sha1").unlink()
    server.others = {}
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path / "mirror"))
    fetched = fetch_changing(file, tmp_path / "raw")
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.version == (VERSION if with_sum else None)


def test_the_corpus_is_read_from_what_was_fetched(file, tmp_path, monkeypatch):
    entry = Corpus("kowiki", "Wiki", "CC", "", {}, kind="unlabelled", changing={"articles": file})
    monkeypatch.setitem(CATALOGUE, "kowiki", entry)
    splits = read(tmp_path, "kowiki")
    assert splits.name == "kowiki"
    assert not splits.stand_in
    assert sum(map(len, splits.splits.values())) == 40
    assert VERSION in splits.details["read_as"]
    assert list(splits.files) == [tmp_path / "raw" / file.relative]


def test_the_catalogue_has_it():
    (file,) = CATALOGUE["kowiki"].changing.values()
    assert file.relative == "dumps.wikimedia.org" + PATH
    assert file.name == "kowiki-latest-pages-articles.xml.bz2"
