"""The tagger as a SavedModel: raw strings in, entities with their offsets out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.corpora.annotated.entities import Entity
from pipeline.export.graph_rows import row_numbers
from pipeline.export.graph_text import GraphTokenizer
from pipeline.export.saved_model import load_asker, write_saved_model
from pipeline.export.split_batches import SENTENCES_AT_ONCE, map_sorted_pieces
from pipeline.facts import Exported
from pipeline.text.tags import TagSet
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import BOS, EOS

ENTITIES = "entities"
"""The signature whose answer is as large as what it found."""
MOST_CELLS = 2**24
"""Of the tables of `serving_default`, which take 56 bytes a cell: 0.9 GB."""


def export_tagger(
    decoder: keras.Model, tokenizer: Tokenizer, tags: TagSet, folder: Path, *, max_length: int
) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow and tensorflow-text.

    Signature `serving_default`: `text` string [n] -> `entity`, `label` string [n, most] and
    `start`, `end` int32 [n, most], where `most` is the largest number of entities in one text.
    `start` and `end` (exclusive) count characters of the text as it was given; unused cells are
    "" and -1. A table of more than `MOST_CELLS` is refused (InvalidArgumentError).

    Signature `entities`: the same entities one behind the other, whatever the texts: `entity`,
    `label` string [entities], `start`, `end` int32 [entities], and `row` int32 [entities], the
    place of its text among those given.

    Args:
        decoder: ids and lengths in, legal tags out (`pipeline.models.tagger.best_tags`).
        tokenizer: the one the model was trained with, of the kind `syllable`.
        tags: what the tags mean.
        folder: an empty folder to write into.
        max_length: the longest row the model is given, [BOS] and [EOS] counted; a longer text
            is read in parts of so many.

    Returns:
        {"summary": one line for people, "signatures": their names, "facts": name -> what it is,
        "limits": sentences on what not to expect}.
    """
    names = tf.constant(list(tags.labels))
    graph_tokenizer = GraphTokenizer(tokenizer)

    def tag(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return decoder({"ids": ids, "lengths": lengths}, training=False)

    spec = tf.TensorSpec([None], tf.string, name="text")
    part_size = SENTENCES_AT_ONCE.for_rows(max_length)

    # Both signatures call one graph, which is stored once.
    @tf.function(input_signature=[spec], autograph=False)
    def entities(text: tf.Tensor) -> dict[str, tf.Tensor]:
        ids, starts, ends = (rows[:, 1:-1] for rows in graph_tokenizer.with_offsets(text))
        parts = _framed(_in_parts(ids, max_length - 2))
        found = _begun(map_sorted_pieces(parts, tag, part_size)[:, 1:-1])
        return _entities(text, ids.with_flat_values(found.flat_values), starts, ends, names)

    def tables(text: tf.Tensor) -> dict[str, tf.Tensor]:
        return _tables(entities(text), tf.size(text))

    signatures = {"serving_default": tables, ENTITIES: lambda text: dict(entities(text))}
    size = write_saved_model(folder, signatures, [spec], [graph_tokenizer])
    tokenizer.save(folder / "assets.extra")
    return Exported(
        summary=f"serving_default signature, {size}",
        signatures=tuple(signatures),
        facts={
            "labels": ", ".join(tags.labels),
            "pieces": f"{len(tokenizer.vocabulary):,} ({tokenizer.kind})",
            "parameters": f"{decoder.count_params():,}",
        },
        limits=(
            "Entities never nest and never overlap.",
            f"A text over {max_length - 2:,} characters (spaces not counted) is read in parts "
            "of so many; an entity across the edge of two parts comes out as two.",
            f"Documents beside many other texts are better asked with the signature `{ENTITIES}`: "
            "the tables of this one have a cell for each text and each entity of the fullest text.",
            "It knows the kinds of entities it learnt, as they are marked in its corpus; on text "
            "of another kind (chat, speech) expect it to miss more.",
        ),
    )


def _in_parts(rows: tf.RaggedTensor, max_length: int) -> tf.RaggedTensor:
    """`Ragged.in_parts` as a graph."""
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    number = tf.ragged.range(tf.maximum((lengths + max_length - 1) // max_length, 1))
    before = number * max_length
    parts = tf.minimum(max_length, tf.gather(lengths, row_numbers(number)) - before.flat_values)
    return tf.RaggedTensor.from_row_lengths(rows.flat_values, parts)


def _framed(rows: tf.RaggedTensor) -> tf.RaggedTensor:
    count = rows.nrows(out_type=tf.int32)
    first, last = (tf.fill([count, 1], tf.constant(edge, tf.int32)) for edge in (BOS, EOS))
    return tf.concat([first, rows, last], axis=1)


def _begun(rows: tf.RaggedTensor) -> tf.RaggedTensor:
    """`TagSet.unframed` as a graph, without the frame: no row begins with `I-`."""
    tags = rows.flat_values
    first = tf.boolean_mask(rows.row_starts(), rows.row_lengths() > 0)
    leading = tf.gather(tags, first)
    inside = tf.cast((leading > 0) & tf.equal(leading % 2, 0), tags.dtype)
    return rows.with_flat_values(tf.tensor_scatter_nd_sub(tags, first[:, None], inside))


def _entities(
    text: tf.Tensor,
    tags: tf.RaggedTensor,
    starts: tf.RaggedTensor,
    ends: tf.RaggedTensor,
    names: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """`TagSet.entities_of` as a graph, for legal tags, starts and ends int32 [n, None]: the outputs
    of the signature `entities`."""
    flat = tags.flat_values
    begins = tf.equal(flat % 2, 1)
    inside = tf.greater(flat, 0)
    # Pieces of one entity carry its number, counted over all texts.
    number = tf.boolean_mask(tf.cumsum(tf.cast(begins, tf.int32)) - 1, inside)
    where = tf.boolean_mask(tf.range(tf.size(flat)), inside)
    first = tf.boolean_mask(tf.range(tf.size(flat)), begins)
    last = tf.math.segment_max(where, number)
    row = tf.gather(row_numbers(tags), first)
    start = tf.gather(starts.flat_values, first)
    end = tf.gather(ends.flat_values, last)
    label = tf.gather(names, (tf.gather(flat, first) - 1) // 2)
    entity = _between(text, row, start, end)
    return {"row": row, "entity": entity, "label": label, "start": start, "end": end}


def _between(text: tf.Tensor, row: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Characters `start` to `end` of the text `row`, for each of many: string [many].

    Cut out of the characters of all texts: `tf.strings.substr` would be given a copy of the whole
    text for each.
    """
    points = tf.strings.unicode_decode(text, "UTF-8")
    first = tf.gather(tf.cast(points.row_starts(), tf.int32), row)
    cut = tf.ragged.range(first + start, first + end)
    chosen = cut.with_flat_values(tf.gather(points.flat_values, cut.flat_values))
    return tf.strings.unicode_encode(chosen, "UTF-8")


def _tables(found: Mapping[str, tf.Tensor], count: tf.Tensor) -> dict[str, tf.Tensor]:
    """The outputs of the signature `serving_default`, made from those of `entities`.

    Args:
        count: int32 scalar, how many texts were given.
    """
    counts = tf.math.bincount(found["row"], minlength=count)
    cells = tf.cast(count, tf.int64) * tf.cast(tf.reduce_max(counts, axis=0), tf.int64)
    refused = tf.debugging.assert_less_equal(
        tf.where(count > 0, cells, 0),
        tf.constant(MOST_CELLS, tf.int64),
        f"a table of so many texts and entities takes too much memory: give fewer texts at once, "
        f"or use the signature {ENTITIES}",
    )
    with tf.control_dependencies([refused]):
        splits = tf.pad(tf.cumsum(counts), [[1, 0]])

    def table(name: str, unused: str | int) -> tf.Tensor:
        rows = tf.RaggedTensor.from_row_splits(found[name], splits, validate=False)
        return rows.to_tensor(default_value=unused)

    return {
        "entity": table("entity", ""),
        "label": table("label", ""),
        "start": table("start", -1),
        "end": table("end", -1),
    }


def entities_by_row(answer: Mapping[str, np.ndarray], count: int) -> list[list[Entity]]:
    """The entities of each text, from the outputs of the signature `entities` as arrays.

    Args:
        count: how many texts were given.
    """
    found: list[list[Entity]] = [[] for _ in range(count)]
    columns = (answer[name] for name in ("row", "start", "end", "label"))
    for row, start, end, label in zip(*columns, strict=True):
        found[row].append(Entity(int(start), int(end), label.decode("utf-8")))
    return found


def served_entities(answer: Mapping[str, np.ndarray]) -> list[list[Entity]]:
    """The entities of each text, from the outputs `start`, `end` and `label` as arrays."""
    return [
        [
            Entity(int(start), int(end), label.decode("utf-8"))
            for start, end, label in zip(*row, strict=True)
            if start >= 0
        ]
        for row in zip(answer["start"], answer["end"], answer["label"], strict=True)
    ]


def load_tagger(folder: Path) -> Callable[[list[str]], list[list[Entity]]]:
    """texts -> the entities of each, asking the SavedModel in `folder` (`load_asker`)."""
    ask = load_asker(folder, ENTITIES)

    def tag(texts: list[str]) -> list[list[Entity]]:
        answer = ask(texts)
        # An older export has the tables alone.
        return entities_by_row(answer, len(texts)) if "row" in answer else served_entities(answer)

    return tag
