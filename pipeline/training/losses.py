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
        classes = y_pred.shape[-1]
        target = ops.one_hot(ops.cast(y_true, "int32"), classes, dtype=y_pred.dtype)
        target = target * (1.0 - self.smoothing) + self.smoothing / classes
        return -ops.sum(target * ops.log_softmax(y_pred, axis=-1), axis=-1)

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}


@keras.saving.register_keras_serializable("pipeline")
class PieceCrossEntropy(keras.losses.Loss):
    """Cross entropy of one label for each piece, each piece of a batch counting alike, in nats.

    Targets int [batch, time], -1 at padding; logits float [batch, time, classes].

    Args:
        smoothing: mass of the target distribution spread over all classes, 0 to 1, as in
            `SmoothedCrossEntropy`.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "piece_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        target = ops.cast(y_true, "int32")
        real = ops.cast(target >= 0, y_pred.dtype)
        log_p = ops.log_softmax(y_pred, axis=-1)
        chosen = ops.take_along_axis(log_p, ops.maximum(target, 0)[:, :, None], axis=-1)[:, :, 0]
        if self.smoothing:
            everywhere = ops.mean(log_p, axis=-1)
            chosen = (1.0 - self.smoothing) * chosen + self.smoothing * everywhere
        return -ops.sum(chosen * real, axis=1) / ops.mean(ops.sum(real, axis=1))

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}
