"""Files of a user's that are held out since they stand beside the one that is named."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipeline.compressed import without_compression
from pipeline.corpora.splits import SPLITS

_TRAIN = re.compile(r"(?<![^\W_])train(?![^\W_])")


def files_beside(path: Path) -> dict[str, Path]:
    """The files of a user's corpus: `train`, and those of `dev` and `test` that stand beside it.

    Beside `a.train.tsv` or `a.tsv` they are `a.dev.tsv` and `a.test.tsv`, beside `train.tsv`
    `dev.tsv` and `test.tsv`; where there is no `a.tsv`, `a.train.tsv` is meant by it.
    """
    places = places_beside(path)
    is_there = {split: os.path.isfile(place) for split, place in places.items()}
    train = places["train"] if is_there["train"] and not os.path.exists(path) else path
    return {"train": train, **{s: places[s] for s in ("dev", "test") if is_there.get(s)}}


def places_beside(path: Path) -> dict[str, Path]:
    """Where `train`, `dev` and `test` of a user's corpus are looked for beside `path`.

    Beside what has no name (the folder `.`, or `/`) nothing is.
    """
    if not path.name:
        return {"train": path}
    if _TRAIN.search(path.name):
        return {s: path.with_name(_TRAIN.sub(s, path.name, count=1)) for s in SPLITS}
    name = without_compression(path.name)
    stem, ending = os.path.splitext(name)
    ending += path.name[len(name) :]
    return {split: path.with_name(f"{stem}.{split}{ending}") for split in SPLITS}


def watched_paths(path: Path) -> list[Path]:
    """`path`, and what stands beside it or may do so one day: then the corpus is another."""
    return list(dict.fromkeys([path, *places_beside(path).values()]))


def corpus_name(path: Path) -> str:
    """What a user's corpus is called: its file without endings and `.train`."""
    return os.path.splitext(without_compression(path.name))[0].removesuffix(".train")
