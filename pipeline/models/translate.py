"""Beam search for translations as a model: source ids in, target ids out."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
from keras import ops

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.decoding import SearchOptions, SpecialIds, beam_search
from pipeline.errors import UserError
from pipeline.models.one_graph import predict_batch
from pipeline.models.search_settings import SearchSettings
from pipeline.models.seq2seq_steps import translation_steps
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK

FRAME = 2
"""[BOS] and [EOS] of a source."""


def attends(translator: keras.Model) -> bool:
    """Whether a translator has attention."""
    return "memory" in {layer.name for layer in translator.layers}


@keras.saving.register_keras_serializable("pipeline")
class Translate(keras.Model):
    """The best translation of each row that beam search finds.

    A row's answer does not depend on the rows beside it. A source of no pieces has the empty
    translation with score 0. [UNK] is never said.

    Args:
        translator: what `pipeline.models.seq2seq.translator` made; the weights are shared.
        search: how to search. All of its `n_best` are returned; of 0 the best alone.
        attention: whether to return where each piece looked.

    Call arguments:
        {"ids": int32 [batch, source], right-padded and framed, "lengths": int32 [batch]}.

    Returns:
        {"ids": int32 [batch, longest], right-padded, closed by [EOS] unless cut off; "lengths":
        int32 [batch], [EOS] counted; "scores": float32 [batch], log probability in nats divided
        by ((5 + length) / 6) ** alpha, and the coverage penalty}; with `attention` also
        {"attention": float32 [batch, longest, source]} of the best, 0 at padding and behind the
        end. With an `n_best` above 1 ids, lengths and scores have an axis more, the second:
        [batch, n_best, ...], best first; what the beam did not find has length 0 and the score
        -inf.

    Raises:
        UserError: settings that do not go together, or coverage or attention of a translator
            without any.
    """

    def __init__(
        self,
        translator: keras.Model,
        search: SearchSettings,
        attention: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.translator, self.search, self.attention = translator, search, attention
        self._check()
        self.steps = translation_steps(translator)
        self.special = SpecialIds(BOS, EOS, PAD, never=(UNK,))
        self.options = SearchOptions(
            beam_size=search.beam_size,
            alpha=search.alpha,
            coverage=search.coverage,
            n_best=max(1, search.n_best),
            min_length=search.min_length,
            early_stopping=search.early_stopping,
            keep_attention=attention,
        )
        # The longest of a batch is known when it comes: no shape for XLA.
        self.supports_jit = False
        self.built = True

    @property
    def input(self):
        """The inputs, as a functional model describes them."""
        return {name: self.translator.input[name] for name in ("ids", "lengths")}

    def _check(self) -> None:
        search = self.search
        if search.n_best > search.beam_size:
            raise UserError(
                f"--n-best must be at most --beam-size {search.beam_size}, not {search.n_best}",
                remedy="give --beam-size as many",
            )
        if self.bound(1) < 1:
            raise UserError(
                f"--max-length-factor {search.max_length_factor} and --max-length-offset "
                f"{search.max_length_offset} leave no room for a piece",
                remedy="a translation of one piece needs one",
            )
        if (search.coverage or self.attention) and not attends(self.translator):
            raise UserError(
                "this translator has no attention",
                remedy="set --coverage 0, or choose another --architecture",
            )

    def bound(self, pieces: int) -> int:
        """The maximum number of ids of a translation for a source of this many pieces, [EOS]
        included.

        The frame of the source is not among `pieces`; of none comes nothing.
        """
        if not pieces:
            return 0
        factor, offset = self.search.max_length_factor, self.search.max_length_offset
        return int(np.float32(factor) * np.float32(pieces)) + offset

    def call(self, inputs):
        ids, lengths = ops.cast(inputs["ids"], "int32"), ops.cast(inputs["lengths"], "int32")
        max_length, real, covered = self._bounds(lengths), None, None
        if self.search.coverage or self.attention:
            place, last = ops.arange(ops.shape(ids)[1], dtype="int32")[None, :], lengths[:, None]
            real = place < last
            # [BOS] and [EOS] need not be covered.
            covered = ops.logical_and(place > 0, place < last - 1)
        found = beam_search(
            self.steps.step,
            self.steps.start(ids, lengths, ops.max(max_length, initial=0)),
            ops.shape(ids)[0],
            self.special,
            self.options,
            max_length=max_length,
            source_mask=real,
            coverage_mask=covered,
            constant=self.steps.constant,
        )
        best = {"ids": found.ids, "lengths": found.lengths, "scores": found.scores}
        if self.options.n_best == 1:
            best = {name: values[:, 0] for name, values in best.items()}
        return {**best, "attention": found.attention} if self.attention else best

    def _bounds(self, lengths):
        """`bound` for every row: int32 [batch]."""
        factor, offset = self.search.max_length_factor, self.search.max_length_offset
        pieces = lengths - FRAME
        scaled = ops.cast(factor * ops.cast(pieces, "float32"), "int32")
        return ops.where(pieces > 0, scaled + offset, 0)

    def get_config(self):
        return {
            **super().get_config(),
            "translator": keras.saving.serialize_keras_object(self.translator),
            "search": dataclasses.asdict(self.search),
            "attention": self.attention,
        }

    @classmethod
    def from_config(cls, config):
        translator = keras.saving.deserialize_keras_object(config["translator"])
        search = SearchSettings(**config["search"])
        return cls(**{**config, "translator": translator, "search": search})


def translate_rows(
    translate: Translate, rows: Ragged, batch_size: int = 64
) -> tuple[Ragged, np.ndarray]:
    """Translates any number of sources, in batches of similar length.

    Args:
        translate: the search.
        rows: framed ids.
        batch_size: rows at once.

    Returns:
        The ids of every translation in the order given, [EOS] and all behind it left out, and
        float32 [rows], their scores.
    """
    found: list = [None] * len(rows)
    scores = np.zeros(len(rows), np.float32)
    batches = LengthBuckets(rows, None, batch_size)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        answer = predict_batch(translate, inputs)
        scores[indices] = answer["scores"]
        for row, ids, length in zip(indices, answer["ids"], answer["lengths"], strict=True):
            said = ids[:length]
            found[row] = said[said != EOS]
    return Ragged.from_lists(found), scores
