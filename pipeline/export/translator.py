"""The translator as a SavedModel: raw strings in, detokenised translations out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.graph_text import GraphTokenizer
from pipeline.export.reading_limit import write_reading_limit
from pipeline.export.saved_model import load_asker, write_saved_model
from pipeline.export.split_batches import TRANSLATIONS_AT_ONCE, PartSize, map_sorted
from pipeline.export.translation_attention import translation_attention
from pipeline.facts import Exported
from pipeline.models.search_settings import SearchSettings
from pipeline.models.translate import FRAME, Translate, attends
from pipeline.text.tokenizer import Tokenizer

TARGET = "target"
"""Below assets.extra, where the pieces of the target side lie."""


def export_translator(
    model: keras.Model,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    folder: Path,
    *,
    max_length: int,
    search: SearchSettings,
) -> Exported:
    """Writes a SavedModel that needs nothing but tensorflow and tensorflow-text.

    Signature `serving_default`: `text` string [n] -> `translation` string [n], `score` float32 [n]:
    log probability in nats divided by ((5 + pieces) / 6) ** alpha. Beam search and detokenisation
    are in the graph. An empty text has the empty translation with score 0. Where a search is for
    more than one there is a signature `n_best` of the same inputs: `translation` string [n, n_best]
    and `score` float32 [n, n_best], best first, "" with -inf where there are not so many. A
    translator that has attention has a signature `attention` of the same inputs, which gives what
    `translation_attention` says. Where the source tokenizer cannot run in a graph (KoNLPy) the main
    signature is `ids`, and what all of them take: `ids` int32 [n, time], right-padded with 0 and
    framed [BOS] … [EOS].

    Args:
        model: what `pipeline.models.seq2seq.translator` made.
        source_tokenizer, target_tokenizer: those it was trained with; one and the same where the
            vocabulary is joint.
        folder: an empty folder to write into.
        max_length: pieces of a source that are read, [BOS] and [EOS] counted.
        search: how to search, and how many translations `n_best` gives.

    Raises:
        UserError: settings of the search that the model cannot do.
    """
    translate = Translate(model, search.one_best)
    detokenizer = GraphDetokenizer(target_tokenizer)
    tracked: list[tf.Module] = [detokenizer]
    if source_tokenizer.runs_in_graph:
        tokenizer = GraphTokenizer(source_tokenizer, max_length=max_length)
        tracked.append(tokenizer)
        name, spec = "serving_default", tf.TensorSpec([None], tf.string, name="text")

        def rows_of(text):
            return tokenizer(text)

    else:
        name, spec = "ids", tf.TensorSpec([None, None], tf.int32, name="ids")

        def rows_of(ids):
            lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
            rows = tf.RaggedTensor.from_tensor(ids, lengths=lengths)
            # As in training, what is cut away stands before [EOS].
            return tf.concat([rows[:, :-1][:, : max_length - 1], rows[:, -1:]], axis=1)

    longest = translate.bound(max_length - FRAME)
    part_size = TRANSLATIONS_AT_ONCE.for_rows(max_length)
    answer = _answer(translate, detokenizer, longest, part_size)

    def serve(inputs):
        return {key: values[:, 0] for key, values in answer(rows_of(inputs)).items()}

    signatures = {name: serve}
    if search.all_best.n_best > 1:
        several = _answer(Translate(model, search.all_best), detokenizer, longest, part_size)
        signatures["n_best"] = lambda inputs: several(rows_of(inputs))
    if attends(model):
        looking = Translate(model, search.one_best, attention=True)
        source = GraphDetokenizer(source_tokenizer)
        tracked.append(source)
        told = translation_attention(looking, source, detokenizer, part_size)
        signatures["attention"] = lambda inputs: told(rows_of(inputs))
    size = write_saved_model(folder, signatures, [spec], tracked)
    assets = folder / "assets.extra"
    source_tokenizer.save(assets)
    target_tokenizer.save(assets / TARGET)
    write_reading_limit(assets, max_length)
    return Exported(
        summary=f"{name} signature, beam {search.beam_size} in the graph, {size}",
        signatures=tuple(signatures),
        facts={
            "source pieces": _pieces(source_tokenizer),
            "target pieces": _pieces(target_tokenizer),
            "parameters": f"{model.count_params():,}",
            "search": f"beam {search.beam_size}, length normalisation {search.alpha:g}"
            + (f", coverage {search.coverage:g}" if search.coverage else "")
            + (f", at least {search.min_length} pieces" if search.min_length else ""),
            **_others(signatures),
        },
        limits=tuple(_limits(target_tokenizer, translate, max_length)),
    )


def _answer(translate: Translate, detokenizer: GraphDetokenizer, longest: int, part_size: PartSize):
    """Translates rows int32 [n, None]: translation string and score float32, both [n, n_best].

    Args:
        longest: ids that a translation may have, of any row.
        part_size: how many rows are translated together.
    """
    count = translate.search.n_best

    def search(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """float32 [m, count * (1 + longest)]: scores and ids, which as float32 are exact up to
        2**24."""
        found = translate({"ids": ids, "lengths": lengths}, training=False)
        sizes, width = [tf.shape(ids)[0], count], tf.shape(found["ids"])[-1]
        said = tf.reshape(tf.cast(found["ids"], tf.float32), [*sizes, width])
        said = tf.pad(said, [[0, 0], [0, 0], [0, longest - width]])
        scores = tf.reshape(found["scores"], [*sizes, 1])
        return tf.reshape(tf.concat([scores, said], axis=2), [-1, count * (1 + longest)])

    def answer(rows: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        found = map_sorted(rows, search, count * (1 + longest), part_size)
        found = tf.reshape(found, [-1, 1 + longest])
        # [PAD], [BOS] and [EOS] have no text.
        said = tf.RaggedTensor.from_tensor(tf.cast(found[:, 1:], tf.int32), padding=0)
        outputs = {"translation": detokenizer(said), "score": found[:, 0]}
        return {name: tf.reshape(values, [-1, count]) for name, values in outputs.items()}

    return answer


def _pieces(tokenizer: Tokenizer) -> str:
    morphemes = f", {tokenizer.morphemes}" if tokenizer.morphemes else ""
    return f"{len(tokenizer.vocabulary):,} ({tokenizer.kind}{morphemes})"


def _others(signatures: Iterable[str]) -> dict[str, str]:
    """The outputs of the other signatures, for the model card."""
    others = {
        "n_best": "several translations, the best first, and their scores",
        "attention": "pieces of both sides, and where in the source each piece written looked",
    }
    return {f"signature {name}": others[name] for name in signatures if name in others}


def _limits(target: Tokenizer, translate: Translate, max_length: int) -> list[str]:
    limits = [
        f"Of a text over {max_length - FRAME:,} pieces, only the first {max_length - FRAME:,} "
        "are translated.",
        f"A translation has at most {translate.search.max_length_factor:g} times the pieces of its "
        f"source and {translate.search.max_length_offset} more.",
        "A text is translated as one sentence: give it one sentence a row.",
        "It says something whatever it is given: other languages, text of another kind than it "
        "learnt from. Names and characters that it never saw it leaves out or replaces.",
    ]
    if target.kind == "wordpiece":
        limits.append("Punctuation stands between spaces: its pieces do not tell where none was.")
    return limits


def load_translator(folder: Path) -> Callable[[list[str]], tuple[list[str], list[np.float32]]]:
    """Loads the SavedModel in `folder` as a function, texts -> (translations, scores)
    (`load_asker`)."""
    ask = load_asker(folder)

    def translate(texts: list[str]) -> tuple[list[str], list[np.float32]]:
        answer = ask(texts)
        translations = [text.decode("utf-8") for text in answer["translation"]]
        return translations, list(answer["score"])

    return translate
