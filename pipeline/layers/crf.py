"""A linear-chain conditional random field for Keras 3, usable on its own.

No maintained one exists for Keras 3. This one speaks `keras.ops` alone, so that it runs on every
backend:

    crf = LinearChainCRF(legal=tags.legal, legal_first=tags.legal_first)
    unary = crf(keras.layers.Dense(len(tags))(states))
    model = keras.Model({"ids": ids, "lengths": lengths}, unary)
    model.compile("adam", loss=crf.loss)
    tagger = keras.Model(model.input, Viterbi(crf)(model.output, model.input["lengths"]))
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

NEVER = -np.inf


@keras.saving.register_keras_serializable("pipeline")
class LinearChainCRF(keras.layers.Layer):
    """Scores whole tag sequences: Lafferty et al. 2001; as here on top of an LSTM, Huang et al.
    2015 (arXiv:1508.01991).

    score(y | x) = b[y_1] + sum_t u_t[y_t] + sum_t T[y_{t-1}, y_t] + e[y_n]

    with u from the layers below, b and e the start and end potentials and T the transitions. What
    is not legal has the potential minus infinity, whatever is learnt: its probability is exactly
    zero and no decoding can give it. Every sum over sequences is done in log space.

    Args:
        legal: bool [tags, tags], whether the second may follow the first. From every tag, and
            to every tag but those no sequence can reach, at least one must be legal.
        legal_first: bool [tags], whether a sequence may begin with it; None: any.
        learnt: whether b, T and e are trained; False leaves them at zero, which makes `decode`
            the best legal sequence under u alone.

    Call arguments:
        unary: float [batch, time, tags].

    Returns:
        `unary` as it is: the layer is called so that its weights belong to the model.
    """

    def __init__(
        self,
        legal: Sequence[Sequence[bool]],
        legal_first: Sequence[bool] | None = None,
        learnt: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.legal = np.asarray(legal, bool)
        tags = len(self.legal)
        if self.legal.shape != (tags, tags):
            raise ValueError(f"legal must be square, not {self.legal.shape}")
        self.legal_first = np.ones(tags, bool) if legal_first is None else np.asarray(legal_first)
        if self.legal_first.shape != (tags,) or not self.legal_first.any():
            raise ValueError("legal_first must have one entry a tag and allow at least one")
        if not self.legal.any(axis=1).all():
            raise ValueError("after each tag at least one must be legal")
        self.learnt = learnt

    @property
    def tags(self) -> int:
        return len(self.legal)

    def build(self, unary_shape):
        if unary_shape[-1] != self.tags:
            raise ValueError(f"unary potentials of {unary_shape[-1]} tags, not {self.tags}")

        def weight(name: str, shape: tuple[int, ...]):
            return self.add_weight(
                shape=shape, initializer="zeros", trainable=self.learnt, name=name
            )

        self.transitions = weight("transitions", (self.tags, self.tags))
        self.start = weight("start", (self.tags,))
        self.end = weight("end", (self.tags,))
        self.built = True

    def call(self, unary):
        return unary

    def compute_output_shape(self, unary_shape):
        return unary_shape

    def log_partition(self, unary, lengths):
        """The log of the partition function, the sum over all legal sequences of exp(score): float
        [batch].

        Args:
            unary: float [batch, time, tags]; lengths: int [batch], each at least 1.
        """
        first, transitions, last = self._potentials()
        return _log_partition(self._complete(unary, lengths, first, last), transitions, lengths)

    def chain(self, unary, lengths, before, after):
        """The probabilities of tags, and of moves between them: given the input, the tags are a
        Markov chain.

        Args:
            unary: float [batch, time, tags]; lengths: int [batch], each at least 1.
            before, after: int [pairs], the tags of some moves.

        Returns:
            p(y_t | x), float [batch, time, tags], 0 at padding; and p(y_t+1 = after | y_t = before,
            x), float [batch, time, pairs], 0 at the last step and at padding.
        """
        first, transitions, last = self._potentials()
        unary = self._complete(unary, lengths, first, last)
        alphas, total = _partition(unary, transitions, lengths)
        single, into = _log_marginals(unary, transitions, lengths, alphas, total)
        before, after = (np.asarray(tags, np.int32) for tags in (before, after))
        moves = ops.take(ops.reshape(transitions, (-1,)), before * self.tags + after)
        both = ops.take(alphas[:-1], before, axis=2) + moves + ops.take(into, after, axis=2)
        start = ops.take(single[:-1], before, axis=2)
        moved = ops.where(ops.isfinite(start), ops.exp(ops.minimum(both - start, 0.0)), 0.0)
        moved = ops.pad(moved, [[0, 1], [0, 0], [0, 0]])
        return tuple(ops.transpose(p, (1, 0, 2)) for p in (ops.exp(single), moved))

    def log_likelihood(self, unary, tags, lengths):
        """log p(tags | x) in nats: float [batch]; minus infinity for an illegal sequence.

        Args:
            unary: float [batch, time, tags].
            tags: int [batch, time]; what stands at padding does not count.
            lengths: int [batch], each at least 1.
        """
        first, transitions, last = self._potentials()
        unary = self._complete(unary, lengths, first, last)
        tags = ops.clip(ops.cast(tags, "int32"), 0, self.tags - 1)
        step = ops.arange(ops.shape(unary)[1], dtype="int32")[None, :]
        real = step < ops.cast(lengths, "int32")[:, None]
        chosen = ops.take_along_axis(unary, tags[:, :, None], axis=2)[:, :, 0]
        score = ops.sum(ops.where(real, chosen, 0.0), axis=1)
        pairs = tags[:, :-1] * self.tags + tags[:, 1:]
        moves = ops.take(ops.reshape(transitions, (-1,)), pairs, axis=0)
        score = score + ops.sum(ops.where(real[:, 1:], moves, 0.0), axis=1)
        return score - _log_partition(unary, transitions, lengths)

    def loss(self, y_true, y_pred):
        """The loss for `compile`: minus the log likelihood in nats per piece, one value per row.

        Divided by the pieces that a row of the batch has on average, so that its mean counts
        every piece of the batch alike.

        Args:
            y_true: int [batch, time], -1 at padding.
            y_pred: unary potentials float [batch, time, tags].

        Returns:
            float [batch].
        """
        tags = ops.cast(y_true, "int32")
        lengths = ops.sum(ops.cast(tags >= 0, "int32"), axis=1)
        pieces = ops.mean(ops.cast(lengths, y_pred.dtype))
        return -self.log_likelihood(y_pred, tags, lengths) / pieces

    def decode(self, unary, lengths):
        """The best legal sequence of each row (Viterbi 1967): int32 [batch, time], 0 at padding.

        Args:
            unary: float [batch, time, tags]; lengths: int [batch], each at least 1.
        """
        first, transitions, last = self._potentials()
        unary = self._complete(unary, lengths, first, last)
        lengths = ops.cast(lengths, "int32")
        bests, last = _forward(unary, transitions, lengths, ops.max)
        into = ops.transpose(transitions)

        def backward(tag, best, mask):
            before = ops.argmax(best + ops.take(into, tag, axis=0), axis=1)
            # at padding there is nothing to choose
            before = ops.where(mask, ops.cast(before, "int32"), tag)
            return before, before

        tag = ops.cast(ops.argmax(last, axis=1), "int32")
        mask = _real(unary, lengths)[1:]
        _, earlier = _scan(backward, tag, bests[:-1], mask, reverse=True)
        path = ops.concatenate([earlier, tag[None]], axis=0)
        # As float32 on the way: oneDNN transposes no whole numbers, and says so on stderr.
        path = ops.cast(ops.where(_real(unary, lengths), path, 0), "float32")
        return ops.cast(ops.transpose(path), "int32")

    def potentials(self):
        """The potentials b, T and e as arrays: start [tags], transitions [tags, tags], end [tags];
        minus infinity for what is illegal."""
        names = ("start", "transitions", "end")
        arrays = map(ops.convert_to_numpy, self._potentials())
        return dict(zip(names, arrays, strict=True))

    def _potentials(self):
        """The potentials b, T and e, with minus infinity for what is illegal."""
        dtype = self.transitions.dtype
        never = ops.cast(NEVER, dtype)
        first = ops.where(self.legal_first, ops.convert_to_tensor(self.start), never)
        transitions = ops.where(self.legal, ops.convert_to_tensor(self.transitions), never)
        return first, transitions, ops.convert_to_tensor(self.end)

    def _complete(self, unary, lengths, first, last):
        """Adds the start and end potentials to the unary potentials."""
        step = ops.arange(ops.shape(unary)[1], dtype="int32")[None, :, None]
        is_last = step == ops.cast(lengths, "int32")[:, None, None] - 1
        unary = unary + ops.where(is_last, last, 0.0)
        return ops.where(step == 0, unary + first, unary)

    def get_config(self):
        return {
            **super().get_config(),
            "legal": self.legal.tolist(),
            "legal_first": self.legal_first.tolist(),
            "learnt": self.learnt,
        }


@keras.saving.register_keras_serializable("pipeline")
class Viterbi(keras.layers.Layer):
    """`LinearChainCRF.decode` as a layer.

    Args:
        crf: the layer that scores; shared, not copied.

    Call arguments:
        unary: float [batch, time, tags]; lengths: int [batch].

    Returns:
        int32 [batch, time].
    """

    def __init__(self, crf: LinearChainCRF, **kwargs):
        super().__init__(**kwargs)
        self.crf = crf

    def build(self, unary_shape, lengths_shape=None):
        if not self.crf.built:
            self.crf.build(unary_shape)
        self.built = True

    def call(self, unary, lengths):
        return self.crf.decode(unary, lengths)

    def compute_output_spec(self, unary, lengths):
        return keras.KerasTensor(unary.shape[:-1], dtype="int32")

    def get_config(self):
        crf = keras.saving.serialize_keras_object(self.crf)
        return {**super().get_config(), "crf": crf}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        config["crf"] = keras.saving.deserialize_keras_object(config["crf"])
        return cls(**config)


def _real(unary, lengths):
    """The mask of positions that are not padding: bool [time, batch]."""
    steps = ops.arange(ops.shape(unary)[1], dtype="int32")
    return steps[:, None] < ops.cast(lengths, "int32")[None, :]


def _scan(step, start, by_time, mask, reverse: bool = False):
    """`ops.scan` of step(carry, values, mask) over values [time, batch, tags] and mask bool [time,
    batch].

    Both travel in one tensor: on TensorFlow, Keras's scan takes several only where their length
    in time is known beforehand. Nor does it take no steps at all, so that a row of one piece
    needs a last one, in which nothing goes on.
    """
    flags = ops.cast(mask, by_time.dtype)[:, :, None]

    def one(carry, now):
        return step(carry, now[:, :-1], now[:, -1] > 0)

    together = ops.concatenate([by_time, flags], axis=-1)
    together = ops.pad(together, [[0, 1], [0, 0], [0, 0]])
    last, every = ops.scan(one, start, together, reverse=reverse)
    return last, every[:-1]


def _forward(unary, transitions, lengths, gather):
    """Reduces (`ops.logsumexp` or `ops.max`) over all sequences that end in a tag, for each step.

    Returns:
        float [time, batch, tags] for each step, and [batch, tags] at the end of each row.
    """
    by_time = ops.transpose(unary, (1, 0, 2))

    def step(before, scores, mask):
        after = gather(before[:, :, None] + transitions[None], axis=1) + scores
        after = ops.where(mask[:, None], after, before)
        return after, after

    last, later = _scan(step, by_time[0], by_time[1:], _real(unary, lengths)[1:])
    return ops.concatenate([by_time[:1], later], axis=0), last


def _partition(unary, transitions, lengths):
    """The forward algorithm: log α float [time, batch, tags], and log of the sum over all
    sequences [batch]."""
    alphas, last = _forward(unary, transitions, lengths, ops.logsumexp)
    return alphas, ops.logsumexp(last, axis=1)


def _log_marginals(unary, transitions, lengths, alphas, total):
    """The backward algorithm: Rabiner 1989, equations 24 and 25, in log space.

    Returns:
        log p(y_t | x), float [time, batch, tags], minus infinity at padding; and log β plus the
        unary potentials less `total` at each step but the first, [time - 1, batch, tags].
    """
    real = _real(unary, lengths)
    after = ops.transpose(unary, (1, 0, 2))[1:]

    def step(beta, scores, mask):
        before = ops.logsumexp(transitions[None] + (scores + beta)[:, None, :], axis=2)
        return ops.where(mask[:, None], before, beta), beta

    first, betas = _scan(step, ops.zeros_like(alphas[0]), after, real[1:], reverse=True)
    never = ops.cast(NEVER, unary.dtype)
    single = alphas + ops.concatenate([first[None], betas], axis=0) - total[:, None]
    into = ops.where(real[1:, :, None], after + betas - total[:, None], never)
    return ops.where(real[:, :, None], single, never), into


def _log_partition(unary, transitions, lengths):
    """The forward algorithm with its gradient, which are the marginals: Rabiner 1989, equations
    19 to 25 and 37, in log space.

    Autodiff would keep and walk back through every step of the loop; the backward algorithm
    needs one more loop of the same kind and nothing else.
    """

    @ops.custom_gradient
    def log_partition(unary, transitions):
        alphas, total = _partition(unary, transitions, lengths)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            single, into = _log_marginals(unary, transitions, lengths, alphas, total)
            # p(y_t | x), and p(y_{t-1}, y_t | x) summed over rows and steps
            pairs = ops.exp(alphas[:-1, :, :, None] + transitions + into[:, :, None, :])
            pairs = ops.sum(pairs * upstream[:, None, None], axis=(0, 1))
            return ops.transpose(ops.exp(single) * upstream[:, None], (1, 0, 2)), pairs

        return total, gradient

    return log_partition(unary, transitions)
