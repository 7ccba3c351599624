"""Predicts a masked piece with an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from pipeline.batches.language_model import HIDDEN_AS
from pipeline.batches.padding import pad
from pipeline.models.one_graph import predict_batch
from pipeline.models.settings import EncoderSettings
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import SPECIALS

_AT_ONCE = 32


class FillIn:
    """The probabilities of all pieces at a position, given all other pieces of the text. Special
    pieces are never predicted.

    Recurrent: p(piece | left) p(piece | right) / p(piece), normalised, which is exact if the two
    sides are independent given the piece. Transformer: what it learnt to guess.

    Args:
        model: what `pipeline.models.text_encoder.pretraining_model` made.
        settings: its shape.
        counts: int [pieces], how often each stands in the training text.
    """

    def __init__(self, model: keras.Model, settings: EncoderSettings, counts: np.ndarray):
        self.recurrent = settings.architecture == "recurrent"
        self.softmax = model.get_layer("softmax")
        prior = np.asarray(counts, np.float64) + 1
        self.log_prior = np.log(prior / prior.sum())
        if self.recurrent:
            guesses = [model.get_layer(name).output for name in ("forward", "backward")]
            inputs = {name: model.input[name] for name in ("ids", "lengths")}
        else:
            guesses = [model.get_layer("guess_norm").output]
            inputs = {name: model.input[name] for name in ("ids", "lengths", "places")}
        self.guesses = keras.Model(inputs, guesses)

    def __call__(self, rows: Ragged, places: Sequence[int]) -> np.ndarray:
        """The log probabilities at one position of each row, which is neither its first nor its
        last.

        Args:
            rows: framed ids.
            places: of each row, counted from 0 with [BOS].

        Returns:
            float64 [rows, pieces].
        """
        parts = [
            self._part(rows, np.arange(first, min(first + _AT_ONCE, len(rows))), places)
            for first in range(0, len(rows), _AT_ONCE)
        ]
        return np.concatenate(parts)

    def _part(self, rows: Ragged, indices: np.ndarray, places: Sequence[int]) -> np.ndarray:
        ids, lengths = pad(rows, indices)
        place, row = np.asarray(places)[indices], np.arange(len(indices))
        if self.recurrent:
            forward, backward = predict_batch(self.guesses, {"ids": ids, "lengths": lengths})
            from_left = self._log_probabilities(forward[row, place - 1])
            from_right = self._log_probabilities(backward[row, place + 1])
            return _among_pieces(from_left + from_right - self.log_prior)
        ids[row, place] = HIDDEN_AS
        inputs = {"ids": ids, "lengths": lengths, "places": place[:, None].astype(np.int32)}
        return _among_pieces(self._log_probabilities(predict_batch(self.guesses, inputs)[:, 0]))

    def _log_probabilities(self, vectors: np.ndarray) -> np.ndarray:
        return _normalized(np.asarray(self.softmax.logits(vectors), np.float64))


def _among_pieces(logits: np.ndarray) -> np.ndarray:
    logits[:, : len(SPECIALS)] = -np.inf
    return _normalized(logits)


def _normalized(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
