"""The loss of a translator on references: with teacher forcing, and after its own pieces."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.decoding import SpecialIds, greedy
from pipeline.models.one_graph import predict_batch
from pipeline.models.seq2seq_steps import translation_steps
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK

_TOKENS = 4096
"""Source and target tokens at once."""


class ReferenceLosses(keras.Model):
    """Computes the loss of references in two ways, which differ in the pieces that the decoder
    reads.

    *Teacher-forced:* piece t of the reference after its pieces 1 ... t - 1.

    *Free-running:* piece t of the reference after the first t - 1 pieces that the model says by
    itself, greedily. As the reference goes on, so does the model: [EOS] is not chosen, nor is
    [UNK], which no search says.

    Where the model says what the reference says the two are equal; where it says something else
    they part, be it a mistake or another good translation. The difference so holds more than what
    a model pays for its own mistakes (exposure bias): it is for comparing models.

    [EOS] is the last piece of a reference and is scored like the others, without label smoothing.

    Args:
        translator: what `pipeline.models.seq2seq.translator` made; the weights are shared.

    Call arguments:
        What a translator reads, and "targets": int32 [batch, target], what it should say, -1 at
        padding.

    Returns:
        {"teacher_forced", "free_running": float32 [batch], nats, the sum over the pieces of each
        reference}.
    """

    def __init__(self, translator: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.translator, self.steps = translator, translation_steps(translator)
        # The longest of a batch is known when it comes: no shape for XLA.
        self.supports_jit = False
        self.built = True

    @property
    def input(self):
        """The inputs, as a functional model describes them."""
        described = self.translator.input
        return {**described, "targets": described["target_ids"]}

    def call(self, inputs):
        ids, lengths, reads = inputs["ids"], inputs["lengths"], inputs["target_ids"]
        rows, places = ops.shape(reads)
        own = greedy(
            self.steps.step,
            self.steps.start(ids, lengths, places),
            rows,
            SpecialIds(bos=BOS, eos=-1, pad=PAD, never=(UNK, EOS)),
            max_length=places,
        )
        free = ops.concatenate([reads[:, :1], own.ids[:, :-1]], axis=1)
        return {
            "teacher_forced": self._nats(inputs, reads),
            "free_running": self._nats(inputs, free),
        }

    def _nats(self, inputs, reads):
        """The loss of the targets if the decoder reads `reads`: float32 [batch]."""
        read = {name: inputs[name] for name in ("ids", "lengths", "target_lengths")}
        logits = self.translator({**read, "target_ids": reads}, training=False)
        targets = inputs["targets"]
        each = ops.sparse_categorical_crossentropy(
            ops.maximum(targets, 0), logits, from_logits=True
        )
        return ops.sum(ops.where(targets >= 0, each, 0.0), axis=1)


def reference_losses(
    translator: keras.Model, sources: Ragged, targets: Ragged, multiple: int = 1
) -> dict[str, float]:
    """The mean loss in nats per piece over a whole split, every piece counting alike.

    Args:
        translator: what `pipeline.models.seq2seq.translator` made.
        sources, targets: framed ids of every pair, at least one.
        multiple: as of `PairBuckets`.

    Returns:
        {"teacher_forced": ..., "free_running": ...}, as `ReferenceLosses` tells.
    """
    model, pieces = ReferenceLosses(translator), 0
    totals = {"teacher_forced": 0.0, "free_running": 0.0}
    for inputs, said in PairBuckets(sources, targets, _TOKENS, multiple=multiple):
        answer = predict_batch(model, {**inputs, "targets": said})
        pieces += int((said >= 0).sum())
        for name in totals:
            totals[name] += float(answer[name].sum(dtype="float64"))
    return {name: total / pieces for name, total in totals.items()}
