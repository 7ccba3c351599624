"""Times an exported model, in a process with only tensorflow and tensorflow-text.

    python -I served_rounds.py saved_models/translation/1 < questions.json > seconds.json

questions.json: {"batches": lists of texts, "rounds": number of rounds over all batches, "single":
texts that are passed one by one}. seconds.json: {"batches": seconds of each round, "cpu": processor
time of all threads in each round, "single": seconds of each text}. Every shape is called once
before.
"""

import json
import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)


def main() -> None:
    asked = json.load(sys.stdin)
    serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
    batches = [tf.constant(texts) for texts in asked["batches"]]
    single = [tf.constant([text]) for text in asked["single"]]
    taken = {"batches": [], "cpu": [], "single": []}

    def ask(text) -> float:
        started = time.perf_counter()
        for values in serve(text=text).values():
            values.numpy()
        return time.perf_counter() - started

    for number in range(asked["rounds"] + 1):
        cpu = time.process_time()
        seconds = sum(map(ask, batches))
        if number:  # the first round warms up
            taken["batches"].append(seconds)
            taken["cpu"].append(time.process_time() - cpu)
    for text in single[:20]:
        ask(text)
    taken["single"] = list(map(ask, single))
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    main()
