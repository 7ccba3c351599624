"""Decodes HTML entities in sentence pairs, if a corpus is full of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pipeline.corpora.html_entities import count_with_entities, decode_entities, is_escaped
from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, pair_id


def without_entities(parts: Mapping[str, PairTexts], name: str) -> dict[str, PairTexts]:
    """Decodes the HTML entities of a corpus, on both sides and in all parts, if
    `html_entities.is_escaped` holds for all parts together.

    If too few pairs have one, they stay, and a warning of the first part says so.

    Args:
        name: of the corpus, for the warning.
    """
    sides = [(pair.ko, pair.en) for texts in parts.values() for pair in texts.pairs]
    count = count_with_entities(sides)
    if not count:
        return dict(parts)
    if is_escaped(count, len(sides)):
        return {part: _decoded(texts) for part, texts in parts.items()}
    warning = (
        f"{name}: {count:,} of {len(sides):,} pairs have HTML entities such as &quot; in them, too "
        "few to take the file for escaped; they stay as they are."
    )
    first, *_ = parts
    warned = dataclasses.replace(parts[first], warnings=[*parts[first].warnings, warning])
    return {**parts, first: warned}


def _decoded(texts: PairTexts) -> PairTexts:
    pairs = [_decoded_pair(pair) for pair in texts.pairs]
    count = sum(new is not old for new, old in zip(pairs, texts.pairs, strict=True))
    said = f"{texts.details.get('read_as', '')}; HTML entities in {count:,} of them were decoded"
    details = {**texts.details, "entities_decoded": count, "read_as": said}
    return dataclasses.replace(texts, pairs=pairs, details=details)


def _decoded_pair(pair: SentencePair) -> SentencePair:
    ko, en = decode_entities(pair.ko), decode_entities(pair.en)
    if (ko, en) == (pair.ko, pair.en):
        return pair
    return dataclasses.replace(pair, ko=ko, en=en, id=pair_id(ko, en))
