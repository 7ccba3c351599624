"""Scores the captions of an exported model from photos, with only TensorFlow; measures its speed.

    python -I benchmarks/served_captions.py saved_models/captioning/1 en.test.tsv
    python -I benchmarks/served_captions.py saved_models/captioning/1 ko.test.tsv --language ko

Nothing of this project is imported: the table (a picture and a caption in each row, UTF-8, a
header) is read here, the SavedModel gets the bytes of the files, and BLEU is computed as in
pipeline/evaluation/captions.py: lower case, no punctuation, all references, closest length, no
smoothing; and once more without the brevity penalty, as some papers count. Of Korean each character
is a word. Captions per second are measured with 32 photos at a time, milliseconds with one.
"""

from __future__ import annotations

import argparse
import collections
import csv
import math
import re
import statistics
import time
from pathlib import Path

import tensorflow as tf
import tensorflow_text  # noqa: F401  (its ops must be registered before the model is loaded)

_AT_ONCE, _ALONE, _ORDERS = 32, 50, 4
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def words_of(caption: str, language: str) -> list[str]:
    words = _WORD.findall(caption.lower())
    return list("".join(words)) if language == "ko" else words


def read(path: Path, language: str) -> dict[Path, list[list[str]]]:
    """Picture -> the words of its captions."""
    captions: dict[Path, list[list[str]]] = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            words = words_of(row["caption"], language)
            captions.setdefault(path.parent / row["image"], []).append(words)
    return captions


def ngrams(words: list[str], order: int) -> collections.Counter[tuple[str, ...]]:
    return collections.Counter(zip(*(words[i:] for i in range(order)), strict=False))


def bleu(answers: list[list[str]], references: list[list[list[str]]]) -> tuple[list[float], float]:
    """Corpus BLEU-1 to BLEU-4 without the brevity penalty, 0 to 100 (Papineni et al. 2002), and the
    penalty."""
    right, asked = [0] * _ORDERS, [0] * _ORDERS
    length = nearest = 0
    for answer, known in zip(answers, references, strict=True):
        length += len(answer)
        nearest += min((len(words) for words in known), key=lambda n: (abs(n - len(answer)), n))
        for order in range(1, _ORDERS + 1):
            most: collections.Counter[tuple[str, ...]] = collections.Counter()
            for words in known:
                most |= ngrams(words, order)
            given = ngrams(answer, order)
            right[order - 1] += (given & most).total()
            asked[order - 1] += given.total()
    penalty = math.exp(min(0.0, 1 - nearest / length))
    logs = [math.log(r / a) for r, a in zip(right, asked, strict=True)]
    return [100 * math.exp(statistics.fmean(logs[:n])) for n in range(1, _ORDERS + 1)], penalty


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--language", choices=["en", "ko"], default="en")
    arguments = parser.parse_args()
    captions = read(arguments.table, arguments.language)
    photos = [path.read_bytes() for path in captions]
    signatures = tf.saved_model.load(str(arguments.model)).signatures
    # Of several languages each has its own signature.
    serve = signatures.get(arguments.language, signatures["serving_default"])

    def asked(some: list[bytes]) -> list[str]:
        return [text.decode() for text in serve(image=tf.constant(some))["caption"].numpy()]

    for size in (1, _AT_ONCE):  # the first time is slower
        asked(photos[:size])
    started, answers = time.perf_counter(), []
    for first in range(0, len(photos), _AT_ONCE):
        answers += asked(photos[first : first + _AT_ONCE])
    a_second = len(photos) / (time.perf_counter() - started)
    alone = []
    for photo in photos[:_ALONE]:
        started = time.perf_counter()
        asked([photo])
        alone.append(1e3 * (time.perf_counter() - started))
    words = [words_of(text, arguments.language) for text in answers]
    scores, penalty = bleu(words, list(captions.values()))
    for factor, how in ((penalty, ""), (1, ", without brevity penalty")):
        listed = " / ".join(f"{factor * score:.1f}" for score in scores)
        print(f"{len(photos):,} photos: BLEU-1..4 {listed}{how}")
    print(f"{a_second:.1f} captions a second, {_AT_ONCE} at a time")
    print(f"one photo: median {statistics.median(alone):.0f} ms, highest {max(alone):.0f} ms")


if __name__ == "__main__":
    main()
