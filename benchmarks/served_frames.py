"""Measures the time per frame of the signature `stream`, and repeats the reported accuracy.

    cp benchmarks/served_frames.py /somewhere/else
    python -I /somewhere/else/served_frames.py saved_models/frames/1
    python -I /somewhere/else/served_frames.py saved_models/frames/1 /of/the/corpus/test.tsv

test.tsv is a split as the corpus stage writes it: id, frames (an .npy file beside it), label (a
JSON list). Nothing of this project is imported: somebody who only has the exported folder could
have written this.
"""

import argparse
import json
import os
import platform
import time

import numpy as np
import tensorflow as tf


def one_at_a_time(model, count):
    stream = model.signatures["stream"]
    takes = stream.structured_input_signature[1]
    features, size = takes["frames"].shape[-1], takes["state"].shape[-1]
    frames = np.random.default_rng(0).normal(size=(count, 1, 1, features)).astype(np.float32)
    state, seconds = tf.zeros([1, size]), []
    for frame in frames:
        started = time.perf_counter()
        answer = stream(frames=tf.constant(frame), state=state)
        answer["label"].numpy()
        seconds.append(time.perf_counter() - started)
        state = answer["state"]
    taken = 1000 * np.array(seconds[count // 10 :])
    median, late = np.median(taken), np.percentile(taken, 99)
    print(f"one frame: {median:.3f} ms median, {late:.3f} ms 99th percentile")


def accuracy(model, test):
    with open(test, encoding="utf-8", newline="\n") as lines:
        header, *rows = [line.rstrip("\n").split("\t") for line in lines]
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    right = total = streamed = 0
    for cell in cells:
        path = os.path.join(os.path.dirname(test), cell["frames"])
        frames, labels = np.load(path, allow_pickle=False)[None], json.loads(cell["label"])
        answer = model.signatures["serving_default"](
            frames=tf.constant(frames), lengths=tf.constant([len(labels)])
        )
        found = [label.decode() for label in answer["label"].numpy()[0]]
        right += sum(one == other for one, other in zip(found, labels, strict=True))
        total += len(labels)
        if "stream" in model.signatures:
            stream = model.signatures["stream"]
            state = tf.zeros([1, stream.structured_input_signature[1]["state"].shape[-1]])
            for place in range(len(labels)):
                answer = stream(frames=tf.constant(frames[:, place : place + 1]), state=state)
                state = answer["state"]
                streamed += answer["label"].numpy()[0, 0].decode() == found[place]
    print(f"accuracy {right / total:.4f}: {right:,} of {total:,} frames")
    if "stream" in model.signatures:
        print(f"one at a time the same label in {streamed:,} of {total:,} frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="folder of the SavedModel")
    parser.add_argument("test", nargs="?", help="test.tsv of its corpus")
    parser.add_argument(
        "--frames", type=int, default=2000, help="number of frames for the time per frame"
    )
    asked = parser.parse_args()
    model = tf.saved_model.load(asked.model)
    if asked.test:
        accuracy(model, asked.test)
    if "stream" in model.signatures:
        one_at_a_time(model, asked.frames)
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
