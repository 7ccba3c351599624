"""Looks up the n-grams of pieces around each position among those known from training."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("pipeline")
class PieceNgrams(keras.layers.Layer):
    """The numbers of the n-grams that cover each position.

    A search in sorted keys, made of plain ops: what the model was trained with goes into an
    exported graph as it is, and a tagger needs no features computed outside.

    Args:
        known: how many n-grams of 2, 3, … pieces there are. The keys themselves are the weights,
            int32 [known], as `pipeline.text.piece_ngrams.learn_piece_ngrams` gives them: set
            them with `set_keys`.
        vocabulary_size: what the keys were made with.
        forget: in training, the share of n-grams that are taken for unknown, each by itself. As
            what a test text holds is known far less often than what a training text holds, a
            model that never met unknown ones relies on them too much.
        forget_rows: in training, the share of rows in which all of them are.

    Call arguments:
        ids: int [batch, time], right-padded with 0.

    Returns:
        For each n from 2 an int32 [batch, time, n]: the n-grams that end at a position, one
        after it, ... n - 1 after it. Known ones are numbered from 1; 0 is any other.
    """

    def __init__(
        self,
        known: Sequence[int],
        vocabulary_size: int,
        forget: float = 0.0,
        forget_rows: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.known, self.vocabulary_size = list(known), vocabulary_size
        self.forget, self.forget_rows = forget, forget_rows
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, ids_shape):
        self.keys = [
            self.add_weight(
                shape=(known,),
                initializer="zeros",
                dtype="int32",
                trainable=False,
                name=f"keys_{n}",
            )
            for n, known in enumerate(self.known, 2)
        ]
        self.built = True

    def set_keys(self, keys: Sequence[np.ndarray]) -> None:
        """Sets the keys that `learn_piece_ngrams` found: int32 [known] for each n."""
        for weight, values in zip(self.keys, keys, strict=True):
            weight.assign(values)

    def call(self, ids, training=False):
        ids = prefix = ops.cast(ids, "int32")
        found = []
        for n, keys in enumerate(self.keys, 2):
            prefix = ops.pad(prefix[:, :-1], ((0, 0), (1, 0)))
            wanted = prefix * self.vocabulary_size + ids
            prefix = ops.where(prefix > 0, self._number(keys, wanted), 0)
            ahead = ops.pad(prefix, ((0, 0), (0, n - 1)))
            time = ops.shape(ids)[1]
            found.append(ops.stack([ahead[:, k : k + time] for k in range(n)], axis=-1))
        if not training or not (self.forget or self.forget_rows):
            return found
        return self._forgotten(found)

    def _forgotten(self, found):
        rows = ops.shape(found[0])[0]
        kept_rows = self._draw((rows, 1, 1)) >= self.forget_rows
        return [
            ops.where(kept_rows & (self._draw(ops.shape(numbers)) >= self.forget), numbers, 0)
            for numbers in found
        ]

    def _draw(self, shape):
        return keras.random.uniform(shape, seed=self.seed_generator)

    def _number(self, keys, wanted):
        if not keys.shape[0]:
            return ops.zeros_like(wanted)
        flat = ops.reshape(wanted, (-1,))
        place = ops.cast(ops.searchsorted(keys, flat), "int32")
        here = ops.take(keys, ops.minimum(place, keys.shape[0] - 1), axis=0)
        return ops.reshape(ops.where(here == flat, place + 1, 0), ops.shape(wanted))

    def compute_output_shape(self, ids_shape):
        return [(*ids_shape, n) for n, _ in enumerate(self.known, 2)]

    def compute_output_spec(self, ids, training=False):
        return [
            keras.KerasTensor((*ids.shape, n), dtype="int32") for n, _ in enumerate(self.known, 2)
        ]

    def get_config(self):
        return {
            **super().get_config(),
            "known": self.known,
            "vocabulary_size": self.vocabulary_size,
            "forget": self.forget,
            "forget_rows": self.forget_rows,
        }
