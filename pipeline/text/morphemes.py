"""Morphemes by KoNLPy's analyzers (Okt, Komoran, Hannanum, Kkma), by MeCab and by Kiwi.

KoNLPy is GPL-licensed and starts a Java virtual machine; MeCab and Kiwi need neither. None of them
can run inside a TensorFlow graph, and nothing is imported before an analyzer is used. The
analyzers crash, hang or lose text on input that the web is full of (blank text, emoji, long runs
of ㅋ); `MorphemeAnalyzer` hands them only what they are known to survive.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor

from pipeline.errors import UserError
from pipeline.normalize import aligned, normalize
from pipeline.progress import track
from pipeline.text.analyzer_workers import Chunk, chunks_of, in_workers
from pipeline.text.java import start_java
from pipeline.text.morpheme_spans import spans_of
from pipeline.text.morpheme_stretches import SYMBOL_TAGS, stretches
from pipeline.text.piece import Piece

ANALYZERS = ("okt", "komoran", "hannanum", "kkma", "mecab", "kiwi")

_WORKERS_PAY_FROM = 20_000
_CHUNKS_FOR_A_THREAD = 16

Tagger = Callable[[str], list[tuple[str, str]]]


class MorphemeAnalyzer:
    """One analyzer, loaded on first use.

    Args:
        name: one of `ANALYZERS`.

    Raises:
        UserError: no such analyzer; on first use: its packages are not installed, or Java fails.
    """

    def __init__(self, name: str):
        if name not in ANALYZERS:
            raise UserError(
                f"{name!r} is no morpheme analyzer", remedy=f"use {', '.join(ANALYZERS)}"
            )
        self.name = name

    def pos(self, text: str) -> list[tuple[str, str]]:
        """(morpheme, tag) of a text; which tags there are is the analyzer's affair."""
        text = normalize(text)
        tagged = functools.cache(self._tagged)  # of a run of one letter all parts are the same
        return [
            morpheme
            for stretch in stretches(text, self.name)
            for morpheme in tagged(text[stretch.start : stretch.end], stretch.analyzable)
        ]

    def morphs(self, text: str) -> list[str]:
        """The morphemes of a text. All but Okt and MeCab undo contraction: 했 -> 하, 았."""
        return [morph for morph, _ in self.pos(text)]

    def spans(self, text: str) -> list[Piece]:
        """`morphs` with the characters of the text as given that each one came from."""
        normalized, starts, ends = aligned(text)
        found = []
        tagged = functools.cache(self._tagged)
        for stretch in stretches(normalized, self.name):
            part = normalized[stretch.start : stretch.end]
            morphs = [morph for morph, _ in tagged(part, stretch.analyzable)]
            for morph, first, last in spans_of(morphs, part):
                first, last = first + stretch.start, last + stretch.start
                found.append(Piece(morph, starts[first], ends[last - 1]))
        return found

    def analyze_many(self, texts: Iterable[str], workers: int = 1) -> Iterator[list[str]]:
        """`morphs` of every text, in order and with progress shown.

        Args:
            texts: any number of them; they are read a bounded number ahead.
            workers: processes, for Kiwi threads. More than one only where there is enough to do to
                make up for the seconds that a process needs to start a Java machine; MeCab is
                fast enough without.

        Raises:
            UserError: the analyzer does not start, or fails twice at a text (of `workers`).
        """
        total = len(texts) if isinstance(texts, Sized) else None
        found = self._analyzed(iter(texts), workers)
        return track(found, f"{self.name} morphemes", total, "texts")

    def _analyzed(self, texts: Iterator[str], workers: int) -> Iterator[list[str]]:
        first = list(itertools.islice(texts, _WORKERS_PAY_FROM))
        few = len(first) < _WORKERS_PAY_FROM
        texts = itertools.chain(first, texts)
        if few or workers == 1 or self.name == "mecab":
            return map(self.morphs, texts)
        if self.name == "kiwi":
            return self._in_threads(texts, workers)
        return in_workers(self.name, functools.partial(_load_morphs, self.name), texts, workers)

    def _in_threads(self, texts: Iterator[str], workers: int) -> Iterator[list[str]]:
        """For an analyzer that lets go of Python's lock; all threads share one model."""
        load_analyzer(self.name)
        chunks = chunks_of(texts)
        with ThreadPoolExecutor(workers, self.name) as threads:
            while some := list(itertools.islice(chunks, _CHUNKS_FOR_A_THREAD * workers)):
                for found in threads.map(self._answer, some):
                    yield from found

    def _answer(self, chunk: Chunk) -> list[list[str]]:
        return [self.morphs(text) for text in chunk.texts]

    def _tagged(self, stretch: str, analyzable: bool = True) -> list[tuple[str, str]]:
        whole = [(stretch, SYMBOL_TAGS[self.name])]
        if not analyzable:
            return whole
        tagger = load_analyzer(self.name)
        try:
            found = tagger(stretch)
        except Exception:  # whatever Java throws: then word by word, and the culprit stays whole
            words = stretch.split()
            if len(words) == 1:
                return whole
            return [tagged for word in words for tagged in self._tagged(word)]
        kept = [(" ".join(morph.split()), tag) for morph, tag in found if morph.strip()]
        return kept or whole


@functools.cache
def load_analyzer(name: str) -> Tagger:
    """The named analyzer as a function, text -> [(morpheme, tag)]; once for a process."""
    loaders = {"mecab": _load_mecab, "kiwi": _load_kiwi}
    return loaders[name]() if name in loaders else _load_konlpy(name)


def _load_mecab() -> Tagger:
    try:
        from mecab import MeCab
    except ImportError:
        raise UserError(
            "MeCab is not installed",
            remedy="pip install python-mecab-ko==1.3.7 (made for Python up to 3.12), or use kiwi",
        ) from None
    return MeCab().pos


def _load_kiwi() -> Tagger:
    """Kiwi with everything off that would make another text of the one given.

    No typing error is put right, no 아/어 becomes its other form, no consonant is moved to the next
    syllable, and no name reaches over a space.
    """
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        raise UserError("Kiwi is not installed", remedy="pip install kiwipiepy==0.24.1") from None
    kiwi = Kiwi(1, integrate_allomorph=False, load_typo_dict=False, load_multi_dict=False)

    def tagger(text: str) -> list[tuple[str, str]]:
        tokens = kiwi.tokenize(text, normalize_coda=False, compatible_jamo=True, typos=None)
        return [(token.form, token.tag) for token in tokens]

    tagger("")  # loads the model
    return tagger


def _load_konlpy(name: str) -> Tagger:
    start_java()
    from konlpy import tag

    return {"okt": tag.Okt, "komoran": tag.Komoran, "hannanum": tag.Hannanum, "kkma": tag.Kkma}[
        name
    ]().pos


def _load_morphs(name: str) -> Callable[[str], list[str]]:
    morphs = MorphemeAnalyzer(name).morphs
    morphs("가")  # some read their dictionaries only now
    return morphs
