"""A trained model as it is served: what a piece alone decides is computed once for each piece."""

from __future__ import annotations

import keras

from pipeline.layers.piece_embedding import PieceEmbedding
from pipeline.layers.piece_recurrent import PieceRecurrent
from pipeline.layers.recurrent import Recurrent


def folded(model: keras.Model, embedding: str, recurrent: str | None = None) -> keras.Model:
    """The same function of the same inputs, quicker, and without the n-grams of its embedding.

    The n-grams become part of one plain table (`PieceEmbedding.folded`). If the layer over it is
    an LSTM, it multiplies each distinct piece of a batch once (`PieceRecurrent`). The other layers
    are shared with `model`. TensorFlow alone.

    Args:
        model: from {"ids", "lengths"} (as of `recurrent_classifier`).
        embedding: name of a `PieceEmbedding` in it.
        recurrent: name of the recurrent layer that reads nothing else, if there is one and it is
            to be made quicker; outside of training nothing but dropout stands between the two.

    Example:
        >>> served = folded(model, "embedding", "recurrent_1")
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    table = model.get_layer(embedding).folded()
    layer = next((layer for layer in model.layers if layer.name == recurrent), None)
    if isinstance(layer, Recurrent) and layer.cell == "lstm":
        cut = layer.output
        pieces = PieceRecurrent(*table.shape, layer.units, layer.direction, name=recurrent)
        x = pieces(ids, lengths)
        pieces.set_weights([table, *layer.get_weights()])
    else:
        cut = model.get_layer(embedding).output
        plain = PieceEmbedding(*table.shape, name=f"folded_{embedding}")
        x = plain(ids)
        plain.set_weights([table])
    given = {"ids": ids, "lengths": lengths}
    if model.output is not cut:
        above = keras.Model([*model.input.values(), cut], model.output, name="above")
        x = above([*(given[name] for name in model.input), x])
    return keras.Model(given, x, name=model.name)
