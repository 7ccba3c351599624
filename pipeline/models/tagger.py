"""A tagger (many to many in step): one tag for each piece."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.corpora.annotated.entities import Entity
from pipeline.layers.crf import LinearChainCRF, Viterbi
from pipeline.layers.piece_embedding import PieceEmbedding, embedded_pieces
from pipeline.layers.piece_ngrams import PieceNgrams
from pipeline.layers.probable_entities import EntityChain, ProbableEntities
from pipeline.layers.recurrent import Recurrent
from pipeline.models.one_graph import predict_batch
from pipeline.models.recurrent_stack import recurrent_stack
from pipeline.models.settings import TaggerSettings
from pipeline.text.ragged import Ragged
from pipeline.text.tags import TagSet
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import BOS, EOS


def recurrent_tagger(
    settings: TaggerSettings,
    *,
    vocabulary_size: int,
    tags: TagSet,
    ngram_keys: Sequence[np.ndarray] = (),
    encoder: EncoderShape | None = None,
) -> keras.Model:
    """Builds the tagger.

    With an encoder, its states are read beside the embeddings (contextual string embeddings, Akbik
    et al. 2018), and learnt on unless they are frozen.

    Args:
        settings: its shape.
        vocabulary_size: pieces, the four special ones included.
        tags: what there is to tell apart.
        ngram_keys: what `pipeline.text.piece_ngrams.learn_piece_ngrams` found.
        encoder: the shape of the encoder that it starts from; None for none.

    Returns:
        A model from {"ids": int32 [batch, time], "lengths": int32 [batch]} to the unary
        potentials of the layer "crf", float32 [batch, time, tags]. Rows are right-padded;
        padding changes nothing.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x = PieceEmbedding(vocabulary_size, settings.embedding_size, name="embedding")(ids)
    # A whole position is dropped at once: names are to be known by what stands around them too.
    x = keras.layers.Dropout(
        settings.piece_dropout, noise_shape=(None, None, 1), name="piece_dropout"
    )(x)
    features = [x]
    if ngram_keys:
        ngrams = PieceNgrams(
            [len(keys) for keys in ngram_keys],
            vocabulary_size,
            forget=settings.ngram_dropout,
            forget_rows=settings.ngram_row_dropout,
            name="ngrams",
        )
        numbers = ngrams(ids)
        ngrams.set_keys(ngram_keys)
        for n, (keys, number) in enumerate(zip(ngram_keys, numbers, strict=True), 2):
            embedding = PieceEmbedding(len(keys) + 1, settings.ngram_size, name=f"embedding_{n}")
            flat = keras.layers.Reshape((-1, n * settings.ngram_size), name=f"flat_{n}")
            features.append(flat(embedding(number)))
    if encoder is not None:
        features.append(_encoder_states(encoder, settings, vocabulary_size, ids, lengths))
    x = features[0] if len(features) == 1 else keras.layers.Concatenate(name="features")(features)
    x = keras.layers.Dropout(settings.embedding_dropout, name="embedding_dropout")(x)
    x = recurrent_stack(x, lengths, settings)
    potentials = keras.layers.Dense(len(tags), name="potentials")(x)
    crf = LinearChainCRF(tags.legal, tags.legal_first, learnt=settings.head == "crf", name="crf")
    return keras.Model({"ids": ids, "lengths": lengths}, crf(potentials), name="tagger")


@dataclasses.dataclass(frozen=True)
class EncoderShape:
    """The sizes of the pretrained encoder that a tagger contains.

    Attributes:
        units: width of the state in one direction.
        embedding_size: width of its embeddings.
        ngram_table, ngrams: as of `pipeline.models.text_encoder.text_encoder`.
    """

    units: int
    embedding_size: int
    ngram_table: np.ndarray | None = None
    ngrams: int = 0


ENCODER_LAYERS = {"embedding": "encoder_embedding", "recurrent_1": "encoder_recurrent"}
"""Layer of an encoder -> the one of the tagger that starts as it."""


def _encoder_states(
    encoder: EncoderShape,
    settings: TaggerSettings,
    vocabulary_size: int,
    ids: keras.KerasTensor,
    lengths: keras.KerasTensor,
) -> keras.KerasTensor:
    """The states of the encoder at each position: float32 [batch, time, 2 * units]."""
    x = embedded_pieces(
        ids,
        vocabulary_size,
        encoder.embedding_size,
        encoder.ngram_table,
        encoder.ngrams,
        name=ENCODER_LAYERS["embedding"],
    )
    x = keras.layers.Dropout(
        settings.piece_dropout, noise_shape=(None, None, 1), name="encoder_piece_dropout"
    )(x)
    return Recurrent("lstm", encoder.units, "both", name=ENCODER_LAYERS["recurrent_1"])(x, lengths)


def best_tags(model: keras.Model, settings: TaggerSettings) -> keras.Model:
    """A model with the same inputs that gives the legal tags that are chosen (`decoding`): int32
    [batch, time], 0 at padding."""
    if settings.decoding == "tags":
        best = Viterbi(model.get_layer("crf"), name="viterbi")
        tags = best(model.output, model.input["lengths"])
    else:
        chain = entity_chain(model)
        tags = ProbableEntities(settings.min_probability, name="probable_entities")(chain.output)
    return keras.Model(model.input, tags, name="best_tags")


def entity_chain(model: keras.Model) -> keras.Model:
    """A model with the same inputs that gives the probabilities of entities as `EntityChain` does:
    float32 [batch, time, 3, labels], 0 at padding."""
    chain = EntityChain(model.get_layer("crf"), name="entity_chain")
    found = chain(model.output, model.input["lengths"])
    return keras.Model(model.input, found, name="entity_chain")


def predict_tags(decoder: keras.Model, rows: Ragged, batch_size: int = 256) -> Ragged:
    """The chosen tags of every row, in the given order, one for each id.

    Args:
        decoder: what `best_tags` made.
        rows: framed ids.
    """
    batches = LengthBuckets(rows, None, batch_size)
    found = Ragged(np.zeros(len(rows.ids), np.int32), rows.row_splits)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        for row, tags in zip(indices, predict_batch(decoder, inputs), strict=True):
            found.row(row)[:] = tags[: len(found.row(row))]
    return found


def tag_texts(
    decoder: keras.Model,
    tokenizer: Tokenizer,
    tags: TagSet,
    texts: Sequence[str],
    *,
    max_length: int,
) -> list[list[Entity]]:
    """The entities of any texts, with their offsets in the texts as given.

    Args:
        decoder: what `best_tags` made.
        tokenizer: the one the model was trained with.
        tags: what the tags mean.
        texts: as given.
        max_length: the longest row the model is given, [BOS] and [EOS] counted; a longer text
            is read in parts of so many.
    """
    pieces = [tokenizer.pieces(text) for text in texts]
    rows = Ragged.from_lists(tokenizer.vocabulary.ids([p.text for p in row]) for row in pieces)
    parts = rows.in_parts(max_length - 2).framed(BOS, EOS)
    found = Ragged(tags.unframed(predict_tags(decoder, parts)).ids, rows.row_splits)
    return [
        tags.entities_of(found.row(i).tolist(), [p.start for p in row], [p.end for p in row])
        for i, row in enumerate(pieces)
    ]
