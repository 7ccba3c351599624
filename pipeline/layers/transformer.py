"""Blocks of the Transformer, with the normalisation before each part."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.attention import real_mask
from pipeline.layers.multi_head import MultiHeadAttention


@keras.saving.register_keras_serializable("pipeline")
class EncoderBlock(keras.layers.Layer):
    """Self-attention over a right-padded source, then max(0, x W_1 + b_1) W_2 + b_2.

    x + dropout(part(norm(x))) for both parts: Vaswani et al. 2017 (arXiv:1706.03762), section 3.1
    and equation 2, with the normalisation moved inside the residual connection (pre-norm: Xiong
    et al. 2020, arXiv:2002.04745, figure 1b). What leaves the last block of a stack still wants a
    normalisation.

    Args:
        width: of what comes in and goes out.
        heads: of each attention; `width` is a multiple of it.
        feed_forward: width of the hidden layer between W_1 and W_2.
        dropout: share dropped of what each part gives and of the hidden layer.
        attention_dropout: share of attention weights dropped.

    Call arguments:
        x: float [batch, time, width]; lengths: int [batch].

    Returns:
        float [batch, time, width]; at padding it is finite and means nothing.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feed_forward: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.heads, self.feed_forward = width, heads, feed_forward
        self.dropout, self.attention_dropout = dropout, attention_dropout
        self.drop = keras.layers.Dropout(dropout, name="drop")
        self.self_norm, self.self_attention = self._attention("self")
        self.outer_norm = _norm("outer_norm")
        self.hidden = keras.layers.Dense(feed_forward, activation="relu", name="hidden")
        self.outer = keras.layers.Dense(width, name="outer")

    def _attention(self, name: str):
        attention = MultiHeadAttention(
            self.width, self.heads, self.attention_dropout, name=f"{name}_attention"
        )
        return _norm(f"{name}_norm"), attention

    def build(self, x_shape, lengths_shape=None):
        self.self_norm.build(x_shape)
        self.self_attention.build(x_shape, x_shape)
        self.outer_norm.build(x_shape)
        self.hidden.build(x_shape)
        self.outer.build((*x_shape[:-1], self.feed_forward))
        self.built = True

    def call(self, x, lengths):
        normed = self.self_norm(x)
        x = x + self.drop(self.self_attention(normed, normed, lengths))
        return self._feed_forward(x)

    def _feed_forward(self, x):
        hidden = self.drop(self.hidden(self.outer_norm(x)))
        return x + self.drop(self.outer(hidden))

    def compute_output_shape(self, x_shape, lengths_shape=None):
        return x_shape

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "feed_forward": self.feed_forward,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
        }


@keras.saving.register_keras_serializable("pipeline")
class DecoderBlock(EncoderBlock):
    """Causal self-attention, attention over a source, then the feed-forward part of `EncoderBlock`.

    Call arguments:
        x: float [batch, time, width], the target; what stands at padding on its right cannot be
            seen from anywhere left of it.
        memory: float [batch, source, any width], right-padded; lengths: int [batch], of `memory`.

    Returns:
        float [batch, time, width].
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.source_norm, self.source_attention = self._attention("source")

    def build(self, x_shape, memory_shape, lengths_shape=None):
        super().build(x_shape)
        self.source_norm.build(x_shape)
        self.source_attention.build(x_shape, memory_shape)

    def call(self, x, memory, lengths):
        normed = self.self_norm(x)
        x = x + self.drop(self.self_attention(normed, normed, causal=True))
        x = x + self.drop(self.source_attention(self.source_norm(x), memory, lengths))
        return self._feed_forward(x)

    def compute_output_shape(self, x_shape, memory_shape, lengths_shape=None):
        return x_shape

    def start(self, memory, max_length):
        """The caches of one-step decoding before the first step.

        Args:
            memory: float [rows, source, any width].
            max_length: int scalar, target positions that there will be at the most.

        Returns:
            {"keys": float [rows, heads, head width, max_length] and "values": float
            [rows, heads, max_length, head width], which the steps fill; "source_keys" and
            "source_values", the same of the memory, which no step changes}.
        """
        source_keys, source_values = self.source_attention.project(memory)
        rows, head = ops.shape(memory)[0], self.width // self.heads
        return {
            "keys": ops.zeros((rows, self.heads, head, max_length), memory.dtype),
            "values": ops.zeros((rows, self.heads, max_length, head), memory.dtype),
            "source_keys": source_keys,
            "source_values": source_values,
        }

    def step(self, x, lengths, cache, position):
        """Computes one column of the teacher-forced pass from the caches of the previous ones.

        Args:
            x: float [rows, 1, width], what stands at `position`.
            lengths: int [rows], of the memory.
            cache: what `start` or the step before gave.
            position: int scalar from 0, below the `max_length` of `start`.

        Returns:
            float [rows, 1, width]; the cache for the next step; the weights over the memory, the
            mean of all heads, float [rows, source].
        """
        normed = self.self_norm(x)
        key, value = self.self_attention.project(normed)
        place = ops.arange(ops.shape(cache["values"])[2], dtype="int32")
        here = place == position
        keys = ops.where(here, key, cache["keys"])
        values = ops.where(here[:, None], value, cache["values"])
        x = x + self.self_attention.attend(normed, keys, values, place <= position)[0]
        real = real_mask(lengths, ops.shape(cache["source_values"])[2])[:, None, None, :]
        found, weights = self.source_attention.attend(
            self.source_norm(x), cache["source_keys"], cache["source_values"], real
        )
        x = self._feed_forward(x + found)
        return x, {**cache, "keys": keys, "values": values}, ops.mean(weights, axis=1)[:, 0]


def _norm(name: str) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=1e-6, name=name)
