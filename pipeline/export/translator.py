"""The translator as a SavedModel: raw strings in, detokenised translations out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.graph_text import GraphTokenizer
from pipeline.export.reading_limit import write_reading_limit
from pipeline.export.saved_model import load_asker, write_saved_model
from pipeline.export.split_batches import SENTENCES_AT_ONCE, map_sorted
from pipeline.models.translate import FRAME, Translate
from pipeline.text.tokenizer import Tokenizer

TARGET = "target"
"""Below assets.extra, where the pieces of the target side lie."""


def export_translator(
    model: keras.Model,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    folder: Path,
    *,
    beam: int,
    alpha: float,
    most_pieces: int,
    coverage: float = 0.0,
    most_factor: float = 1.5,
    most_addend: int = 10,
    enough: int = 0,
) -> dict:
    """Writes a SavedModel that needs nothing but tensorflow and tensorflow-text.

    Signature `serving_default`: `text` string [n] -> `translation` string [n], `score` float32
    [n]: log probability in nats divided by ((5 + pieces) / 6) ** alpha. Beam search and
    detokenisation are in the graph. An empty text has the empty translation with score 0. Where
    the source tokenizer cannot run in a graph (KoNLPy) the only signature is `ids`: `ids` int32
    [n, time], right-padded with 0 and framed [BOS] … [EOS], with the same outputs.

    Args:
        model: what `pipeline.models.seq2seq.translator` made.
        source_tokenizer, target_tokenizer: those it was trained with; one and the same where the
            vocabulary is joint.
        folder: an empty folder to write into.
        most_pieces: pieces of a source that are read, [BOS] and [EOS] counted.
        beam, alpha, coverage, most_factor, most_addend, enough: as
            `pipeline.models.search_settings.SearchSettings` tells.

    Returns:
        {"summary": one line for people, "signatures": their names, "facts": name -> what it is,
        "limits": sentences on what not to expect}.

    Raises:
        UserError: settings of the search that the model cannot do.
    """
    translate = Translate(
        model,
        beam=beam,
        alpha=alpha,
        coverage=coverage,
        most_factor=most_factor,
        most_addend=most_addend,
        enough=enough,
    )
    detokenizer = GraphDetokenizer(target_tokenizer)
    longest = translate.bound(most_pieces - FRAME)

    def search(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """float32 [m, 1 + longest]: score and ids, which as float32 are exact up to 2**24."""
        found = translate({"ids": ids, "lengths": lengths}, training=False)
        said = tf.cast(found["ids"], tf.float32)
        said = tf.pad(said, [[0, 0], [0, longest - tf.shape(said)[1]]])
        return tf.concat([found["scores"][:, None], said], axis=1)

    def answer(rows: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        found = map_sorted(rows, search, 1 + longest, SENTENCES_AT_ONCE)
        # [PAD], [BOS] and [EOS] have no text.
        said = tf.RaggedTensor.from_tensor(tf.cast(found[:, 1:], tf.int32), padding=0)
        return {"translation": detokenizer(said), "score": found[:, 0]}

    tracked: list[tf.Module] = [detokenizer]
    if source_tokenizer.runs_in_graph:
        tokenizer = GraphTokenizer(source_tokenizer, max_pieces=most_pieces)
        tracked.append(tokenizer)
        name, spec = "serving_default", tf.TensorSpec([None], tf.string, name="text")

        def serve(text):
            return answer(tokenizer(text))

    else:
        name, spec = "ids", tf.TensorSpec([None, None], tf.int32, name="ids")

        def serve(ids):
            lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
            rows = tf.RaggedTensor.from_tensor(ids, lengths=lengths)
            # As in training, what is cut away stands before [EOS].
            return answer(tf.concat([rows[:, :-1][:, : most_pieces - 1], rows[:, -1:]], axis=1))

    size = write_saved_model(folder, name, serve, [spec], tracked)
    assets = folder / "assets.extra"
    source_tokenizer.save(assets)
    target_tokenizer.save(assets / TARGET)
    write_reading_limit(assets, most_pieces)
    return {
        "summary": f"{name} signature, beam {beam} in the graph, {size}",
        "signatures": [name],
        "facts": {
            "source pieces": _pieces(source_tokenizer),
            "target pieces": _pieces(target_tokenizer),
            "parameters": f"{model.count_params():,}",
            "search": f"beam {beam}, length normalisation {alpha:g}"
            + (f", coverage {coverage:g}" if coverage else ""),
        },
        "limits": _limits(target_tokenizer, translate, most_pieces),
    }


def _pieces(tokenizer: Tokenizer) -> str:
    morphemes = f", {tokenizer.morphemes}" if tokenizer.morphemes else ""
    return f"{len(tokenizer.vocabulary):,} ({tokenizer.kind}{morphemes})"


def _limits(target: Tokenizer, translate: Translate, most_pieces: int) -> list[str]:
    limits = [
        f"Of a text over {most_pieces - FRAME:,} pieces, only the first {most_pieces - FRAME:,} "
        "are translated.",
        f"A translation has at most {translate.most_factor:g} times the pieces of its source and "
        f"{translate.most_addend} more.",
        "A text is translated as one sentence: give it one sentence a row.",
        "It says something whatever it is given: other languages, text of another kind than it "
        "learnt from. Names and characters that it never saw it leaves out or replaces.",
    ]
    if target.kind == "wordpiece":
        limits.append("Punctuation stands between spaces: its pieces do not tell where none was.")
    return limits


def load_translator(folder: Path) -> Callable[[list[str]], tuple[list[str], list[float]]]:
    """texts -> (translations, scores), asking the SavedModel in `folder` (`load_asker`)."""
    ask = load_asker(folder)

    def translate(texts: list[str]) -> tuple[list[str], list[float]]:
        answer = ask(texts)
        translations = [text.decode("utf-8") for text in answer["translation"]]
        return translations, answer["score"].tolist()

    return translate
