"""The classifier as a SavedModel that takes raw strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.errors import UserError
from pipeline.export.graph_text import GraphTokenizer
from pipeline.export.reading_limit import write_reading_limit
from pipeline.export.saved_model import load_asker, write_saved_model
from pipeline.export.split_batches import REVIEWS_AT_ONCE, map_sorted
from pipeline.facts import Exported
from pipeline.text.tokenizer import Tokenizer
from pipeline.workspace import read_json, write_json

_LABELS = Path("assets.extra", "labels.json")


def export_classifier(
    model: keras.Model,
    tokenizer: Tokenizer,
    labels: Sequence[str],
    folder: Path,
    *,
    max_length: int,
) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow and tensorflow-text.

    Signature `serving_default`: `text` string [n] -> `label` string [n], `score` float32 [n]
    (probability of that label), `probabilities` float32 [n, labels]. Where the tokenizer cannot
    run in a graph (KoNLPy) the only signature is `ids`: `ids` int32 [n, time], right-padded with
    0 and framed [BOS] … [EOS], with the same outputs. Texts over `max_length` pieces are read
    up to there.

    Args:
        model: ids and lengths in, logits out.
        tokenizer: the one the model was trained with.
        labels: label names in the order of the logits.
        folder: an empty folder to write into.
        max_length: [BOS] and [EOS] counted.

    Returns:
        {"summary": one line for people, "signatures": their names, "facts": name -> what it is,
        "limits": sentences on what not to expect}.
    """
    names = tf.constant(list(labels))

    part_size = REVIEWS_AT_ONCE.for_rows(max_length)

    def classify(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        logits = model({"ids": ids, "lengths": lengths}, training=False)
        return tf.nn.softmax(tf.cast(logits, tf.float32))

    def answer(rows: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        probabilities = map_sorted(rows, classify, len(labels), part_size)
        best = tf.argmax(probabilities, axis=1)
        return {
            "label": tf.gather(names, best),
            "score": tf.reduce_max(probabilities, axis=1),
            "probabilities": probabilities,
        }

    if tokenizer.runs_in_graph:
        graph_tokenizer = GraphTokenizer(tokenizer, max_length=max_length)
        name, spec = "serving_default", tf.TensorSpec([None], tf.string, name="text")
        tracked = [graph_tokenizer]

        def serve(text):
            return answer(graph_tokenizer(text))

    else:
        name, spec = "ids", tf.TensorSpec([None, None], tf.int32, name="ids")
        tracked = []

        def serve(ids):
            lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
            rows = tf.RaggedTensor.from_tensor(ids, lengths=lengths)
            # As in training, what is cut away stands before [EOS].
            return answer(tf.concat([rows[:, :-1][:, : max_length - 1], rows[:, -1:]], axis=1))

    size = write_saved_model(folder, {name: serve}, [spec], tracked)
    tokenizer.save(folder / "assets.extra")
    write_json(folder / _LABELS, list(labels))
    write_reading_limit(folder / "assets.extra", max_length)
    return Exported(
        summary=f"{name} signature, {size}",
        signatures=(name,),
        facts={
            "labels": ", ".join(labels),
            "pieces": f"{len(tokenizer.vocabulary):,} ({tokenizer.kind})",
            **({"morphemes": tokenizer.morphemes} if tokenizer.morphemes else {}),
            "parameters": f"{model.count_params():,}",
        },
        limits=(
            f"Of a text over {max_length:,} pieces, only the first {max_length:,} are read.",
            "It answers with one of its labels whatever it is given: other languages, text of "
            "another kind than it learnt from, nothing at all.",
        ),
    )


def load_labels(folder: Path) -> list[str]:
    """The labels of the SavedModel in `folder`, in the order of its probabilities.

    Raises:
        UserError: they are not there.
    """
    labels: object = []
    if (folder / _LABELS).exists():
        labels = read_json(folder / _LABELS)
    if not isinstance(labels, list) or not labels:
        raise UserError(
            f"has no {_LABELS.name}: an earlier version exported it, and it must be deleted first",
            where=folder,
        )
    return labels


def load_classifier(folder: Path) -> Callable[[list[str]], tuple[list[str], np.ndarray]]:
    """Loads the SavedModel in `folder` as a function, texts -> (labels, scores) (`load_asker`)."""
    ask = load_asker(folder)

    def classify(texts: list[str]) -> tuple[list[str], np.ndarray]:
        answer = ask(texts)
        labels = [label.decode("utf-8") for label in answer["label"]]
        return labels, answer["score"]

    return classify
