"""How long an exported model takes, in a process that has tensorflow and tensorflow-text alone.

    python -I served_rounds.py saved_models/translation/1 < questions.json > seconds.json

questions.json: {"batches": lists of texts, "rounds": how often all of them are asked, "single":
texts that are asked one by one}. seconds.json: {"batches": of each round, "cpu": likewise, what
all threads together worked, "single": of each text}. Every shape is asked once before.
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
