"""Scheduled sampling: in training, the decoder sometimes reads its own predictions."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.models.one_graph import predict_batch
from pipeline.text.vocabulary import SPECIALS

_STREAM = 1
"""Keeps these draws apart from those that only a seed and an epoch decide."""


class ScheduledSampling:
    """Replaces some of the reference's pieces by the model's own (Bengio et al. 2015,
    arXiv:1506.03099), so that training is closer to decoding.

    In two passes (Mihaylova and Martins 2019, arXiv:1906.07651), which needs no loop over time and
    is the same for every architecture. The first reads the reference; no gradient goes through
    it, nothing is dropped. The best piece it has for a place stands, with the probability of the
    step and independently of other places, where the reference's piece stood; the second pass,
    the one that is trained, reads that. What it should say stays the reference's.

    Differs from the sequential sampling of Bengio et al. in that a prediction is made after the
    reference's pieces alone, not after those that were put in before it. A best piece is never a
    special one: no search goes on after [EOS] or says [UNK].

    The probability rises in a straight line, from 0 at the first step to `final` at the last one:
    their linear schedule, with k = 1 and c so that it ends at 1 - `final`. Which places are drawn
    is a pure function of seed and step.

    Args:
        translator: what `pipeline.models.seq2seq.translator` made; the weights are shared.
        final: probability at the last step, 0 to 1.
        seed: of the draws.
    """

    def __init__(self, translator: keras.Model, final: float, seed: int):
        if not 0 <= final <= 1:
            raise ValueError(f"a probability is between 0 and 1, not {final}")
        self.final, self.seed = final, seed
        readable = translator.output[:, :, len(SPECIALS) :]
        best = ops.cast(ops.argmax(readable, axis=-1), "int32") + len(SPECIALS)
        self._first_pass = keras.Model(translator.input, best, name="first_pass")

    def probability(self, step: int, total: int) -> float:
        """The probability that a piece is replaced, after `step` of `total` steps."""
        return self.final * min(step / max(total - 1, 1), 1.0)

    def __call__(self, inputs: dict, step: int, total: int) -> tuple[dict, dict[str, float]]:
        """Replaces pieces, as `TrainingPlan.prepare`.

        Args:
            inputs: of the translator, "target_ids" int32 [batch, target] and "target_lengths"
                int32 [batch] among them.
            step, total: steps done, and in all.

        Returns:
            The inputs with other "target_ids", [BOS] and padding as they were, and
            {"scheduled_sampling": the probability}.
        """
        probability = self.probability(step, total)
        target_ids = inputs["target_ids"]
        generator = np.random.default_rng((self.seed, step, _STREAM))
        own = generator.random(target_ids.shape) < probability
        own[:, 0] = False
        own &= np.arange(target_ids.shape[1]) < inputs["target_lengths"][:, None]
        best = predict_batch(self._first_pass, inputs)
        # What is said at one place is read at the next.
        said = np.roll(best, 1, axis=1)
        inputs = {**inputs, "target_ids": np.where(own, said, target_ids)}
        return inputs, {"scheduled_sampling": probability}
