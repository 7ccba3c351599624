"""The alphabets of `text/characters.py` as a TensorFlow graph: text to ids and back.

`tensorflow_text` must be imported wherever a graph with these in it is loaded.
"""

from __future__ import annotations

import tensorflow as tf
import tensorflow_text as tf_text

from pipeline.export.graph_rows import filter_rows
from pipeline.export.graph_text import normalize_in_graph
from pipeline.text.characters import Characters
from pipeline.text.vocabulary import BOS, EOS, UNK

# The Unicode Standard 16.0, section 3.12.2: Hangul syllables and the jamo they are made of.
_FIRST, _LAST = 0xAC00, 0xD7A3
_LEADING, _VOWEL, _TRAILING = 0x1100, 0x1161, 0x11A7
_VOWELS, _TRAILINGS = 21, 28


def normalize_lines_in_graph(strings: tf.Tensor) -> tf.Tensor:
    """The text policy for texts with lines, string [n] -> string [n], as
    `pipeline.text.characters.normalize_lines`."""
    lines = tf.strings.split(strings, "\n")
    # Closed one by one: as a separator behind an empty line TensorFlow's join leaves it out.
    closed = tf.strings.join([normalize_in_graph(lines.flat_values), "\n"])
    joined = tf.strings.reduce_join(lines.with_flat_values(closed), axis=1)
    return tf.strings.substr(
        joined, tf.zeros_like(strings, tf.int32), tf.strings.length(joined) - 1
    )


def nfc(strings: tf.Tensor) -> tf.Tensor:
    """string [n] -> string [n] in Unicode NFC."""
    return tf_text.normalize_utf8(strings, "NFC")


class GraphCharacters(tf.Module):
    """An alphabet for use inside a SavedModel.

    Args:
        characters: the alphabet.
    """

    def __init__(self, characters: Characters):
        super().__init__(name="characters")
        units = {ord(unit): id_ for unit, id_ in characters.units.items()}
        self._jamo = characters.alphabet == "jamo"
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(units), tf.int32), tf.constant(list(units.values()), tf.int32)
            ),
            default_value=UNK,
        )
        said = [0] * len(characters.vocabulary)
        for point, id_ in units.items():
            said[id_] = point
        said[EOS] = ord("\n")
        self._points = tf.constant(said, tf.int32)

    def encode(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Encodes normalized strings [n] as int32 [n, None]: [BOS] and the units, without [EOS]."""
        points = tf.strings.unicode_decode(strings, "UTF-8")
        if self._jamo:
            points = _to_jamo(points)
        ids = points.with_flat_values(self._table.lookup(points.flat_values))
        first = tf.fill([ids.nrows(out_type=tf.int32), 1], tf.constant(BOS, tf.int32))
        return tf.concat([first, ids], axis=1)

    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Decodes int32 [n, time] to string [n]: [EOS] as a line feed, the other special ids as
        nothing."""
        rows = tf.RaggedTensor.from_tensor(tf.gather(self._points, ids))
        points = filter_rows(rows, rows.flat_values > 0)
        return tf.strings.unicode_encode(points, "UTF-8")


def _to_jamo(points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Splits each Hangul syllable of code points int32 [n, None] into two or three conjoining
    jamo."""
    flat = points.flat_values
    hangul = (flat >= _FIRST) & (flat <= _LAST)
    index = flat - _FIRST
    trailing = index % _TRAILINGS
    each = tf.stack(
        [
            tf.where(hangul, _LEADING + index // (_VOWELS * _TRAILINGS), flat),
            _VOWEL + index // _TRAILINGS % _VOWELS,
            _TRAILING + trailing,
        ],
        axis=1,
    )
    there = tf.stack([tf.ones_like(hangul), hangul, hangul & (trailing > 0)], axis=1)
    jamo = filter_rows(tf.RaggedTensor.from_tensor(each), tf.reshape(there, [-1]))
    return points.with_flat_values(jamo).merge_dims(1, 2)
