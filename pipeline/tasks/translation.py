"""translation: a sentence in one language in, the other out (sequence to sequence)."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.parallel import PairCorpusSettings, read_parallel_corpus
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.models.search_settings import SearchSettings
from pipeline.models.settings import TranslatorSettings, describe_translator
from pipeline.run_info import run_info
from pipeline.settings import as_json
from pipeline.tasks.base import RunSettings, Signature, Task, Trained
from pipeline.text.settings import PairTextSettings
from pipeline.training.settings import TrainingSettings
from pipeline.workspace import SAMPLES, Workspace, write_text

if typing.TYPE_CHECKING:
    from pipeline.evaluation.attention_pictures import HeatMap
    from pipeline.evaluation.report import ReportContent
    from pipeline.evaluation.translation import TranslationMetrics
    from pipeline.text.ragged import Ragged
    from pipeline.text.tokenizer import Tokenizer
    from pipeline.training.fit import TrainingPlan

SAMPLE = SAMPLES / "translation.tsv"
SIDES = {"source": "text", "target": "label"}
"""Side of a pair -> the column of a split that holds it."""


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_sampling: float = 0.2
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
        least_steps=900,
        batch_size=64,
        learning_rate=2e-3,
        label_smoothing=0.1,
        evaluations=12,
        patience=5,
    )
    search: SearchSettings = SearchSettings()
    run: RunSettings = RunSettings()


# ---- corpora -> splits


def read_corpus(settings: Settings, workspace: Workspace) -> CorpusSplits:
    from pipeline.text.normalize import normalize

    return read_parallel_corpus(settings.corpus, workspace.raw, SAMPLE, normalize)


# ---- text -> ids


def tokenize(settings: Settings, splits: dict[str, pd.DataFrame], folder: Path) -> dict:
    from pipeline.text.tokenizer import learn_tokenizer, prepare

    text = settings.text
    notes: dict = {}
    for side, column in SIDES.items():
        prepared = {name: prepare(list(frame[column])) for name, frame in splits.items()}
        tokenizer = learn_tokenizer(
            text.pieces,
            prepared["train"],
            vocabulary_size=text.vocabulary_size,
            min_frequency=text.min_frequency,
            prepared=True,
        )
        tokenizer.save(folder if side == "source" else folder / side)
        write_text(folder / f"{side}.train.txt", "".join(f"{t}\n" for t in prepared["train"]))
        for name, texts in prepared.items():
            rows = tokenizer.encode_prepared(texts)
            notes[f"{name}_{side}_truncated"] = int((rows.lengths > text.most_pieces).sum())
            rows.truncated(text.most_pieces).save(folder / f"{name}.{side}.npz")
            notes[f"{name}_{side}_tokens"] = int(rows.row_splits[-1])
        notes[f"{side}_pieces"] = len(tokenizer.vocabulary)
    notes["pieces"] = notes["source_pieces"]
    notes["summary"] = (
        f"{notes['source_pieces']:,} source and {notes['target_pieces']:,} target pieces, "
        f"{notes['train_source_tokens'] / len(splits['train']):.1f} and "
        f"{notes['train_target_tokens'] / len(splits['train']):.1f} a sentence"
    )
    return notes


# ---- ids -> model -> weights

_DEV_TRANSLATED = 500
"""Sentences of dev that are translated at each look, greedily."""


def plan(settings: Settings, tokens_folder: Path) -> TrainingPlan:
    import keras

    from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS, bleu_metric
    from pipeline.models.translate import Translate, translate_rows
    from pipeline.pair_batches import PairBuckets
    from pipeline.text.ragged import Ragged
    from pipeline.training.fit import TrainingPlan
    from pipeline.training.losses import PieceCrossEntropy

    training = settings.training
    multiple = 8 if keras.backend.backend() == "jax" else 1
    draws = [_segmentations(settings, tokens_folder, side) for side in SIDES]
    sources, targets = (Ragged.load(tokens_folder / f"dev.{side}.npz") for side in SIDES)
    few = np.arange(min(len(sources), _DEV_TRANSLATED))
    said = _tokenizers(tokens_folder)["target"]
    references = [said.decode(targets.row(i).tolist()) for i in few]
    language = settings.corpus.direction.split("-")[1]
    metric = bleu_metric(TARGET_TOKENIZERS[language])
    model = build_model(settings, tokens_folder)
    greedy = Translate(
        model,
        beam=1,
        most_factor=settings.search.most_factor,
        most_addend=settings.search.most_addend,
    )

    def batches(epoch: int) -> PairBuckets:
        drawn = [draw(epoch) for draw in draws]
        return PairBuckets(
            *drawn,
            1,
            seed=training.seed,
            epoch=epoch,
            multiple=multiple,
            count=-(-len(drawn[0]) // training.batch_size),
        )

    def evaluate(model: keras.Model) -> dict[str, float]:
        loss, pieces = 0.0, 0
        for inputs, expected in PairBuckets(sources, targets, 4096, multiple=multiple):
            count = int((expected >= 0).sum())
            loss += float(model.test_on_batch(inputs, expected)) * count
            pieces += count
        rows, _ = translate_rows(greedy, sources.take(few))
        found = [said.decode(rows.row(i).tolist()) for i in range(len(rows))]
        return {"bleu": metric.corpus_score(found, [references]).score, "loss": loss / pieces}

    return TrainingPlan(
        model=model,
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="bleu",
        tokens=lambda inputs: int(np.sum(inputs["lengths"]) + np.sum(inputs["target_lengths"])),
    )


def _tokenizers(tokens_folder: Path) -> dict[str, Tokenizer]:
    from pipeline.text.tokenizer import load_tokenizer

    return {
        "source": load_tokenizer(tokens_folder),
        "target": load_tokenizer(tokens_folder / "target"),
    }


def _segmentations(settings: Settings, tokens_folder: Path, side: str) -> Callable[[int], Ragged]:
    """epoch -> one side of the training pairs, cut anew each epoch where sampling is on."""
    from pipeline.text.ragged import Ragged
    from pipeline.text.sampling import SegmentationSampler

    strength = settings.subwords.subword_sampling
    if not strength or settings.text.pieces == "syllable":
        rows = Ragged.load(tokens_folder / f"train.{side}.npz")
        return lambda epoch: rows
    prepared = (tokens_folder / f"{side}.train.txt").read_text(encoding="utf-8")
    sampler = SegmentationSampler(
        _tokenizers(tokens_folder)[side],
        prepared.split("\n")[:-1],
        strength=strength,
        seed=settings.training.seed,
        prepared=True,
    )
    return lambda epoch: sampler.draw(epoch).truncated(settings.text.most_pieces)


def build_model(settings: Settings, tokens_folder: Path):
    """The untrained model for what lies in `tokens_folder`."""
    from pipeline.models.seq2seq import translator

    sizes = {side: len(t.vocabulary) for side, t in _tokenizers(tokens_folder).items()}
    return translator(
        settings.model, source_vocabulary=sizes["source"], target_vocabulary=sizes["target"]
    )


def _trained_model(settings: Settings, trained: Trained):
    model = build_model(settings, trained.tokens_folder)
    model.load_weights(trained.run / "best.weights.h5")
    return model


# ---- evaluation

_HEAT_MAPS = 4


def evaluate(settings: Settings, trained: Trained) -> tuple[dict, ReportContent]:
    from pipeline.evaluation.translation import evaluate as measure
    from pipeline.evaluation.translation_report import translation_content
    from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
    from pipeline.models.translate import Translate, translate_rows
    from pipeline.text.ragged import Ragged

    model, search = _trained_model(settings, trained), dataclasses.asdict(settings.search)
    target = _tokenizers(trained.tokens_folder)["target"]
    translate = Translate(model, **search)
    language = settings.corpus.direction.split("-")[1]
    measured = {}
    for name in trained.corpus_notes["rows"]:
        if not name.startswith("test"):
            continue
        frame = read_split(trained.corpus_folder / f"{name}.tsv")
        sources = Ragged.load(trained.tokens_folder / f"{name}.source.npz")
        rows, scores = translate_rows(translate, sources)
        measured[name] = measure(
            list(frame["text"]),
            list(frame["label"]),
            [target.decode(rows.row(i).tolist()) for i in range(len(rows))],
            scores.tolist(),
            sources.lengths - 2,
            target_tokenizer=TARGET_TOKENIZERS[language],
        )
    metrics = measured.pop("test")
    maps = []
    if settings.model.architecture != "rnn":
        maps = _heat_maps(settings, trained, Translate(model, **search, attention=True))
    _log_to_tensorboard(settings, trained, metrics, maps)
    info = run_info(TASK, settings, trained, describe_translator(settings.model))
    content = translation_content(
        metrics,
        pd.read_csv(trained.run / "history.csv"),
        {**info, "direction": settings.corpus.direction},
        trained.warnings,
        pd.read_csv(trained.run / "steps.csv"),
        maps,
        measured,
    )
    others = {name: {"bleu": m.bleu, "chrf": m.chrf} for name, m in measured.items()}
    return {**metrics.to_json(), **({"tests": others} if others else {})}, content


def _heat_maps(settings: Settings, trained: Trained, translate) -> list[HeatMap]:
    """Where the translations of some sentences of dev looked."""
    from pipeline.batches import pad
    from pipeline.evaluation.attention_pictures import merge_attention
    from pipeline.text.ragged import Ragged

    tokenizers = _tokenizers(trained.tokens_folder)
    rows = Ragged.load(trained.tokens_folder / "dev.source.npz")
    # Long enough to have something to look at, short enough to be read.
    readable = np.flatnonzero((rows.lengths >= 8) & (rows.lengths <= 24))[:_HEAT_MAPS]
    if not len(readable):
        return []
    ids, lengths = pad(rows, readable)
    answer = translate.predict_on_batch({"ids": ids, "lengths": lengths})
    names = {side: t.vocabulary.pieces for side, t in tokenizers.items()}
    return [
        merge_attention(
            weights[:count, :length],
            [names["target"][i] for i in said[:count]],
            [names["source"][i] for i in source[:length]],
            f"{tokenizers['source'].decode(source[:length].tolist())} → "
            f"{tokenizers['target'].decode(said[:count].tolist())}",
        )
        for weights, said, count, source, length in zip(
            answer["attention"], answer["ids"], answer["lengths"], ids, lengths, strict=True
        )
        if count
    ]


def _log_to_tensorboard(
    settings: Settings, trained: Trained, metrics: TranslationMetrics, maps: list[HeatMap]
) -> None:
    from pipeline.evaluation.attention_pictures import attention_heat_map
    from pipeline.evaluation.figures import to_png
    from pipeline.training.tensorboard import TensorBoardLog

    step = trained.training["best_step"]
    scores = {
        "bleu": metrics.bleu,
        "chrf": metrics.chrf,
        "length_ratio": metrics.length_ratio,
        "repetition": metrics.repetition,
    }
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name, value in scores.items():
            log.scalar(f"test/{name}", value, step)
        for number, heat_map in enumerate(maps):
            log.image(f"attention/{number}", to_png(attention_heat_map(heat_map)), step)
        log.hparams(
            {k: v for k, v in as_json(settings).items() if k != "run"},
            {"test_bleu": metrics.bleu, "dev_bleu": trained.training["best"]},
        )


# ---- export and serving


def export(settings: Settings, trained: Trained, folder: Path) -> dict:
    from pipeline.export.translator import export_translator

    tokenizers = _tokenizers(trained.tokens_folder)
    return export_translator(
        _trained_model(settings, trained),
        tokenizers["source"],
        tokenizers["target"],
        folder,
        most_pieces=settings.text.most_pieces,
        **dataclasses.asdict(settings.search),
    )


def load_predictor(folder: Path) -> Callable[[list[str]], list[str]]:
    from pipeline.export.translator import load_translator

    translate = load_translator(folder)
    return lambda texts: [" ".join(found.split()) for found in translate(texts)[0]]


def _served_scores(outputs: dict, test: pd.DataFrame) -> dict[str, float]:
    from sacrebleu.metrics import CHRF

    found = [text.decode("utf-8") for text in outputs["translation"]]
    return {"chrf": CHRF().corpus_score(found, [list(test["label"])]).score}


TASK = Task(
    name="translation",
    summary="a Korean sentence in, English out, or the other way (Tatoeba; or your own pairs)",
    settings=Settings,
    corpus_settings=("corpus",),
    tokens_settings=("text",),
    read_corpus=read_corpus,
    tokenize=tokenize,
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
    example="톰은 외로워 보였어.",
    target="translate",
    tiny=Settings(
        corpus=PairCorpusSettings(corpus="sample"),
        text=PairTextSettings(vocabulary_size=600),
        model=TranslatorSettings(units=48, layers=1, embedding_size=48),
        training=TrainingSettings(
            epochs=3, least_steps=1, batch_size=32, learning_rate=0.01, evaluations=1
        ),
        search=SearchSettings(beam=2),
    ),
)
