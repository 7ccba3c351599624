"""The probable entities of a sentence, from the probabilities of a CRF, usable on their own.

The most probable sequence of tags is right as a whole more often than any other. What is wanted
and what F1 scores are single entities: the expected F1 is highest with every entity whose
probability, the sum over all sequences that contain it, exceeds half of the F1 that is reached so
(Lipton et al. 2014, arXiv:1402.1892). Several models agree on entities by the means of their
probabilities.

    chain = EntityChain(crf)(model.output, lengths)
    tags = ProbableEntities(min_probability=0.4)(chain)

The tags are those of `pipeline.text.tags.TagSet`: 0 outside, 2i + 1 the first piece of an entity of
label i and 2i + 2 the pieces after it.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.layers.crf import Viterbi


@keras.saving.register_keras_serializable("pipeline")
class EntityChain(Viterbi):
    """The probabilities of which that of any entity is made; arguments as of `Viterbi`.

    Returns:
        float [batch, time, 3, labels]: that an entity begins with this piece; that it goes on with
        the next one, if it begins with this one; and if it began earlier. 0 at padding. An entity
        has the probability begins * goes on * ... * (1 - goes on), since the tags of a CRF are a
        Markov chain.
    """

    def call(self, unary, lengths):
        first = np.arange(1, self.crf.tags, 2)
        after = first + 1
        tags, moves = self.crf.chain(unary, lengths, [*first, *after], [*after, *after])
        begins = ops.take(tags, first, axis=2)
        return ops.stack([begins, *ops.split(moves, 2, axis=2)], axis=2)

    def compute_output_spec(self, unary, lengths):
        shape = (*unary.shape[:-1], 3, (unary.shape[-1] - 1) // 2)
        return keras.KerasTensor(shape, dtype=unary.dtype)


@keras.saving.register_keras_serializable("pipeline")
class ProbableEntities(keras.layers.Layer):
    """Chooses entities that do not overlap, each more probable than a limit.

    Of the entities that begin with one piece, the most probable one is a candidate. Of the
    candidates, those are taken whose probabilities exceed the limit most, added up.

    Args:
        min_probability: the limit, from 0 to 1. Entities at one piece exclude each other, so that
            from 1/3 on no more than two candidates meet there, and from 1/2 on none.

    Call arguments:
        chain: float [batch, time, 3, labels], what `EntityChain` returns; or [models, batch, time,
            3, labels], what it returns for several models: an entity has the mean of their
            probabilities.

    Returns:
        int32 [batch, time], legal tags; 0 at padding.
    """

    def __init__(self, min_probability: float, **kwargs):
        super().__init__(**kwargs)
        self.min_probability = min_probability

    def call(self, chain):
        chain = chain if len(chain.shape) == 5 else chain[None]
        probability, length, label = _candidates(chain, self.min_probability)
        taken = _taken(probability - self.min_probability, length)
        return _tags(taken, length, label)

    def compute_output_spec(self, chain):
        return keras.KerasTensor(chain.shape[-4:-2], dtype="int32")

    def get_config(self):
        return {**super().get_config(), "min_probability": self.min_probability}


def _candidates(chain, limit):
    """The most probable entity that begins with each piece, where one exceeds `limit`.

    Returns:
        Its probability, its length in pieces and the number of its label, float [batch, time];
        elsewhere the probability is 0 or that of an entity below the limit.
    """
    begins, goes_on, later = (chain[:, :, :, part] for part in range(3))

    def longer(length, reached, goes_on, later, *best):
        of_length = ops.mean(reached * (1 - goes_on), axis=0)
        found = (
            ops.max(of_length, axis=-1),
            ops.ones_like(best[1]) * length,
            ops.cast(ops.argmax(of_length, axis=-1), best[2].dtype),
        )
        better = found[0] > best[0]
        best = [ops.where(better, new, old) for new, old in zip(found, best, strict=True)]
        later = ops.concatenate([later[:, :, 1:], ops.zeros_like(later[:, :, :1])], axis=2)
        return length + 1, reached * goes_on, later, later, *best

    def any_left(length, reached, *rest):
        return ops.any(ops.mean(reached, axis=0) > limit)

    nothing = ops.zeros_like(begins[0, :, :, 0])
    start = (ops.ones((), nothing.dtype), begins, goes_on, later, nothing, nothing + 1, nothing)
    return ops.while_loop(any_left, longer, start)[4:]


def _taken(gains, lengths):
    """Whether the best choice of the candidates from each piece on begins with the one there.

    Args:
        gains, lengths: float [batch, time], of the candidates; a gain over 0 is one.

    Returns:
        float [batch, time], 0 or 1.
    """
    time = ops.shape(gains)[1]
    first = ops.cast(lengths, "int32") - 1

    def step(index, found):
        # ahead: the gains of the best choices from the next piece on, from the one after it on, ...
        ahead, taken = found
        now = time - 1 - index
        behind = ops.take_along_axis(ahead, _at(first, now), axis=1)
        with_it, without = _at(gains, now) + behind, ahead[:, :1]
        better = ops.cast(with_it > without, gains.dtype)
        return tuple(
            ops.concatenate([new, old[:, :-1]], axis=1)
            for new, old in ((ops.maximum(with_it, without), ahead), (better, taken))
        )

    nothing = ops.zeros_like(gains)
    return ops.fori_loop(0, time, step, (nothing, nothing))[1]


def _tags(taken, lengths, labels):
    """The tags, read from left to right: a candidate that is taken, or nothing.

    Args:
        taken, lengths, labels: float [batch, time].

    Returns:
        int32 [batch, time].
    """

    def step(now, found):
        # left: how many more pieces the entity that is read has, 0 if there is none
        left, tag, tags = found
        begins = ops.logical_and(left < 1, _at(taken, now) > 0)
        new = ops.where(begins, 2 * _at(labels, now) + 1, ops.where(left < 1, 0.0, tag))
        tag = ops.where(begins, new + 1, tag)
        left = ops.maximum(ops.where(begins, _at(lengths, now), left) - 1, 0)
        return left, tag, ops.concatenate([tags[:, 1:], new], axis=1)

    none = ops.zeros_like(taken[:, :1])
    start = (none, none, ops.zeros_like(taken))
    tags = ops.fori_loop(0, ops.shape(taken)[1], step, start)[2]
    return ops.cast(tags, "int32")


def _at(values, index):
    """One column, [batch, 1]."""
    return ops.take(values, index, axis=1)[:, None]
