"""Measures one call of an exported model, in a process with only tensorflow and tensorflow-text.

    python -I served_peak.py saved_models/ner/1 < question.json > taken.json

question.json: {"signature": its name, "texts": the input}. taken.json: {"idle": peak of memory in
MiB after the model was loaded and had answered one short text, "peak": the same after the call,
"seconds": of the call, "cpu": processor time of all threads in it}; or {"refused": the first line
of the model's error}.
"""

import json
import resource
import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)

ASIDE = {"length": 20, "temperature": 0.8, "seed": 1}
"""Further inputs of a model that generates text."""


def taken() -> float:
    """Peak of the memory of this process, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    asked = json.load(sys.stdin)
    serve = tf.saved_model.load(sys.argv[1]).signatures[asked["signature"]]
    _, inputs = serve.structured_input_signature
    aside = {name: tf.constant(ASIDE[name], inputs[name].dtype) for name in inputs if name in ASIDE}
    (main_input,) = set(inputs) - set(aside)

    def ask(texts) -> dict[str, float]:
        given = tf.constant(texts, tf.string)
        started, worked = time.perf_counter(), time.process_time()
        for values in serve(**{main_input: given}, **aside).values():
            values.numpy()
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}

    for _ in range(2):
        ask(["네."])
    idle = taken()
    try:
        spent = ask(asked["texts"])
    except tf.errors.InvalidArgumentError as error:
        json.dump({"refused": error.message.splitlines()[0]}, sys.stdout)
        return
    json.dump({"idle": idle, "peak": taken(), **spent}, sys.stdout)


if __name__ == "__main__":
    main()
