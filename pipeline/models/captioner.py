"""The captioner (one to many): features of a picture in, a caption out."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.errors import UserError
from pipeline.layers.recurrent_decoder import RecurrentDecoder
from pipeline.models.decoder import recurrent_decoder
from pipeline.models.settings import CaptionerSettings


def captioner(
    settings: CaptionerSettings, *, vocabulary: int, languages: int, features: tuple[int, int]
) -> keras.Model:
    """Builds the captioner, for training with teacher forcing.

    How it is decoded from stands in `CaptionSteps`.

    Args:
        settings: its shape.
        vocabulary: pieces, the four special ones included.
        languages: how many; with several the ids behind the vocabulary begin captions in each.
        features: places of a picture, and features of a place.

    Returns:
        A model from {"features": float32 [pictures, places, features], "picture": int32 [batch],
        "target_ids": int32 [batch, target], "target_lengths": int32 [batch]} to logits float32
        [batch, target, ids]. Caption i is of picture `picture[i]`: captions of one picture share
        what is done to its features. `target_ids` begin with [BOS], or with the id of a language:
        the logits at position t are of the piece after `target_ids[:, t]`.

    Raises:
        UserError: settings that do not go together.
    """
    attends = settings.architecture == "attention"
    if settings.even_attention and (settings.input_feeding or not attends):
        raise UserError(
            "--even-attention wants attention that is seen at all steps at once",
            where="command line",
            remedy="leave it out, or take --architecture attention without --input-feeding",
        )
    seen = keras.Input(features, name="features")
    picture = keras.Input((), dtype="int32", name="picture")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    target_lengths = keras.Input((), dtype="int32", name="target_lengths")
    decoder = recurrent_decoder(settings, settings.even_attention)
    embedding = keras.layers.ReversibleEmbedding(
        begin_ids(vocabulary, languages)[-1] + 1 if languages > 1 else vocabulary,
        settings.embedding_size,
        tie_weights=settings.tied_softmax,
        embeddings_initializer=keras.initializers.RandomNormal(
            stddev=settings.embedding_size**-0.5
        ),
        name="embedding",
    )
    # Features of photos differ much in size from place to place.
    places = keras.layers.LayerNormalization(epsilon=1e-5, name="even_features")(seen)
    places = keras.layers.Dropout(settings.feature_dropout, name="feature_dropout")(places)
    mean = ops.mean(places, axis=1)
    state = keras.layers.Dense(decoder.state_size, activation="tanh", name="bridge")(mean)
    inputs = [ops.take(state, picture, axis=0)]
    if attends:
        memory = keras.layers.Dense(settings.units, activation="tanh", name="memory")(places)
        memory = ops.take(memory, picture, axis=0)
        lengths = ops.zeros_like(picture) + features[0]
        inputs += [memory, lengths, target_lengths]
    target = keras.layers.Dropout(settings.embedding_dropout, name="target_dropout")(
        embedding(target_ids)
    )
    readouts = decoder(target, *inputs)
    readouts = keras.layers.Dropout(settings.state_dropout, name="readout_dropout")(readouts)
    given = {
        "features": seen,
        "picture": picture,
        "target_ids": target_ids,
        "target_lengths": target_lengths,
    }
    return keras.Model(given, embedding(readouts, reverse=True), name="captioner")


def begin_ids(vocabulary: int, languages: int) -> list[int]:
    """The first id of captions in each language, if there are several: the ids after the
    vocabulary."""
    return [vocabulary + number for number in range(languages)]


class CaptionSteps:
    """One decoding step of a captioner, for the loops in pipeline/decoding/.

    All of it is plain `keras.ops`, so that a loop over it can go into an exported graph.

    Args:
        model: what `captioner` made; the weights are shared.
    """

    constant = frozenset(("memory", "keys", "lengths"))
    """What in a state no step changes."""

    def __init__(self, model: keras.Model):
        layers = {layer.name: layer for layer in model.layers}
        seen = {name: layers[name].output for name in ("bridge", "memory") if name in layers}
        self.encoder = keras.Model(model.input["features"], seen, name="encoder")
        self.decoder: RecurrentDecoder = layers["decoder"]
        self.embedding = layers["embedding"]

    @property
    def attends(self) -> bool:
        """Whether a step returns attention."""
        return self.decoder.attention is not None

    def start(self, features) -> dict:
        """Computes the state before the first step from float32 [rows, places, features]."""
        seen = self.encoder(features, training=False)
        rows, places = ops.shape(features)[0], features.shape[1]
        lengths = ops.full((rows,), places, dtype="int32")
        return self.decoder.start(seen["bridge"], seen.get("memory"), lengths)

    def step(self, last_ids, state, position):
        """One step, as `pipeline.decoding.step.Step` says."""
        readout, state, weights = self.decoder.step(self.embedding(last_ids), state)
        logits = self.embedding(readout, reverse=True)
        return ops.log_softmax(logits, axis=-1), state, weights
