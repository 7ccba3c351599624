"""Evaluates a translator on dev during training: loss, BLEU, and some translations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.evaluation.translation_scores import bleu_metric
from pipeline.models.search_settings import SearchSettings
from pipeline.models.translate import Translate, translate_rows
from pipeline.text.ragged import Ragged
from pipeline.training.tensorboard import markdown_table

if TYPE_CHECKING:
    import keras

    from pipeline.text.tokenizer import Tokenizer

TRANSLATED = 500
"""Number of sentences that are translated at each evaluation, greedily."""
SHOWN = 10
"""Number of these that are shown."""
_TOKENS = 4096
"""Source and target tokens per batch."""


class TranslationDevEvaluation:
    """The function `evaluate` of a `TrainingPlan`.

    Every evaluation uses the same sentences: `TRANSLATED` of dev, at even distances, so that each
    corpus has its share if dev joins several. `SHOWN` of them are logged with their references.

    Args:
        translator: a model of `pipeline.models.seq2seq.translator`; the weights are shared.
        sources, targets: framed ids of all of dev.
        tokenizers: "source" and "target", for the texts that are shown and scored.
        target_tokenizer: tokenizer of BLEU, as of `bleu_metric`.
        search: only its bounds of the length are used.
    """

    def __init__(
        self,
        translator: keras.Model,
        sources: Ragged,
        targets: Ragged,
        tokenizers: Mapping[str, Tokenizer],
        *,
        target_tokenizer: str,
        search: SearchSettings,
    ):
        self.greedy = Translate(
            translator,
            SearchSettings(
                beam_size=1,
                max_length_factor=search.max_length_factor,
                max_length_offset=search.max_length_offset,
            ),
        )
        self.pairs = PairBuckets(sources, targets, _TOKENS)
        few = evenly(len(sources), TRANSLATED)
        self.asked, self.say = sources.take(few), tokenizers["target"].decode
        self.sources = _texts(self.asked, tokenizers["source"].decode)
        self.references = _texts(targets.take(few), self.say)
        self.metric = bleu_metric(target_tokenizer)

    def __call__(self, model: keras.Model) -> dict[str, float | str]:
        """{"bleu": of greedy translations, "loss": mean over the pieces of all of dev, by the loss
        of the model, "samples": a table in Markdown}."""
        loss, pieces = 0.0, 0
        for inputs, expected in self.pairs:
            count = int((expected >= 0).sum())
            loss += float(model.test_on_batch(inputs, expected)) * count
            pieces += count
        translations = _texts(translate_rows(self.greedy, self.asked)[0], self.say)
        bleu = self.metric.corpus_score(translations, [self.references]).score
        columns = ("source · 원문", "reference · 참조", "translation · 번역")
        texts = (self.sources, self.references, translations)
        rows = [[of[i] for of in texts] for i in evenly(len(translations), SHOWN)]
        samples = markdown_table(columns, rows)
        return {"bleu": bleu, "loss": loss / pieces, "samples": samples}


def evenly(count: int, max_count: int) -> np.ndarray:
    """Numbers of at most `max_count` of `count` rows, evenly spaced, beginning with the first:
    int64, ascending."""
    chosen = min(count, max_count)
    return np.arange(chosen) * count // max(chosen, 1)


def _texts(rows: Ragged, decode) -> list[str]:
    return [decode(rows.row(i).tolist()) for i in range(len(rows))]
