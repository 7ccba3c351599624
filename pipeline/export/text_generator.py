"""The language model as a SavedModel: a prompt in, a text out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.export.graph_characters import GraphCharacters, nfc, normalize_lines_in_graph
from pipeline.export.saved_model import load_saved_model, write_saved_model
from pipeline.export.split_batches import map_sorted_texts
from pipeline.facts import Exported
from pipeline.models.generate import Generate
from pipeline.models.generation_settings import MAX_LENGTH
from pipeline.quiet import native_chatter_hidden
from pipeline.text.characters import Characters


def export_generator(generate: Generate, characters: Characters, folder: Path) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow and tensorflow-text.

    Signature `serving_default`: `prompt` string [n], `length` int32, `temperature` float32, `seed`
    int32 -> `text` string [n]: each prompt, under the text policy line by line, and `length`
    characters (at most `MAX_LENGTH`) that the model goes on with. The text policy and the
    sampling are in the graph; top-k and nucleus are what `generate` was made with. Row i depends
    on its prompt, on i and on the seed, not on the rows beside it.

    Args:
        generate: the model that samples.
        characters: the alphabet it was trained with.
        folder: an empty folder to write into.

    Returns:
        {"summary": one line for people, "signatures": their names, "facts": name -> what it is,
        "limits": sentences on what not to expect}.
    """
    graph = GraphCharacters(characters)

    def serve(prompt, length, temperature, seed):
        prompt = normalize_lines_in_graph(prompt)
        length = tf.clip_by_value(length, 0, MAX_LENGTH)
        units = length * characters.most_units

        def said(ids: tf.Tensor, lengths: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
            found = generate(
                {
                    "ids": ids,
                    "lengths": lengths,
                    "max_length": tf.fill(tf.shape(lengths), units),
                    "temperature": tf.maximum(temperature, 0.0),
                    "seed": seed,
                    "numbers": numbers,
                },
                training=False,
            )
            return graph.decode(found["ids"])

        text = nfc(prompt + map_sorted_texts(graph.encode(prompt), said, units))
        most = tf.strings.length(prompt, "UTF8_CHAR") + length
        return {"text": tf.strings.substr(text, tf.zeros_like(most), most, "UTF8_CHAR")}

    signature = [
        tf.TensorSpec([None], tf.string, name="prompt"),
        tf.TensorSpec([], tf.int32, name="length"),
        tf.TensorSpec([], tf.float32, name="temperature"),
        tf.TensorSpec([], tf.int32, name="seed"),
    ]
    size = write_saved_model(folder, {"serving_default": serve}, signature, [graph])
    characters.save(folder / "assets.extra")
    generation = generate.generation
    top_k = f"the {generation.top_k:,} most probable" if generation.top_k else "all"
    nucleus = f", nucleus {generation.top_p:g}" if generation.top_p < 1 else ""
    return Exported(
        summary=f"serving_default signature, sampling in the graph, {size}",
        signatures=("serving_default",),
        facts={
            "characters": f"{len(characters.vocabulary):,} ({characters.alphabet})",
            "parameters": f"{generate.language_model.count_params():,}",
            "drawn from": f"{top_k}{nucleus}",
        },
        limits=(
            "It writes what looks like the text it learnt from. It knows nothing, and what it "
            "says is not true.",
            "A text of which it learnt little it knows in part by heart, and it may say it again.",
            "Characters that it never saw are read as one unknown one, and never said.",
            f"At most {MAX_LENGTH:,} characters are said at once.",
        ),
    )


def load_generator(folder: Path) -> Callable[..., list[str]]:
    """Loads the SavedModel in `folder` as a function, (prompts, length=, temperature=, seed=) ->
    texts.

    Raises:
        UserError: it is damaged.
    """
    serve = load_saved_model(folder).signatures["serving_default"]

    def generate(
        prompts: Sequence[str], *, length: int, temperature: float, seed: int
    ) -> list[str]:
        answer = serve(
            prompt=tf.constant(list(prompts), tf.string),
            length=tf.constant(length, tf.int32),
            temperature=tf.constant(temperature, tf.float32),
            seed=tf.constant(np.int32(seed)),
        )
        return [text.decode("utf-8") for text in answer["text"].numpy()]

    with native_chatter_hidden():
        generate([""], length=0, temperature=0.0, seed=0)
    return generate
