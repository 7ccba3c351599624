"""Evaluates a trained translator on its test split, and on another corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from pipeline.corpora.parallel.corpus import read_evaluation_pairs
from pipeline.corpora.parallel.pairs import further_references
from pipeline.corpora.splits import read_split
from pipeline.evaluation.translation import TranslationMetrics, evaluate_translations
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
from pipeline.facts import Trained
from pipeline.models.reference_losses import reference_losses
from pipeline.models.settings import describe_translator
from pipeline.models.translate import FRAME, Translate, translate_rows
from pipeline.normalize import normalize
from pipeline.progress import say
from pipeline.report.attention_pictures import HeatMap
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.translation import TASK
from pipeline.tasks.translation.attention_examples import attention_examples
from pipeline.tasks.translation.data import SAMPLE, SIDES
from pipeline.tasks.translation.report import translation_content
from pipeline.tasks.translation.settings import Settings
from pipeline.tasks.translation.tensorboard import log_translation
from pipeline.tasks.translation.training import trained_model
from pipeline.text.pair_pieces import load_pair_tokenizers
from pipeline.text.ragged import Ragged
from pipeline.text.truncation import truncation_warnings


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    folder, model = trained.prepared_folder, trained_model(settings, trained)
    test = read_split(trained.corpus_folder / "test.tsv")
    sources, targets = (Ragged.load(folder / f"test.{side}") for side in SIDES)
    translations, scores = _translations(settings, trained, model, sources)
    losses = reference_losses(model, sources, targets)
    metrics = translation_metrics(settings, test, translations, scores, sources.lengths, losses)
    # The test set of each corpus, which is a part of test.
    place = {text: row for row, text in enumerate(test["text"])}
    others = {}
    for name in trained.corpus.tests:
        own = read_split(trained.corpus_folder / f"{name}.tsv")
        rows = [place[text] for text in own["text"]]
        its = [translations[row] for row in rows]
        others[name] = translation_metrics(settings, own, its, scores[rows], sources.lengths[rows])
    maps: Sequence[HeatMap] = []
    if settings.model.architecture != "rnn":
        search = Translate(model, settings.search.one_best, attention=True)
        dev = Ragged.load(folder / "dev.source")
        maps = attention_examples(search, dev, load_pair_tokenizers(folder))
    log_translation(
        trained.run / "tensorboard", metrics, maps, trained.result, without_run(settings)
    )
    content = _report(settings, trained, metrics, trained.warnings, maps, others)
    tests = {name: {"bleu": m.bleu, "chrf": m.chrf} for name, m in others.items()}
    return Evaluated(
        metrics.summary, {**metrics.to_json(), **({"tests": tests} if tests else {})}, content
    )


def evaluate_on(settings: Settings, trained: Trained, corpus: str, raw: Path) -> Evaluated:
    """Evaluates the translator on another corpus."""
    other = read_evaluation_pairs(corpus, settings.corpus, raw, SAMPLE)
    if other.read_as:
        say(f"read as: {other.read_as}")
    title, max_length = other.origin.title, settings.text.max_length
    tokenizer = load_pair_tokenizers(trained.prepared_folder)["source"]
    rows = tokenizer.encode(list(other.frame["text"]))
    truncated = int((rows.lengths > max_length).sum())
    sources, model = rows.truncated(max_length), trained_model(settings, trained)
    translations, scores = _translations(settings, trained, model, sources)
    metrics = translation_metrics(settings, other.frame, translations, scores, sources.lengths)
    about = [*other.warnings, *truncation_warnings({("source", title): truncated}, max_length)]
    warnings = [
        *trained.warnings,
        f"Measured on {title}, while the model learnt from {trained.corpus.origin.title}.",
        *about,
    ]
    facts = {
        "title": title,
        "direction": settings.corpus.direction,
        "read_as": other.read_as,
        "filtered": other.filtered,
        "doubtful": other.doubtful,
        "truncated": truncated,
    }
    content = _report(settings, trained, metrics, warnings, measured_on=title)
    return Evaluated(metrics.summary, {**metrics.to_json(), **facts}, content, about)


def translate_test(settings: Settings, trained: Trained) -> list[str]:
    """The translations of the test sources by a finished run, in order."""
    sources = Ragged.load(trained.prepared_folder / "test.source")
    return _translations(settings, trained, trained_model(settings, trained), sources)[0]


def _translations(
    settings: Settings, trained: Trained, model: keras.Model, sources: Ragged
) -> tuple[list[str], np.ndarray]:
    """The best translation of each source by the search, and its score."""
    search = Translate(model, settings.search.one_best)
    rows, scores = translate_rows(search, sources)
    decode = load_pair_tokenizers(trained.prepared_folder)["target"].decode
    return [decode(rows.row(i).tolist()) for i in range(len(rows))], scores


def translation_metrics(
    settings: Settings,
    frame: pd.DataFrame,
    translations: list[str],
    scores: np.ndarray,
    lengths: np.ndarray,
    losses: Mapping[str, float] | None = None,
) -> TranslationMetrics:
    """The scores of translations, each with one or several references.

    References are put under the text policy, as translations are: in NFD they would share no
    character with them.
    """
    return evaluate_translations(
        [normalize(text) for text in frame["text"]],
        [normalize(text) for text in frame["label"]],
        translations,
        scores.tolist(),
        lengths - FRAME,
        losses,
        TARGET_TOKENIZERS[settings.target_language],
        [list(map(normalize, texts)) for texts in further_references(frame)],
    )


def _report(
    settings: Settings,
    trained: Trained,
    metrics: TranslationMetrics,
    warnings: Sequence[str],
    maps: Sequence[HeatMap] = (),
    others: Mapping[str, TranslationMetrics] | None = None,
    measured_on: str | None = None,
) -> ReportContent:
    model = describe_translator(settings.model)
    run = run_facts(TASK, settings, trained, model, warnings=warnings, measured_on=measured_on)
    return translation_content(metrics, run, settings.corpus.direction, maps, others)
