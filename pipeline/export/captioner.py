"""The captioner as a SavedModel: encoded pictures in, captions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from pipeline.export.caption_attention import padded_tables, words_with_attention
from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.parts import in_parts
from pipeline.export.saved_model import write_saved_model
from pipeline.facts import Exported
from pipeline.models.caption import Caption
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.pictures.efficientnet import PLACES, SIZE
from pipeline.pictures.encoder import as_constants, load_picture_encoder, read_facts
from pipeline.pictures.features import SHAPE
from pipeline.pictures.reading import read_pictures
from pipeline.text.tokenizer import Tokenizer

PICTURES_AT_ONCE = 16
"""Of a batch: what is kept of each is little beside its pixels."""
_GRID = (PLACES, PLACES)
_CAPTIONS = (tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.float32))
_WORDS = (
    tf.TensorSpec([None], tf.string),
    tf.TensorSpec([None, *_GRID], tf.float32),
    tf.TensorSpec([None], tf.int32),
)
_LOOKS = "the caption by words, and where on the picture each looked"
Serve = Callable[[tf.Tensor], dict[str, tf.Tensor]]


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

    A captioner that has attention has a signature `attention` of the same input, which gives
    `words` string [n, time] and `attention` float32 [n, time, rows, columns] as well: the words of
    the caption, and where on the picture each looked, which adds up to 1; unused cells are "" and
    0. Of several languages there is one for each, `attention_ko` and `attention_en`.

    Args:
        model: what `pipeline.models.captioner.captioner` made.
        tokenizer: that it was trained with.
        folder: an empty folder to write into.
        search: how to search.
        begin: of each language, the id that captions begin with.
        languages: their names.
    """
    caption = Caption(model, search, begin)
    looking = Caption(model, search, begin, attention=True) if caption.steps.attends else None
    detokenizer = GraphDetokenizer(tokenizer)
    features = as_constants(load_picture_encoder())

    def searched(search: Caption, contents: tf.Tensor, number: int) -> dict[str, tf.Tensor]:
        seen = tf.reshape(features(read_pictures(contents, SIZE)), [-1, *SHAPE])
        # As the features are kept on disk that it learnt from.
        seen = tf.cast(tf.cast(seen, tf.float16), tf.float32)
        language = tf.fill([tf.shape(seen)[0]], number)
        return search({"features": seen, "language": language}, training=False)

    def texts_and_scores(answer: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        # [PAD], [BOS] and [EOS] have no text.
        return [
            detokenizer(tf.RaggedTensor.from_tensor(answer["ids"], padding=0)),
            answer["scores"],
        ]

    def serve(number: int) -> Serve:
        def part(contents: tf.Tensor) -> list[tf.Tensor]:
            return texts_and_scores(searched(caption, contents, number))

        def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
            captions, scores = _in_parts(image, part, _CAPTIONS)
            return {"caption": captions, "score": scores}

        return answer

    def look(search: Caption, number: int) -> Serve:
        def part(contents: tf.Tensor) -> list[tf.Tensor]:
            answer = searched(search, contents, number)
            words = words_with_attention(detokenizer, answer["ids"], answer["attention"], _GRID)
            return [*texts_and_scores(answer), *words]

        def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
            captions, scores, *words = _in_parts(image, part, [*_CAPTIONS, *_WORDS])
            table, maps = padded_tables(*words)
            return {"caption": captions, "score": scores, "words": table, "attention": maps}

        return answer

    signatures = {"serving_default": serve(0)}
    if looking is not None:
        signatures["attention"] = look(looking, 0)
    for number, language in enumerate(languages if len(languages) > 1 else ()):
        # Of the first language the functions are those that there are: one graph for both names.
        signatures[language] = serve(number) if number else signatures["serving_default"]
        if looking is not None:
            looks = look(looking, number) if number else signatures["attention"]
            signatures[f"attention_{language}"] = looks
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
            **{f"signature {name}": _LOOKS for name in signatures if name.startswith("attention")},
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
    contents: tf.Tensor,
    part: Callable[[tf.Tensor], Sequence[tf.Tensor]],
    specs: Sequence[tf.TensorSpec],
) -> tuple[tf.Tensor, ...]:
    """The results of `part`, called with some pictures at a time."""

    def some(first: tf.Tensor) -> tuple[tf.Tensor, Sequence[tf.Tensor]]:
        chosen = contents[first : first + PICTURES_AT_ONCE]
        return tf.size(chosen), part(chosen)

    return in_parts(tf.size(contents), some, specs)
