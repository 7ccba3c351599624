"""The softmax loss of a language model, over a sample of the vocabulary in training."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

FLATTENED = 0.75
"""Negatives are drawn from counts to this power (Mikolov et al. 2013b, section 2.2)."""


@keras.saving.register_keras_serializable("pipeline")
class SampledSoftmax(keras.layers.Layer):
    """The loss -log p(answer) at each position, with p a softmax over all pieces or over a sample
    of them.

    In training each call draws `samples` pieces with repetitions, which all positions of the batch
    share, from q ~ counts ^ 0.75. The denominator of the softmax is then estimated by importance
    sampling (Bengio and Senecal 2008): exp(logit of the answer) + the sum over drawn pieces other
    than the answer of exp(logit) / (samples * q), which in expectation is the sum over all pieces.
    Otherwise, and with `samples` 0, it is that sum.

    Args:
        pieces: size of the vocabulary.
        size: width of the vectors.
        samples: pieces drawn in training; 0, or as many as there are, takes all.

    Call arguments:
        vectors: float [batch, positions, size].
        answers: int [batch, positions], pieces; what stands at padding has a cost, too.

    Returns:
        float [batch, positions], nats.
    """

    def __init__(self, pieces: int, size: int, samples: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.pieces, self.size, self.samples = pieces, size, samples
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, vectors_shape, answers_shape=None):
        self.kernel = self.add_weight(
            shape=(self.pieces, self.size),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.pieces,), initializer="zeros", name="bias")
        # Of the pieces in the order of their ids: the sum of q up to each, and log(samples * q).
        fixed = {"shape": (self.pieces,), "initializer": "zeros", "trainable": False}
        self.cumulative = self.add_weight(**fixed, name="cumulative")
        self.correction = self.add_weight(**fixed, name="correction")
        self.set_counts(np.ones(self.pieces))
        self.built = True

    def set_counts(self, counts: np.ndarray) -> None:
        """Sets how often each piece occurs in the training text, int [pieces]: the sampling
        distribution, and the initial bias."""
        counts = np.asarray(counts, np.float64) + 1
        q = counts**FLATTENED / (counts**FLATTENED).sum()
        self.cumulative.assign(np.cumsum(q))
        self.correction.assign(np.log(max(self.samples, 1) * q))
        self.bias.assign(np.log(counts / counts.sum()))

    def call(self, vectors, answers, training=False):
        if training and 0 < self.samples < self.pieces:
            return self._sampled(vectors, answers)
        logits = self.logits(vectors)
        chosen = ops.take_along_axis(logits, answers[..., None], axis=-1)[..., 0]
        return ops.logsumexp(logits, axis=-1) - chosen

    def logits(self, vectors):
        """The logits of all pieces: float [batch, positions, size] -> float [batch, positions,
        pieces]."""
        return ops.matmul(vectors, ops.transpose(self.kernel)) + self.bias

    def _sampled(self, vectors, answers):
        drawn = self._draw()
        flat = ops.reshape(vectors, (-1, self.size))
        answers = ops.reshape(answers, (-1,))
        right = ops.sum(flat * ops.take(self.kernel, answers, axis=0), axis=-1)
        right = right + ops.take(self.bias, answers, axis=0)
        wrong = ops.matmul(flat, ops.transpose(ops.take(self.kernel, drawn, axis=0)))
        wrong = wrong + ops.take(self.bias - self.correction, drawn, axis=0)
        wrong = ops.where(answers[:, None] == drawn[None, :], -1e9, wrong)
        nats = ops.logaddexp(right, ops.logsumexp(wrong, axis=-1)) - right
        return ops.reshape(nats, ops.shape(vectors)[:-1])

    def _draw(self):
        """Samples pieces, with repetitions: int32 [samples]."""
        uniform = keras.random.uniform((self.samples,), seed=self.seed_generator)
        place = ops.searchsorted(self.cumulative, uniform * self.cumulative[-1], side="right")
        return ops.minimum(ops.cast(place, "int32"), self.pieces - 1)

    def compute_output_shape(self, vectors_shape, answers_shape=None):
        return vectors_shape[:-1]

    def get_config(self):
        return {
            **super().get_config(),
            "pieces": self.pieces,
            "size": self.size,
            "samples": self.samples,
        }
