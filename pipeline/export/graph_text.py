"""The text policy and the tokenizers as TensorFlow graphs, identical to those in Python.

`tensorflow_text` must be imported wherever a graph with these in it is loaded.
"""

from __future__ import annotations

import tensorflow as tf
import tensorflow_text as tf_text

from pipeline.export.graph_offsets import normalize_with_offsets
from pipeline.export.graph_rows import filter_rows
from pipeline.normalize import RULES
from pipeline.quiet import native_chatter_hidden
from pipeline.text.graph_limits import check_vocabulary
from pipeline.text.syllables import SyllableTokenizer
from pipeline.text.tokenizer import VOCABULARY_FILE, Tokenizer
from pipeline.text.unigram import STAND_IN, WORD_MARK, SentencePieceTokenizer
from pipeline.text.vocabulary import BOS, CONTINUES, EOS, SPECIALS, UNK
from pipeline.text.wordpiece import WordPieceTokenizer, standing_alone

_SPACE = ord(" ")


def normalize_in_graph(strings: tf.Tensor) -> tf.Tensor:
    """Applies the text policy of `pipeline.normalize` to string [n].

    Bytes that are no UTF-8 become U+FFFD first, as `bytes.decode(errors="replace")` does it.
    """
    strings = tf.strings.unicode_transcode(strings, "UTF-8", "UTF-8", errors="replace")
    for rule in RULES:
        strings = tf.strings.regex_replace(strings, rule.pattern, rule.replacement)
    return tf_text.normalize_utf8(strings, "NFC")


class GraphTokenizer(tf.Module):
    """A tokenizer for use inside a SavedModel: raw strings in, framed ids out.

    Args:
        tokenizer: any whose `runs_in_graph` is true.
        max_length: rows longer than this, [BOS] and [EOS] counted, lose what is too much before
            [EOS]; None for no limit.

    Raises:
        ValueError: the tokenizer cannot run in a graph, or `max_length` leaves no room.
        UserError: a graph cannot hold its vocabulary.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int | None = None):
        super().__init__(name="tokenizer")
        if not tokenizer.runs_in_graph:
            raise ValueError(f"{tokenizer.morphemes} cannot run in a TensorFlow graph")
        if max_length is not None and max_length < 2:
            raise ValueError("max_length must leave room for [BOS] and [EOS]")
        check_vocabulary(tokenizer.kind, tokenizer.vocabulary, VOCABULARY_FILE)
        self._max_pieces = max_length
        if isinstance(tokenizer, WordPieceTokenizer):
            self._pieces = _WordPieces(tokenizer)
        elif isinstance(tokenizer, SentencePieceTokenizer):
            self._pieces = _SentencePieces(tokenizer)
        elif isinstance(tokenizer, SyllableTokenizer):
            self._pieces = _Syllables(tokenizer)
        else:
            raise ValueError(f"no graph for a {tokenizer.kind} tokenizer")

    def __call__(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Framed ids as from `Tokenizer.encode`, string [n] -> int32 [n, None]: [BOS] ... [EOS]."""
        return self._framed(self._pieces(normalize_in_graph(strings)), BOS, EOS)

    def with_offsets(
        self, strings: tf.Tensor
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
        """Ids as from `__call__`, and the offsets of each piece in the text as given.

        Returns:
            (ids, starts, ends), int32 [n, None] each: characters `start` to `end` (exclusive);
            -1 for [BOS] and [EOS].

        Raises:
            ValueError: the tokenizer is not of the kind `syllable`.
        """
        if not isinstance(self._pieces, _Syllables):
            raise ValueError("only syllables have offsets in a graph")
        points, starts, ends = normalize_with_offsets(strings)
        inside = tf.not_equal(points.flat_values, _SPACE)
        starts, ends = (filter_rows(edges, inside) for edges in (starts, ends))
        return (
            self._framed(self._pieces.of_points(points), BOS, EOS),
            self._framed(starts, -1, -1),
            self._framed(ends, -1, -1),
        )

    def _framed(self, rows: tf.RaggedTensor, first: int, last: int) -> tf.RaggedTensor:
        if self._max_pieces is not None:
            rows = rows[:, : self._max_pieces - 2]
        count = rows.nrows(out_type=tf.int32)
        begin, end = (tf.fill([count, 1], tf.constant(edge, tf.int32)) for edge in (first, last))
        return tf.concat([begin, rows, end], axis=1)


class _WordPieces(tf.Module):
    """WordPiece: normalized string [n] -> int32 [n, None]."""

    def __init__(self, tokenizer: WordPieceTokenizer):
        super().__init__(name="wordpieces")
        self._alone = standing_alone(tokenizer.vocabulary.joining)
        # Words are cut out by our own pattern, so that no library's idea of punctuation enters.
        self._match = tf_text.FastWordpieceTokenizer(
            list(tokenizer.vocabulary.pieces),
            suffix_indicator=CONTINUES,
            max_bytes_per_word=2**31 - 1,
            token_out_type=tf.int32,
            unknown_token=SPECIALS[UNK],
            no_pretokenization=True,
        )

    def __call__(self, strings: tf.Tensor) -> tf.RaggedTensor:
        words = tf.strings.split(tf.strings.regex_replace(strings, self._alone, r" \1 "))
        return self._match.tokenize(words).merge_dims(1, 2)


class _SentencePieces(tf.Module):
    """SentencePiece: normalized string [n] -> int32 [n, None]."""

    def __init__(self, tokenizer: SentencePieceTokenizer):
        super().__init__(name="sentencepieces")
        self._unknown_run = tokenizer.unknown_run
        with native_chatter_hidden():
            self._library = tf_text.SentencepieceTokenizer(tokenizer.model, out_type=tf.int32)

    def __call__(self, strings: tf.Tensor) -> tf.RaggedTensor:
        strings = tf.strings.regex_replace(strings, WORD_MARK, STAND_IN)
        return self._library.tokenize(tf.strings.regex_replace(strings, self._unknown_run, r"\1"))


class _Syllables(tf.Module):
    """Syllables: normalized string [n] -> int32 [n, None].

    A piece is looked up as one number: twice the code point, and one more if it continues a word.
    """

    def __init__(self, tokenizer: SyllableTokenizer):
        super().__init__(name="syllables")
        keys, ids = [], []
        for id_, piece in enumerate(tokenizer.vocabulary.pieces[len(SPECIALS) :], len(SPECIALS)):
            continues = len(piece) > 1
            keys.append(2 * ord(piece[-1]) + continues)
            ids.append(id_)
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(keys, tf.int64), tf.constant(ids, tf.int64)
        )
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNK)

    def __call__(self, strings: tf.Tensor) -> tf.RaggedTensor:
        return self.of_points(tf.strings.unicode_decode(strings, "UTF-8"))

    def of_points(self, points: tf.RaggedTensor) -> tf.RaggedTensor:
        """normalized code points int32 [n, None] -> int32 [n, None]."""
        # With a space put before each row, a character continues a word if no space precedes it.
        before = tf.concat([tf.fill([points.nrows(), 1], _SPACE), points], axis=1)[:, :-1]
        continues = tf.cast(tf.not_equal(before.flat_values, _SPACE), tf.int64)
        ids = self._table.lookup(2 * tf.cast(points.flat_values, tf.int64) + continues)
        ids = points.with_flat_values(tf.cast(ids, tf.int32))
        return filter_rows(ids, tf.not_equal(points.flat_values, _SPACE))
