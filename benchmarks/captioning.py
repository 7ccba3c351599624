"""Trains captioners on Flickr8k: attention, no attention, both languages; prints one table.

    python -m benchmarks.captioning FOLDER [NAME ...]

FOLDER has `images/`, `{en,ko}.train.tsv`, `{en,ko}.test.tsv` and `en.dev.tsv`:
a picture and a caption in each row. NAME is one of `VARIANTS`; without any, all are trained one
after the other, each in its own process. Finished runs, in runs/captioning/flickr8k-NAME, are not
trained again.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.workspace import Workspace, read_json


@dataclasses.dataclass(frozen=True)
class Variant:
    """One training: its files and settings."""

    files: tuple[str, ...]
    settings: tuple[str, ...] = ()


EN, KO = "en.train.tsv", "ko.train.tsv"
VARIANTS = {
    "attention": Variant((EN,)),
    "plain": Variant((EN,), ("--architecture", "rnn")),
    "even": Variant((EN,), ("--even-attention", "1")),
    "sampling": Variant((EN,), ("--scheduled-sampling", "0.25")),
    "both": Variant((EN, KO)),
    "korean": Variant((KO,)),
}
PUBLISHED = {
    "soft attention (Xu et al. 2015)": (67.0, 44.8, 29.9, 19.5),
    "hard attention (Xu et al. 2015)": (67.0, 45.7, 31.4, 21.3),
}
"""BLEU-1 to BLEU-4 on Flickr8k's test split, table 1 of arXiv:1502.03044."""

_STAGES = ("corpus", "prepare", "train", "evaluate", "export")


def train(name: str, folder: Path) -> None:
    """Runs all stages of a variant."""
    variant = VARIANTS[name]
    corpus = ",".join(str(folder / file) for file in variant.files)
    version = str(100 + list(VARIANTS).index(name))
    options = ["--corpus", corpus, "--name", f"flickr8k-{name}", "--version", version]
    for stage in _STAGES:
        command = [sys.executable, "-m", "pipeline", stage, "captioning", *options]
        subprocess.run([*command, *variant.settings], check=True)


def rows(names: Sequence[str], workspace: Workspace) -> list[tuple[str, ...]]:
    """A row of the table for each finished variant and language."""
    found = []
    for name in names:
        run = workspace.run("captioning", f"flickr8k-{name}")
        metrics, training = read_json(run / "metrics.json"), read_json(run / "training.json")
        languages = metrics.get("languages") or {metrics["language"]: metrics}
        for language, of in languages.items():
            found.append(
                (
                    f"{name} ({language})",
                    *(f"{of[f'bleu{order}']:.1f}" for order in (1, 2, 3, 4)),
                    f"{of['cider']:.3f}",
                    f"{of['sacrebleu']:.1f}",
                    f"{of['chrf']:.1f}",
                    f"{of['seen_in_training']:.1%}",
                    f"{of['count']:,}",
                    f"{training['parameters']:,}",
                    f"{training['seconds'] / 60:.1f}",
                )
            )
    return found


COLUMNS = (
    "model", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "CIDEr", "sacreBLEU", "chrF",
    "seen in training", "pictures", "parameters", "minutes",
)  # fmt: skip


def table(names: Sequence[str], workspace: Workspace) -> str:
    """The table, in Markdown."""
    published = [
        (f"{name}, published", *(f"{bleu:.1f}" for bleu in bleus), *[""] * (len(COLUMNS) - 5))
        for name, bleus in PUBLISHED.items()
    ]
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows(names, workspace), *published]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    if not arguments or unknown(arguments[1:]):
        sys.exit(__doc__)
    names = list(arguments[1:]) or list(VARIANTS)
    for name in names:
        train(name, Path(arguments[0]))
    print(table(names, Workspace()))


def unknown(names: Sequence[str]) -> list[str]:
    """Names that are no variant."""
    return [name for name in names if name not in VARIANTS]


if __name__ == "__main__":
    main(sys.argv[1:])
