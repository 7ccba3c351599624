"""Evaluates a trained encoder on text that it was not trained on."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

from pipeline.corpora.splits import read_split
from pipeline.evaluation.retrieval import (
    RetrievalScores,
    bag_of_pieces,
    retrieval_scores,
    text_halves,
)
from pipeline.evaluation.word_neighbours import frequent_words, word_neighbours
from pipeline.facts import Trained
from pipeline.models.fill_in import FillIn
from pipeline.models.settings import describe_encoder
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.encoder import TASK
from pipeline.tasks.encoder.report import FillInExample, encoder_content
from pipeline.tasks.encoder.settings import Settings
from pipeline.tasks.encoder.training import encoder_of, nats_each_way, trained_model
from pipeline.tasks.encoder.vectors import centre, vectors_of
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.tokenizers import load_tokenizer
from pipeline.text.vocabulary import SPECIALS
from pipeline.training.tensorboard import TensorBoardLog

_GUESSES = 1000
_EXAMPLES = 12
_MIN_PIECES = 3
"""Smallest number of pieces of a passage in which one is hidden."""
_WORDS_FROM = 100_000
"""Number of lines of train in which words are counted."""


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    folder = trained.prepared_folder
    model, tokenizer = trained_model(settings, trained), load_tokenizer(folder)
    encoder = encoder_of(model)
    test = Ragged.load(folder / "test")
    counts = Ragged.load(folder / "train").counts(len(tokenizer.vocabulary))
    ways = nats_each_way(settings, model, test)
    guessed, examples = _fill_in(settings, model, tokenizer, test, counts)
    middle = centre(encoder, folder)
    texts = list(read_split(trained.corpus_folder / "test.tsv")["text"])
    found, bag = _retrieval(settings, encoder, tokenizer, texts, middle)
    train = read_split(trained.corpus_folder / "train.tsv")["text"][:_WORDS_FROM]
    neighbours = word_neighbours(
        frequent_words(list(train)),
        lambda words: vectors_of(settings, encoder, tokenizer, words, middle),
    )
    loss = float(np.mean(ways))
    metrics: dict[str, Any] = {
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        **({"forward": ways[0], "backward": ways[1]} if len(ways) == 2 else {}),
        **guessed,
        **dataclasses.asdict(found),
        "bag_of_pieces": dataclasses.asdict(bag),
    }
    _log_to_tensorboard(settings, trained, metrics)
    content = encoder_content(
        metrics,
        ways,
        examples,
        neighbours,
        found,
        bag,
        run_facts(TASK, settings, trained, describe_encoder(settings.model)),
        seconds=trained.result.seconds,
        tokens=int(counts.sum() * trained.result.epochs),
    )
    summary = (
        f"{loss:.3f} nats per piece on test (perplexity {np.exp(loss):.1f}), hidden pieces guessed "
        f"{guessed['fill_in_accuracy']:.1%}, other halves of texts found {found.recall_at_1:.1%}"
    )
    return Evaluated(summary, metrics, content)


def _fill_in(
    settings: Settings,
    model: keras.Model,
    tokenizer: Tokenizer,
    rows: Ragged,
    counts: np.ndarray,
) -> tuple[dict[str, float], list[FillInExample]]:
    """Predicts one hidden piece in each of up to 1,000 passages: scores, and some examples."""
    rows, places = _hidden(rows)
    if not len(rows):
        return {"fill_in_accuracy": 0.0, "fill_in_accuracy_of_5": 0.0, "most_frequent": 0.0}, []
    right = rows.ids[rows.row_splits[:-1] + places]
    log_p = FillIn(model, settings.model, counts)(rows, places)
    best = np.argsort(-log_p, axis=1, kind="stable")[:, :5]
    pieces = tokenizer.vocabulary.pieces
    examples = [
        FillInExample(
            before=tokenizer.decode(rows.row(i)[1 : places[i]]),
            piece=pieces[right[i]],
            after=tokenizer.decode(rows.row(i)[places[i] + 1 : -1]),
            guesses=[(pieces[g], float(np.exp(log_p[i, g]))) for g in best[i]],
        )
        for i in range(min(_EXAMPLES, len(rows)))
    ]
    scores = {
        "fill_in_accuracy": float(np.mean(best[:, 0] == right)),
        "fill_in_accuracy_of_5": float(np.mean((best == right[:, None]).any(axis=1))),
        "most_frequent": float(np.mean(right == _most_frequent_piece(counts))),
    }
    return scores, examples


def _hidden(rows: Ragged) -> tuple[Ragged, np.ndarray]:
    """Up to 1,000 rows with known pieces, and the position of one of these in each."""
    random = np.random.default_rng(0)
    chosen, places = [], []
    for number in range(len(rows)):
        known = np.flatnonzero(rows.row(number) >= len(SPECIALS))
        if len(known) >= _MIN_PIECES and len(chosen) < _GUESSES:
            chosen.append(number)
            places.append(int(random.choice(known)))
    return rows.take(np.array(chosen, int)), np.array(places, int)


def _most_frequent_piece(counts: np.ndarray) -> int:
    """The most frequent piece that is not special: the baseline."""
    return int(np.argmax(np.where(np.arange(len(counts)) < len(SPECIALS), 0, counts)))


def _retrieval(
    settings: Settings,
    encoder: keras.Model,
    tokenizer: Tokenizer,
    texts: list[str],
    middle: np.ndarray,
) -> tuple[RetrievalScores, RetrievalScores]:
    """Retrieval of the second half of a text by the first: by the encoder, and by common pieces."""
    first, second = text_halves(texts)
    vectors = [vectors_of(settings, encoder, tokenizer, half, middle) for half in (first, second)]
    rows = tokenizer.encode([*first, *second]).truncated(settings.text.max_length)
    bags = bag_of_pieces([rows.row(i)[1:-1] for i in range(len(rows))], len(tokenizer.vocabulary))
    return (
        retrieval_scores(vectors[0], vectors[1]),
        retrieval_scores(bags[: len(first)], bags[len(first) :]),
    )


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: dict[str, Any]) -> None:
    step = trained.result.best_step
    shown = ("loss", "perplexity", "fill_in_accuracy", "recall_at_1")
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name in shown:
            log.scalar(f"test/{name}", metrics[name], step)
        log.hparams(without_run(settings), {"test_loss": metrics["loss"]})
