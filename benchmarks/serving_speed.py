"""Measures the exported sentiment model from raw strings: reviews per second, latency, agreement.

    python -m benchmarks.serving_speed [--model saved_models/sentiment/1] [--reviews 10000]

It loads the SavedModel with only tensorflow and tensorflow-text. Agreement: every review of NSMC is
tokenized in Python (`assets.extra`) and in the graph, and rows with different ids are counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from benchmarks.tables import print_table

BATCH = 512


def reviews_a_second(serve, texts, tf, times: int = 3) -> float:
    batches = [tf.constant(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]
    serve(text=batches[0])

    def once() -> float:
        started = time.perf_counter()
        for batch in batches:
            serve(text=batch)["label"].numpy()
        return len(texts) / (time.perf_counter() - started)

    return statistics.median(once() for _ in range(times))


def single_milliseconds(serve, texts, tf) -> tuple[float, float]:
    for text in texts[:50]:
        serve(text=tf.constant([text]))
    taken = []
    for text in texts[:1000]:
        started = time.perf_counter()
        serve(text=tf.constant([text]))["label"].numpy()
        taken.append(1e3 * (time.perf_counter() - started))
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def disagreements(model: Path, texts: list[str]) -> tuple[int, list[str]]:
    """The number of reviews that the graph tokenizes differently from Python, and the first."""
    import numpy as np
    import tensorflow as tf

    from pipeline.export.graph_text import GraphTokenizer
    from pipeline.text.tokenizers import load_tokenizer

    tokenizer = load_tokenizer(model / "assets.extra")
    graph = tf.function(GraphTokenizer(tokenizer).__call__)
    found = []
    for start in range(0, len(texts), 5000):
        part = texts[start : start + 5000]
        ours, theirs = tokenizer.encode(part), graph(tf.constant(part))
        splits = theirs.row_splits.numpy()
        ids = theirs.flat_values.numpy()
        found += [
            part[i]
            for i in range(len(part))
            if not np.array_equal(ours.row(i), ids[splits[i] : splits[i + 1]])
        ]
    return len(found), found[:10]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("saved_models/sentiment/1"))
    parser.add_argument("--reviews", type=int, default=10_000, help="of the test split, for speed")
    arguments = parser.parse_args()

    import tensorflow as tf
    import tensorflow_text  # noqa: F401

    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.workspace import Workspace

    files = catalogue.find_corpus("nsmc").files
    texts = {n: list(read_nsmc(fetch(f, Workspace().raw)).frame["text"]) for n, f in files.items()}
    serve = tf.saved_model.load(str(arguments.model)).signatures["serving_default"]
    chosen = texts["test"][: arguments.reviews]
    median, late = single_milliseconds(serve, chosen, tf)
    count, examples = disagreements(arguments.model, texts["train"] + texts["test"])
    rows = [
        ["batches of 512, corpus order, reviews/s", f"{reviews_a_second(serve, chosen, tf):,.0f}"],
        [
            "batches of 512, sorted by length, reviews/s",
            f"{reviews_a_second(serve, sorted(chosen, key=len), tf):,.0f}",
        ],
        ["one review, median ms", f"{median:.2f}"],
        ["one review, 99th percentile ms", f"{late:.2f}"],
        ["reviews of 200,000 cut otherwise than in Python", count],
    ]
    print_table(f"{arguments.model} from raw strings", ["what", "measured"], rows)
    for text in examples:
        print(repr(text))


if __name__ == "__main__":
    main()
