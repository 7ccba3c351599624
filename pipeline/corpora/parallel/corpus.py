"""Reads, filters and splits sentence pairs, for a translator."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.origins import stand_in_warning
from pipeline.corpora.parallel.pair_filters import (
    REASONS,
    HeldOutSides,
    PairFilter,
    filter_sentences,
    without_repeated,
)
from pipeline.corpora.parallel.pairs import (
    PairTexts,
    SentencePair,
    further_references,
    to_frame,
    to_grouped_frame,
)
from pipeline.corpora.parallel.sources import (
    PairSource,
    catalogue_source,
    different_names,
    names_in,
    own_file,
    own_source,
    sample_source,
)
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import PairCorpusSettings
from pipeline.corpora.splits import FEWEST_ROWS, SPLITS, CorpusSplits, connected, held_out
from pipeline.corpora.text_splits import uneven_warnings
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin

_MAX_NAME_LENGTH = 60


@dataclasses.dataclass(frozen=True)
class ParallelTexts:
    """Sentence pairs on which a finished model is evaluated.

    Attributes:
        frame: columns id, text (source side), label (target side), all str; of a user's file
            label2, label3 ... for further references, too (`pairs.to_grouped_frame`).
        origin: title, source and licence.
        rejects: rows that were left out, and doubtful rows that were kept (`kept`).
        filtered, doubtful: reason -> number of rows.
        warnings: sentences that a user must not miss, with these counts among them.
        read_as: how it was read, a sentence for people; empty if nothing had to be decided.
    """

    frame: pd.DataFrame
    origin: Origin
    rejects: list[Rejected]
    filtered: Mapping[str, int]
    doubtful: Mapping[str, int]
    warnings: list[str]
    read_as: str = ""


def read_parallel_corpus(chosen: PairCorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """Reads, filters and splits parallel corpora: of the catalogue, bundled, or a user's own.

    Bad pairs are left out (`pair_filters.REASONS`); of a published development or test set only
    rows without two sides. A corpus without such a set gives a tenth of its pairs to it, by a
    hash, and always all pairs that share a side. Then no pair of train has a side of dev or test,
    and none of dev a side of test, over all corpora.

    In the test of a user's own corpus each source stands once, with all its translations as
    references (`pairs.to_grouped_frame`). The test sets of the catalogue stay as
    published, so that scores can be compared.

    Several corpora: their training and development sets are joined. Their test sets are joined
    as `test` and also stand by themselves, as `test-` and the name of the corpus: that of the
    catalogue, or of the file without `.train` and suffix, with all characters replaced but
    letters, digits, `_` and `-`.

    Args:
        chosen: which corpora.
        raw: where downloaded files are kept.
        sample: the bundled pairs, also used if a single corpus of the catalogue is not
            available.

    Returns:
        Splits with columns id, text (source side), label (target side). With the details
        direction, corpora (of each: name, title, source, licence, rows, filtered, doubtful, and
        how its files were read), filtered and doubtful (reason -> rows, over all corpora), and
        read_as (a sentence for people).

    Raises:
        CorpusUnavailable: one of several cannot be had.
        UserError: there is no such corpus, or it cannot be trained on.
    """
    pair_filter = PairFilter(chosen.max_length_ratio, chosen.max_characters)
    names, warnings, stand_in = names_in(chosen.corpus), [], False
    try:
        sources = different_names([_source(name, raw, sample) for name in names])
    except CorpusUnavailable as error:
        if len(names) > 1:
            raise
        corpus = catalogue.find_corpus(names[0], "parallel")
        warnings = [stand_in_warning(corpus, error, "pairs")]
        sources, stand_in = [sample_source(sample)], True
    parts = _kept_apart([_split(source, pair_filter) for source in sources], pair_filter)
    if not any(found["train"].pairs for found in parts):
        raise UserError(
            "no pair is left to learn from: each has a side in what is held out",
            where=chosen.corpus,
            remedy="give more pairs",
        )
    if not any(found["dev"].pairs for found in parts):
        raise UserError(
            "no pair is left to choose by: each of dev has a side that test has, too",
            where=chosen.corpus,
            remedy="give a dev file of its own, or none: then a tenth of train is held out",
        )
    splits = {
        split: to_frame(_all([found[split] for found in parts]), chosen.direction)
        for split in ("train", "dev")
    }
    own_tests = [
        _test_frame(found["test"], chosen.direction, several=source.is_own)
        for source, found in zip(sources, parts, strict=True)
    ]
    splits["test"] = pd.concat(own_tests, ignore_index=True).fillna("")
    tests = {}
    if len(sources) > 1:
        for source, frame in zip(sources, own_tests, strict=True):
            splits[f"test-{source.name}"] = frame
            tests[f"test-{source.name}"] = source.origin.title
    described = [_describe(*pair) for pair in zip(sources, parts, strict=True)]
    read_as = [
        *_read_as(*(texts for found in parts for texts in found.values())),
        *_references_in_words(splits["test"]),
    ]
    details = {
        "direction": chosen.direction,
        "corpora": described,
        **({"read_as": "; ".join(read_as)} if read_as else {}),
        **{key: _summed(of[key] for of in described) for key in ("filtered", "doubtful")},
    }
    origins = [source.origin for source in sources]
    origin = Origin(
        *(_listed(getattr(o, part) for o in origins) for part in ("title", "source", "licence"))
    )
    texts = [found[split] for found in parts for split in SPLITS]
    rejects = [reject for part in texts for reject in part.rejects]
    warnings += [warning for part in texts for warning in part.warnings]
    name = "-".join(source.name for source in sources)[:_MAX_NAME_LENGTH]
    return CorpusSplits(
        name,
        splits,
        origin,
        files=[file for source in sources for file in source.files],
        rejects=rejects,
        warnings=warnings,
        stand_in=stand_in,
        tests=tests,
        details=details,
    )


def read_evaluation_pairs(
    name: str, chosen: PairCorpusSettings, raw: Path, sample: Path
) -> ParallelTexts:
    """Reads the pairs on which a finished model is evaluated.

    Args:
        name: of the catalogue, or `sample`: its test split; or the path of a file: all of it.
            Only rows without two sides are left out.
        chosen: the direction, and the filters if a test split has to be made.
        raw, sample: as of `read_parallel_corpus`.

    Raises:
        CorpusUnavailable: nowhere to get it from.
        UserError: there is no such corpus, or nothing in it.
    """
    pair_filter = PairFilter(chosen.max_length_ratio, chosen.max_characters)
    if (own := own_file(name)) is not None:
        source = own_source(own, alone=True)
        texts = pair_filter(source.parts["test"], published=True)
    else:
        source = _source(name, raw, sample, ["test"])
        if "test" in source.parts:
            texts = pair_filter(source.parts["test"], published=True)
        else:
            texts = _split(source, pair_filter)["test"]
    if not texts.pairs:
        raise _nothing_usable(source.origin.source, texts)
    frame = _test_frame(texts, chosen.direction, several=source.is_own)
    return ParallelTexts(
        frame,
        source.origin,
        texts.rejects,
        _summed([texts.left_out]),
        _summed([texts.doubtful]),
        texts.warnings + filter_sentences(texts),
        "; ".join([*_read_as(texts), *_references_in_words(frame)]),
    )


def _test_frame(texts: PairTexts, direction: str, *, several: bool) -> pd.DataFrame:
    return (to_grouped_frame if several else to_frame)(texts.pairs, direction)


def _read_as(*parts: PairTexts) -> list[str]:
    return [texts.details["read_as"] for texts in parts if "read_as" in texts.details]


def _references_in_words(frame: pd.DataFrame) -> list[str]:
    most = 1 + len(further_references(frame))
    return (
        [f"{counted(len(frame), 'test sentence')} with up to {most} references"] if most > 1 else []
    )


def _source(name: str, raw: Path, sample: Path, splits: Sequence[str] = SPLITS) -> PairSource:
    if name == "sample":
        return sample_source(sample)
    if (own := own_file(name)) is not None:
        return own_source(own)
    return catalogue_source(catalogue.find_corpus(name, "parallel"), raw, splits)


def _split(source: PairSource, pair_filter: PairFilter) -> dict[str, PairTexts]:
    """train, dev and test of one corpus, filtered."""
    parts = {
        part: pair_filter(texts, published=part != "train") for part, texts in source.parts.items()
    }
    train = parts["train"]
    for part, texts in parts.items():
        if not texts.pairs:
            raise _nothing_usable(f"{source.origin.source} ({part})", texts)
    if len(train.pairs) < FEWEST_ROWS:
        raise UserError(
            f"has {counted(len(train.pairs), 'usable pair')}; at least {FEWEST_ROWS} are needed",
            where=source.origin.source,
            remedy="give more pairs",
        )
    missing = [part for part in ("test", "dev") if part not in parts]
    return parts if not missing else _held_out(parts, missing, pair_filter, source.origin.source)


def _held_out(
    parts: dict[str, PairTexts], missing: list[str], pair_filter: PairFilter, where: str
) -> dict[str, PairTexts]:
    """Adds the missing splits to `parts`, each a tenth of train; no side is in two of them."""
    train = parts["train"]
    tenth = max(1, round(len(train.pairs) / 10))
    sides = zip(*map(pair_filter.keys, train.pairs), strict=True)
    groups = np.array(connected(*map(list, sides)), dtype=object)
    if (count := len(set(groups))) <= len(missing):
        raise UserError(
            "no tenth of its pairs can be held out: by the sides they share they form "
            f"{counted(count, 'group')}, and {', '.join(['train', *missing])} need one each",
            where=where,
            remedy="put files that end in .dev.tsv and .test.tsv beside it",
        )
    found = dict(parts)
    for number, part in enumerate(missing):
        chosen = held_out(list(groups), tenth, leave=len(missing) - number)
        found[part] = PairTexts(_only(train.pairs, chosen))
        train = dataclasses.replace(train, pairs=_only(train.pairs, ~chosen))
        groups = groups[~chosen]
    rows = {"train": len(train.pairs), **{part: len(found[part].pairs) for part in missing}}
    warnings = [*train.warnings, *uneven_warnings(rows, count)]
    return {**found, "train": dataclasses.replace(train, warnings=warnings)}


def _only(pairs: Sequence[SentencePair], chosen: np.ndarray) -> list[SentencePair]:
    return [pair for pair, wanted in zip(pairs, chosen, strict=True) if wanted]


def _kept_apart(
    parts: list[dict[str, PairTexts]], pair_filter: PairFilter
) -> list[dict[str, PairTexts]]:
    """Removes pairs that share a side with a held-out split, and repeated pairs of train."""
    sides = HeldOutSides(pair_filter)
    sides.add(_all([found["test"] for found in parts]))
    parts = [{**found, "dev": sides.without_shared(found["dev"])} for found in parts]
    sides.add(_all([found["dev"] for found in parts]))
    seen: set[tuple[str, str]] = set()
    kept = []
    for found in parts:
        train = sides.without_shared(found["train"])
        kept.append({**found, "train": without_repeated(train, seen, pair_filter.sides)})
    return kept


def _all(texts: Sequence[PairTexts]) -> list[SentencePair]:
    return [pair for part in texts for pair in part.pairs]


def _describe(source: PairSource, parts: dict[str, PairTexts]) -> dict:
    read = {part: texts.details for part, texts in parts.items() if texts.details}
    return {
        "name": source.name,
        **dataclasses.asdict(source.origin),
        "rows": {part: len(parts[part].pairs) for part in SPLITS if part in parts},
        "filtered": _summed(texts.left_out for texts in parts.values()),
        "doubtful": _summed(texts.doubtful for texts in parts.values()),
        **({"read": read} if read else {}),
    }


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums for all reasons, also those that are 0."""
    total: collections.Counter[str] = collections.Counter()
    for count in counts:
        total.update(count)
    return {reason: total[reason] for reason in REASONS}


def _listed(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def _nothing_usable(where: str, texts: PairTexts) -> UserError:
    left_out = [reject for reject in texts.rejects if not reject.kept]
    first = "".join(f" (line {row.line} of {row.reason})" for row in left_out[:1])
    return UserError(
        f"has no usable pair{first}",
        where=where,
        remedy="write one pair per line, Korean and English, separated by a tab",
    )
