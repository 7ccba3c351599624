"""The translator (many to many): a source row in, a target row out."""

from __future__ import annotations

import keras

from pipeline.errors import UserError
from pipeline.layers.piece_embedding import PieceEmbedding
from pipeline.layers.pooling import LastState
from pipeline.layers.positions import SinusoidalPositions
from pipeline.layers.recurrent import Recurrent
from pipeline.layers.transformer import DecoderBlock, EncoderBlock
from pipeline.models.decoder import recurrent_decoder
from pipeline.models.settings import TranslatorSettings


def translator(
    settings: TranslatorSettings,
    *,
    source_vocabulary: int,
    target_vocabulary: int,
    joint: bool = False,
) -> keras.Model:
    """Builds the translator, for training with teacher forcing.

    How it is decoded from stands in `pipeline.models.seq2seq_steps`.

    Args:
        settings: its shape.
        source_vocabulary, target_vocabulary: pieces, the four special ones included.
        joint: whether both sides have one vocabulary; then they have one embedding.

    Returns:
        A model from {"ids": int32 [batch, source], "lengths": int32 [batch], "target_ids": int32
        [batch, target], "target_lengths": int32 [batch]} to logits float32
        [batch, target, target_vocabulary]. Rows are right-padded; padding changes nothing.
        `target_ids` begin with [BOS]: the logits at position t are of the piece after
        `target_ids[:, t]` and know nothing of what comes later, so that `target_lengths` need
        not be read.

    Raises:
        UserError: widths that do not go together.
    """
    _check(settings)
    if joint and source_vocabulary != target_vocabulary:
        raise ValueError("a joint vocabulary has one size")
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    target_lengths = keras.Input((), dtype="int32", name="target_lengths")
    is_transformer = settings.architecture == "transformer"
    width = settings.units if is_transformer else settings.embedding_size
    # A tied softmax wants embeddings of about unit norm.
    embedding = keras.layers.ReversibleEmbedding(
        target_vocabulary,
        width,
        tie_weights=settings.tied_softmax,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
        name="embedding" if joint else "target_embedding",
    )
    source_embedding = embedding
    if not joint:
        source_embedding = PieceEmbedding(
            source_vocabulary, width, stddev=width**-0.5, name="source_embedding"
        )
    build = _transformer if is_transformer else _recurrent
    source, target = source_embedding(ids), embedding(target_ids)
    logits = embedding(build(settings, source, lengths, target), reverse=True)
    inputs = {
        "ids": ids,
        "lengths": lengths,
        "target_ids": target_ids,
        "target_lengths": target_lengths,
    }
    return keras.Model(inputs, logits, name="translator")


def _check(settings: TranslatorSettings) -> None:
    if settings.architecture == "transformer":
        if settings.units % settings.heads:
            raise UserError(
                f"--units {settings.units} cannot be shared by {settings.heads} heads",
                remedy="make --units a multiple of --heads",
            )
    elif settings.units % 2:
        raise UserError(
            f"--units must be even, not {settings.units}",
            remedy="each direction of the encoder has half of them",
        )


def _recurrent(settings: TranslatorSettings, source, lengths, target):
    """Embeddings of both sides -> readouts."""
    attends = settings.architecture == "attention"
    memory = keras.layers.Dropout(settings.embedding_dropout, name="source_dropout")(source)
    lasts = []
    for number in range(1, settings.layers + 1):
        below = memory
        if number > 1:
            below = keras.layers.Dropout(settings.state_dropout, name=f"state_dropout_{number}")(
                below
            )
        memory = Recurrent(settings.cell, settings.units // 2, name=f"encoder_{number}")(
            below, lengths
        )
        lasts.append(LastState(name=f"last_state_{number}")(memory, lengths))
        if number > 1:
            memory = keras.layers.Add(name=f"residual_{number}")([memory, below])
    last = lasts[0] if len(lasts) == 1 else keras.layers.Concatenate(name="last_states")(lasts)
    decoder = recurrent_decoder(settings)
    bridge = keras.layers.Dense(decoder.state_size, activation="tanh", name="bridge")
    target = keras.layers.Dropout(settings.embedding_dropout, name="target_dropout")(target)
    seen = ()
    if attends:
        seen = (keras.layers.Identity(name="memory")(memory), lengths)
    readouts = decoder(target, bridge(last), *seen)
    return keras.layers.Dropout(settings.state_dropout, name="readout_dropout")(readouts)


def _transformer(settings: TranslatorSettings, source, lengths, target):
    """Embeddings of both sides -> readouts."""
    arguments = {
        "width": settings.units,
        "heads": settings.heads,
        "feed_forward": settings.feed_forward,
        "dropout": settings.state_dropout,
        "attention_dropout": settings.attention_dropout,
    }
    positions = SinusoidalPositions(name="positions")
    memory = keras.layers.Dropout(settings.embedding_dropout, name="source_dropout")(
        positions(source)
    )
    for number in range(1, settings.layers + 1):
        memory = EncoderBlock(**arguments, name=f"encoder_{number}")(memory, lengths)
    memory = keras.layers.LayerNormalization(epsilon=1e-6, name="memory")(memory)
    x = keras.layers.Dropout(settings.embedding_dropout, name="target_dropout")(positions(target))
    for number in range(1, settings.layers + 1):
        x = DecoderBlock(**arguments, name=f"decoder_{number}")(x, memory, lengths)
    return keras.layers.LayerNormalization(epsilon=1e-6, name="readouts")(x)
