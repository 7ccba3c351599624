"""The frame labeller as a SavedModel: videos as numbers in, a label per frame out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from pipeline.export.saved_model import write_saved_model
from pipeline.facts import Exported
from pipeline.models.frame_labeller import carried_labeller
from pipeline.models.settings import FrameLabellerSettings
from pipeline.pictures.efficientnet import SIZE, WIDTH
from pipeline.pictures.encoder import read_facts
from pipeline.pictures.frame_features import pooled_encoder
from pipeline.pictures.reading import read_picture

STREAM = "stream"
"""The signature that takes the next frames and the state."""
PICTURES = "pictures"
"""The signature that takes the frames as encoded pictures."""
STREAM_PICTURES = "stream_pictures"
"""Both: the next frames as encoded pictures, and the state."""


def export_frame_labeller(
    model: keras.Model,
    settings: FrameLabellerSettings,
    labels: Sequence[str],
    folder: Path,
    *,
    takes_pictures: bool = False,
) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow.

    Signature `serving_default`: `frames` float32 [n, time, features] and `lengths` int32 [n] ->
    `label` string [n, time] and `score` float32 [n, time], the probability of that label; at
    padding "" and 0. A model that answers at once has a second one, `stream`: `frames` float32
    [n, time, features], the next frames of n videos, and `state` float32 [n, state_size], zeros
    where a video begins -> `label`, `score` and `state`, which is given with the frames that
    follow. A model whose features are those of pictures has a signature `pictures`: `images` string
    [n, time], the bytes of a JPEG or PNG file a frame, and `lengths` as above -> `label` and
    `score`. If it answers at once, there is `stream_pictures`, too: `images` and `state`.

    Args:
        model: of `models.frame_labeller.frame_labeller`, trained.
        settings: its shape.
        labels: in the order of the potentials.
        folder: an empty folder to write into.
        takes_pictures: whether `frames` are features of pictures (`pipeline.pictures.
            frame_features`).
    """
    names = tf.constant(list(labels))
    crf = model.get_layer("crf")
    features = model.input["frames"].shape[-1]

    def serve(frames: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        time = tf.shape(frames)[1]
        # A row of no frames is read as one of one; nothing of it is answered.
        real = tf.sequence_mask(tf.minimum(lengths, time), time)
        frames = tf.where(real[:, :, None], frames, 0.0)
        frames = tf.pad(frames, [[0, 0], [0, tf.cast(time == 0, tf.int32)], [0, 0]])
        read = tf.clip_by_value(lengths, 1, tf.maximum(time, 1))
        potentials = model({"frames": frames, "lengths": read}, training=False)
        if settings.head == "softmax":
            answer = _answer(names, tf.nn.softmax(tf.cast(potentials, tf.float32)))
        else:
            best = crf.decode(potentials, read)
            with tf.GradientTape() as tape:
                tape.watch(potentials)
                total = crf.log_partition(potentials, read)
            # The marginal probability of each label is what the log partition changes by.
            answer = _answer(names, tape.gradient(total, potentials), best)
        return {
            "label": tf.where(real, answer["label"][:, :time], ""),
            "score": tf.where(real, answer["score"][:, :time], 0.0),
        }

    spec = [
        tf.TensorSpec([None, None, features], tf.float32, name="frames"),
        tf.TensorSpec([None], tf.int32, name="lengths"),
    ]
    signatures, own = {"serving_default": serve}, {}
    if takes_pictures:

        def pictures(images: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
            return serve(_seen(images, lengths), lengths)

        signatures[PICTURES] = pictures
        own[PICTURES] = [tf.TensorSpec([None, None], tf.string, name="images"), spec[1]]
    facts = {
        "labels": ", ".join(labels),
        "answers": "at once" if settings.answers_at_once else "when the video has ended",
    }
    if settings.answers_at_once:
        carried = carried_labeller(model, settings)
        size = carried.input["state"].shape[-1]

        def stream(frames: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
            potentials, after = carried({"frames": frames, "state": state}, training=False)
            return {
                **_answer(names, tf.nn.softmax(tf.cast(potentials, tf.float32))),
                "state": after,
            }

        signatures[STREAM] = stream
        own[STREAM] = [spec[0], tf.TensorSpec([None, size], tf.float32, name="state")]
        if takes_pictures:

            def stream_pictures(images: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
                count, time = tf.unstack(tf.shape(images))
                return stream(_seen(images, tf.fill([count], time)), state)

            signatures[STREAM_PICTURES] = stream_pictures
            own[STREAM_PICTURES] = [own[PICTURES][0], own[STREAM][1]]
        facts["numbers in the state of `stream`"] = f"{size:,}; zeros where a video begins"
    limits = [
        "It answers with one of its labels whatever it is given.",
        "Features must be those of the corpus, in their units and their order, at the same number "
        "of frames a second.",
    ]
    if takes_pictures:
        encoder = read_facts()
        facts["picture encoder"] = (
            f"{encoder.title} ({encoder.licence}); its mean over the places of a picture are the "
            f"{features:,} features of a frame"
        )
        facts[f"signature {PICTURES}"] = (
            "takes images, string [n, time], the bytes of a JPEG or PNG file a frame, and lengths; "
            "gives label and score"
        )
        limits.append(
            "It sees each picture as a square of 224 × 224 pixels: what is small in it is not "
            "seen. A picture that is damaged, or no JPEG or PNG, ends the call."
        )
    written = write_saved_model(folder, signatures, spec, [], own)
    return Exported(
        summary=f"{', '.join(signatures)} signature, {written}",
        signatures=tuple(signatures),
        facts={**facts, "parameters": f"{model.count_params():,}"},
        limits=tuple(limits),
    )


def _seen(images: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """The features of frames by the picture encoder: string [n, time] -> float32 [n, time,
    features], zeros at padding, where any string may stand."""
    encoder, shape = pooled_encoder(), tf.shape(images)

    def one(content: tf.Tensor) -> tf.Tensor:
        return encoder(read_picture(content, SIZE)[None])[0]

    places = tf.where(tf.sequence_mask(tf.minimum(lengths, shape[1]), shape[1]))
    found = tf.map_fn(
        one, tf.gather_nd(images, places), fn_output_signature=tf.TensorSpec([WIDTH], tf.float16)
    )
    size = tf.concat([shape, [WIDTH]], 0)
    return tf.scatter_nd(places, tf.cast(found, tf.float32), tf.cast(size, tf.int64))


def _answer(
    names: tf.Tensor, probabilities: tf.Tensor, best: tf.Tensor | None = None
) -> dict[str, tf.Tensor]:
    """The label and the score of each frame, [n, time]; without chosen labels the most probable
    one.

    Args:
        probabilities: float32 [n, time, labels].
        best: int32 [n, time].
    """
    if best is None:
        best = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
    score = tf.gather(probabilities, best, axis=-1, batch_dims=2)
    return {"label": tf.gather(names, best), "score": score}
