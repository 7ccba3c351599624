"""Plain gradient descent whose clipping can be seen."""

from __future__ import annotations

import keras

from pipeline.training.optimizer import clip_by_global_norm, dense_gradient, global_norm


@keras.saving.register_keras_serializable("pipeline.lab")
class ClippedDescent(keras.optimizers.SGD):
    """W ← W - η ĝ, where ĝ is the gradient g, scaled down where its norm is above a threshold.

        ĝ = g min(1, θ / ‖g‖)

    Pascanu et al. 2013 (arXiv:1211.5063), algorithm 1: the norm is that of all gradients together,
    so clipping keeps the direction. There is nothing adaptive in it, so that a step is as long as
    the gradient makes it; Adam would divide an explosion by its own size.

    Attributes:
        threshold: θ, a variable; infinity never clips.
        norm_before: ‖g‖ at the last step.
        norm_after: ‖ĝ‖.

    Args:
        learning_rate: η.
        threshold: θ.
        **kwargs: as for `keras.optimizers.SGD`.
    """

    def __init__(self, learning_rate=0.01, threshold: float = float("inf"), **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.threshold, self.norm_before, self.norm_after = (
            self.add_variable((), keras.initializers.Constant(value), "float32", name=name)
            for name, value in (
                ("threshold", threshold),
                ("norm_before", 0.0),
                ("norm_after", 0.0),
            )  # fmt: skip
        )

    def apply(self, grads, trainable_variables=None):
        if trainable_variables is not None and not self.built:
            self.build(list(trainable_variables))
        variables = trainable_variables or self._trainable_variables
        g = [
            dense_gradient(grad, variable) for grad, variable in zip(grads, variables, strict=True)
        ]
        norm = global_norm(g)
        g = clip_by_global_norm(g, norm, self.threshold)
        self.norm_before.assign(norm)
        self.norm_after.assign(global_norm(g))
        super().apply(g, trainable_variables)

    def get_config(self):
        return {**super().get_config(), "threshold": float(self.threshold)}
