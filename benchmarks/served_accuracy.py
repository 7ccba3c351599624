"""The reported accuracy, from raw strings, with tensorflow and tensorflow-text alone.

    cp benchmarks/served_accuracy.py /somewhere/else
    python -I /somewhere/else/served_accuracy.py saved_models/sentiment/1 test.tsv

test.tsv is a split as the corpus stage writes it: id, text, label, with a header. Nothing of this
project is imported: this is what somebody who only has the exported folder would write.
"""

import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)

BATCH = 512


def main() -> None:
    model, file = sys.argv[1:]
    with open(file, encoding="utf-8", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    serve = tf.saved_model.load(model).signatures["serving_default"]
    right, started = 0, time.perf_counter()
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        answers = serve(text=tf.constant([text for _, text, _ in part]))["label"].numpy()
        right += sum(a.decode() == label for a, (*_, label) in zip(answers, part, strict=True))
    seconds = time.perf_counter() - started
    print(f"accuracy {right / len(rows):.4f} on {len(rows):,} texts, {len(rows) / seconds:,.0f}/s")


if __name__ == "__main__":
    main()
