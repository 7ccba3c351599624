"""Ids back to text as a TensorFlow graph, character for character what `Tokenizer.decode` gives."""

from __future__ import annotations

import tensorflow as tf

from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import SPECIALS, UNK


class GraphDetokenizer(tf.Module):
    """Ids in, strings out, for any tokenizer there is.

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
        """int32 [n, None] -> string [n, None]: the text of each piece, a space in front where it
        begins a word. Those of a row, joined, are its string but for a space in front."""
        return rows.with_flat_values(tf.gather(self._texts, rows.flat_values))

    def __call__(self, rows: tf.RaggedTensor) -> tf.Tensor:
        """int32 [n, None] -> string [n]."""
        joined = tf.strings.reduce_join(self.pieces(rows), axis=1)
        return tf.strings.regex_replace(joined, "^ ", "", replace_global=False)
