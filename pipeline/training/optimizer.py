"""AdamW that logs its gradient norms, and a learning rate with warm-up and cosine decay."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":  # a training on JAX imports it nowhere else
    import tensorflow as tf


@keras.saving.register_keras_serializable("pipeline")
class ClippedAdamW(keras.optimizers.AdamW):
    """AdamW (Loshchilov and Hutter 2019) that clips by global norm and averages the weights.

    Keras clips inside the step and tells nobody. Here `gradient_norm` holds, after each step,
    the global L2 norm over all gradients *before* clipping (Pascanu et al. 2013, algorithm 1),
    so that exploding gradients show in the logs.

    The moving average of the weights has the momentum min(averaging, (1 + t) / (10 + t)) at step
    t, so that it does not remember the random start of a short training (Keras's `use_ema` does).

    `start_again` puts the weights back to what they were when the optimizer was built, and keeps
    what this training came to: in the end the mean over all of them is taken.

    Args:
        clip_norm: gradients are scaled so that their global norm is at most this; 0 never clips.
        averaging: momentum of the moving average of the weights; 0 keeps none.
        rates: name of a layer -> its learning rate, as a part of that of the others (discriminative
            fine-tuning, Howard and Ruder 2018, section 3.2).
        starts_again: whether it must remember what the weights were.
        **kwargs: as for `keras.optimizers.AdamW`.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        clip_norm: float = 1.0,
        averaging: float = 0.0,
        rates: Mapping[str, float] | None = None,
        starts_again: bool = False,
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.clip_norm, self.averaging, self.starts_again = clip_norm, averaging, starts_again
        self.rates = dict(rates or {})

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.gradient_norm = self.add_variable(
            shape=(), initializer="zeros", dtype="float32", name="gradient_norm"
        )
        self.averages = []
        if self.averaging:
            self.averages = self.add_optimizer_variables(variables, "average")
        self.starts, self.sums = [], []
        if self.starts_again:
            self.starts = self.add_optimizer_variables(variables, "start")
            self.sums = self.add_optimizer_variables(variables, "sum")
            self.finished = self.add_variable(
                shape=(), initializer="zeros", dtype="float32", name="finished"
            )
            for start, variable in zip(self.starts, variables, strict=True):
                start.assign(ops.copy(variable))

    def apply(self, grads, trainable_variables=None):
        if trainable_variables is not None and not self.built:
            self.build(list(trainable_variables))
        variables = trainable_variables or self._trainable_variables
        dense = [
            dense_gradient(grad, variable) for grad, variable in zip(grads, variables, strict=True)
        ]
        norm = global_norm(dense)
        self.gradient_norm.assign(norm)
        if self.clip_norm:
            dense = clip_by_global_norm(dense, norm, self.clip_norm)
        super().apply(dense, trainable_variables)
        if self.averaging:
            step = ops.cast(self.iterations, "float32")
            rate = 1.0 - ops.minimum(self.averaging, (1.0 + step) / (10.0 + step))
            for average, variable in zip(self.averages, self._trainable_variables, strict=True):
                self.assign_add(average, ops.cast(rate, average.dtype) * (variable - average))

    def update_step(self, gradient, variable, learning_rate):
        layers = self._trainable_variables[self._get_variable_index(variable)].path.split("/")
        rate = next((rate for layer, rate in self.rates.items() if layer in layers), 1.0)
        rate = learning_rate * rate if rate != 1 else learning_rate
        if keras.backend.backend() == "tensorflow" and not self.amsgrad:
            self._fused_step(gradient, variable, rate)
        else:  # XLA fuses it
            super().update_step(gradient, variable, rate)

    def _fused_step(self, gradient, variable, learning_rate) -> None:
        """Adam's step as one operation of TensorFlow: what Keras computes, but it goes through the
        arrays once, not once for each sum and product."""
        place = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=ops.power(ops.cast(self.beta_1, variable.dtype), step),
            beta2_power=ops.power(ops.cast(self.beta_2, variable.dtype), step),
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
        )

    def assign_averages(self, variables) -> None:
        """Replaces the weights by their moving averages, if these are kept; of several trainings by
        the mean of their final averages and the current one."""
        # Copies: JAX reuses the memory of weights that go into a step.
        for average, variable in zip(self.averages, variables, strict=bool(self.averages)):
            variable.assign(ops.copy(average))
        for sum_, variable in zip(self.sums, variables, strict=bool(self.sums)):
            variable.assign((sum_ + variable) / (self.finished + 1.0))

    def start_again(self, variables) -> None:
        """Ends a training: keeps its averages, and resets everything else."""
        self.assign_averages(variables)
        for sum_, variable in zip(self.sums, variables, strict=True):
            sum_.assign((self.finished + 1.0) * variable)
        self.finished.assign_add(1.0)
        kept = {id(of) for of in (*self.starts, *self.sums, self.finished, self._learning_rate)}
        for variable in self.variables:
            if id(variable) not in kept:
                variable.assign(ops.zeros(variable.shape, variable.dtype))
        for start, variable in zip(self.starts, variables, strict=True):
            variable.assign(ops.copy(start))

    def get_config(self):
        return {
            **super().get_config(),
            "clip_norm": self.clip_norm,
            "averaging": self.averaging,
            "rates": self.rates,
            "starts_again": self.starts_again,
        }


def dense_gradient(grad, variable):
    """The gradient as one array.

    TensorFlow gives the gradient of an embedding as slices in which one row may stand several
    times; a norm over slices would be wrong.
    """
    if grad is None or not (hasattr(grad, "indices") and hasattr(grad, "values")):
        return grad
    return ops.segment_sum(grad.values, grad.indices, num_segments=variable.shape[0])


def clip_by_global_norm(gradients, norm, threshold) -> list:
    """Dense gradients scaled so that their global norm is at most `threshold` (Pascanu et al. 2013,
    algorithm 1). All are scaled by the same factor, so the direction stays.

    Args:
        gradients: tensors, None where there is none.
        norm: `global_norm` of them.
        threshold: above 0.
    """
    scale = ops.minimum(1.0, threshold / ops.maximum(norm, 1e-12))
    return [None if grad is None else grad * ops.cast(scale, grad.dtype) for grad in gradients]


def global_norm(gradients):
    """The L2 norm of all gradients together, float32 []; None counts as no gradient."""
    squares = [
        ops.sum(ops.square(ops.cast(grad, "float32"))) for grad in gradients if grad is not None
    ]
    return ops.sqrt(sum(squares))


def warmup_cosine(
    learning_rate: float, steps: int, warmup_share: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that rises linearly from 0 to `learning_rate`, then falls to 0 along a
    cosine.

    Args:
        learning_rate: the highest rate, reached after the warm-up.
        steps: optimizer steps in all.
        warmup_share: share of `steps` spent warming up, 0 to 1.
    """
    warmup = min(int(steps * warmup_share), steps - 1)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else learning_rate,
        decay_steps=max(steps - warmup, 1),
        alpha=0.0,
        warmup_target=learning_rate if warmup else None,
        warmup_steps=warmup,
    )
