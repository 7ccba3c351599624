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
