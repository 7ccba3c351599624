"""Subword regularisation over a training split, drawn anew for each epoch."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.progress import track
from pipeline.text.line_file import line_blocks
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Branch, Tokenizer
from pipeline.text.tokenizers import load_tokenizer
from pipeline.text.unigram import WORD_MARK
from pipeline.text.vocabulary import BOS, EOS, UNK

ROWS_AT_ONCE = 1 << 18
"""Rows of a split that are drawn together: words, branches and draws of so many are in memory."""

_BELOW_ONE = 1.0 - 2.0**-24


class SegmentationSampler:
    """Cuts every word of a split anew in each epoch.

    Built once: for each distinct word, which pieces may start at each of its characters, and how
    likely each is (`Tokenizer.branches`). A draw then walks all occurrences of all words at once,
    one piece a step, in numpy; each occurrence is cut independently of the others. A word longer
    than `MAX_WORD_LENGTH` is drawn in parts, at whose edges it is always cut.

    Args:
        tokenizer: whose pieces.
        texts: the split, as given, or a block of it.
        strength: 0 for the plain segmentation. wordpiece: the probability of refusing a match
            (MaxMatch-Dropout, Hiraoka 2022; 0.1 is usual). sentencepiece: alpha, the exponent on
            a segmentation's probability (Kudo 2018; 0.1 to 0.5 is usual, small values are the
            noisy ones). syllable: has no effect.
        seed: draws are a pure function of texts, tokenizer, strength, seed, epoch and block.
        normalized: whether `texts` already went through `Tokenizer.normalize`.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        *,
        strength: float,
        seed: int,
        normalized: bool = False,
    ):
        if strength < 0 or (tokenizer.kind == "wordpiece" and strength > 1):
            raise UserError(
                f"a longest match cannot be refused more often than always, not {strength:g} times",
                where="the strength of subword sampling",
                remedy="with wordpiece it is a probability, at most 1",
            )
        self.seed = seed
        texts = texts if normalized else tokenizer.normalize(texts)
        self._plain = None
        if strength == 0 or tokenizer.kind == "syllable":
            self._plain = tokenizer.encode_normalized(texts)
            return
        numbers: dict[str, int] = {}
        lengths = np.empty(len(texts), np.int64)

        def occurrences() -> Iterator[int]:
            for row, text in enumerate(texts):
                words = tokenizer.words(text)
                lengths[row] = len(words)
                for word in words:
                    yield numbers.setdefault(word, len(numbers))

        self._words = Ragged.from_lengths(np.fromiter(occurrences(), np.int32), lengths)
        # SentencePiece makes one [UNK] of unknown characters that stand side by side in a word.
        self._joins_unknown = tokenizer.kind == "sentencepiece"
        self._begins = np.array([word.startswith(WORD_MARK) for word in numbers], bool)
        self._lay_out(tokenizer.branches(word, strength) for word in numbers)

    def _lay_out(self, words: Iterable[list[list[Branch]]]) -> None:
        """All characters of all words get a number; branches stand in the order of these."""
        characters, counts = array("q"), array("q")

        def branches() -> Iterator[Branch]:
            for word in words:
                characters.append(len(word))
                for here in word:
                    counts.append(len(here))
                    yield from here

        table = np.fromiter(
            branches(), np.dtype([("id", "i4"), ("step", "i4"), ("probability", "f8")])
        )
        lengths, widths = np.array(characters, np.int64), np.array(counts, np.int64)
        total = len(table)
        self._ends = np.cumsum(lengths)
        self._starts = self._ends - lengths
        self._ids, self._steps = table["id"].copy(), table["step"].copy()
        owner = np.repeat(np.arange(len(widths)), widths)
        running = np.cumsum(table["probability"])
        last = np.cumsum(widths) - 1
        before = np.concatenate([[0.0], running[last][:-1]]) if total else np.zeros(0)
        # Branch b of character c ends at c + (its cumulative probability): one sorted array, in
        # which a search for c + u, u uniform in [0, 1), draws a branch of c.
        self._bounds = owner + np.minimum(running - before[owner], 1.0)
        self._bounds[last] = np.arange(len(widths)) + 1.0

    def draw(self, epoch: int, block: int = 0) -> Ragged:
        """Ids of the texts for one epoch, rows framed [BOS] ... [EOS].

        Args:
            block: number of the block of the split that the texts are.
        """
        if self._plain is not None:
            return self._plain
        random = np.random.default_rng((self.seed, epoch, block) if block else (self.seed, epoch))
        occurrences = self._words.ids
        place, end = self._starts[occurrences], self._ends[occurrences]
        active = np.arange(len(occurrences))
        counts = np.zeros(len(occurrences), np.int64)
        steps = []
        while len(active):
            targets = place + random.random(len(active)) * _BELOW_ONE
            branch = np.searchsorted(self._bounds, targets, side="right")
            steps.append((active, self._ids[branch]))
            counts[active] += 1
            place = place + self._steps[branch]
            going = place < end
            active, place, end = active[going], place[going], end[going]
        pieces = Ragged.from_lengths(np.empty(int(counts.sum()), np.int32), counts)
        for step, (active, ids) in enumerate(steps):
            pieces.ids[pieces.row_splits[active] + step] = ids
        if self._joins_unknown:
            pieces = _with_unknown_runs_joined(pieces, self._begins[occurrences])
        return Ragged(pieces.ids, pieces.row_splits[self._words.row_splits]).framed(BOS, EOS)


def segmentations(
    folder: Path,
    texts: Path,
    rows: Ragged,
    *,
    strength: float,
    seed: int,
    max_length: int | None = None,
) -> Callable[[int], Ragged]:
    """A function from the epoch to the training rows; cut anew each epoch if subword dropout is on.

    Of more than `ROWS_AT_ONCE` rows a block after the other is laid out and drawn in each epoch,
    and what is drawn goes to unnamed files beside `texts`, so that memory does not grow with
    them.

    Args:
        folder: of the tokenizer.
        texts: file with what `Tokenizer.normalize` gave of train, a line each.
        rows: the plain segmentation, which is what every epoch has where nothing can be drawn.
        strength, seed: as of `SegmentationSampler`.
        max_length: rows that are drawn longer are cut as `Ragged.truncated` does it.
    """
    tokenizer = load_tokenizer(folder)
    if not strength or tokenizer.kind == "syllable":
        return lambda epoch: rows

    def sampler(lines: Sequence[str]) -> SegmentationSampler:
        return SegmentationSampler(tokenizer, lines, strength=strength, seed=seed, normalized=True)

    def draw(sampler: SegmentationSampler, epoch: int, block: int = 0) -> Ragged:
        drawn = sampler.draw(epoch, block)
        return drawn if max_length is None else drawn.truncated(max_length)

    blocks = -(-len(rows) // ROWS_AT_ONCE)
    if blocks <= 1:
        only = sampler(next(line_blocks(texts, ROWS_AT_ONCE), []))
        return lambda epoch: draw(only, epoch)

    def in_blocks(epoch: int) -> Ragged:
        lines = track(line_blocks(texts, ROWS_AT_ONCE), "cut anew", blocks, "blocks")
        parts = (draw(sampler(block), epoch, number) for number, block in enumerate(lines))
        return Ragged.in_temporary_file(parts, texts.parent)

    return in_blocks


def _with_unknown_runs_joined(parts: Ragged, begins: np.ndarray) -> Ragged:
    """Replaces each run of [UNK] within a word by one [UNK].

    Args:
        parts: pieces of words, or of parts of words.
        begins: bool [parts], whether a word begins with it.
    """
    unknown = parts.ids == UNK
    repeated = np.zeros(len(unknown), bool)
    repeated[1:] = unknown[1:] & unknown[:-1]
    repeated[parts.row_splits[:-1][begins]] = False
    kept_before = np.concatenate([[0], np.cumsum(~repeated)])
    return Ragged(parts.ids[~repeated], kept_before[parts.row_splits])
