"""Evaluates a trained tagger on its test split, and on another corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.corpora.annotated.corpus import read_evaluation_corpus
from pipeline.corpora.annotated.entities import Entity, read_entities
from pipeline.corpora.annotated.entity_labels import label_key
from pipeline.corpora.annotated.label_maps import as_common, common_labels
from pipeline.corpora.splits import read_split
from pipeline.evaluation.entities import EntityMetrics, evaluate_entities
from pipeline.facts import Trained
from pipeline.models.settings import describe_tagger
from pipeline.models.tagger import tag_texts
from pipeline.progress import say
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.ner import TASK
from pipeline.tasks.ner.data import SAMPLE, load_tags
from pipeline.tasks.ner.report import entity_content
from pipeline.tasks.ner.served import trained_decoder
from pipeline.tasks.ner.settings import Settings
from pipeline.text.tokenizers import load_tokenizer
from pipeline.training.tensorboard import TensorBoardLog


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    test = read_split(trained.corpus_folder / "test.tsv")
    texts, gold = list(test["text"]), list(map(read_entities, test["label"]))
    tags = load_tags(trained.prepared_folder)
    predicted = find_entities(settings, trained, texts)
    metrics = evaluate_entities(texts, gold, predicted, tags.labels, _training_entities(trained))
    _log_to_tensorboard(settings, trained, metrics)
    unknown = sorted({entity.label for found in gold for entity in found} - set(tags.labels))
    shown = _unknown_labels(unknown)
    return _evaluated(settings, trained, metrics, shown, shown=shown)


def evaluate_on(settings: Settings, trained: Trained, corpus: str, raw: Path) -> Evaluated:
    """Evaluates the model on another corpus, with the labels that both have."""
    other = read_evaluation_corpus(corpus, raw, SAMPLE)
    if "read_as" in other.details:
        say(f"read as: {other.details['read_as']}")
    texts, title = list(other.frame["text"]), other.origin.title
    known = load_tags(trained.prepared_folder).labels
    # Labels that differ from the model's only by case or width.
    spelling = {label_key(label): label for label in known}
    respelled = {label: spelling.get(label_key(label), label) for label in other.labels}
    there = sorted(set(respelled.values()))
    ours, theirs = common_labels(known, there)
    predicted = find_entities(settings, trained, texts)
    gold = [
        [entity._replace(label=respelled[entity.label]) for entity in read_entities(cell)]
        for cell in other.frame["label"]
    ]
    shared = sorted({name for label in theirs.values() if label for name in label.split("|")})
    metrics = evaluate_entities(
        texts,
        [as_common(*pair, theirs) for pair in zip(texts, gold, strict=True)],
        [as_common(*pair, ours) for pair in zip(texts, predicted, strict=True)],
        shared or known,
    )
    about = [*other.warnings, *_label_warnings(title, known, there, ours, theirs)]
    warning = (
        f"Measured on {title}, while the model learnt from "
        f"{trained.corpus.origin.title}: only {', '.join(shared) or 'no kinds'} are scored, and "
        "two corpora draw the lines between kinds of entities in different places."
    )
    return _evaluated(settings, trained, metrics, [warning, *about], measured_on=title, shown=about)


def _label_warnings(
    title: str,
    known: Sequence[str],
    there: Sequence[str],
    ours: Mapping[str, str | None],
    theirs: Mapping[str, str | None],
) -> list[str]:
    """Warnings about labels of the other corpus that differ from those of the model.

    Args:
        known, there: labels of the model, and of the corpus.
        ours, theirs: common labels for these (`common_labels`).
    """
    if not there:
        return [f"{title} has no entity, so F1 says nothing."]
    reached = {name for label in ours.values() if label for name in label.split("|")}
    unknown = [
        label for label in there if not reached.intersection((theirs[label] or "").split("|"))
    ]
    if len(unknown) == len(there):
        return [
            f"{title} and the model have no label in common, so nothing can be right: "
            f"{', '.join(there)} there, {', '.join(known)} here."
        ]
    return _unknown_labels([label for label in unknown if theirs[label]])


def _unknown_labels(labels: Sequence[str]) -> list[str]:
    if not labels:
        return []
    return [f"The model does not know {', '.join(labels)}: all of these count as missed."]


def find_entities(settings: Settings, trained: Trained, texts: list[str]) -> list[list[Entity]]:
    """The entities that the model finds in texts."""
    return tag_texts(
        trained_decoder(settings, trained),
        load_tokenizer(trained.prepared_folder),
        load_tags(trained.prepared_folder),
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


def _evaluated(
    settings: Settings,
    trained: Trained,
    metrics: EntityMetrics,
    warnings: Sequence[str] = (),
    measured_on: str | None = None,
    shown: Sequence[str] = (),
) -> Evaluated:
    run = run_facts(
        TASK,
        settings,
        trained,
        describe_tagger(settings.model),
        warnings=[*trained.warnings, *warnings],
        measured_on=measured_on,
    )
    return Evaluated(metrics.summary, metrics.to_json(), entity_content(metrics, run), shown)


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: EntityMetrics) -> None:
    step = trained.result.best_step
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
        log.hparams(without_run(settings), {"test_f1": metrics.f1, "dev_f1": trained.result.best})
