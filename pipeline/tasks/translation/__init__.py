"""translation: a sentence in one language in, the other out (sequence to sequence)."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from pipeline.corpora.parallel import PairCorpusSettings, read_parallel_corpus
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.models.search_settings import SearchSettings
from pipeline.models.settings import TranslatorSettings, describe_translator
from pipeline.ranges import AtLeast
from pipeline.run_info import run_info
from pipeline.settings import as_json
from pipeline.tasks.base import RunSettings, Signature, Task, Trained
from pipeline.text.settings import (
    PairTextSettings,
    check_pair_morphemes,
)
from pipeline.training.settings import (
    PairBatchSettings,
    ScheduledSamplingSettings,
    TrainingSettings,
)
from pipeline.workspace import SAMPLES, Workspace

if typing.TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics
    from pipeline.report.attention_pictures import HeatMap
    from pipeline.report.page import ReportContent
    from pipeline.text.ragged import Ragged
    from pipeline.text.tokenizer import Tokenizer
    from pipeline.training.fit import TrainingPlan

SAMPLE = SAMPLES / "translation.tsv"
SIDES = {"source": "text", "target": "label"}
"""Side of a pair -> the column of a split that holds it."""
EXAMPLES = {"ko": "톰은 외로워 보였어.", "en": "Tom looked lonely."}
"""Source language -> a sentence to try."""


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_sampling: Annotated[float, AtLeast(0)] = 0.2
    """In training, sentences are cut anew each epoch: with sentencepiece the smoothing alpha of
    sampled segmentations (Kudo 2018), with wordpiece the share of refused longest matches
    (MaxMatch-Dropout, Hiraoka 2022). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the translation task."""

    corpus: PairCorpusSettings = PairCorpusSettings()
    text: PairTextSettings = PairTextSettings()
    subwords: SubwordSettings = SubwordSettings()
    model: TranslatorSettings = TranslatorSettings(embedding_dropout=0.3, state_dropout=0.3)
    training: TrainingSettings = TrainingSettings(
        epochs=30,
        min_steps=900,
        batch_size=64,
        learning_rate=2e-3,
        label_smoothing=0.1,
        evaluations=12,
        patience=5,
    )
    batches: PairBatchSettings = PairBatchSettings()
    sampling: ScheduledSamplingSettings = ScheduledSamplingSettings()
    search: SearchSettings = SearchSettings()
    run: RunSettings = RunSettings()


# ---- corpora -> splits


def read_corpus(settings: Settings, workspace: Workspace) -> CorpusSplits:
    from pipeline.normalize import normalize

    return read_parallel_corpus(settings.corpus, workspace.raw, SAMPLE, normalize)


# ---- text -> ids


def prepare(settings: Settings, splits: dict[str, pd.DataFrame], folder: Path) -> dict:
    from pipeline.text.pair_pieces import write_pair_pieces
    from pipeline.text.truncation import truncation_warnings

    check_pair_morphemes(settings.text, settings.corpus.direction)
    texts = {
        side: {name: list(frame[column]) for name, frame in splits.items()}
        for side, column in SIDES.items()
    }
    notes = write_pair_pieces(settings.text, texts, folder)
    truncated = {
        f"{side}s of {name}": notes[f"{name}_{side}_truncated"] for name in splits for side in SIDES
    }
    return {**notes, "warnings": truncation_warnings(truncated, settings.text.max_length)}


# ---- ids -> model -> weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    import keras

    from pipeline.batches.sentence_pairs import PairBuckets
    from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
    from pipeline.models.translate import Translate
    from pipeline.tasks.translation.dev_evaluation import DevLook
    from pipeline.text.pair_pieces import training_segmentations
    from pipeline.text.ragged import Ragged
    from pipeline.training.fit import TrainingPlan
    from pipeline.training.losses import PieceCrossEntropy
    from pipeline.training.scheduled_sampling import ScheduledSampling

    training = settings.training
    multiple = 8 if keras.backend.backend() == "jax" else 1
    strength = settings.subwords.subword_sampling
    draws = [
        training_segmentations(prepared_folder, side, settings.text, strength, training.seed)
        for side in SIDES
    ]
    model = build_model(settings, prepared_folder)
    # What the search cannot do with this model is said before it has been trained.
    Translate(model, **dataclasses.asdict(settings.search))
    own = settings.sampling.scheduled_sampling
    look = DevLook(
        model,
        *(Ragged.load(prepared_folder / f"dev.{side}.npz") for side in SIDES),
        _tokenizers(prepared_folder),
        target_tokenizer=TARGET_TOKENIZERS[_target_language(settings)],
        max_length_factor=settings.search.max_length_factor,
        max_length_offset=settings.search.max_length_offset,
        multiple=multiple,
    )

    def batches(epoch: int) -> PairBuckets:
        drawn = [draw(epoch) for draw in draws]
        return PairBuckets(
            *drawn,
            count=-(-len(drawn[0]) // training.batch_size),
            seed=training.seed,
            epoch=epoch,
            blur=settings.batches.length_jitter,
            multiple=multiple,
        )

    return TrainingPlan(
        model=model,
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=look,
        monitor="bleu",
        tokens=lambda inputs: int(np.sum(inputs["lengths"]) + np.sum(inputs["target_lengths"])),
        prepare=ScheduledSampling(model, own, training.seed) if own else None,
    )


def _tokenizers(prepared_folder: Path) -> dict[str, Tokenizer]:
    from pipeline.text.pair_pieces import load_pair_tokenizers

    return load_pair_tokenizers(prepared_folder)


def _target_language(settings: Settings) -> str:
    return settings.corpus.direction.split("-")[1]


def build_model(settings: Settings, prepared_folder: Path):
    """The untrained model for what lies in `prepared_folder`."""
    from pipeline.models.seq2seq import translator

    sizes = {side: len(t.vocabulary) for side, t in _tokenizers(prepared_folder).items()}
    return translator(
        settings.model,
        source_vocabulary=sizes["source"],
        target_vocabulary=sizes["target"],
        joint=settings.text.joint,
    )


def _trained_model(settings: Settings, trained: Trained):
    model = build_model(settings, trained.prepared_folder)
    model.load_weights(trained.run / "best.weights.h5")
    return model


# ---- evaluation


def evaluate(settings: Settings, trained: Trained) -> tuple[dict, ReportContent]:
    from pipeline.models.reference_losses import reference_losses
    from pipeline.models.translate import Translate
    from pipeline.tasks.translation.attention_examples import attention_examples
    from pipeline.tasks.translation.tensorboard import log_translation
    from pipeline.text.ragged import Ragged

    folder, model = trained.prepared_folder, _trained_model(settings, trained)
    test = read_split(trained.corpus_folder / "test.tsv")
    sources, targets = (Ragged.load(folder / f"test.{side}.npz") for side in SIDES)
    said, scores = _translations(settings, trained, model, sources)
    losses = reference_losses(model, sources, targets)
    metrics = _measured(settings, test, said, scores, sources.lengths, losses)
    # Each corpus's own test set, which is part of test.
    place = {text: row for row, text in enumerate(test["text"])}
    others = {}
    for name in trained.corpus_notes["tests"]:
        own = read_split(trained.corpus_folder / f"{name}.tsv")
        rows = [place[text] for text in own["text"]]
        its = [said[row] for row in rows]
        others[name] = _measured(settings, own, its, scores[rows], sources.lengths[rows])
    maps = []
    if settings.model.architecture != "rnn":
        search = Translate(model, **dataclasses.asdict(settings.search), attention=True)
        dev = Ragged.load(folder / "dev.source.npz")
        maps = attention_examples(search, dev, _tokenizers(folder))
    told = {k: v for k, v in as_json(settings).items() if k != "run"}
    log_translation(trained.run / "tensorboard", metrics, maps, trained.training, told)
    content = _report(settings, trained, metrics, trained.warnings, maps, others)
    tests = {name: {"bleu": m.bleu, "chrf": m.chrf} for name, m in others.items()}
    return {**metrics.to_json(), **({"tests": tests} if tests else {})}, content


def evaluate_on(
    settings: Settings, trained: Trained, corpus: str, raw: Path
) -> tuple[dict, ReportContent]:
    """The same translator on pairs of others."""
    from pipeline.corpora.parallel import read_evaluation_pairs
    from pipeline.normalize import normalize
    from pipeline.text.truncation import truncation_warnings

    other = read_evaluation_pairs(corpus, settings.corpus, raw, SAMPLE, normalize)
    title, max_length = other.notes["title"], settings.text.max_length
    rows = _tokenizers(trained.prepared_folder)["source"].encode(list(other.frame["text"]))
    truncated = int((rows.lengths > max_length).sum())
    sources, model = rows.truncated(max_length), _trained_model(settings, trained)
    said, scores = _translations(settings, trained, model, sources)
    metrics = _measured(settings, other.frame, said, scores, sources.lengths)
    warnings = [
        *trained.warnings,
        f"Measured on {title}, while the model learnt from {trained.corpus_notes['title']}.",
        *other.notes["warnings"],
        *truncation_warnings({f"sources of {title}": truncated}, max_length),
    ]
    told = {name: other.notes[name] for name in ("title", "direction", "filtered", "doubtful")}
    content = _report(settings, trained, metrics, warnings, measured_on=title)
    return {**metrics.to_json(), **told, "truncated": truncated}, content


def translate_test(settings: Settings, trained: Trained) -> list[str]:
    """What a finished run says to its test sources, in their order."""
    from pipeline.text.ragged import Ragged

    sources = Ragged.load(trained.prepared_folder / "test.source.npz")
    return _translations(settings, trained, _trained_model(settings, trained), sources)[0]


def _translations(
    settings: Settings, trained: Trained, model, sources: Ragged
) -> tuple[list[str], np.ndarray]:
    """The best translation of each source that the search finds, and its score."""
    from pipeline.models.translate import Translate, translate_rows

    search = Translate(model, **dataclasses.asdict(settings.search))
    rows, scores = translate_rows(search, sources)
    decode = _tokenizers(trained.prepared_folder)["target"].decode
    return [decode(rows.row(i).tolist()) for i in range(len(rows))], scores


def _measured(
    settings: Settings,
    frame: pd.DataFrame,
    said: list[str],
    scores: np.ndarray,
    lengths: np.ndarray,
    losses: dict[str, float] | None = None,
) -> TranslationMetrics:
    from pipeline.evaluation.translation import evaluate as measure
    from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
    from pipeline.models.translate import FRAME
    from pipeline.normalize import normalize

    # Both sides under the text policy, as what is said is: NFD would share no character with it.
    return measure(
        [normalize(text) for text in frame["text"]],
        [normalize(text) for text in frame["label"]],
        said,
        scores.tolist(),
        lengths - FRAME,
        losses,
        TARGET_TOKENIZERS[_target_language(settings)],
    )


def _report(
    settings: Settings,
    trained: Trained,
    metrics: TranslationMetrics,
    warnings: list[str],
    maps: Sequence[HeatMap] = (),
    others: Mapping[str, TranslationMetrics] | None = None,
    measured_on: str | None = None,
) -> ReportContent:
    from pipeline.tasks.translation.report import translation_content

    info = run_info(TASK, settings, trained, describe_translator(settings.model))
    return translation_content(
        metrics,
        pd.read_csv(trained.run / "history.csv"),
        {**info, "direction": settings.corpus.direction, "measured_on": measured_on},
        warnings,
        pd.read_csv(trained.run / "steps.csv"),
        maps,
        others,
    )


# ---- export and serving


def export(settings: Settings, trained: Trained, folder: Path) -> dict:
    from pipeline.export.translator import export_translator

    tokenizers = _tokenizers(trained.prepared_folder)
    return export_translator(
        _trained_model(settings, trained),
        tokenizers["source"],
        tokenizers["target"],
        folder,
        max_length=settings.text.max_length,
        **dataclasses.asdict(settings.search),
    )


def load_predictor(folder: Path) -> Callable[[list[str]], list[str]]:
    from pipeline.export.translator import load_translator

    translate = load_translator(folder)
    return lambda texts: [" ".join(found.split()) for found in translate(texts)[0]]


def _served_scores(outputs: dict, test: pd.DataFrame) -> dict[str, float]:
    from sacrebleu.metrics import CHRF

    from pipeline.normalize import normalize

    found = [text.decode("utf-8") for text in outputs["translation"]]
    references = [normalize(text) for text in test["label"]]
    return {"chrf": CHRF().corpus_score(found, [references]).score}


TASK = Task(
    name="translation",
    summary="a Korean sentence in, English out, or the other way (Tatoeba; or your own pairs)",
    settings=Settings,
    corpus_settings=("corpus",),
    prepare_settings=("text",),
    read_corpus=read_corpus,
    prepare=prepare,
    plan=plan,
    evaluate=evaluate,
    export=export,
    signature=Signature(
        name="serving_default",
        inputs={"text": ("string", "[n]", "sentences as they were written, UTF-8")},
        outputs={
            "translation": ("string", "[n]", "the best translation found, detokenised"),
            "score": ("float32", "[n]", "its log probability in nats, normalised by its length"),
        },
        ask=lambda test: {"text": list(test["text"])},
        score=_served_scores,
    ),
    load_predictor=load_predictor,
    example=EXAMPLES["ko"],
    example_of=lambda settings: EXAMPLES[settings.corpus.direction.split("-")[0]],
    target="translate",
    evaluate_on=evaluate_on,
    # Not what bounds a translation's length: dev is translated with that.
    search_settings=("beam", "alpha", "coverage", "least", "enough", "n_best"),
    lines_at_once=128,
    tiny=Settings(
        corpus=PairCorpusSettings(corpus="sample"),
        text=PairTextSettings(vocabulary_size=600),
        model=TranslatorSettings(units=48, layers=1, embedding_size=48),
        training=TrainingSettings(
            epochs=3, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=1
        ),
        search=SearchSettings(beam=2),
    ),
)
