"""The encoder as a SavedModel: raw texts in, vectors of pieces and texts out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.export.graph_rows import row_numbers
from pipeline.export.graph_text import GraphTokenizer
from pipeline.export.reading_limit import write_reading_limit
from pipeline.export.saved_model import load_asker, write_saved_model
from pipeline.export.split_batches import REVIEWS_AT_ONCE, map_sorted_vectors
from pipeline.facts import Exported
from pipeline.text.tokenizer import Tokenizer

TEXT_VECTORS = "text_vectors"
"""Name of the signature that gives one vector a text and nothing else."""
MOST_NUMBERS = 2**27
"""In the table `vectors`: 512 MB."""


def export_encoder(
    encoder: keras.Model,
    tokenizer: Tokenizer,
    centre: np.ndarray,
    folder: Path,
    *,
    max_length: int,
) -> Exported:
    """Writes a SavedModel with the signatures `serving_default` and `text_vectors`.

    `serving_default`: `text` string [n] -> `pieces` string [n, time] (unused cells empty),
    `vectors` float32 [n, time, width] (unused cells 0), `text_vector` float32 [n, width] of length
    1 (of an empty text 0). `text_vectors`: the same `text_vector` alone, in memory that does not
    grow with the longest text. Texts over `max_length` pieces are read up to there.

    Args:
        encoder: ids and lengths in, vectors out.
        tokenizer: the one the encoder was trained with; it runs in a graph.
        centre: float32 [width], what `pipeline.models.text_vectors.text_vectors` takes away.
        folder: an empty folder to write into.
        max_length: [BOS] and [EOS] counted.
    """
    graph_tokenizer = GraphTokenizer(tokenizer, max_length=max_length)
    names = tf.constant(tokenizer.vocabulary.pieces)
    middle = tf.constant(centre, tf.float32)
    width = encoder.output_shape[-1]
    spec = tf.TensorSpec([None], tf.string, name="text")
    part_size = REVIEWS_AT_ONCE.for_rows(max_length)

    def vectors_of(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return encoder({"ids": ids, "lengths": lengths}, training=False)

    # Both signatures call one graph, which is stored once.
    @tf.function(input_signature=[spec], autograph=False)
    def encode(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Ids and vectors of all pieces end to end, and where each text begins."""
        framed = graph_tokenizer(text)
        ids = framed[:, 1:-1]
        vectors = map_sorted_vectors(framed, vectors_of, width, part_size)[:, 1:-1]
        return ids.flat_values, vectors.flat_values, ids.row_splits

    def text_vector(vectors: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
        rows = tf.RaggedTensor.from_row_splits(vectors, splits, validate=False)
        count = rows.nrows(tf.int32)
        total = tf.math.unsorted_segment_sum(vectors, row_numbers(rows), count)
        pieces = tf.cast(rows.row_lengths(), tf.float32)[:, None]
        mean = tf.where(pieces > 0, total / tf.maximum(pieces, 1.0) - middle, 0.0)
        return mean / tf.maximum(tf.norm(mean, axis=1, keepdims=True), 1e-9)

    def tables(text: tf.Tensor) -> dict[str, tf.Tensor]:
        ids, vectors, splits = encode(text)
        lengths = splits[1:] - splits[:-1]
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        refused = tf.debugging.assert_less_equal(
            tf.size(lengths, tf.int64) * tf.cast(longest, tf.int64) * width,
            tf.constant(MOST_NUMBERS, tf.int64),
            "a table of the vectors of so many texts takes too much memory: give fewer texts at "
            f"once, or use the signature {TEXT_VECTORS}",
        )
        with tf.control_dependencies([refused]):
            splits = tf.identity(splits)

        def table(flat: tf.Tensor, unused: str | float) -> tf.Tensor:
            rows = tf.RaggedTensor.from_row_splits(flat, splits, validate=False)
            return rows.to_tensor(default_value=unused)

        return {
            "pieces": table(tf.gather(names, ids), ""),
            "vectors": table(vectors, 0.0),
            "text_vector": text_vector(vectors, splits),
        }

    def texts(text: tf.Tensor) -> dict[str, tf.Tensor]:
        _, vectors, splits = encode(text)
        return {"text_vector": text_vector(vectors, splits)}

    signatures = {"serving_default": tables, TEXT_VECTORS: texts}
    size = write_saved_model(folder, signatures, [spec], [graph_tokenizer])
    tokenizer.save(folder / "assets.extra")
    write_reading_limit(folder / "assets.extra", max_length)
    return Exported(
        summary=f"serving_default signature, {size}",
        signatures=tuple(signatures),
        facts={
            "pieces": f"{len(tokenizer.vocabulary):,} ({tokenizer.kind})",
            "numbers in a vector": f"{width:,}",
            "parameters": f"{encoder.count_params():,}",
        },
        limits=(
            f"Of a text over {max_length:,} pieces, only the first {max_length:,} are read.",
            "Vectors say what texts are about more than what they claim: opposite opinions on one "
            "subject are near each other.",
            f"Many texts at once, or long ones, are better asked with the signature "
            f"`{TEXT_VECTORS}`.",
        ),
    )


def load_text_encoder(folder: Path) -> Callable[[list[str]], np.ndarray]:
    """texts -> float32 [texts, width], asking the SavedModel in `folder` (`load_asker`)."""
    ask = load_asker(folder, TEXT_VECTORS)
    return lambda texts: ask(texts)["text_vector"]
