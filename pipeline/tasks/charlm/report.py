"""Content of the report of a character language model; the text is in report.md.j2."""

from __future__ import annotations

import lzma
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.evaluation.continuations import LENGTH
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.text.characters import normalize_lines

if TYPE_CHECKING:
    from pipeline.evaluation.character_scores import CharacterScores
    from pipeline.report.passage import Passage


def character_content(
    scores: Mapping[str, CharacterScores],
    right: float,
    samples: Sequence[tuple[float, str]],
    prompt: str,
    packed: float,
    surprise: Passage | None,
    alphabet: str,
    run: RunFacts,
) -> ReportContent:
    """Makes the report of a language model.

    Args:
        scores: split -> scores; the first one is reported.
        right: of `continuations.right_characters`, on that split.
        samples: (temperature, text) of each sample, the prompt included.
        prompt: beginning of the samples.
        packed: bits per byte of that split by a compressor that has read train (`packed_bits`).
        surprise: some of its text with the cost of each character (`surprise.surprise_passage`).
        alphabet: kind of units (`CharacterSettings.alphabet`).
        run: facts about the run; its history has a column dev_log_probability.
    """
    split, reported = next(iter(scores.items()))
    return run_document(
        "tasks/charlm/report.md.j2",
        run,
        score=("dev_log_probability", "log probability (nats per character)"),
        split=split,
        reported=reported,
        scores=scores,
        right=right,
        length=LENGTH,
        samples=samples,
        prompt=prompt,
        packed=packed,
        surprise=surprise,
        alphabet=alphabet,
    )


def packed_bits(train: Sequence[str], held_out: Sequence[str]) -> float:
    """Bits per byte that xz needs for held-out text after it has compressed train: the baseline of
    a program that only finds repeated strings."""
    before, after = (
        "\n".join(map(normalize_lines, texts)).encode("utf-8") for texts in (train, held_out)
    )

    def size(data: bytes) -> int:
        return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))

    return 8 * (size(before + b"\n" + after) - size(before)) / max(len(after), 1)
