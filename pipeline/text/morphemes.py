"""Morphemes by KoNLPy's analyzers (Okt, Komoran, Hannanum, Kkma), by MeCab and by Kiwi.

KoNLPy is GPL-licensed and starts a Java virtual machine; MeCab and Kiwi need neither. None of them
can run inside a TensorFlow graph, and nothing is imported before an analyzer is used. The
analyzers crash, hang or lose text on input that the web is full of (blank text, emoji, long runs
of ㅋ); `MorphemeAnalyzer` hands them only what they are known to survive.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

from pipeline.errors import UserError
from pipeline.normalize import aligned, normalize
from pipeline.progress import Progress
from pipeline.text.java import start_java
from pipeline.text.morpheme_spans import spans_of
from pipeline.text.morpheme_stretches import SYMBOL_TAGS, stretches
from pipeline.text.piece import Piece

ANALYZERS = ("okt", "komoran", "hannanum", "kkma", "mecab", "kiwi")

_POOL_PAYS_FROM = 20_000
_CHUNK = 500


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

    def analyze_many(self, texts: Sequence[str], workers: int = 1) -> list[list[str]]:
        """`morphs` of every text, with progress shown.

        Args:
            workers: processes, for Kiwi threads. More than one only where there is enough to do to
                make up for the seconds that a process needs to start a Java machine; MeCab is
                fast enough without.
        """
        if workers > 1 and len(texts) >= _POOL_PAYS_FROM and self.name != "mecab":
            return self._analyze_in_pool(texts, workers)
        found = []
        with Progress(f"{self.name} morphemes", len(texts), "texts") as progress:
            for text in texts:
                found.append(self.morphs(text))
                progress.advance()
        return found

    def _analyze_in_pool(self, texts: Sequence[str], workers: int) -> list[list[str]]:
        chunks = [list(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
        found: list[list[str]] = []
        with (
            self._pool(workers) as pool,
            Progress(f"{self.name} morphemes", len(texts), "texts") as progress,
        ):
            for result in pool.map(_analyze_chunk, chunks):
                found += result
                progress.advance(len(result))
        return found

    def _pool(self, workers: int) -> Executor:
        start = (_start_worker, (self.name,))
        if self.name == "kiwi":  # it lets go of Python's lock, and all threads share one model
            load_tagger(self.name)
            return ThreadPoolExecutor(workers, "kiwi", *start)
        # Spawned, not forked: a JVM does not survive a fork.
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), *start)

    def _tagged(self, stretch: str, analyzable: bool = True) -> list[tuple[str, str]]:
        whole = [(stretch, SYMBOL_TAGS[self.name])]
        if not analyzable:
            return whole
        tagger = load_tagger(self.name)
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
def load_tagger(name: str) -> Tagger:
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


_worker: MorphemeAnalyzer | None = None


def _start_worker(name: str) -> None:
    global _worker
    _worker = MorphemeAnalyzer(name)


def _analyze_chunk(texts: list[str]) -> list[list[str]]:
    return [_worker.morphs(text) for text in texts]
