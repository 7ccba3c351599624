"""A few runs of each task, each with many settings that its `tiny` does not have.

Together they have every setting that changes an exported model; a contract test holds that.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

from pipeline.fields import Text
from pipeline.tasks.base import Task
from pipeline.workspace import SAMPLES

ANALYZER = "mecab" if importlib.util.find_spec("mecab") else "kiwi"

VARIANTS: dict[str, list[dict]] = {
    "sentiment": [
        {
            "pieces": "sentencepiece", "vocabulary_size": 800, "max_length": 12, "cell": "gru",
            "direction": "forward", "layers": 2, "ngrams": "none", "pooling": "last",
        },
        {
            "pieces": "syllable", "min_frequency": 3, "cell": "rnn", "direction": "backward",
            "ngrams": "syllable", "max_ngrams": 4, "pooling": "attention",
        },
        {"morphemes": ANALYZER, "cell": "bag", "pooling": "mean"},
        {
            "pieces": "syllable", "vocabulary_size": 1500, "max_length": 40, "cell": "rnn",
            "direction": "both", "layers": 2, "ngrams": "none",
        },
    ],
    "ner": [
        {
            "corpus": "sample", "max_length": 12, "max_ngram_length": 1, "cell": "gru",
            "direction": "forward", "layers": 2, "head": "softmax", "units": 24,
            "embedding_size": 32, "decoding": "tags", "epochs": 6, "batch_size": 64,
            "learning_rate": 0.03,
        },
        {
            "vocabulary_size": 300, "min_frequency": 3, "min_ngram_frequency": 3, "ngram_size": 4,
            "cell": "rnn", "direction": "backward", "min_probability": 0.3,
        },
    ],
    "translation": [
        {
            "direction": "en-ko", "pieces": "wordpiece", "min_frequency": 3, "architecture": "rnn",
            "cell": "gru", "layers": 2, "tied_softmax": False, "alpha": 0.0, "n_best": 2,
            "max_length_factor": 0.5, "max_length_offset": 3,
        },
        {
            "pieces": "syllable", "joint": True, "vocabulary_size": 300, "max_length": 24,
            "architecture": "transformer", "heads": 2, "feed_forward": 16, "beam_size": 4,
            "n_best": 4, "early_stopping": 1, "scheduled_sampling": 0.5,
        },
        {
            "morphemes": ANALYZER, "max_length": 9, "cell": "rnn", "attention": "additive",
            "input_feeding": True, "coverage": 0.2, "n_best": 2, "min_length": 2,
        },
        {
            "pieces": "wordpiece", "joint": True, "min_frequency": 3, "architecture": "rnn",
            "cell": "gru", "layers": 2, "tied_softmax": False, "beam_size": 1, "alpha": 0.0,
            "max_length_factor": 0.5, "max_length_offset": 3,
        },
        {
            "joint": True, "architecture": "transformer", "heads": 2, "units": 32,
            "scheduled_sampling": 0.5, "n_best": 2,
        },
    ],
    "charlm": [
        {"alphabet": "jamo", "cell": "gru", "layers": 2, "tied_softmax": True, "top_k": 400},
        {"min_frequency": 3, "cell": "rnn", "top_p": 0.9},
    ],
    "frames": [
        {
            "cell": "gru", "direction": "both", "layers": 2, "head": "crf",
        },
        {"cell": "rnn", "layers": 2, "squash": 3.0},
    ],
    "encoder": [
        {
            "pieces": "syllable", "vocabulary_size": 300, "min_frequency": 3, "max_length": 12,
            "passage_length": 20, "ngrams": "syllable", "max_ngrams": 4,
        },
        {
            "architecture": "transformer", "heads": 2, "layers": 2, "feed_forward": 9,
            "ngrams": "none",
        },
    ],
    "forecasting": [
        {"architecture": "direct", "cell": "lstm", "layers": 2, "segment": 5},
        {"architecture": "encoder-decoder", "cell": "gru", "subtract_last": False},
        {"architecture": "dlinear", "kernel": 4},
        {"architecture": "nlinear"},
    ],
    "captioning": [
        {
            "scenes": 40, "pieces": "wordpiece", "min_frequency": 3, "lower_case": False,
            "architecture": "rnn", "cell": "gru", "layers": 2, "tied_softmax": False,
            "beam_size": 1, "alpha": 0.0, "longest_caption": 12,
        },
        {
            "scenes": 40, "pieces": "syllable", "vocabulary_size": 90, "max_length": 12,
            "attention": "general", "cell": "rnn", "input_feeding": True, "early_stopping": 1,
            "min_length": 2,
        },
        {"scenes": 40, "even_attention": 1.0},
    ],
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Variant:
    """One of `VARIANTS`."""

    task: str
    number: int


RUNS = {
    f"{task}-{number}": Variant(task, number)
    for task, variants in VARIANTS.items()
    for number in range(len(variants))
}

_LINES = {
    "sentiment": ("sentiment.tsv", 100),
    "ner": ("ner.txt", 100),
    "translation": ("translation.tsv", 301),  # with its header
}
"""Task -> the file that lies beside the code, and how many of its lines are read."""


def small_corpus(task: Task, folder: Path) -> dict[str, str]:
    """The setting that names a little text, in a file in `folder`. What is no text keeps the
    corpus of `tiny`."""
    if not isinstance(task.input, Text):
        return {}
    path = folder / f"small.{task.name}.txt"
    if not path.exists():
        path.write_text("\n".join(_lines(task.name)) + "\n", encoding="utf-8")
    return {"corpus": str(path)}


def _lines(task: str) -> list[str]:
    if task in _LINES:
        name, count = _LINES[task]
        return (SAMPLES / name).read_text("utf-8").split("\n")[:count]
    if task == "encoder":
        rows = (SAMPLES / "sentiment.tsv").read_text("utf-8").split("\n")[1:101]
        return [row.split("\t")[0] for row in rows]
    return [f"모든 국민은 {number}번 말하고, 나라는 그 말을 듣는다." for number in range(100)]


def settings_of(task: Task, number: int, corpus: dict[str, str] | None = None) -> Any:
    """`task.tiny`, smaller yet, with the settings of one of its variants.

    Args:
        number: which of `VARIANTS`.
        corpus: what `small_corpus` gave.
    """
    small = {"units": 8 + 2 * number, "embedding_size": 8, "layers": 1, "ngram_size": 8}
    small |= {"epochs": 1, "min_steps": 1, "evaluations": 1, "version": number + 2}
    changes = {**small, **(corpus or {}), **VARIANTS[task.name][number]}
    settings = task.tiny
    for group in dataclasses.fields(settings):
        values = getattr(settings, group.name)
        ours = {f.name: changes[f.name] for f in dataclasses.fields(values) if f.name in changes}
        settings = dataclasses.replace(
            settings, **{group.name: dataclasses.replace(values, **ours)}
        )
    return settings
