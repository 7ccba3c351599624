"""Tokenizes both sides of sentence pairs, with one tokenizer per side or one for both."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.ragged import Ragged
from pipeline.text.sampling import segmentations
from pipeline.text.settings import PairTextSettings
from pipeline.text.tokenizer import Tokenizer, normalize_texts
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer
from pipeline.workspace import write_text


@dataclasses.dataclass(frozen=True)
class PairPieces:
    """Counts of what `write_pair_pieces` wrote.

    Attributes:
        sizes: side -> pieces of its vocabulary.
        tokens: side -> split -> tokens, those that were cut off among them.
        truncated: side -> split -> texts that were cut.
        summary: one line for people.
    """

    sizes: Mapping[str, int]
    tokens: Mapping[str, Mapping[str, int]]
    truncated: Mapping[str, Mapping[str, int]]
    summary: str


SIDES = ("source", "target")
_FOLDERS = {"source": ".", "target": "target"}
"""Side -> the folder of its tokenizer, below the folder of the ids."""


def write_pair_pieces(
    settings: PairTextSettings,
    texts: Mapping[str, Mapping[str, Sequence[str]]],
    folder: Path,
) -> PairPieces:
    """Learns pieces from the training split alone and writes every split as ids.

    Into `folder`: the tokenizer of each side (with a joint vocabulary one and the same, twice),
    the ids `<split>.<side>` (for `Ragged.load`), and `<side>.train.txt`, the training texts as they
    are cut into pieces (under the text policy; with an analyser morphemes, which take longest to
    find), a line each.

    Args:
        settings: what pieces; an analyser of morphemes is for the source.
        texts: side -> split -> its texts as given, "train" among the splits.
        folder: to write into.

    Raises:
        UserError: no pieces can be learnt like this.
    """
    morphemes = None if settings.morphemes == "none" else settings.morphemes
    analyzers = {"source": MorphemeAnalyzer(morphemes) if morphemes else None, "target": None}
    workers = os.cpu_count() or 1
    normalized = {
        side: {
            split: normalize_texts(list(of), analyzers[side], workers)
            for split, of in texts[side].items()
        }
        for side in SIDES
    }
    sizes: dict[str, int] = {}
    tokens: dict[str, dict[str, int]] = {side: {} for side in SIDES}
    truncated: dict[str, dict[str, int]] = {side: {} for side in SIDES}
    for side, tokenizer in _learnt(settings, normalized, morphemes).items():
        tokenizer.save(folder / _FOLDERS[side])
        lines = "".join(f"{text}\n" for text in normalized[side]["train"])
        write_text(folder / f"{side}.train.txt", lines)
        for split, of in normalized[side].items():
            rows = tokenizer.encode_normalized(of)
            truncated[side][split] = int((rows.lengths > settings.max_length).sum())
            rows.truncated(settings.max_length).save(folder / f"{split}.{side}")
            tokens[side][split] = int(rows.row_splits[-1])
        sizes[side] = len(tokenizer.vocabulary)
    pairs = len(normalized["source"]["train"])
    each = " and ".join(f"{tokens[side]['train'] / pairs:.1f}" for side in SIDES)
    pieces = f"{sizes['source']:,} source and {sizes['target']:,} target pieces"
    if settings.joint:
        pieces = f"{sizes['source']:,} pieces for both sides"
    return PairPieces(sizes, tokens, truncated, f"{pieces}, {each} a sentence")


def _learnt(
    settings: PairTextSettings, normalized: dict[str, dict[str, list[str]]], morphemes: str | None
) -> dict[str, Tokenizer]:
    def learn(texts: list[str], morphemes: str | None = None) -> Tokenizer:
        return learn_tokenizer(
            settings.pieces,
            texts,
            vocabulary_size=settings.vocabulary_size,
            min_frequency=settings.min_frequency,
            morphemes=morphemes,
            normalized=True,
        )

    source, target = (normalized[side]["train"] for side in SIDES)
    if settings.joint:
        return dict.fromkeys(SIDES, learn(source + target))
    return {"source": learn(source, morphemes), "target": learn(target)}


def load_pair_tokenizers(folder: Path) -> dict[str, Tokenizer]:
    """Side -> the tokenizer that `write_pair_pieces` wrote.

    Raises:
        UserError: a file is absent or damaged.
    """
    return {side: load_tokenizer(folder / _FOLDERS[side]) for side in SIDES}


def training_segmentations(
    folder: Path, side: str, settings: PairTextSettings, strength: float, seed: int
) -> Callable[[int], Ragged]:
    """A function from the epoch to one side of the training pairs; cut anew each epoch if
    `strength` is above 0.

    Args:
        folder: what `write_pair_pieces` wrote into.
        side: one of `SIDES`.
        settings: those it was written with.
        strength, seed: as of `SegmentationSampler`.
    """
    return segmentations(
        folder / _FOLDERS[side],
        folder / f"{side}.train.txt",
        Ragged.load(folder / f"train.{side}"),
        strength=strength,
        seed=seed,
        max_length=settings.max_length,
    )
