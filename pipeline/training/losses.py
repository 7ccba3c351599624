"""Losses over integer targets."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipeline")
class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross entropy from logits against integer labels, with label smoothing.

    The target distribution is (1 - smoothing) on the label plus smoothing / classes everywhere:
    Szegedy et al. 2016, section 7. Targets int [batch], logits float [batch, classes], in nats.

    Args:
        smoothing: mass spread over all classes, 0 to 1.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "smoothed_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        return _smoothed(y_true, y_pred, self.smoothing)

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}


@keras.saving.register_keras_serializable("pipeline")
class PieceCrossEntropy(keras.losses.Loss):
    """Cross entropy in nats of one label per piece; every piece of a batch counts alike.

    Targets int [batch, time], -1 at padding; logits float [batch, time, classes].

    Args:
        smoothing: mass of the target distribution spread over all classes, 0 to 1, as in
            `SmoothedCrossEntropy`.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "piece_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        real = ops.cast(ops.cast(y_true, "int32") >= 0, y_pred.dtype)
        losses = _smoothed(y_true, y_pred, self.smoothing)
        return ops.sum(losses * real, axis=1) / ops.mean(ops.sum(real, axis=1))

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}


@keras.saving.register_keras_serializable("pipeline")
class MeanNats(keras.losses.Loss):
    """The mean of losses that the model itself computes; every position counts alike, in nats.

    Targets float [batch, ...]: 1 where there is a position, 0 at padding; the model gives float
    of the same shape.
    """

    def __init__(self, name: str = "mean_nats", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        real = ops.cast(y_true, y_pred.dtype)
        axes = tuple(range(1, len(y_pred.shape)))
        count = ops.maximum(ops.mean(ops.sum(real, axis=axes)), 1e-6)
        return ops.sum(real * y_pred, axis=axes) / count


def _smoothed(labels, logits, smoothing: float):
    """The cross entropy at each position; undefined for negative labels.

    The label's entry is picked by a product with its one-hot row: the gradient of an index would
    be a scatter over all logits, several times as slow on a CPU as both products.
    """
    log_p = ops.log_softmax(logits, axis=-1)
    one_hot = ops.one_hot(ops.cast(labels, "int32"), logits.shape[-1], dtype=logits.dtype)
    chosen = ops.sum(one_hot * log_p, axis=-1)
    if smoothing:
        chosen = (1.0 - smoothing) * chosen + smoothing * ops.mean(log_p, axis=-1)
    return -chosen
