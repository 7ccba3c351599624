"""The captioner as a SavedModel: encoded pictures in, captions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.saved_model import write_saved_model
from pipeline.facts import Exported
from pipeline.models.caption import Caption
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.pictures.efficientnet import SIZE
from pipeline.pictures.encoder import as_constants, load_encoder, read_facts
from pipeline.pictures.features import SHAPE
from pipeline.pictures.reading import read_pictures
from pipeline.text.tokenizer import Tokenizer

PICTURES_AT_ONCE = 16
"""Of a batch: what is kept of each is little beside its pixels."""


def export_captioner(
    model: keras.Model,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    search: CaptionSearchSettings,
    begin: Sequence[int],
    languages: Sequence[str],
) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow.

    Signature `serving_default`: `image` string [n], the bytes of JPEG or PNG files -> `caption`
    string [n], `score` float32 [n]: log probability in nats divided by
    ((5 + pieces) / 6) ** alpha. Reading, scaling, the picture encoder, beam search and
    detokenisation are in the graph. Of a model that knows several languages it writes in the
    first; there is a signature for each of them, `ko` and `en`.

    Args:
        model: what `pipeline.models.captioner.captioner` made.
        tokenizer: that it was trained with.
        folder: an empty folder to write into.
        search: how to search.
        begin: of each language, the id that captions begin with.
        languages: their names.
    """
    caption = Caption(model, search, begin)
    detokenizer = GraphDetokenizer(tokenizer)
    features = as_constants(load_encoder())

    def part(contents: tf.Tensor, number: int) -> tuple[tf.Tensor, tf.Tensor]:
        seen = tf.reshape(features(read_pictures(contents, SIZE)), [-1, *SHAPE])
        # As the features are kept on disk that it learnt from.
        seen = tf.cast(tf.cast(seen, tf.float16), tf.float32)
        language = tf.fill([tf.shape(seen)[0]], number)
        found = caption({"features": seen, "language": language}, training=False)
        # [PAD], [BOS] and [EOS] have no text.
        said = tf.RaggedTensor.from_tensor(found["ids"], padding=0)
        return detokenizer(said), found["scores"]

    def serve(number: int) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
            captions, scores = _in_parts(image, lambda contents: part(contents, number))
            return {"caption": captions, "score": scores}

        return answer

    signatures = {"serving_default": serve(0)}
    if len(languages) > 1:
        signatures |= {language: serve(n) for n, language in enumerate(languages)}
    spec = tf.TensorSpec([None], tf.string, name="image")
    size = write_saved_model(folder, signatures, [spec], [detokenizer])
    tokenizer.save(folder / "assets.extra")
    encoder = read_facts()
    return Exported(
        summary=f"pictures in, captions out, beam {search.beam_size} in the graph, {size}",
        signatures=tuple(signatures),
        facts={
            "picture encoder": f"{encoder.title} ({encoder.licence}), learnt from "
            f"{encoder.trained_on}",
            "pieces": f"{len(tokenizer.vocabulary):,} ({tokenizer.kind})",
            "languages": ", ".join(languages),
            "parameters": f"{model.count_params():,} without the encoder",
            "search": f"beam {search.beam_size}, length normalisation {search.alpha:g}, at most "
            f"{search.longest_caption} pieces",
        },
        limits=(
            "It says something of every picture, in the words of the captions that it learnt "
            "from; of other kinds of pictures, drawings or screens, what it says is a guess.",
            "It sees 224 × 224 pixels: a picture is scaled to a square, whatever its shape, and "
            "what is small in it or written on it is not read.",
            "A file that is no JPEG or PNG, is damaged, is in CMYK or has more than 134 million "
            "pixels ends the call with an error, for all pictures of the call.",
        ),
    )


def _in_parts(
    contents: tf.Tensor, function: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Applies `function`, string [m] -> string [m] and float32 [m], to some pictures at a time."""
    count = tf.shape(contents)[0]

    def array(dtype: tf.DType) -> tf.TensorArray:
        return tf.TensorArray(dtype, 0, dynamic_size=True, infer_shape=False, element_shape=[None])

    def body(first, number, captions, scores):
        text, score = function(contents[first : first + PICTURES_AT_ONCE])
        return (
            first + PICTURES_AT_ONCE,
            number + 1,
            captions.write(number, text),
            scores.write(number, score),
        )

    _, parts, captions, scores = tf.while_loop(
        lambda first, *_: first < count,
        body,
        (0, 0, array(tf.string), array(tf.float32)),
        parallel_iterations=1,
    )
    return (
        tf.cond(parts > 0, captions.concat, lambda: tf.zeros([0], tf.string)),
        tf.cond(parts > 0, scores.concat, lambda: tf.zeros([0], tf.float32)),
    )
