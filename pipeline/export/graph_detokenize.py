"""Detokenisation as a TensorFlow graph, identical to `Tokenizer.decode`."""

from __future__ import annotations

import tensorflow as tf

from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import SPECIALS, UNK


class GraphDetokenizer(tf.Module):
    """Turns ids into strings, for any tokenizer.

    All kinds decode alike: each piece has its own text, with a space in front where it begins a
    word, and the one space that then stands before the first word is taken away. What the texts
    are is asked of `Tokenizer.decode` itself, piece by piece. What a decode does not mend in
    Python is not mended here either: spaces around punctuation that `wordpiece` cut off, and
    morphemes that were not words.

    Args:
        tokenizer: whose pieces; a morpheme analyser in front of it is not needed to decode.
    """

    def __init__(self, tokenizer: Tokenizer):
        super().__init__(name="detokenizer")
        anchor = SPECIALS[UNK]
        self._texts = tf.constant(
            [
                tokenizer.decode([UNK, id_]).removeprefix(anchor)
                for id_ in range(len(tokenizer.vocabulary))
            ]
        )

    def pieces(self, rows: tf.RaggedTensor) -> tf.RaggedTensor:
        """The text of each piece, int32 [n, None] -> string [n, None], with a space in front where
        it begins a word. Joined, the pieces of a row are its string, apart from a space in
        front."""
        return rows.with_flat_values(tf.gather(self._texts, rows.flat_values))

    def __call__(self, rows: tf.RaggedTensor) -> tf.Tensor:
        """The text of each row, int32 [n, None] -> string [n]."""
        joined = tf.strings.reduce_join(self.pieces(rows), axis=1)
        return tf.strings.regex_replace(joined, "^ ", "", replace_global=False)
