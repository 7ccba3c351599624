"""Some translations with their attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipeline.batches.padding import pad
from pipeline.models.one_graph import predict_batch
from pipeline.report.attention_pictures import HeatMap, merge_attention
from pipeline.tasks.translation.dev_evaluation import evenly

if TYPE_CHECKING:
    from pipeline.models.translate import Translate
    from pipeline.text.ragged import Ragged
    from pipeline.text.tokenizer import Tokenizer

SHOWN = 4
# Number of ids of a source, with [BOS] and [EOS], that gives a readable plot.
_READABLE = (8, 24)


def attention_examples(
    translate: Translate, sources: Ragged, tokenizers: Mapping[str, Tokenizer]
) -> list[HeatMap]:
    """Attention between the words of a source and those of its translation.

    Args:
        translate: a search that returns attention.
        sources: framed ids; of those that give a readable plot, `SHOWN` at even distances are
            translated.
        tokenizers: of the "source" and of the "target".

    Returns:
        At most `SHOWN`; sources with an empty translation are left out.
    """
    shortest, longest = _READABLE
    readable = (sources.lengths >= shortest) & (sources.lengths <= longest)
    chosen = np.flatnonzero(readable)
    chosen = chosen[evenly(len(chosen), SHOWN)]
    if not len(chosen):
        return []
    ids, lengths = pad(sources, chosen)
    answer = predict_batch(translate, {"ids": ids, "lengths": lengths})
    pieces = {side: tokenizer.vocabulary.pieces for side, tokenizer in tokenizers.items()}
    found = []
    for weights, said, count, source, length in zip(
        answer["attention"], answer["ids"], answer["lengths"], ids, lengths, strict=True
    ):
        if not count:
            continue
        said, source = said[:count].tolist(), source[:length].tolist()
        sentences = tokenizers["source"].decode(source), tokenizers["target"].decode(said)
        found.append(
            merge_attention(
                weights[:count, :length],
                [pieces["target"][i] for i in said],
                [pieces["source"][i] for i in source],
                " → ".join(sentences),
            )
        )
    return found
