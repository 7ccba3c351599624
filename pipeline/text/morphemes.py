"""Morphemes by KoNLPy's analyzers (Okt, Komoran, Hannanum, Kkma) and by MeCab.

KoNLPy is GPL-licensed, starts a Java virtual machine and cannot run inside a TensorFlow graph, so
nothing here is imported before an analyzer is used. The analyzers crash, hang or lose text on
input that the web is full of (blank text, emoji, long runs of ㅋ); `MorphemeAnalyzer` hands them
only what they are known to survive.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from pipeline.errors import UserError
from pipeline.progress import Progress
from pipeline.text.morpheme_spans import spans_of
from pipeline.text.normalize import aligned, normalize
from pipeline.text.piece import Piece

ANALYZERS = ("okt", "komoran", "hannanum", "kkma", "mecab")

_SYMBOL_TAGS = {"okt": "Foreign", "komoran": "SW", "hannanum": "S", "kkma": "SW", "mecab": "SY"}
"""What each tag set calls a character that no analyzer is asked about."""

_LONGEST_STRETCH = 200
"""Characters handed over at once; the analyzers' time grows faster than the text."""

_LONGEST_WORD = {"okt": 60, "komoran": 60, "hannanum": 40, "kkma": 20, "mecab": 200}
"""Characters of a word that an analyzer gets whole: Hannanum overruns its tables soon after, and
Kkma's time may double with every further character."""

_LONGEST_REPEAT = 6
"""Characters of a word like 나나나나나나나 that Kkma gets whole; twelve may take it seconds, forty
a minute."""

# Emoji and other characters beyond the Basic Multilingual Plane, with what clings to them: as
# surrogate pairs they confuse Komoran and JPype.
_BEYOND = re.compile("[\U00010000-\U0010ffff\u200d\ufe00-\ufe0f]+")
_REPEAT = re.compile(r"(\S{0,2}[가-힣]\S{0,2}?)\1{3,}")

_POOL_PAYS_FROM = 20_000
_CHUNK = 500


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
        self._tagger = None

    def __reduce__(self):  # a worker process loads its own
        return MorphemeAnalyzer, (self.name,)

    def pos(self, text: str) -> list[tuple[str, str]]:
        """(morpheme, tag) of a text; which tags there are is the analyzer's affair."""
        found: list[tuple[str, str]] = []
        for stretch, plain in self._stretches(normalize(text)):
            found += self._tagged(stretch) if plain else [(stretch, _SYMBOL_TAGS[self.name])]
        return found

    def morphs(self, text: str) -> list[str]:
        """The morphemes of a text. All but Okt and MeCab undo contraction: 했 -> 하, 았."""
        return [morph for morph, _ in self.pos(text)]

    def spans(self, text: str) -> list[Piece]:
        """`morphs` with the characters of the text as given that each one came from."""
        normalized, starts, ends = aligned(text)
        return [
            Piece(morph, starts[start], ends[end - 1])
            for morph, start, end in spans_of(self.morphs(normalized), normalized)
        ]

    def analyze_many(self, texts: Sequence[str], workers: int = 1) -> list[list[str]]:
        """`morphs` of every text, with progress shown.

        Args:
            workers: processes. More than one only where there is enough to do to make up for the
                seconds each needs to start a Java machine of its own; MeCab needs none.
        """
        if workers > 1 and len(texts) >= _POOL_PAYS_FROM and self.name != "mecab":
            return self._analyze_in_processes(texts, workers)
        found = []
        with Progress(f"{self.name} morphemes", len(texts), "texts") as progress:
            for text in texts:
                found.append(self.morphs(text))
                progress.advance()
        return found

    def _analyze_in_processes(self, texts: Sequence[str], workers: int) -> list[list[str]]:
        chunks = [list(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
        found: list[list[str]] = []
        # Spawned, not forked: a JVM does not survive a fork.
        context = multiprocessing.get_context("spawn")
        with (
            ProcessPoolExecutor(workers, context, _start_worker, (self.name,)) as pool,
            Progress(f"{self.name} morphemes", len(texts), "texts") as progress,
        ):
            for result in pool.map(_analyze_chunk, chunks):
                found += result
                progress.advance(len(result))
        return found

    def _stretches(self, text: str) -> list[tuple[str, bool]]:
        """Parts of a normalized text, and whether to ask the analyzer about them."""
        found: list[tuple[str, bool]] = []
        done = 0
        for match in _BEYOND.finditer(text):
            found += [(part, True) for part in self._cut(text[done : match.start()])]
            found.append((match.group(), False))
            done = match.end()
        return found + [(part, True) for part in self._cut(text[done:])]

    def _cut(self, text: str) -> list[str]:
        """Stretches of whole words, none too long; a word too long by itself is cut."""
        longest = _LONGEST_WORD[self.name]
        if self.name == "kkma":
            text = _REPEAT.sub(lambda match: f" {_in_parts(match.group(), _LONGEST_REPEAT)} ", text)
        stretches, line = [], ""
        for word in text.split():
            for part in _in_parts(word, longest).split():
                # What was cut from a long word must not become one long word again.
                if line and (len(word) > longest or len(line) + len(part) >= _LONGEST_STRETCH):
                    stretches.append(line)
                    line = part
                else:
                    line = f"{line} {part}".lstrip()
        return [*stretches, line] if line else stretches

    def _tagged(self, stretch: str) -> list[tuple[str, str]]:
        if self._tagger is None:
            self._tagger = load_tagger(self.name)
        try:
            found = self._tagger(stretch)
        except Exception:  # whatever Java throws: these words are then not analyzed further
            words = stretch.split()
            if len(words) > 1:
                return [tagged for word in words for tagged in self._tagged(word)]
            return [(stretch, _SYMBOL_TAGS[self.name])]
        kept = [(morph.strip(), tag) for morph, tag in found if morph.strip()]
        return kept or [(stretch, _SYMBOL_TAGS[self.name])]


def load_tagger(name: str):
    """The named analyzer as a function: text -> [(morpheme, tag)]."""
    if name == "mecab":
        try:
            from mecab import MeCab
        except ImportError:
            raise UserError(
                "MeCab is not installed", remedy="pip install python-mecab-ko==1.3.7"
            ) from None
        return MeCab().pos
    from pipeline.text.java import start_java

    start_java()
    from konlpy import tag

    return {"okt": tag.Okt, "komoran": tag.Komoran, "hannanum": tag.Hannanum, "kkma": tag.Kkma}[
        name
    ]().pos


def _in_parts(word: str, longest: int) -> str:
    return " ".join(word[at : at + longest] for at in range(0, len(word), longest))


_worker: MorphemeAnalyzer | None = None


def _start_worker(name: str) -> None:
    global _worker
    _worker = MorphemeAnalyzer(name)


def _analyze_chunk(texts: list[str]) -> list[list[str]]:
    return [_worker.morphs(text) for text in texts]
