"""Models with the signatures of the tasks and answers that can be told beforehand, for the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from served_models import function, rows, write

SCALAR = tf.TensorSpec([], tf.int32)


def translator(folder: Path) -> Path:
    """Writes <text>, or text! with less confidence; looked at the last word alone."""

    @function(text=rows(tf.string))
    def one(text):
        said = tf.strings.join(["<", text, ">"])
        return {"translation": said, "score": tf.fill(tf.shape(text), -0.25)}

    @function(text=rows(tf.string))
    def _n_best(text):
        none = tf.fill(tf.shape(text), "")
        said = [tf.strings.join(["<", text, ">"]), tf.strings.join([text, "!"]), none]
        scores = tf.tile([[-0.25, -1.5, -np.inf]], [tf.shape(text)[0], 1])
        return {"translation": tf.stack(said, 1), "score": scores}

    @function(text=rows(tf.string))
    def _attention(text):
        words = tf.strings.split(text).to_tensor("")
        looked = tf.one_hot(tf.fill(tf.shape(words), tf.shape(words)[1] - 1), tf.shape(words)[1])
        pieces = tf.where(words == "", "", tf.strings.join([" ", words]))
        return {"source": pieces, "target": tf.strings.upper(pieces), "attention": looked}

    return write(folder, one, _n_best, _attention)


def writer(folder: Path) -> Path:
    """Goes on with 나 where the temperature is above 0.5, else with 가."""

    @function(
        prompt=rows(tf.string),
        length=SCALAR,
        temperature=tf.TensorSpec([], tf.float32),
        seed=SCALAR,
    )
    def go_on(prompt, length, temperature, seed):
        character = tf.where(temperature > 0.5, "나", "가")
        more = tf.strings.reduce_join(tf.repeat(character, length + 0 * seed))
        return {"text": tf.strings.join([prompt, more])}

    return write(folder, go_on)


def encoder(folder: Path) -> Path:
    """A text about rain has one direction, any other another."""

    @function(text=rows(tf.string))
    def vectors(text):
        rain = tf.cast(tf.strings.regex_full_match(text, ".*비.*"), tf.float32)
        return {"text_vector": tf.stack([rain, 1 - rain], 1)}

    return write(folder, vectors, text_vectors=vectors)


def captioner(folder: Path) -> Path:
    """Says how large a picture is; there is another signature for English."""

    def said(image, words):
        sizes = tf.map_fn(
            lambda content: tf.shape(tf.io.decode_image(content, expand_animations=False))[:2],
            image,
            fn_output_signature=tf.TensorSpec([2], tf.int32),
        )
        numbers = tf.strings.as_string(sizes)
        caption = tf.strings.join([words, numbers[:, 1], "×", numbers[:, 0]])
        return {"caption": caption, "score": tf.fill(tf.shape(image), -0.5)}

    @function(image=rows(tf.string))
    def own(image):
        return said(image, "크기 ")

    @function(image=rows(tf.string))
    def _en(image):
        return said(image, "size ")

    @function(image=rows(tf.string))
    def _attention(image):
        count = tf.shape(image)[0]
        words = tf.tile([["크기", "x", ""]], [count, 1])
        return {"words": words, "attention": tf.tile(tf.ones([1, 3, 7, 7]) / 49, [count, 1, 1, 1])}

    return write(folder, own, _en, _attention, ko=own)


def frame_labeller(folder: Path) -> Path:
    """Labels a frame by the sign of its second feature."""

    @function(frames=rows(tf.float32, None, 2), lengths=rows(tf.int32))
    def label(frames, lengths):
        up = frames[:, :, 1] > 0
        there = tf.sequence_mask(lengths, tf.shape(frames)[1])
        return {
            "label": tf.where(there, tf.where(up, "위", "아래"), ""),
            "score": tf.where(there, 0.75, 0.0),
        }

    write(folder, label)
    _beside(folder, "features", ["x", "y"])
    return folder


def forecaster(folder: Path) -> Path:
    """Reads three steps, and adds 10 and 20 to the last."""

    @function(history=rows(tf.float32, 3, 2))
    def forecast(history):
        last = history[:, -1:]
        return {"forecast": tf.concat([last + 10, last + 20], 1)}

    write(folder, forecast)
    _beside(folder, "series", {"channels": ["시가", "종가"], "season": 1, "horizon": 2})
    np.save(folder / "assets.extra" / "example.npy", np.float32([[1, 2], [3, 4], [5, 6]]))
    return folder


def _beside(folder: Path, name: str, facts: object) -> None:
    (folder / "assets.extra").mkdir(exist_ok=True)
    text = json.dumps(facts, ensure_ascii=False)
    (folder / "assets.extra" / f"{name}.json").write_text(text, "utf-8")


ALL = {
    "translation": translator,
    "charlm": writer,
    "encoder": encoder,
    "captioning": captioner,
    "frames": frame_labeller,
    "forecasting": forecaster,
}
