"""Distillation: learning from the probabilities of a teacher (Hinton, Vinyals and Dean 2015).

A teacher's probabilities p, which are softmax(v) of its logits v, at temperature T are
softmax(v / T), and so p^(1 / T) divided by its sum: p is enough, the logits need not be known. The
student's logits z are compared at the same temperature. As the gradient shrinks with 1 / T^2 then,
the loss is multiplied by T^2, so that it weighs the same beside that of a label, which is compared
at temperature 1:

    w T^2 H(p_T, softmax(z / T)) + (1 - w) H(label, softmax(z)),   H(a, b) = -sum_k a_k log b_k

w is 1 - `label_share` in a row with both, 1 in one with probabilities alone, 0 in one with a label
alone.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


class SoftTargets:
    """Targets for `DistillationLoss`, computed for each batch when it is needed.

    Args:
        probabilities: float32 [rows, labels]; NaN in rows that have none.
        labels: int [rows], -1 where a row has none. Each row has one of the two.
        temperature: T.
        label_share: 1 - w of rows with both.
        label_smoothing: mass of the targets that are labels, spread over all labels.

    Example:
        >>> targets = SoftTargets(np.array([[0.8, 0.2]], np.float32), np.array([-1]))
        >>> targets[np.array([0])]
        array([[0.8, 0.2, 0. , 0. ]], dtype=float32)
    """

    def __init__(
        self,
        probabilities: np.ndarray,
        labels: np.ndarray,
        *,
        temperature: float = 1.0,
        label_share: float = 0.0,
        label_smoothing: float = 0.0,
    ):
        if len(probabilities) != len(labels):
            raise ValueError(f"{len(probabilities)} rows of probabilities but {len(labels)} labels")
        self.probabilities, self.labels = probabilities, labels
        self.temperature, self.label_share = temperature, label_share
        self.label_smoothing = label_smoothing

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """float32 [batch, 2 labels]: w p_T, and (1 - w) of the label's distribution beside it."""
        given, labels = np.asarray(self.probabilities[rows]), self.labels[rows]
        classes = given.shape[1]
        has_none = np.isnan(given).any(axis=1)
        soft = soften(np.where(has_none[:, None], 1 / classes, given), self.temperature)
        hard = np.eye(classes)[np.maximum(labels, 0)]
        hard = (1 - self.label_smoothing) * hard + self.label_smoothing / classes
        share = np.where(has_none, 1.0, np.where(labels < 0, 0.0, self.label_share))[:, None]
        return np.concatenate([(1 - share) * soft, share * hard], axis=1).astype(np.float32)


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """p^(1 / T) divided by its sum, float64 [..., labels]; 0 stays 0."""
    p = probabilities.astype(np.float64)
    # Divided by the largest first: of that 1 comes out, so no row is 0 everywhere.
    powers = (p / p.max(axis=-1, keepdims=True)) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


@keras.saving.register_keras_serializable("pipeline")
class DistillationLoss(keras.losses.Loss):
    """Cross entropy of logits against distributions: labels, and probabilities of a teacher at a
    temperature.

    Targets float [batch, 2 labels], as `SoftTargets` gives them; logits float [batch, labels]; in
    nats.

    Args:
        temperature: T, that of the targets.
    """

    def __init__(self, temperature: float = 1.0, name: str = "distillation", **kwargs):
        super().__init__(name=name, **kwargs)
        self.temperature = temperature

    def call(self, y_true, y_pred):
        soft, hard = ops.split(ops.cast(y_true, y_pred.dtype), 2, axis=-1)
        t = self.temperature
        of_teacher = t**2 * ops.sum(soft * ops.log_softmax(y_pred / t, axis=-1), axis=-1)
        return -of_teacher - ops.sum(hard * ops.log_softmax(y_pred, axis=-1), axis=-1)

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}
