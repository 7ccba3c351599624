"""Texts per second of an exported model, in a process with only tensorflow and tensorflow-text.

    python -I predict_direct.py saved_models/sentiment/1 texts.txt serving_default 512 100000 1 2

Arguments: the model, a UTF-8 file with a text per line, the signature, texts per batch, number of
texts from the beginning of the file, threads within an operation and between operations (0: the
default of TensorFlow). Texts are sorted by length in windows of 32 batches. Answers are converted
to numpy and dropped.
"""

import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)


def main() -> None:
    model, file, signature, *numbers = sys.argv[1:]
    size, most, within, between = map(int, numbers)
    tf.config.threading.set_intra_op_parallelism_threads(within)
    tf.config.threading.set_inter_op_parallelism_threads(between)
    with open(file, encoding="utf-8", newline="\n") as lines:
        texts = [line.rstrip("\n") for line, _ in zip(lines, range(most), strict=False)]
    serve = tf.saved_model.load(model).signatures[signature]
    windows = [sorted(texts[i : i + 32 * size], key=len) for i in range(0, len(texts), 32 * size)]
    parts = [
        tf.constant(window[i : i + size]) for window in windows for i in range(0, len(window), size)
    ]
    inputs = serve.structured_input_signature[1]
    (name,) = [name for name, spec in inputs.items() if spec.dtype == tf.string]
    more = {"length": 200, "temperature": 0.8, "seed": 1}
    aside = {n: tf.constant(more[n], inputs[n].dtype) for n in inputs if n in more}

    def ask(part):
        for values in serve(**{name: part}, **aside).values():
            values.numpy()

    for part in parts[:2]:
        ask(part)
    started = time.perf_counter()
    for part in parts:
        ask(part)
    print(len(texts) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
