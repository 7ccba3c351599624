"""From source ids to target ids: beam search as a model, compiled like any other."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.decoding import beam_search
from pipeline.errors import UserError
from pipeline.models.seq2seq_steps import translation_steps
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK

FRAME = 2
"""[BOS] and [EOS] of a source."""


@keras.saving.register_keras_serializable("pipeline")
class Translate(keras.Model):
    """The best translation of each row that a beam finds.

    A row's answer does not depend on the rows beside it. A source of no pieces has the empty
    translation with score 0. [UNK] is never said.

    Args:
        translator: what `pipeline.models.seq2seq.translator` made; the weights are shared.
        beam, alpha, coverage, least, max_length_factor, max_length_offset, enough: as
            `SearchSettings` tells.
        n_best: the search goes on until so many are found, and returns them all.
        attention: whether to return where each piece looked.

    Call arguments:
        {"ids": int32 [batch, source], right-padded and framed, "lengths": int32 [batch]}.

    Returns:
        {"ids": int32 [batch, longest], right-padded, closed by [EOS] unless cut off; "lengths":
        int32 [batch], [EOS] counted; "scores": float32 [batch], log probability in nats divided
        by ((5 + length) / 6) ** alpha, and the coverage penalty}; with `attention` also
        {"attention": float32 [batch, longest, source]}, 0 at padding and behind the end, and where
        coverage counts also at [BOS] and [EOS], which need not be covered. With an `n_best`
        above 1 ids, lengths and scores have an axis more, the second: [batch, n_best, ...], best
        first; what the beam did not find has length 0 and the score -inf.

    Raises:
        UserError: numbers out of range, or coverage or attention of a translator without any.
    """

    def __init__(
        self,
        translator: keras.Model,
        *,
        beam: int = 4,
        alpha: float = 1.0,
        coverage: float = 0.0,
        least: int = 0,
        max_length_factor: float = 1.5,
        max_length_offset: int = 10,
        enough: int = 0,
        n_best: int = 1,
        attention: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.translator = translator
        self.beam, self.alpha, self.coverage = beam, alpha, coverage
        self.max_length_factor, self.max_length_offset, self.enough = (
            max_length_factor,
            max_length_offset,
            enough,
        )
        self.least, self.n_best = least, n_best
        self.attention = attention
        self._check()
        self.steps = translation_steps(translator)
        # The longest of a batch is known when it comes: no shape for XLA.
        self.supports_jit = False
        self.built = True

    def _check(self) -> None:
        if self.beam < 1:
            raise UserError(f"--beam must be at least 1, not {self.beam}")
        if self.coverage < 0 or self.enough < 0:
            raise UserError("--coverage and --enough must be at least 0")
        if not 1 <= self.n_best <= self.beam:
            raise UserError(
                f"--n-best must be between 1 and the beam's {self.beam}, not {self.n_best}",
                remedy="give --beam as many",
            )
        if self.max_length_factor < 0 or self.bound(1) < 1:
            raise UserError(
                f"--max-length-factor {self.max_length_factor} and --max-length-offset "
                f"{self.max_length_offset} leave no room for a piece",
                remedy="a translation of one piece needs one",
            )
        attends = "memory" in {layer.name for layer in self.translator.layers}
        if (self.coverage or self.attention) and not attends:
            raise UserError(
                "this translator has no attention",
                remedy="set --coverage 0, or choose another --architecture",
            )

    def bound(self, pieces: int) -> int:
        """Ids that the translation of a source of so many pieces may have, [EOS] counted.

        The frame of the source is not among `pieces`; of none comes nothing.
        """
        if not pieces:
            return 0
        return int(np.float32(self.max_length_factor) * np.float32(pieces)) + self.max_length_offset

    def call(self, inputs):
        ids, lengths = ops.cast(inputs["ids"], "int32"), ops.cast(inputs["lengths"], "int32")
        most, mask = self._bounds(lengths), None
        if self.coverage or self.attention:
            mask = self._attended(ops.shape(ids)[1], lengths)
        found = beam_search(
            self.steps.step,
            self.steps.start(ids, lengths, ops.max(most, initial=0)),
            ops.shape(ids)[0],
            beam=self.beam,
            most=most,
            bos=BOS,
            eos=EOS,
            pad=PAD,
            alpha=self.alpha,
            beta=self.coverage,
            n_best=self.n_best,
            least=self.least,
            never=(UNK,),
            enough=self.enough or None,
            source_mask=mask,
            keep_attention=self.attention,
            constant=self.steps.constant,
        )
        best = {"ids": found.ids, "lengths": found.lengths, "scores": found.scores}
        if self.n_best == 1:
            best = {name: values[:, 0] for name, values in best.items()}
        return {**best, "attention": found.attention} if self.attention else best

    def _bounds(self, lengths):
        """`bound` of every row: int32 [batch]."""
        pieces = lengths - FRAME
        scaled = self.max_length_factor * ops.cast(pieces, "float32")
        return ops.where(pieces > 0, ops.cast(scaled, "int32") + self.max_length_offset, 0)

    def _attended(self, width, lengths):
        """Source positions whose attention counts: bool [batch, source]."""
        place, last = ops.arange(width, dtype="int32")[None, :], lengths[:, None]
        if self.coverage:
            return ops.logical_and(place > 0, place < last - 1)
        return place < last

    def get_config(self):
        return {
            **super().get_config(),
            "translator": keras.saving.serialize_keras_object(self.translator),
            "beam": self.beam,
            "alpha": self.alpha,
            "coverage": self.coverage,
            "least": self.least,
            "max_length_factor": self.max_length_factor,
            "max_length_offset": self.max_length_offset,
            "enough": self.enough,
            "n_best": self.n_best,
            "attention": self.attention,
        }

    @classmethod
    def from_config(cls, config):
        translator = keras.saving.deserialize_keras_object(config["translator"])
        return cls(**{**config, "translator": translator})


def translate_rows(
    translate: Translate, rows: Ragged, batch_size: int = 64
) -> tuple[Ragged, np.ndarray]:
    """Translates any number of sources, those of near-equal length together.

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
        answer = translate.predict_on_batch(inputs)
        scores[indices] = answer["scores"]
        for row, ids, length in zip(indices, answer["ids"], answer["lengths"], strict=True):
            said = ids[:length]
            found[row] = said[said != EOS]
    return Ragged.from_lists(found), scores
