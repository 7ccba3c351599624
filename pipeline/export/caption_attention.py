"""The attention of each word of a caption on the picture, computed in a graph."""

from __future__ import annotations

import tensorflow as tf

from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.text.vocabulary import EOS, PAD


def words_with_attention(
    detokenizer: GraphDetokenizer, ids: tf.Tensor, weights: tf.Tensor, places: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Joins pieces to words; the attention of a word is the mean over its pieces.

    Args:
        detokenizer: texts of the pieces.
        ids: int32 [m, time], right-padded; [EOS] has no text.
        weights: float32 [m, time, rows * columns], where each piece looked.
        places: rows and columns.

    Returns:
        Words of all captions end to end, string [words], which joined by spaces are the captions;
        float32 [words, rows, columns], where each looked, which adds up to 1; int32 [m], how many
        words each caption has.
    """
    spoken = tf.logical_and(ids != PAD, ids != EOS)
    pieces = detokenizer.pieces(tf.ragged.boolean_mask(ids, spoken))
    texts = pieces.flat_values
    place = tf.ragged.range(pieces.row_lengths()).flat_values
    begins = tf.strings.regex_full_match(texts, "(?s) .*") | (place == 0)
    begins = tf.cast(begins, tf.int32)
    word = tf.cumsum(begins) - 1
    words = tf.strings.unsorted_segment_join(texts, word, tf.reduce_sum(begins))
    maps = tf.math.segment_mean(weights[spoken], word)
    return (
        tf.strings.regex_replace(words, "^ ", "", replace_global=False),
        tf.reshape(maps, [-1, *places]),
        tf.reduce_sum(pieces.with_flat_values(begins), axis=1),
    )


def padded_tables(
    words: tf.Tensor, maps: tf.Tensor, counts: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Words and maps end to end -> string [n, time], float32 [n, time, rows, columns]; unused
    cells are "" and 0.

    Args:
        counts: int32 [n], how many words each caption has.
    """
    texts, looked = (tf.RaggedTensor.from_row_lengths(flat, counts) for flat in (words, maps))
    return texts.to_tensor(""), looked.to_tensor()
