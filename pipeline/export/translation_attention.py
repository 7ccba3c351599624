"""The pieces of a translation with their attention over the source, in a graph."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.split_batches import PartSize, map_sorted_ragged
from pipeline.models.translate import Translate
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS

MOST_NUMBERS = 2**24
"""Of a table of attention: 64 MB."""


def translation_attention(
    translate: Translate, source: GraphDetokenizer, target: GraphDetokenizer, part_size: PartSize
) -> Callable[[tf.RaggedTensor], dict[str, tf.Tensor]]:
    """The best translations and their attention, for framed rows int32 [n, None].

    The function gives "translation" string [n] and "score" float32 [n]; "source" string
    [n, source], the pieces that were read, [BOS] and [EOS] among them; "target" string [n, target],
    those that were written, which joined are the translation but for a space in front; and
    "attention" float32 [n, target, source], of each written piece what it paid to those read,
    which adds up to 1. Unused cells are "" and 0. Tables of more than `MOST_NUMBERS` are refused
    (InvalidArgumentError).

    Args:
        translate: a search for the best translation that returns attention.
        source, target: texts of the pieces of both sides.
        part_size: how many rows are translated together.
    """

    def search(ids: tf.Tensor, lengths: tf.Tensor) -> list[tf.RaggedTensor]:
        """Scores, [m, 1]; ids written, [m, None]; weights [m, target * source]."""
        found = translate({"ids": ids, "lengths": lengths}, training=False)
        written = tf.logical_and(found["ids"] != PAD, found["ids"] != EOS)
        read = tf.sequence_mask(lengths, tf.shape(ids)[1])
        weights = found["attention"][written[:, :, None] & read[:, None, :]]
        said = tf.ragged.boolean_mask(found["ids"], written)
        sizes = said.row_lengths() * tf.cast(lengths, tf.int64)
        return [
            tf.RaggedTensor.from_tensor(found["scores"][:, None]),
            said,
            tf.RaggedTensor.from_row_lengths(weights, sizes),
        ]

    def answer(rows: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        dtypes = (tf.float32, tf.int32, tf.float32)
        scores, said, weights = map_sorted_ragged(rows, search, dtypes, part_size)
        return {
            "translation": target(said),
            "score": scores.flat_values,
            "source": _with_frame(rows, source.pieces(rows)).to_tensor(""),
            "target": target.pieces(said).to_tensor(""),
            "attention": _table(weights.flat_values, said.row_lengths(), rows.row_lengths()),
        }

    return answer


def _with_frame(ids: tf.RaggedTensor, texts: tf.RaggedTensor) -> tf.RaggedTensor:
    """Adds the names of [BOS] and [EOS], which have no text, to the pieces of rows."""
    flat = texts.flat_values
    for id_ in (BOS, EOS):
        flat = tf.where(ids.flat_values == id_, SPECIALS[id_], flat)
    return texts.with_flat_values(flat)


def _table(weights: tf.Tensor, written: tf.Tensor, read: tf.Tensor) -> tf.Tensor:
    """The weights of all rows as float32 [n, target, source].

    Args:
        written, read: int64 [n], pieces of each translation and of its source.
    """
    count = tf.size(written, tf.int64)
    most_written, most_read = (tf.reduce_max(tf.concat([n, [0]], 0)) for n in (written, read))
    refused = tf.debugging.assert_less_equal(
        count * most_written * most_read,
        tf.constant(MOST_NUMBERS, tf.int64),
        "a table of the attention of so many texts takes too much memory: give fewer texts at once",
    )
    with tf.control_dependencies([refused]):
        lengths = [written, tf.repeat(read, written)]
    table = tf.RaggedTensor.from_nested_row_lengths(weights, lengths).to_tensor()
    # The longest source may be of an empty translation.
    return tf.pad(table, [[0, 0], [0, 0], [0, most_read - tf.shape(table, tf.int64)[2]]])
