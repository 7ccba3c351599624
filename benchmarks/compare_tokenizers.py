"""Trains the same small model with every tokenizer; prints one table.

    make compare-tokenizers [SETTINGS="--rows 50000 --only okt mecab"]

Each tokenizer learns from the same NSMC training rows (chosen by a hash of the id), the same small
bidirectional GRU is trained on them for the same number of epochs, and is evaluated on dev; the
test split is not read. Morpheme analysers are slow (Kkma reads some dozens of reviews per second),
so by default not all rows are used.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import numpy as np

from benchmarks.tables import print_table
from pipeline.__main__ import exit_code, prepare_process
from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.ranges import UserFiles
from pipeline.settings import split_settings_option

MORPHEMES = ("mecab", "kiwi", "okt", "hannanum", "komoran", "kkma")
WAYS = {
    "syllable": ("syllable", None),
    "wordpiece": ("wordpiece", None),
    "sentencepiece": ("sentencepiece", None),
    **{f"{name} + wordpiece": ("wordpiece", name) for name in MORPHEMES},
}


def splits(corpus: str | None, rows: int):
    """(train, dev) frames with columns text and label, of at most `rows` and `rows` / 10 rows."""
    from pipeline.corpora.labelled.corpus import read_labelled_corpus
    from pipeline.corpora.settings import CorpusSettings
    from pipeline.corpora.splits import held_out
    from pipeline.tasks.sentiment.data import SAMPLE
    from pipeline.workspace import Workspace

    chosen = CorpusSettings(corpus=corpus) if corpus else CorpusSettings()
    read = read_labelled_corpus(chosen, Workspace().raw, SAMPLE)
    for warning in read.warnings:
        print(f"! {warning}")

    def some(frame, count):
        if len(frame) <= count:
            return frame
        return frame[held_out(list(frame["id"]), count)].reset_index(drop=True)

    return some(read.splits["train"], rows), some(read.splits["dev"], max(rows // 10, 100))


def measure(kind: str, morphemes: str | None, train, dev, arguments) -> dict:
    """Trains and evaluates the model with one tokenizer."""
    import keras

    from pipeline.batches.length_buckets import LengthBuckets
    from pipeline.models.classifier import predict_logits, recurrent_classifier
    from pipeline.models.settings import ClassifierSettings
    from pipeline.text.morphemes import MorphemeAnalyzer
    from pipeline.text.tokenizer import normalize_texts
    from pipeline.text.tokenizers import learn_tokenizer
    from pipeline.text.vocabulary import UNK
    from pipeline.training.losses import SmoothedCrossEntropy
    from pipeline.training.optimizer import ClippedAdamW, warmup_cosine

    started = time.perf_counter()
    analyzer = MorphemeAnalyzer(morphemes) if morphemes else None
    texts = {
        name: normalize_texts(list(frame["text"]), analyzer, arguments.workers)
        for name, frame in (("train", train), ("dev", dev))
    }
    tokenizer = learn_tokenizer(
        kind, texts["train"], arguments.vocabulary_size, morphemes=morphemes, normalized=True
    )
    rows = {name: tokenizer.encode_normalized(part) for name, part in texts.items()}
    tokenized = time.perf_counter() - started

    names = sorted(set(train["label"]))
    labels = np.array([names.index(label) for label in train["label"]], dtype=np.int32)
    dev_labels = np.array([names.index(x) if x in names else -1 for x in dev["label"]])
    keras.utils.set_random_seed(1)
    settings = ClassifierSettings(
        cell="gru", units=64, embedding_size=64, ngrams="none", embedding_dropout=0.3
    )
    model = recurrent_classifier(
        settings, vocabulary_size=len(tokenizer.vocabulary), classes=len(names)
    )
    steps = -(-len(labels) // 128) * arguments.epochs
    model.compile(
        ClippedAdamW(warmup_cosine(3e-3, steps, 0.05)), SmoothedCrossEntropy(), jit_compile=False
    )
    started = time.perf_counter()
    for epoch in range(arguments.epochs):
        for inputs, targets in LengthBuckets(rows["train"], labels, 128, seed=1, epoch=epoch):
            model.train_on_batch(inputs, targets)
    trained = time.perf_counter() - started
    right = predict_logits(model, rows["dev"]).argmax(axis=1) == dev_labels
    ids = rows["dev"].ids
    return {
        "accuracy": f"{100 * right.mean():.1f}",
        "pieces a review": f"{rows['dev'].lengths.mean() - 2:.1f}",
        "unknown %": f"{100 * np.mean(ids == UNK):.2f}",
        "vocabulary": f"{len(tokenizer.vocabulary):,}",
        "tokenize s": f"{tokenized:.1f}",
        "train s": f"{trained:.1f}",
        "in a graph": "yes" if tokenizer.runs_in_graph else "no",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--corpus", type=UserFiles.expanded, help="as for the sentiment task (default: nsmc)"
    )
    parser.add_argument("--rows", type=int, default=10_000, help="training rows")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--vocabulary-size", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--only", nargs="+", choices=[*WAYS, *MORPHEMES], help="only these tokenizers"
    )
    arguments = parser.parse_args(split_settings_option(sys.argv[1:]))
    prepare_process()
    start_keras()
    train, dev = splits(arguments.corpus, arguments.rows)
    results = {}
    for name, (kind, morphemes) in WAYS.items():
        if arguments.only and not {name, morphemes} & set(arguments.only):
            continue
        say(f"{name} ...")
        try:
            results[name] = measure(kind, morphemes, train, dev, arguments)
        except UserError as error:
            say(f"{name} left out: {error}")
    if not results:
        raise UserError("no tokenizer is left to compare", remedy="name others with --only")
    columns = ["tokenizer", *next(iter(results.values()))]
    print_table(
        f"{len(train):,} training rows, {len(dev):,} dev rows, BiGRU-64, {arguments.epochs} epochs",
        columns,
        [[name, *row.values()] for name, row in results.items()],
    )
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
