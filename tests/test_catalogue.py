from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from pipeline.corpora.catalogue import CATALOGUE, find_corpus
from pipeline.corpora.remote_files import RemoteFile
from pipeline.errors import UserError

ALL_FILES = [(name, file) for name, c in CATALOGUE.items() for file in c.files.values()]


@pytest.mark.parametrize(("corpus", "file"), ALL_FILES)
def test_an_entry_pins_its_bytes(corpus, file):
    assert re.fullmatch(r"[0-9a-f]{40}", file.commit)
    assert re.fullmatch(r"[0-9a-f]{40}", file.git_blob)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", file.repository)
    assert file.size > 0
    assert file.licence


@pytest.mark.parametrize("corpus", CATALOGUE.values(), ids=lambda corpus: corpus.name)
def test_a_corpus_is_consistent(corpus):
    assert CATALOGUE[corpus.name] is corpus
    assert set(corpus.counts) <= set(corpus.files)
    for counts in corpus.counts.values():
        assert counts["rows"] == sum(n for name, n in counts.items() if name != "rows")


@pytest.mark.skipif("CORPUS_MIRROR" not in os.environ, reason="needs the mirror's index")
def test_the_catalogue_agrees_with_the_mirrors_index():
    index = Path(os.environ["CORPUS_MIRROR"]) / "index.tsv"
    with open(index, encoding="utf-8", newline="") as file:
        rows = {
            (row["repo"], row["commit"], row["path"]): (int(row["bytes"]), row["git_blob"])
            for row in csv.DictReader(file, delimiter="\t")
        }
    for _, file in ALL_FILES:
        key = (file.repository, file.commit, file.path)
        if key in rows:
            assert rows[key] == (file.size, file.git_blob)


def test_urls_are_quoted_and_folders_are_not():
    path = "말뭉치 - 형태소_개체명/00002_NER#.txt"
    file = RemoteFile("kmounlp/NER", "0" * 40, path, 1, "1" * 40, "none")
    assert file.url.isascii()
    assert " " not in file.url
    assert unquote(urlsplit(file.url).path) == f"/kmounlp/NER/{'0' * 40}/{path}"
    assert urlsplit(file.url).netloc == "raw.githubusercontent.com"
    assert file.relative == f"github.com/kmounlp/NER/{'0' * 40}/{path}"
    assert file.name == "00002_NER#.txt"
    assert file.url_on("http://127.0.0.1:1").startswith("http://127.0.0.1:1/kmounlp/NER/")


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../b", "/etc/passwd"])
def test_a_path_stays_in_its_repository(path):
    with pytest.raises(ValueError, match="leaves its repository"):
        RemoteFile("owner/name", "0" * 40, path, 1, "1" * 40, "none")


def test_find_names_the_closest():
    assert find_corpus("nsmc") is CATALOGUE["nsmc"]
    with pytest.raises(UserError, match=r"'nscm'.*did you mean nsmc"):
        find_corpus("nscm")
    with pytest.raises(UserError, match=r"there is .*nsmc.*path of a file"):
        find_corpus("xyzzy-quux")
