"""The text policy as a graph that also gives the offset of each character in the original text.

The rules of `pipeline.normalize` delete; these variants put a mark in the place of what they
would delete, so that characters can still be counted, and drop the marks at the end.
"""

from __future__ import annotations

import tensorflow as tf
import tensorflow_text as tf_text

from pipeline.export.graph_rows import filter_rows
from pipeline.normalize import (
    DROPPED,
    JOINER,
    NEWLY_COMBINING,
    TAGS,
    WHITE_SPACE,
    class_body,
    emoji_sequence,
)

# Both are control characters: after the first rule no other of them is left in the text.
_DROPPED_MARK, _JOINER_MARK = "\x01", "\x02"
_SEQUENCE = emoji_sequence(ignoring=_DROPPED_MARK)

_RULES = (
    (f"[{class_body(DROPPED)}]", _DROPPED_MARK),
    # A group that did not take part is empty, so the mark also lands behind every kept sequence;
    # the next rule takes it away again there.
    (f"({_SEQUENCE})|[{class_body(JOINER + TAGS)}]", rf"\1{_JOINER_MARK}"),
    (f"({_SEQUENCE}){_JOINER_MARK}", r"\1"),
    (f"[{class_body(NEWLY_COMBINING)}]", "\ufffd"),
    (f"[{class_body(WHITE_SPACE)}]", " "),
)


def normalize_with_offsets(
    strings: tf.Tensor,
) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
    """Applies the text policy, with offsets.

    Args:
        strings: string [n].

    Returns:
        (points, starts, ends), int32 [n, None] each: the code points of what
        `normalize_in_graph` gives, and for each the characters `start` to `end` (exclusive) of
        the text as given that it came from. Invalid bytes count as the U+FFFD they become; of
        several white-space characters that became one space only the first counts; combining
        marks that canonical order swaps are told apart less finely than in Python.
    """
    strings = tf.strings.unicode_transcode(strings, "UTF-8", "UTF-8", errors="replace")
    for pattern, replacement in _RULES:
        strings = tf.strings.regex_replace(strings, pattern, replacement)
    points = tf.strings.unicode_decode(strings, "UTF-8")
    places = tf.ragged.range(points.row_lengths())
    for unwanted in (_marks, _repeated_spaces, _last_space):
        wanted = tf.logical_not(unwanted(points))
        points, places = filter_rows(points, wanted), filter_rows(places, wanted)
    spaced = tf.strings.unicode_encode(points, "UTF-8")
    composed = tf_text.normalize_utf8(spaced, "NFC")
    first, last = tf.cond(
        tf.reduce_all(tf.equal(spaced, composed)),
        lambda: (tf.range(tf.size(places.flat_values)),) * 2,
        lambda: _sources(spaced, composed),
    )
    result = tf.strings.unicode_decode(composed, "UTF-8")
    starts = tf.cast(tf.gather(places.flat_values, first), tf.int32)
    ends = tf.cast(tf.gather(places.flat_values, last), tf.int32) + 1
    return result, result.with_flat_values(starts), result.with_flat_values(ends)


def _marks(points: tf.RaggedTensor) -> tf.Tensor:
    return points.flat_values <= ord(_JOINER_MARK)


def _repeated_spaces(points: tf.RaggedTensor) -> tf.Tensor:
    edge = tf.fill([points.nrows(), 1], ord(" "))
    before = tf.concat([edge, points], axis=1)[:, :-1].flat_values
    return tf.logical_and(tf.equal(points.flat_values, ord(" ")), tf.equal(before, ord(" ")))


def _last_space(points: tf.RaggedTensor) -> tf.Tensor:
    edge = tf.fill([points.nrows(), 1], ord(" "))
    after = tf.concat([points, edge], axis=1)[:, 1:].flat_values
    return tf.logical_and(tf.equal(points.flat_values, ord(" ")), tf.equal(after, ord(" ")))


def _sources(before: tf.Tensor, after: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The first and last character of `before` for each character of `after`, both counted over all
    rows.

    Canonically equivalent texts decompose into equally many characters, so that counting these
    tells which belong together.
    """
    starts_before, _ = _decomposed_spans(before)
    starts, ends = _decomposed_spans(after)
    first = tf.searchsorted(starts_before, starts, side="right") - 1
    last = tf.searchsorted(starts_before, ends - 1, side="right") - 1
    return first, last


def _decomposed_spans(strings: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    characters = tf.strings.unicode_split(strings, "UTF-8").flat_values
    sizes = tf.strings.length(tf_text.normalize_utf8(characters, "NFD"), unit="UTF8_CHAR")
    ends = tf.cumsum(sizes)
    return ends - sizes, ends
