"""Measures the tagger: the CRF's share of a training step, decoding, serving, exact offsets.

    python -m benchmarks.tagging_speed [--run default] [--model saved_models/ner/1]

- CRF share: the default tagger of a finished run is trained on its own batches with both heads in
  turns, a block of steps each; the cost of the CRF is the difference to a step with a softmax.
  Decoding is timed on the same batches and added.
- decoding: Viterbi in a graph, 1,000 rows of 50 pieces, batches of 64.
- serving: the exported model on the test sentences in batches of 256, corpus order, in a process
  with only tensorflow and tensorflow-text (`benchmarks/served.py`), three times.
- offsets: 10,000 strings made of test sentences with decomposed Hangul, emoji, double spaces,
  Latin and Hanja inserted; every entity is compared with text[start:end].
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import re
import statistics
import time
import unicodedata
from pathlib import Path

import numpy as np

from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table

STEPS, BLOCKS = 20, 5
BETWEEN = ("  ", " 👨‍👩‍👧 ", " 大韓民國 ", " Google Korea ", "\u3000", "e\u0301", " 🇰🇷", "\u200b")


def training_steps(run: str) -> dict[str, float]:
    """Median seconds of a training step with each head, and of decoding its batch."""
    import keras

    from pipeline.batches.length_buckets import LengthBuckets
    from pipeline.facts import Prepared
    from pipeline.models.tagger import best_tags
    from pipeline.records import from_json
    from pipeline.tasks.ner.settings import Settings
    from pipeline.tasks.ner.training import build_model
    from pipeline.text.ragged import Ragged
    from pipeline.training.losses import PieceCrossEntropy
    from pipeline.training.optimizer import ClippedAdamW
    from pipeline.workspace import Manifest, read_json

    folder = Path("runs/ner") / run
    stored = {k: v for k, v in read_json(folder / "config.json").items() if k != "inputs"}
    settings = from_json(Settings, stored)
    tokens = Path(Manifest.read(folder / "prepared.json", Prepared).facts.folder)
    rows, gold = (Ragged.load(tokens / f"train{kind}") for kind in ("", ".tags"))
    order = LengthBuckets(rows, gold, settings.training.batch_size, seed=1)
    batches = [order[i] for i in range(STEPS)]
    ways = {}
    for head in ("crf", "softmax"):
        chosen = dataclasses.replace(settings, model=dataclasses.replace(settings.model, head=head))
        model = build_model(chosen, tokens)
        loss = model.get_layer("crf").loss if head == "crf" else PieceCrossEntropy()
        model.compile(ClippedAdamW(1e-4, clip_norm=1.0, averaging=0.998), loss, jit_compile=False)
        ways[head] = lambda batch, model=model: model.train_on_batch(*batch)
    tagger, decoder = model, best_tags(model, settings.model)
    ways["forward"] = lambda batch: tagger.predict_on_batch(batch[0])
    ways["forward and decode"] = lambda batch: decoder.predict_on_batch(batch[0])
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for block in range(BLOCKS + 1):
        for name, step in ways.items():
            started = time.perf_counter()
            for batch in batches:
                step(batch)
            if block:  # the first one traces
                taken[name].append((time.perf_counter() - started) / STEPS)
    keras.backend.clear_session()
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def decoding_seconds() -> float:
    import tensorflow as tf

    from pipeline.layers.crf import LinearChainCRF
    from pipeline.text.tags import TagSet

    tags = TagSet(tuple("ABCDEFGHIJ"))
    crf = LinearChainCRF(tags.legal, tags.legal_first)
    crf.build((None, None, len(tags)))
    decode = tf.function(crf.decode, reduce_retracing=True)
    unary = np.random.default_rng(0).normal(size=(1000, 50, len(tags))).astype("float32")
    parts = [tf.constant(unary[i : i + 64]) for i in range(0, 1000, 64)]
    lengths = [tf.fill([len(part)], 50) for part in parts]

    def once() -> float:
        started = time.perf_counter()
        for part, length in zip(parts, lengths, strict=True):
            decode(part, length).numpy()
        return time.perf_counter() - started

    once()
    return statistics.median(once() for _ in range(5))


def sentences_a_second(model: Path, test: Path) -> float:
    def once() -> float:
        told = foreign_process("served.py", model.resolve(), test.resolve())
        return float(re.search(r"([\d,]+)/s", told)[1].replace(",", ""))

    return statistics.median(once() for _ in range(3))


def odd_strings(texts: list[str], count: int) -> list[str]:
    draw = random.Random(1)
    found = []
    for _ in range(count):
        text = draw.choice(texts)
        cut = draw.randrange(len(text) + 1)
        form = draw.choice(("NFC", "NFD"))
        found.append(unicodedata.normalize(form, text[:cut]) + draw.choice(BETWEEN) + text[cut:])
    return found


def wrong_offsets(serve, texts: list[str], tf) -> tuple[int, int]:
    """Numbers of entities, and of those that are not text[start:end]."""
    entities = wrong = 0
    for begin in range(0, len(texts), 256):
        part = texts[begin : begin + 256]
        answer = serve(text=tf.constant(part))
        cells = (answer[name].numpy() for name in ("entity", "start", "end"))
        for text, *row in zip(part, *cells, strict=True):
            for entity, start, end in zip(*row, strict=True):
                if start >= 0:
                    entities += 1
                    wrong += entity.decode() != text[start:end]
    return entities, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default")
    parser.add_argument("--model", type=Path, default=Path("saved_models/ner/1"))
    arguments = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process()
    import tensorflow as tf
    import tensorflow_text  # noqa: F401

    from pipeline.corpora.splits import read_split
    from pipeline.facts import CorpusFacts
    from pipeline.workspace import Manifest

    corpus = Manifest.read(
        Path("runs/ner") / arguments.run / "corpus.json", CorpusFacts
    ).facts.folder
    test = Path(corpus) / "test.tsv"
    served = sentences_a_second(arguments.model, test)
    seconds = training_steps(arguments.run)
    loss = (seconds["crf"] - seconds["softmax"]) / seconds["crf"]
    decode = (seconds["forward and decode"] - seconds["forward"]) / seconds["crf"]
    texts = list(read_split(test)["text"])
    serve = tf.saved_model.load(str(arguments.model)).signatures["serving_default"]
    odd = odd_strings(texts, 10_000)
    entities, wrong = wrong_offsets(serve, odd, tf)
    rows = [
        ["CRF loss, share of a training step", f"{loss:.1%}"],
        ["decoding the same batch, share of a training step", f"{decode:.1%}"],
        ["decoding 1,000 sentences of 50 pieces, seconds", f"{decoding_seconds():.3f}"],
        ["served, batches of 256, sentences/s", f"{served:,.0f}"],
        [f"entities in {len(odd):,} odd strings", f"{entities:,}"],
        ["of these not text[start:end]", wrong],
    ]
    print_table(f"tagger of {arguments.run} and {arguments.model}", ["what", "measured"], rows)


if __name__ == "__main__":
    main()
