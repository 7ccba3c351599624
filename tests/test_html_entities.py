from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_pairs import judge, made, read
from pipeline.corpora.annotated.corpus import read_annotated_corpus
from pipeline.corpora.html_entities import (
    count_with_entities,
    decode_entities,
    entity_warnings,
    has_entity,
    is_escaped,
)
from pipeline.corpora.labelled.labelled_file import read_labelled
from pipeline.corpora.running.corpus import read_running_text
from pipeline.corpora.settings import EntityCorpusSettings, TextCorpusSettings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&quot;톰&quot;", '"톰"'),
        ("don&#39;t &#x27;do&#X27;", "don't 'do'"),
        ("a&nbsp;b", "a\xa0b"),
        ("&amp;#39; &amp;quot;", "' \""),
        ("&lt;b&gt; &hellip; &copy; &apos;", "<b> … © '"),
    ],
)
def test_entities_are_decoded(text, expected):
    assert has_entity(text)
    assert decode_entities(text) == expected


@pytest.mark.parametrize(
    "text",
    ["AT&T", "R&D; 부서", "a < b &copy 2020", "&notit;", "x &quot y", "& quot;", "?a=1&b=2;", "&#;",
     "&;", "Q&A;", "톰&제리;", "&#xZZ;", ""],
)  # fmt: skip
def test_what_only_resembles_one_stays(text):
    assert not has_entity(text)
    assert decode_entities(text) == text


@given(st.text())
def test_escaping_is_undone(text):
    assert decode_entities(html.escape(text)) == decode_entities(text)


@given(st.text(alphabet="&;#x0123456789abmpquotlg 가", max_size=30))
def test_nothing_but_entities_changes(text):
    if not has_entity(text):
        assert decode_entities(text) == text


def test_a_few_are_no_escaping():
    assert not is_escaped(0, 0)
    assert not is_escaped(1, 100)
    assert not is_escaped(3, 1000)
    assert is_escaped(1, 1)
    assert is_escaped(5, 1000)
    assert is_escaped(60, 120)


def test_texts_are_counted():
    rows = [("&quot;", "x"), ("a", "b"), ("AT&T", "R&D")]
    assert count_with_entities(rows) == 1
    assert entity_warnings(["AT&T"], "a.tsv") == []
    assert "1 text of 2" in entity_warnings(["&lt;", "x"], "a.tsv")[0]


def escaped(count: int) -> list[str]:
    return [line.replace(" ", "&nbsp;") + "&hellip;" for line in made(count)]


def texts(found) -> list[str]:
    return [cell for frame in found.splits.values() for cell in (*frame["text"], *frame["label"])]


def test_a_corpus_that_is_full_of_them(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("\n".join([*made(50, "나"), *escaped(50), "R&D 부서.\tR&D &copy that."]))
    found = read(path, tmp_path)
    assert not any(map(has_entity, texts(found)))
    assert "R&D &copy that." in texts(found)
    assert found.warnings == []
    assert "50" in found.details["read_as"]
    other = judge(path, tmp_path)
    assert not any(map(has_entity, other.frame["label"]))
    assert "entities" in other.read_as


def test_a_stray_one_is_said(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("\n".join([*made(100), "&nbsp;는 빈칸이다.\tIt is &nbsp; here."]))
    found = read(path, tmp_path)
    assert "It is &nbsp; here." in texts(found)
    assert len(found.warnings) == 1
    assert "1 of 101" in found.warnings[0]
    assert any("1 of 101" in warning for warning in judge(path, tmp_path).warnings)


def test_all_parts_of_a_corpus_alike(tmp_path):
    for part, lines in (("train", escaped(60)), ("test", made(30, "다")), ("dev", made(30, "라"))):
        if part != "train":
            lines = [*lines, f"&quot;{part}&quot;는 안다.\tI know &quot;{part}&quot;."]
        (tmp_path / f"my.{part}.tsv").write_text("\n".join(lines))
    found = read(tmp_path / "my.tsv", tmp_path)
    assert not any(map(has_entity, texts(found)))
    assert 'I know "test".' in set(found.splits["test"]["label"])


def test_other_tasks_say_it(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("".join(f"&quot;영화&quot; {n}편\t{n % 2}\n" for n in range(30)))
    assert any("30 texts of 30" in warning for warning in read_labelled(path).warnings)
    path.write_text("".join(f"&quot;<서울:LOC>&quot;에 {n}번 갔다.\n" for n in range(30)))
    entities = EntityCorpusSettings(str(path))
    assert any("30" in w for w in read_annotated_corpus(entities, tmp_path, tmp_path).warnings)
    path.write_text("&quot;글&quot;이 있다. " * 200)
    running = TextCorpusSettings(str(path))
    assert len(read_running_text(running, tmp_path).warnings) == 1
