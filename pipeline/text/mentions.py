"""Mention replacement: in training, entities are replaced by others, anew in each epoch."""

from __future__ import annotations

import collections

import numpy as np

from pipeline.text.ragged import Ragged
from pipeline.text.tags import OUTSIDE, TagSet
from pipeline.text.vocabulary import CONTINUES, Vocabulary

_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS = 0xAC00, 0xD7A3, 28


class MentionSampler:
    """Replaces some entities by others of the same kind, anew in each epoch.

    A tagger sees each name of its training text in a few contexts only and learns it by heart.
    With `<김민수:PS>가` now and then read as another person of the training split, it has to look
    at the context and at what names are like: Dai and Adel 2020, "An Analysis of Simple Data
    Augmentation for Named Entity Recognition", mention replacement. All distinct entities of a
    kind are equally likely, so that rare ones are seen more often than the corpus has them.

    The particle after an entity stays right (`가` after 민수, `이` after 지영): an entity gives
    way only to one that also ends in a final consonant, in none, or in something else than a
    syllable.

    Args:
        rows: framed ids of syllables.
        tags: legal tags of the same rows.
        tag_set: what the tags mean.
        vocabulary: the pieces.
        share: how many of the entities are replaced, 0 to 1.
        seed: draws are a pure function of all of these and the epoch.
    """

    def __init__(
        self,
        rows: Ragged,
        tags: Ragged,
        tag_set: TagSet,
        vocabulary: Vocabulary,
        *,
        share: float,
        seed: int,
    ):
        self.seed, self.share = seed, share
        self._rows, self._tags = rows, tags
        starts, self._segments = _cut(tags)
        ends = np.append(starts[1:], len(rows.ids))
        self._mentions = np.flatnonzero(tags.ids[starts] != OUTSIDE)
        # Stretches of text: first those of the rows themselves, then every distinct entity,
        # beginning a word and going on with one.
        texts = [rows.ids[a:b].tolist() for a, b in zip(starts, ends, strict=True)]
        labels = [tags.ids[a:b].tolist() for a, b in zip(starts, ends, strict=True)]
        pieces, number = vocabulary.pieces, vocabulary.as_dict()
        pools: dict[tuple, dict[tuple, int]] = collections.defaultdict(dict)
        wanted = []
        for segment in self._mentions:
            ids = texts[segment]
            inside = pieces[ids[0]].startswith(CONTINUES)
            key = (labels[segment][0], _ending(pieces[ids[-1]]))
            wanted.append((*key, inside))
            body = pieces[ids[0]].removeprefix(CONTINUES)
            for begins_inside in (False, True):
                first = number.get(CONTINUES * begins_inside + body)
                if first is None:  # not known in this place, or [UNK] itself
                    continue
                pools[(*key, begins_inside)].setdefault((first, *ids[1:]), -1)
        members, bounds = [], {}
        for key, mentions in pools.items():
            bounds[key] = (len(members), len(mentions))
            for ids in mentions:
                members.append(len(texts))
                texts.append(list(ids))
                labels.append([key[0], *[key[0] + 1] * (len(ids) - 1)])
        self._members = np.array(members, np.int64)
        self._pools = np.array([bounds.get(key, (0, 0)) for key in wanted], np.int64).reshape(-1, 2)
        self._texts, self._labels = Ragged.from_lists(texts), Ragged.from_lists(labels)

    def draw(self, epoch: int) -> tuple[Ragged, Ragged]:
        """Ids and tags of the whole split for one epoch, framed as before."""
        if not self.share or not len(self._mentions):
            return self._rows, self._tags
        random = np.random.default_rng((self.seed, epoch))
        chosen = np.arange(self._segments[-1])
        first, size = self._pools.T
        replaced = (random.random(len(self._mentions)) < self.share) & (size > 0)
        member = first + (random.random(len(self._mentions)) * size).astype(np.int64)
        chosen[self._mentions[replaced]] = self._members[member[replaced]]
        ids, tags = self._texts.take(chosen), self._labels.take(chosen)
        splits = ids.row_splits[self._segments]
        return Ragged(ids.ids, splits), Ragged(tags.ids, splits)


def _cut(tags: Ragged) -> tuple[np.ndarray, np.ndarray]:
    """Rows, cut where an entity begins or ends.

    Returns:
        Where each segment begins, among all tags; and how many segments stand before each row
        [rows + 1].
    """
    ids = tags.ids
    before = np.concatenate([[OUTSIDE], ids[:-1]])
    cut = (ids % 2 == 1) | ((ids == OUTSIDE) & (before != OUTSIDE))
    cut[tags.row_splits[:-1][tags.lengths > 0]] = True
    counted = np.concatenate([[0], np.cumsum(cut)])
    return np.flatnonzero(cut), counted[tags.row_splits]


def _ending(piece: str) -> str:
    """The property of an ending that decides the form of the particle after it."""
    code = ord(piece[-1])
    if not _FIRST_SYLLABLE <= code <= _LAST_SYLLABLE:
        return "other"
    return "consonant" if (code - _FIRST_SYLLABLE) % _FINALS else "vowel"
