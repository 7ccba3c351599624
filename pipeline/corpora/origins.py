"""Origins of corpora, in words for reports and model cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.catalogue import Corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.facts import Origin

_LISTED = 8


def own_origin(paths: Sequence[Path]) -> Origin:
    """The origin of a user's own files."""
    more = [f"{len(paths) - _LISTED:,} more"] if len(paths) > _LISTED else []
    title = ", ".join([*(path.name for path in paths[:_LISTED]), *more])
    source = ", ".join([*map(str, paths[:_LISTED]), *more])
    return Origin(title, source, "the user's own")


def sample_origin(sample: Path) -> Origin:
    """The origin of a bundled corpus."""
    source = f"data/samples/{sample.name}, written for this project"
    return Origin("bundled sample", source, "Apache-2.0")


def catalogue_origin(corpus: Corpus) -> Origin:
    """The origin of a corpus of the catalogue."""
    return Origin(corpus.title, corpus.homepage, corpus.licence)


def stand_in_warning(corpus: Corpus, error: CorpusUnavailable, what: str) -> str:
    """The warning that the bundled sample is used instead of `corpus`.

    Args:
        error: why it could not be had.
        what: what the sample holds: "reviews", "sentences" ...
    """
    return (
        f"{corpus.title} could not be had ({error.what}). The bundled sample of hand-written "
        f"{what} stands in for it: good for trying things out, far too small for a model worth "
        "serving. Set CORPUS_MIRROR or connect, then run the same again."
    )
