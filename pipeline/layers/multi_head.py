"""Multi-head attention, the building block of the Transformer."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.attention import masked_softmax, real_mask


@keras.saving.register_keras_serializable("pipeline")
class MultiHeadAttention(keras.layers.Layer):
    """head_i = softmax(Q W_i^Q (K W_i^K)^T / sqrt(d_k)) V W_i^V, concatenated, times W^O.

    Vaswani et al. 2017 (arXiv:1706.03762), equation 1 and section 3.2.2. Unlike Keras's layer of
    this name it gives its keys and values out, so that decoding can keep them.

    Args:
        width: of all heads together and of what comes out; a multiple of `heads`.
        heads: how many.
        dropout: share of weights dropped in training.

    Call arguments:
        query: float [batch, queries, any width].
        memory: float [batch, source, any width]; the query itself for self-attention.
        lengths: int [batch], of the memory; None where all of it may be seen.
        causal: whether position t of the query sees no more than the first t of the memory.

    Returns:
        float [batch, queries, width].
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"a width of {width} cannot be shared by {heads} heads")
        self.width, self.heads, self.dropout = width, heads, dropout
        self.query, self.key, self.value, self.mix = (
            keras.layers.Dense(width, name=name) for name in ("query", "key", "value", "mix")
        )
        self.drop = keras.layers.Dropout(dropout, name="drop")

    def build(self, query_shape, memory_shape, lengths_shape=None):
        self.query.build(query_shape)
        self.key.build(memory_shape)
        self.value.build(memory_shape)
        self.mix.build((*query_shape[:-1], self.width))
        self.built = True

    def call(self, query, memory, lengths=None, causal=False):
        source = ops.shape(memory)[1]
        seen = None
        if lengths is not None:
            seen = real_mask(lengths, source)[:, None, None, :]
        if causal:
            step = ops.arange(source, dtype="int32")
            past = step[None, :] <= ops.arange(ops.shape(query)[1], dtype="int32")[:, None]
            seen = past if seen is None else ops.logical_and(seen, past)
        return self.attend(query, *self.project(memory), seen)[0]

    def project(self, memory):
        """What is computed once and kept: [batch, source, any width] to

        keys [batch, heads, head width, source], values [batch, heads, source, head width].
        """
        keys = ops.transpose(self._split(self.key(memory)), (0, 2, 3, 1))
        values = ops.transpose(self._split(self.value(memory)), (0, 2, 1, 3))
        return keys, values

    def attend(self, query, keys, values, seen=None):
        """Computes the attention from what `project` returned.

        Args:
            query: float [batch, queries, any width].
            keys, values: as `project` gives them.
            seen: bool, broadcast against [batch, heads, queries, source]; None: all of it.

        Returns:
            float [batch, queries, width], and the weights before dropout, float
            [batch, heads, queries, source].
        """
        scale = (self.width // self.heads) ** -0.5
        query = ops.transpose(self._split(self.query(query) * scale), (0, 2, 1, 3))
        weights = masked_softmax(ops.matmul(query, keys), seen)
        mixed = ops.transpose(ops.matmul(self.drop(weights), values), (0, 2, 1, 3))
        mixed = ops.reshape(mixed, (-1, ops.shape(mixed)[1], self.width))
        return self.mix(mixed), weights

    def _split(self, vectors):
        """[batch, time, width] -> [batch, time, heads, head width]."""
        time = ops.shape(vectors)[1]
        return ops.reshape(vectors, (-1, time, self.heads, self.width // self.heads))

    def compute_output_shape(self, query_shape, memory_shape, lengths_shape=None):
        return (*query_shape[:-1], self.width)

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "dropout": self.dropout,
        }
