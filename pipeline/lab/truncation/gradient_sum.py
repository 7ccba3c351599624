"""An optimizer that adds up gradients and leaves the weights as they are."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.training.optimizer import dense_gradient


@keras.saving.register_keras_serializable("pipeline.lab")
class GradientSum(keras.optimizers.Optimizer):
    """Σ ∂L/∂W over training steps, while the weights stay what they are.

        model.compile(GradientSum(), loss)
        model.train_on_batch(x, y)
        model.optimizer.sums()

    It gives gradients on any backend of Keras, and exactly those that a training would use.
    """

    def __init__(self, learning_rate=0.0, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._sums = self.add_optimizer_variables(variables, "sum")

    def apply(self, grads, trainable_variables=None):
        if trainable_variables is not None and not self.built:
            self.build(list(trainable_variables))
        variables = trainable_variables or self._trainable_variables
        for total, grad, variable in zip(self._sums, grads, variables, strict=True):
            if grad is not None:
                total.assign(total + dense_gradient(grad, variable))
        self.iterations.assign(self.iterations + 1)

    def sums(self) -> list[np.ndarray]:
        """The sums, one for each weight, in the order of `model.trainable_variables`."""
        return [ops.convert_to_numpy(total) for total in self._sums]

    def restart(self) -> None:
        """Sets all sums to 0."""
        for total in self._sums if self.built else []:
            total.assign(ops.zeros_like(total))
