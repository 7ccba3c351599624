"""Serves an ONNX classifier of KoELECTRA-small's size the usual way, for comparison.

    python benchmarks/served_electra.py

12 blocks of width 256 with 4 heads and feed-forward layers of 1,024, over 35,000 embeddings of 128
(Park 2020), with random weights: only its time is meaningful, not its answers. A web application
calls ONNX Runtime once for each request, in a thread of a pool. Its rows are ids, so it need not
tokenize.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from plain_application import serve

VOCABULARY, EMBEDDING, WIDTH, HEADS, WIDE, BLOCKS, POSITIONS = 35_000, 128, 256, 4, 1024, 12, 512


def write_model() -> bytes:
    """The model as ONNX: `ids` int32 [n, time], padded with 0, to `probabilities` [n, 2]."""
    chance = np.random.default_rng(1)

    def weight(*shape: int) -> tf.Tensor:
        return tf.constant(chance.normal(0, 0.02, shape).astype(np.float32))

    def linear(x: tf.Tensor, width: int) -> tf.Tensor:
        return tf.einsum("ntf,fg->ntg", x, weight(x.shape[-1], width)) + weight(width)

    def normalized(x: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        scale, shift = 1 + weight(x.shape[-1]), weight(x.shape[-1])
        return (x - mean) * tf.math.rsqrt(variance + 1e-12) * scale + shift

    def heads_of(x: tf.Tensor) -> tf.Tensor:
        rows, time = tf.shape(x)[0], tf.shape(x)[1]
        return tf.transpose(tf.reshape(x, [rows, time, HEADS, WIDTH // HEADS]), [0, 2, 1, 3])

    def attended(x: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
        query, key, value = (heads_of(linear(x, WIDTH)) for _ in range(3))
        scores = tf.matmul(query, key, transpose_b=True) / (WIDTH // HEADS) ** 0.5 + hidden
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), value), [0, 2, 1, 3])
        return linear(tf.reshape(mixed, tf.shape(x)), WIDTH)

    def gelu(x: tf.Tensor) -> tf.Tensor:
        return 0.5 * x * (1 + tf.math.erf(x / 2**0.5))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, name="ids")])
    def answer(ids: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = tf.where(ids[:, None, None, :] == 0, -1e9, 0.0)
        x = tf.gather(weight(VOCABULARY, EMBEDDING), ids)
        x = linear(normalized(x + weight(POSITIONS, EMBEDDING)[: tf.shape(ids)[1]]), WIDTH)
        for _ in range(BLOCKS):
            x = tf.reshape(x, [tf.shape(ids)[0], tf.shape(ids)[1], WIDTH])
            x = normalized(x + attended(x, hidden))
            x = normalized(x + linear(gelu(linear(x, WIDE)), WIDTH))
        first = gelu(linear(x[:, :1], WIDTH))
        return {"probabilities": tf.nn.softmax(linear(first, 2)[:, 0])}

    signature = answer.input_signature
    converted, _ = tf2onnx.convert.from_function(answer, input_signature=signature, opset=18)
    return converted.SerializeToString()


def main() -> None:
    session = onnxruntime.InferenceSession(write_model(), providers=["CPUExecutionProvider"])

    def call(rows: list[list[int]]) -> list[dict]:
        ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
        return [{"probabilities": row.tolist()} for row in session.run(None, {"ids": ids})[0]]

    call([[2, 5, 3]])
    serve("electra", call)


if __name__ == "__main__":
    main()
