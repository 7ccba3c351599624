"""ner: a sentence in, its named entities out (many to many in step)."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd

from pipeline.corpora.annotated import EntityCorpusSettings, read_annotated_corpus
from pipeline.corpora.entities import Entity, read_entities
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.models.settings import TaggerSettings, describe_tagger
from pipeline.ranges import Share
from pipeline.run_info import run_info
from pipeline.settings import as_json
from pipeline.tasks.base import RunSettings, Signature, Task, Trained
from pipeline.text.settings import SyllableSettings
from pipeline.text.tags import OUTSIDE, TagSet, ids_and_tags
from pipeline.training.settings import TrainingSettings
from pipeline.workspace import SAMPLES, Workspace, read_json, write_json

if typing.TYPE_CHECKING:
    from pipeline.evaluation.entities import EntityMetrics
    from pipeline.report.page import ReportContent
    from pipeline.training.fit import TrainingPlan

SAMPLE = SAMPLES / "ner.txt"
# KMOU's names, and those of KLP and KLUE
LABEL_NAMES = {
    **dict.fromkeys(("PER", "PS"), "person · 인물"),
    **dict.fromkeys(("LOC", "LC"), "location · 장소"),
    **dict.fromkeys(("ORG", "OG"), "organisation · 기관"),
    **dict.fromkeys(("DAT", "DT"), "date · 날짜"),
    **dict.fromkeys(("TIM", "TI"), "time · 시간"),
    "DUR": "duration · 기간",
    "MNY": "money · 통화",
    "PNT": "percentage · 비율",
    "NOH": "other quantity · 기타 수량",
    "POH": "other name · 기타",
    "QT": "quantity · 수량",
}
NGRAMS = "ngrams.npz"


@dataclasses.dataclass(frozen=True)
class MentionSettings:
    """Other names in the same places."""

    mention_replacement: Annotated[float, Share] = 0.4
    """In training, this share of the entities gives way to others of the same kind, anew each
    epoch (mention replacement, Dai and Adel 2020). 0 leaves the text as it is."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the ner task."""

    corpus: EntityCorpusSettings = EntityCorpusSettings()
    text: SyllableSettings = SyllableSettings()
    mentions: MentionSettings = MentionSettings()
    model: TaggerSettings = TaggerSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=8, min_steps=600, batch_size=64, evaluations=8
    )
    run: RunSettings = RunSettings()


# ---- corpora -> splits


def read_corpus(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_annotated_corpus(settings.corpus, workspace.raw, SAMPLE)


# ---- text -> ids and tags


def prepare(settings: Settings, splits: dict[str, pd.DataFrame], folder: Path) -> dict:
    from pipeline.text.piece_ngrams import learn_piece_ngrams, save_piece_ngrams
    from pipeline.text.tokenizer import learn_tokenizer
    from pipeline.text.vocabulary import BOS, EOS

    text = settings.text
    tokenizer = learn_tokenizer(
        "syllable",
        list(splits["train"]["text"]),
        vocabulary_size=text.vocabulary_size,
        min_frequency=text.min_frequency,
    )
    tokenizer.save(folder)
    entities = {name: list(map(read_entities, frame["label"])) for name, frame in splits.items()}
    tags = TagSet(tuple(sorted({e.label for found in entities["train"] for e in found})))
    write_json(folder / "labels.json", list(tags.labels))
    notes: dict = {"pieces": len(tokenizer.vocabulary), "labels": list(tags.labels)}
    for name, frame in splits.items():
        ids, gold, lost = ids_and_tags(tokenizer, tags, frame["text"], entities[name])
        notes[f"{name}_tokens"] = len(ids.ids)
        notes[f"{name}_entities"] = sum(map(len, entities[name]))
        notes[f"{name}_entities_not_in_pieces"] = lost
        notes[f"{name}_sentences_in_parts"] = int((ids.lengths > text.max_length - 2).sum())
        ids = ids.in_parts(text.max_length - 2).framed(BOS, EOS)
        gold = tags.in_parts(gold, text.max_length - 2)
        ids.save(folder / f"{name}.npz")
        gold.framed(OUTSIDE, OUTSIDE).save(folder / f"{name}.tags.npz")
        if name == "train":
            keys = learn_piece_ngrams(
                ids, len(tokenizer.vocabulary), text.max_ngram_length, text.min_ngram_frequency
            )
            save_piece_ngrams(folder / NGRAMS, keys)
            notes["ngrams"] = sum(map(len, keys))
    notes["summary"] = (
        f"{notes['pieces']:,} pieces, {notes['ngrams']:,} runs of pieces, "
        f"{notes['train_entities']:,} entities of {len(tags.labels)} kinds in training"
    )
    return notes


# ---- ids -> model -> weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    import keras

    from pipeline.batches.length_buckets import LengthBuckets
    from pipeline.evaluation.entity_scores import entity_scores
    from pipeline.models.tagger import best_tags, predict_tags
    from pipeline.text.mentions import MentionSampler
    from pipeline.text.ragged import Ragged
    from pipeline.text.vocabulary import Vocabulary
    from pipeline.training.fit import TrainingPlan
    from pipeline.training.losses import PieceCrossEntropy

    training = settings.training
    multiple = 8 if keras.backend.backend() == "jax" else 1
    rows, gold = (
        {name: Ragged.load(prepared_folder / f"{name}{kind}.npz") for name in ("train", "dev")}
        for kind in ("", ".tags")
    )
    model = build_model(settings, prepared_folder)
    crf, decoder = model.get_layer("crf"), best_tags(model)
    tags = _tags(prepared_folder)
    dev_entities = tags.entities_of_rows(gold["dev"])

    mentions = MentionSampler(
        rows["train"],
        gold["train"],
        tags,
        Vocabulary.load(prepared_folder / "vocab.txt"),
        share=settings.mentions.mention_replacement,
        seed=training.seed,
    )

    def batches(epoch: int) -> LengthBuckets:
        return LengthBuckets(
            *mentions.draw(epoch),
            training.batch_size,
            seed=training.seed,
            epoch=epoch,
            multiple=multiple,
        )

    def evaluate(model: keras.Model) -> dict[str, float]:
        found = predict_tags(decoder, rows["dev"])
        dev = LengthBuckets(rows["dev"], gold["dev"], 256)
        loss = sum(
            float(model.test_on_batch(*batch)) * int(batch[0]["lengths"].sum()) for batch in dev
        )
        scores = entity_scores(dev_entities, tags.entities_of_rows(found))
        return {**scores, "loss": loss / len(rows["dev"].ids)}

    return TrainingPlan(
        model=model,
        loss=crf.loss if settings.model.head == "crf" else PieceCrossEntropy(),
        batches=batches,
        evaluate=evaluate,
        monitor="f1",
    )


def build_model(settings: Settings, prepared_folder: Path):
    """The untrained model for what lies in `prepared_folder`."""
    from pipeline.models.tagger import recurrent_tagger
    from pipeline.text.piece_ngrams import load_piece_ngrams
    from pipeline.text.vocabulary import Vocabulary

    return recurrent_tagger(
        settings.model,
        vocabulary_size=len(Vocabulary.load(prepared_folder / "vocab.txt")),
        tags=_tags(prepared_folder),
        ngram_keys=load_piece_ngrams(prepared_folder / NGRAMS),
    )


def _tags(prepared_folder: Path) -> TagSet:
    return TagSet(tuple(read_json(prepared_folder / "labels.json")))


def _trained_decoder(settings: Settings, trained: Trained):
    from pipeline.models.tagger import best_tags

    model = build_model(settings, trained.prepared_folder)
    model.load_weights(trained.run / "best.weights.h5")
    return best_tags(model)


# ---- evaluation


def evaluate(settings: Settings, trained: Trained) -> tuple[dict, ReportContent]:
    from pipeline.evaluation.entities import evaluate as measure

    test = read_split(trained.corpus_folder / "test.tsv")
    texts, gold = list(test["text"]), list(map(read_entities, test["label"]))
    tags = _tags(trained.prepared_folder)
    predicted = find_entities(settings, trained, texts)
    metrics = measure(texts, gold, predicted, tags.labels, _training_entities(trained))
    _log_to_tensorboard(settings, trained, metrics)
    return metrics.to_json(), _report(settings, trained, metrics, trained.warnings)


def evaluate_on(
    settings: Settings, trained: Trained, corpus: str, raw: Path
) -> tuple[dict, ReportContent]:
    """The same model on sentences that others marked, under the labels both sides have."""
    from pipeline.corpora.annotated import read_evaluation_corpus
    from pipeline.corpora.label_maps import as_common, common_labels
    from pipeline.evaluation.entities import evaluate as measure

    other = read_evaluation_corpus(corpus, raw)
    texts, title = list(other.frame["text"]), other.notes["title"]
    ours, theirs = common_labels(_tags(trained.prepared_folder).labels, other.notes["labels"])
    predicted = find_entities(settings, trained, texts)
    gold = map(read_entities, other.frame["label"])
    shared = sorted({name for label in theirs.values() if label for name in label.split("|")})
    metrics = measure(
        texts,
        [as_common(*pair, theirs) for pair in zip(texts, gold, strict=True)],
        [as_common(*pair, ours) for pair in zip(texts, predicted, strict=True)],
        shared,
    )
    warning = (
        f"Measured on {title}, while the model learnt from "
        f"{trained.corpus_notes['title']}: only {', '.join(shared)} are scored, and two corpora "
        "draw the lines between kinds of entities in different places."
    )
    warnings = [*trained.warnings, warning]
    return metrics.to_json(), _report(settings, trained, metrics, warnings, measured_on=title)


def find_entities(settings: Settings, trained: Trained, texts: list[str]) -> list[list[Entity]]:
    """The entities of any texts."""
    from pipeline.models.tagger import tag_texts
    from pipeline.text.tokenizer import load_tokenizer

    return tag_texts(
        _trained_decoder(settings, trained),
        load_tokenizer(trained.prepared_folder),
        _tags(trained.prepared_folder),
        texts,
        max_length=settings.text.max_length,
    )


def _training_entities(trained: Trained) -> set[tuple[str, str]]:
    train = read_split(trained.corpus_folder / "train.tsv")
    return {
        (text[e.start : e.end], e.label)
        for text, cell in zip(train["text"], train["label"], strict=True)
        for e in read_entities(cell)
    }


def _report(
    settings: Settings,
    trained: Trained,
    metrics: EntityMetrics,
    warnings: list[str],
    measured_on: str | None = None,
) -> ReportContent:
    from pipeline.tasks.ner.report import entity_content

    return entity_content(
        metrics,
        pd.read_csv(trained.run / "history.csv"),
        {
            **run_info(TASK, settings, trained, describe_tagger(settings.model)),
            "label_names": LABEL_NAMES,
            "measured_on": measured_on,
        },
        warnings,
        pd.read_csv(trained.run / "steps.csv"),
    )


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: EntityMetrics) -> None:
    from pipeline.training.tensorboard import TensorBoardLog

    step = trained.training["best_step"]
    scores = {
        "f1": metrics.f1,
        "precision": metrics.precision,
        "recall": metrics.recall,
        "macro_f1": metrics.macro_f1,
        "character_f1": metrics.character_f1,
    }
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name, value in scores.items():
            log.scalar(f"test/{name}", value, step)
        for label in metrics.per_label:
            log.scalar(f"test/f1_{label.name}", label.f1, step)
        log.hparams(
            {k: v for k, v in as_json(settings).items() if k != "run"},
            {"test_f1": metrics.f1, "dev_f1": trained.training["best"]},
        )


# ---- export and serving


def export(settings: Settings, trained: Trained, folder: Path) -> dict:
    from pipeline.export.tagger import export_tagger
    from pipeline.text.tokenizer import load_tokenizer

    return export_tagger(
        _trained_decoder(settings, trained),
        load_tokenizer(trained.prepared_folder),
        _tags(trained.prepared_folder),
        folder,
        max_length=settings.text.max_length,
    )


def load_predictor(folder: Path) -> Callable[[list[str]], list[str]]:
    from pipeline.corpora.inline import to_inline
    from pipeline.export.tagger import load_tagger

    tag = load_tagger(folder)

    def lines(texts: list[str]) -> list[str]:
        found = zip(texts, tag(texts), strict=True)
        return [" ".join(to_inline(text, entities).split()) for text, entities in found]

    return lines


def _served_f1(outputs: dict, test: pd.DataFrame) -> dict[str, float]:
    from pipeline.evaluation.entity_scores import entity_scores
    from pipeline.export.tagger import served_entities

    gold = list(map(read_entities, test["label"]))
    return entity_scores(gold, served_entities(outputs))


TASK = Task(
    name="ner",
    summary="a sentence in, its named entities with their places out (KMOU; or your own)",
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
            "entity": ("string", "[n, most]", "text of each entity, in order; unused cells empty"),
            "label": ("string", "[n, most]", "what kind of entity it is"),
            "start": (
                "int32",
                "[n, most]",
                "its first character in the text as given; unused cells -1",
            ),
            "end": ("int32", "[n, most]", "the character after its last one"),
        },
        ask=lambda test: {"text": list(test["text"])},
        score=_served_f1,
    ),
    load_predictor=load_predictor,
    example="증권거래소에 주식을 상장하였다.",
    target="tag",
    evaluate_on=evaluate_on,
    tiny=Settings(
        corpus=EntityCorpusSettings(corpus="sample"),
        model=TaggerSettings(units=24, layers=1, embedding_size=32, ngram_size=16),
        training=TrainingSettings(
            epochs=6, min_steps=1, batch_size=16, learning_rate=0.01, evaluations=3
        ),
    ),
)
