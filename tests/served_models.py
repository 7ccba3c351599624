"""Small SavedModels with the corner cases of a protocol, made in a second without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf


def write(folder: Path, *signatures, **more) -> Path:
    """A SavedModel whose signatures are these functions; the first is `serving_default`."""
    module = tf.Module()
    named = {f.__name__.strip("_"): f for f in signatures[1:]}
    tf.saved_model.save(module, str(folder), {"serving_default": signatures[0], **named, **more})
    return folder


def function(**inputs: tf.TensorSpec):
    """Makes a signature of a function of these inputs."""
    specs = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in inputs.items()]
    return lambda body: tf.function(body, input_signature=specs, autograph=False)


def rows(dtype: tf.DType, *shape: int | None) -> tf.TensorSpec:
    return tf.TensorSpec([None, *shape], dtype)


def half_plus_three(folder: Path) -> Path:
    """The toy model of TensorFlow Serving's documentation, written as it is there: with a session,
    `predict` by default, and signatures for `regress` and `classify`."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        a, b = v1.Variable(0.5, name="a"), v1.Variable(3.0, name="b")
        examples = v1.placeholder(tf.string, [None], name="tf_example")
        parsed = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})
        x = tf.identity(parsed["x"], name="x")
        y = tf.add(tf.multiply(a, x), b, name="y")
        labels = tf.fill(tf.shape(y), "half plus three")
        flat = v1.placeholder(tf.float32, [None], name="flat")
        session.run(v1.global_variables_initializer())
        info = v1.saved_model.build_tensor_info
        build = v1.saved_model.build_signature_def
        constants = v1.saved_model.signature_constants
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            [v1.saved_model.tag_constants.SERVING],
            {
                "serving_default": build(
                    {"x": info(flat)}, {"y": info(a * flat + b)}, constants.PREDICT_METHOD_NAME
                ),
                "tensorflow/serving/regress": build(
                    {"inputs": info(examples)},
                    {"outputs": info(y)},
                    constants.REGRESS_METHOD_NAME,
                ),
                "classify_x_to_y": build(
                    {"inputs": info(examples)},
                    {"classes": info(labels), "scores": info(y)},
                    constants.CLASSIFY_METHOD_NAME,
                ),
            },
        )
        builder.save()
    return folder


def kinds(folder: Path) -> Path:
    """Signatures with every kind of input and output."""

    @function(tag=rows(tf.string), signal=rows(tf.float32, 5), sensor=rows(tf.float32, 2, 2))
    def many(tag, signal, sensor):
        return {
            "tag": tag,
            "total": tf.reduce_sum(signal, 1) + tf.reduce_sum(sensor, [1, 2]),
        }

    @function(image=rows(tf.string))
    def _images(image):
        return {"image_bytes": image, "size": tf.strings.length(image)}

    @function(
        whole=rows(tf.int32),
        long=rows(tf.int64),
        small=rows(tf.uint8),
        yes=rows(tf.bool),
        wide=rows(tf.float64),
    )
    def _numbers(whole, long, small, yes, wide):
        return {"whole": whole, "long": long, "small": small, "yes": yes, "wide": wide}

    @function(x=rows(tf.float32))
    def _logarithm(x):
        return {"y": tf.math.log(x)}

    @function(text=rows(tf.string), times=tf.TensorSpec([], tf.int32))
    def _repeated(text, times):
        return {"text": tf.strings.reduce_join(tf.tile(text[:, None], [1, times]), 1)}

    @function(text=rows(tf.string))
    def _words(text):
        words = tf.strings.split(text)
        return {
            "word": words.to_tensor(""),
            "place": tf.ragged.range(words.row_lengths()).to_tensor(-1),
        }

    @function(text=rows(tf.string))
    def _flat(text):
        words = tf.strings.split(text)
        return {"word": words.flat_values, "row": words.value_rowids()}

    @function(x=rows(tf.complex64))
    def _complex(x):
        return {"y": tf.math.real(x)}

    @function(text=rows(tf.string))
    def _strict(text):
        with tf.control_dependencies([tf.debugging.assert_none_equal(text, "bad")]):
            return {"size": tf.strings.length(text)}

    return write(
        folder, many, _images, _numbers, _logarithm, _repeated, _words, _flat, _complex, _strict
    )


def adds(folder: Path, number: float) -> Path:
    """x + `number`, to tell versions apart."""

    @function(x=rows(tf.float32))
    def plus(x):
        return {"y": x + np.float32(number)}

    return write(folder, plus)


def slow(folder: Path) -> Path:
    """Multiplies matrices as often as a number says; one row never ends."""

    @function(x=rows(tf.int32))
    def steps(x):
        def body(i, m):
            return i + 1, tf.tanh(m @ m + 1.0)

        n = tf.reduce_max(x)
        start = (tf.constant(0), tf.eye(50))
        i, m = tf.while_loop(lambda i, _: i < n, body, start)
        return {"y": x + tf.cast(m[0, 0] * 0, tf.int32)}

    @function(text=rows(tf.string))
    def _letters(text):
        n = tf.reduce_max(tf.strings.length(text))
        start = (tf.constant(0), tf.eye(50))
        i, m = tf.while_loop(lambda i, _: i < n, lambda i, m: (i + 1, tf.tanh(m @ m + 1.0)), start)
        return {"size": tf.strings.length(text) + tf.cast(m[0, 0] * 0, tf.int32)}

    return write(folder, steps, _letters)
