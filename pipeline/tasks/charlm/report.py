"""What the report of a character language model says."""

from __future__ import annotations

import lzma
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.evaluation.continuations import LENGTH
from pipeline.report.page import Card, ReportContent, Section, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report
from pipeline.text.characters import normalize_lines

if TYPE_CHECKING:
    from pipeline.evaluation.character_scores import CharacterScores
    from pipeline.report.passage import Passage

_ALPHABETS = {"syllable": "by character · 글자", "jamo": "by jamo · 자모"}


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
    """Puts a language model's report together.

    Args:
        scores: split -> what it costs; the first is the one that counts.
        right: from `continuations.right_characters`, on that split.
        samples: (temperature, text) of each sample, the prompt included.
        prompt: what the samples begin with.
        packed: bits per byte of it for a compressor that has read train (`packed_bits`).
        surprise: some of it with what that cost (`surprise.surprise_passage`).
        alphabet: what a unit is, as `CharacterSettings.alphabet` says.
        run: what is known of the run; its history has a column dev_log_probability.
    """
    split, found = next(iter(scores.items()))
    return run_report(
        run,
        title="Character language model (charlm) · 문자 언어 모형",
        about=[_ALPHABETS[alphabet]],
        measured=f"{found.characters:,} {split} characters",
        cards=_cards(split, found, right),
        body=(_scores(scores, packed), _surprise(split, surprise), _samples(samples, prompt)),
        score=("dev_log_probability", "log probability of a character, nats"),
    )


def packed_bits(train: Sequence[str], held_out: Sequence[str]) -> float:
    """Bits per byte that xz needs for what was held out once it has packed train: what
    a program that finds repeated stretches, and knows nothing of language, gets from the same
    text."""
    before, after = (
        "\n".join(map(normalize_lines, texts)).encode("utf-8") for texts in (train, held_out)
    )

    def size(data: bytes) -> int:
        return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))

    return 8 * (size(before + b"\n" + after) - size(before)) / max(len(after), 1)


def _cards(split: str, found: CharacterScores, right: float) -> list[Card]:
    return [
        Card(
            "Bits per byte · 바이트당 비트",
            f"{found.bits_per_byte:.3f}",
            f"What a byte of the {split} text costs in UTF-8. Alphabets, and languages, compare by "
            "it.",
        ),
        Card(
            "Bits per character · 글자당 비트",
            f"{found.bits_per_character:.3f}",
            f"As if each character were one of {2**found.bits_per_character:.1f} equally probable "
            "ones.",
        ),
        Card(
            "Loss · 손실",
            f"{found.loss:.3f}",
            "Nats a unit, which is what training makes small.",
        ),
        Card(
            "Right characters · 맞힌 글자",
            f"{right:.2f}",
            f"Of the {LENGTH} characters behind the first half of a {split} line, so many are "
            "foretold in the mean before the first that is wrong.",
        ),
    ]


def _scores(scores: Mapping[str, CharacterScores], packed: float) -> Section:
    rows = [
        (
            name,
            f"{found.loss:.4f}",
            f"{found.bits_per_character:.4f}",
            f"{found.bits_per_byte:.4f}",
            f"{found.characters:,}",
            f"{found.unknown:.2%}",
        )
        for name, found in scores.items()
    ]
    split, first = next(iter(scores.items()))
    beside = "fewer" if first.bits_per_byte < packed else "more"
    return Section(
        "What the text costs · 교차 엔트로피",
        [
            "−log p(c_t | c_1 … c_{t−1}), summed over the text: the length of the text in a code "
            "made by the model (Shannon 1948). In nats a unit it is the loss; divided by ln 2 and "
            "by the characters, bits per character; by the bytes of UTF-8, bits per byte.",
            "A unit that the alphabet does not have costs what [UNK] costs and, beyond that, the "
            "20.1 bits that name one of all characters there are: a smaller alphabet gains "
            "nothing by leaving out.",
            f"xz, which has packed the training text before and only finds stretches again, needs "
            f"{packed:.3f} bits per byte for the {split} text; the model needs {beside}.",
        ],
        tables=[
            Table(
                ("split", "loss, nats a unit", "bits per character", "bits per byte", "characters",
                 "unknown units"),
                rows,
                numeric=range(1, 6),
            )
        ],
    )  # fmt: skip


def _surprise(split: str, passage: Passage | None) -> Section | None:
    if passage is None:
        return None
    return Section(
        "Where it is surprised · 놀람",
        [
            f"Some lines of {split}. A character on orange cost many bits, one on blue next to "
            "none. It costs most where something new begins, a word or a name; once that is "
            "clear, the rest is foretold.",
        ],
        passages=[passage],
    )


def _samples(samples: Sequence[tuple[float, str]], prompt: str) -> Section:
    return Section(
        "What it writes · 생성",
        [
            f"One to many: from “{prompt}”, the first words of dev, each character is drawn from "
            "what the model gives after all before it, and read again.",
            "p_i ∝ exp(z_i / T): a temperature (온도) T below 1 prefers what is probable anyway, "
            "and repeats itself; above 1 it is bold, and wrong.",
        ],
        tables=[
            Table(
                ("text · 글", "temperature · 온도"),
                [(text, f"{temperature:g}") for temperature, text in samples],
                prose=True,
            )
        ],
    )
