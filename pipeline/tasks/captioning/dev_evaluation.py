"""Evaluates a captioner on dev during training: loss, BLEU-4, and some captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.batches.captions import CaptionBatches
from pipeline.evaluation.captions import bleu_of_words, caption_words
from pipeline.models.caption import Caption, caption_pictures
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.training.tensorboard import markdown_table

if TYPE_CHECKING:
    import keras

    from pipeline.pictures.features import PictureFeatures
    from pipeline.tasks.captioning.data import CaptionSplit
    from pipeline.text.tokenizer import Tokenizer

CAPTIONED = 500
"""Number of pictures of each language that are captioned at each evaluation, greedily."""
SHOWN = 10
"""Number of these that are shown."""
_CAPTIONS = 200
"""Captions per batch."""


class CaptionDevEvaluation:
    """The function `evaluate` of a `TrainingPlan`.

    Every evaluation uses the same pictures: `CAPTIONED` of each language, at even distances.

    Args:
        captioner: a model of `pipeline.models.captioner.captioner`; the weights are shared.
        dev: all of dev.
        tokenizer: for the texts that are shown and scored.
        begin: first id of captions, for each language.
        languages: their names.
        max_length: largest number of pieces of a caption.
    """

    def __init__(
        self,
        captioner: keras.Model,
        dev: CaptionSplit,
        tokenizer: Tokenizer,
        *,
        begin: Sequence[int],
        languages: Sequence[str],
        max_length: int,
    ):
        search = CaptionSearchSettings(beam_size=1, alpha=0.0, longest_caption=max_length)
        self.greedy = Caption(captioner, search, begin)
        self.batches = CaptionBatches(dev.features, dev.captions, dev.rows, _CAPTIONS)
        self.decode, self.languages = tokenizer.decode, languages
        chosen = [_evenly(np.flatnonzero(dev.languages == n)) for n in range(len(languages))]
        self.rows = np.concatenate(chosen)
        self.features, self.numbers = _some(dev.features, self.rows), dev.languages[self.rows]
        references = dev.references(self.decode)
        self.references = [references[row] for row in self.rows]

    def __call__(self, model: keras.Model) -> dict[str, float | str]:
        """{"bleu4": smoothed BLEU-4 of greedy captions, the mean over languages, "loss": mean over
        the pieces of all of dev, by the loss of the model, "samples": a table in Markdown}."""
        loss, pieces = 0.0, 0
        for inputs, expected in self.batches:
            count = int((expected >= 0).sum())
            loss += float(model.test_on_batch(inputs, expected)) * count
            pieces += count
        said, _ = caption_pictures(self.greedy, self.features, self.numbers)
        captions = [self.decode(said.row(row).tolist()) for row in range(len(said))]
        scores = [self._bleu(captions, number) for number in np.unique(self.numbers)]
        rows = [(self.references[i][0], captions[i]) for i in _evenly(range(len(captions)), SHOWN)]
        samples = markdown_table(("reference · 참조", "caption · 캡션"), rows)
        return {"bleu4": float(np.mean(scores)), "loss": loss / pieces, "samples": samples}

    def _bleu(self, captions: Sequence[str], number: int) -> float:
        language, rows = self.languages[number], np.flatnonzero(self.numbers == number)
        words = [caption_words(captions[row], language) for row in rows]
        wanted = [[caption_words(text, language) for text in self.references[row]] for row in rows]
        return bleu_of_words(words, wanted, 4, smooth=True)


def _evenly(rows: Sequence[int], max_count: int = CAPTIONED) -> np.ndarray:
    """At most `max_count` of the rows, at even distances."""
    rows = np.asarray(rows, np.int64)
    count = min(len(rows), max_count)
    return rows[np.arange(count) * len(rows) // max(count, 1)]


def _some(features: PictureFeatures, rows: np.ndarray) -> PictureFeatures:
    return type(features)(features.stored, features.rows[rows])
