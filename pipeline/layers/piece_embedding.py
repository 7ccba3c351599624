"""Embeddings of pieces that also use the n-grams inside a piece."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


def embedded_pieces(
    ids, pieces: int, size: int, ngram_table: np.ndarray | None, ngrams: int, *, name: str
):
    """The embeddings of pieces, by a new `PieceEmbedding`.

    Args:
        ids: symbolic int32 [batch, time].
        pieces, size, ngrams: as of `PieceEmbedding`.
        ngram_table: int32 [pieces, most], the n-grams of each piece
            (`pipeline.text.ngrams.ngram_table`), or None for plain embeddings.

    Returns:
        Symbolic float32 [batch, time, size].
    """
    max_ngrams = 0 if ngram_table is None else ngram_table.shape[1]
    embedding = PieceEmbedding(pieces, size, ngrams, max_ngrams, name=name)
    vectors = embedding(ids)
    if ngram_table is not None:
        embedding.table.assign(ngram_table)
    return vectors


@keras.saving.register_keras_serializable("pipeline")
class PieceEmbedding(keras.layers.Layer):
    """Embedding of a piece: a vector of its own plus the vectors of the n-grams in it.

    e(p) = E_p + |G_p|^(-1/2) * sum over g in G_p of N_g: Bojanowski et al. 2017, "Enriching Word
    Vectors with Subword Information", here for the input of a classifier, with jamo n-grams as in
    Park et al. 2018, "Subword-level Word Vector Representations for Korean". Pieces that are rare
    in the training text borrow from those that look like them.

    What the sum gives depends on the piece alone, so a trained layer folds into one plain table
    (`folded`) and costs nothing when served.

    Args:
        pieces: size of the vocabulary.
        size: width of the vectors.
        ngrams: how many n-grams there are, "none" included; 0 for a plain embedding.
        max_ngrams: maximum number of n-grams of a piece.
        stddev: of the normal distribution that both kinds of vectors start from.

    Call arguments:
        ids: int [batch, time].

    Returns:
        float [batch, time, size].
    """

    def __init__(
        self,
        pieces: int,
        size: int,
        ngrams: int = 0,
        max_ngrams: int = 0,
        stddev: float = 0.1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.pieces, self.size, self.ngrams, self.max_ngrams = pieces, size, ngrams, max_ngrams
        self.stddev = stddev

    def build(self, ids_shape):
        normal = keras.initializers.RandomNormal(stddev=self.stddev)
        self.embeddings = self.add_weight(
            shape=(self.pieces, self.size), initializer=normal, name="embeddings"
        )
        if self.ngrams:
            self.ngram_embeddings = self.add_weight(
                shape=(self.ngrams, self.size), initializer=normal, name="ngram_embeddings"
            )
            self.table = self.add_weight(
                shape=(self.pieces, self.max_ngrams),
                initializer="zeros",
                dtype="int32",
                trainable=False,
                name="ngram_table",
            )
        self.built = True

    def call(self, ids):
        vectors = ops.take(self.embeddings, ids, axis=0)
        if not self.ngrams:
            return vectors
        if keras.backend.backend() == "tensorflow":
            # A batch holds the common pieces many times over: each is put together once.
            distinct, place = ops.unique(ids, sorted=False, return_inverse=True)
            place = ops.reshape(place, ops.shape(ids))
            return vectors + ops.take(self._from_ngrams(distinct), place, axis=0)
        return vectors + self._from_ngrams(ids)

    def _from_ngrams(self, ids):
        """The scaled sum over n-grams: int [...] -> float [..., size]."""
        ngrams = ops.take(self.table, ids, axis=0)
        real = ops.cast(ngrams != 0, self.ngram_embeddings.dtype)
        count = ops.maximum(ops.sum(real, axis=-1, keepdims=True), 1.0)
        weights = (real / ops.sqrt(count))[..., None]
        return ops.sum(ops.take(self.ngram_embeddings, ngrams, axis=0) * weights, axis=-2)

    def folded(self) -> np.ndarray:
        """The same embedding as one plain table: float32 [pieces, size]."""
        plain = np.asarray(self.embeddings)
        if not self.ngrams:
            return plain
        return plain + np.asarray(self._from_ngrams(np.arange(self.pieces, dtype=np.int32)))

    def compute_output_shape(self, ids_shape):
        return (*ids_shape, self.size)

    def get_config(self):
        return {
            **super().get_config(),
            "pieces": self.pieces,
            "size": self.size,
            "ngrams": self.ngrams,
            "max_ngrams": self.max_ngrams,
            "stddev": self.stddev,
        }
