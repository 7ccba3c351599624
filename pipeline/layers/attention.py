"""Attention of a decoder over a source: additive (Bahdanau) and multiplicative (Luong)."""

from __future__ import annotations

import keras
from keras import ops

SCORES = ("additive", "dot", "general")


def real_mask(lengths, time):
    """The mask of positions that are not padding: int lengths [batch] and the width -> bool [batch,
    time]."""
    return ops.arange(time, dtype="int32")[None, :] < ops.cast(lengths, "int32")[:, None]


def masked_softmax(scores, real=None):
    """A softmax over the last axis that is exactly zero where `real` is False.

    Args:
        scores: float [..., source].
        real: bool, broadcast against `scores`; None: everything is. Where all of a row is False,
            all its weights are zero.

    Returns:
        float [..., source].
    """
    # In half precision the constant would be infinite and its gradient not a number.
    wide = ops.cast(scores, "float32")
    if real is not None:
        wide = ops.where(real, wide, -1e9)
    # Keras warns of a softmax over one: here it is a source, or a past, of one piece.
    weights = ops.ones_like(wide) if wide.shape[-1] == 1 else ops.softmax(wide, axis=-1)
    if real is not None:
        weights = ops.where(real, weights, 0.0)
    return ops.cast(weights, scores.dtype)


def _weigh(scores, memory, lengths):
    """Turns scores float [batch, queries, source] into the weights and contexts of an attention."""
    real = real_mask(lengths, ops.shape(memory)[1])[:, None, :]
    weights = masked_softmax(scores, real)
    return ops.matmul(weights, memory), weights


def _shapes(query_shape, memory_shape):
    batch, queries, _ = query_shape
    return (batch, queries, memory_shape[-1]), (batch, queries, memory_shape[1])


@keras.saving.register_keras_serializable("pipeline")
class AdditiveAttention(keras.layers.Layer):
    """e_ij = v_a . tanh(W_a s_i + U_a h_j), a_ij = softmax_j(e_ij), c_i = sum_j a_ij h_j.

    Bahdanau et al. 2015 (arXiv:1409.0473), equations 5 and 6 and appendix A.1.2, for queries s
    and a memory h.

    Args:
        units: width of the hidden layer.

    Call arguments:
        query: float [batch, queries, width].
        memory: float [batch, source, memory width], right-padded.
        lengths: int [batch]; what stands behind has the weight zero.

    Returns:
        context float [batch, queries, memory width], weights float [batch, queries, source].
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.w = keras.layers.Dense(units, use_bias=False, name="w")
        self.u = keras.layers.Dense(units, use_bias=False, name="u")
        self.v = keras.layers.Dense(1, use_bias=False, name="v")

    def build(self, query_shape, memory_shape, lengths_shape=None):
        self.w.build(query_shape)
        self.u.build(memory_shape)
        self.v.build((None, self.units))
        self.built = True

    def call(self, query, memory, lengths):
        return self.attend(query, self.keys(memory), memory, lengths)

    def keys(self, memory):
        """U_a h: float [batch, source, units]."""
        return self.u(memory)

    def attend(self, query, keys, memory, lengths):
        """As `call`, but with keys from `keys(memory)`, which step-by-step decoding computes
        once."""
        hidden = ops.tanh(self.w(query)[:, :, None, :] + keys[:, None, :, :])
        scores = self.v(ops.reshape(hidden, (-1, self.units)))
        scores = ops.reshape(scores, (-1, ops.shape(query)[1], ops.shape(keys)[1]))
        return _weigh(scores, memory, lengths)

    def compute_output_shape(self, query_shape, memory_shape, lengths_shape=None):
        return _shapes(query_shape, memory_shape)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("pipeline")
class MultiplicativeAttention(keras.layers.Layer):
    """score(h_t, h_s) = h_t . h_s ("dot") or h_t . W_a h_s ("general"), then as additive.

    Luong et al. 2015 (arXiv:1508.04025), equations 7 and 8. "dot" has no weights and wants query
    and memory of one width.

    Args:
        form: "dot" or "general".

    Call arguments and returns as for `AdditiveAttention`.
    """

    def __init__(self, form: str = "general", **kwargs):
        super().__init__(**kwargs)
        if form not in ("dot", "general"):
            raise ValueError(f"form must be dot or general, not {form!r}")
        self.form = form

    def build(self, query_shape, memory_shape, lengths_shape=None):
        if self.form == "general":
            self.w = keras.layers.Dense(query_shape[-1], use_bias=False, name="w")
            self.w.build(memory_shape)
        elif query_shape[-1] != memory_shape[-1]:
            raise ValueError(
                f"dot attention of queries {query_shape[-1]} wide over a memory "
                f"{memory_shape[-1]} wide"
            )
        self.built = True

    def call(self, query, memory, lengths):
        return self.attend(query, self.keys(memory), memory, lengths)

    def keys(self, memory):
        """W_a h_s: float [batch, source, query width]; the memory itself for "dot"."""
        return self.w(memory) if self.form == "general" else memory

    def attend(self, query, keys, memory, lengths):
        """As `call`, but with keys from `keys(memory)`, which step-by-step decoding computes
        once."""
        scores = ops.matmul(query, ops.transpose(keys, (0, 2, 1)))
        return _weigh(scores, memory, lengths)

    def compute_output_shape(self, query_shape, memory_shape, lengths_shape=None):
        return _shapes(query_shape, memory_shape)

    def get_config(self):
        return {**super().get_config(), "form": self.form}


def attention_layer(score: str, units: int, *, name: str | None = None):
    """Makes the layer for a name in `SCORES`; `units` is the hidden width of "additive"."""
    if score == "additive":
        return AdditiveAttention(units, name=name)
    if score in SCORES:
        return MultiplicativeAttention(score, name=name)
    raise ValueError(f"attention must be one of {', '.join(SCORES)}, not {score!r}")
