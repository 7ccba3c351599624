"""Metrics for any model that turns pictures into sentences."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.metrics.bleu import BLEUScore

from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation.cider import cider
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS, bleu_metric

ORDERS = (1, 2, 3, 4)
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def caption_words(caption: str, language: str) -> list[str]:
    """The words of a caption: in lower case, without punctuation, as caption metrics compare them.

    Of Korean, whose words carry their particles, each character is a word, as BLEU counts
    translations into Korean here.
    """
    words = _WORD.findall(caption.lower())
    return list("".join(words)) if language == "ko" else words


@dataclasses.dataclass(frozen=True)
class CaptionMetrics:
    """The metrics of captions on a test set.

    Attributes:
        language: of the captions.
        count: pictures.
        references: captions that people gave to a picture, at most.
        bleu1, bleu2, bleu3, bleu4: corpus BLEU of n-grams of up to so many `caption_words`
            against all references, unsmoothed, with the nearest length, 0 to 100.
        brevity_penalty: by which these four were multiplied because captions are shorter than
            references, 0 to 1. Some papers leave it out.
        sacrebleu: corpus BLEU as sacreBLEU counts it by default, of the captions as text.
        sacrebleu_signature: how it was counted.
        chrf: corpus chrF2 by sacreBLEU, 0 to 100.
        cider: CIDEr-D, mean over pictures, 0 to 10.
        seen_in_training: share of captions that stand word for word among those of training.
        different: number of distinct captions by that of all captions.
        mean_length, reference_length: words of a caption, and of a reference.
        each: float64 [pictures], CIDEr-D of each caption.
    """

    language: str
    count: int
    references: int
    bleu1: float
    bleu2: float
    bleu3: float
    bleu4: float
    brevity_penalty: float
    sacrebleu: float
    sacrebleu_signature: str
    chrf: float
    cider: float
    seen_in_training: float
    different: float
    mean_length: float
    reference_length: float
    each: np.ndarray = dataclasses.field(repr=False, compare=False)

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        bleu = " / ".join(f"{getattr(self, f'bleu{order}'):.1f}" for order in ORDERS)
        return (
            f"test BLEU-1..4 {bleu}, CIDEr {self.cider:.3f}, chrF {self.chrf:.1f} "
            f"({self.language}, {counted(self.count, 'picture')}, up to "
            f"{counted(self.references, 'reference')})"
        )

    def to_json(self) -> dict:
        """Plain numbers and strings."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del fields["each"]
        return fields


def evaluate_captions(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    language: str,
    training: Collection[str],
) -> CaptionMetrics:
    """Measures captions of a test set.

    Args:
        captions: one a picture.
        references: of each picture one or several, written as the captions are (lower case).
        language: "ko" or "en".
        training: captions that the model learnt from, as they were learnt.

    Raises:
        UserError: there is no picture to measure on.
    """
    if not captions:
        raise UserError("the test split is empty", remedy="give a corpus with more pictures")
    words = [caption_words(caption, language) for caption in captions]
    wanted = [[caption_words(text, language) for text in several] for several in references]
    bleus = {order: _bleu_of_words(words, wanted, order) for order in ORDERS}
    metric, chrf = bleu_metric(TARGET_TOKENIZERS[language]), CHRF()
    streams = _streams(references)
    each = cider(words, wanted)
    learnt = set(training)
    return CaptionMetrics(
        language=language,
        count=len(captions),
        references=max(map(len, references)),
        **{f"bleu{order}": bleu.score for order, bleu in bleus.items()},
        brevity_penalty=bleus[1].bp,
        sacrebleu=metric.corpus_score(list(captions), streams).score,
        sacrebleu_signature=str(metric.get_signature()),
        chrf=chrf.corpus_score(list(captions), streams).score,
        cider=float(each.mean()),
        seen_in_training=float(np.mean([caption in learnt for caption in captions])),
        different=len(set(captions)) / len(captions),
        mean_length=float(np.mean([len(of) for of in words])),
        reference_length=float(np.mean([len(of) for several in wanted for of in several])),
        each=each,
    )


def bleu_of_words(
    captions: Sequence[Sequence[str]],
    references: Sequence[Sequence[Sequence[str]]],
    order: int,
    smooth: bool = False,
) -> float:
    """Corpus BLEU with n-grams of up to `order` words, 0 to 100 (Papineni et al. 2002).

    Args:
        captions: words of each.
        references: of each caption, the words of one or several.
        smooth: whether an order without a match counts a little, which tells bad ones apart.
    """
    return _bleu_of_words(captions, references, order, "exp" if smooth else "none").score


def _bleu_of_words(captions, references, order: int, smoothing: str = "none") -> BLEUScore:
    metric = BLEU(tokenize="none", force=True, max_ngram_order=order, smooth_method=smoothing)
    streams = _streams([[" ".join(words) for words in several] for several in references])
    return metric.corpus_score([" ".join(words) for words in captions], streams)


def _streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """The references in the form that sacreBLEU takes: the first of each, the second of each ..."""
    most = max(map(len, references))
    return [[of[n] if n < len(of) else None for of in references] for n in range(most)]
