"""Adversarial training: learns each batch a second time with perturbed embeddings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from pipeline.layers.piece_embedding import PieceEmbedding
from pipeline.training.settings import AdversarialSettings

if keras.backend.backend() == "tensorflow":  # a training on JAX imports it nowhere else
    import tensorflow as tf
else:
    import jax

Vectors = dict[str, Any]
"""Name of an embedding layer -> what it gives, float [batch, time, ..., width]."""


def adversarial_model(model: keras.Model, settings: AdversarialSettings) -> keras.Model:
    """The same model with a training step that also learns from perturbed embeddings.

    Args:
        model: from a dictionary of inputs, "ids" and "lengths" among them; what it reads of the
            ids comes from layers `PieceEmbedding`.
        settings: with `adversarial_size` 0 the model itself comes back.

    Example:
        >>> model = recurrent_classifier(settings.model, **shape)
        >>> model = adversarial_model(model, settings.adversarial)
    """
    if not settings.adversarial_size:
        return model
    return AdversarialModel(model.input, model.output, name=model.name).moving(settings)


class AdversarialModel(keras.Model):
    """A model that learns each batch as it is, and a second time with its embeddings moved in the
    direction in which the loss rises most (Miyato et al. 2017, arXiv:1605.07725, section 3); or,
    which costs less, only every n-th row of the batch.

    With g the gradient of the loss with respect to all vectors that a layer gives for a text, that
    text's vectors are moved by size * m * g / |g|_2, where m is the mean length of a vector in the
    batch. The gradient of the step is the mean of those of both losses; dropout is drawn for each.
    The loss that is told is that of the batch as it is.

    Layers, weights and their names are those of the model it was made of.
    """

    def moving(self, settings: AdversarialSettings) -> AdversarialModel:
        """Sets how far embeddings are moved, and in which rows; returns itself."""
        layers = [layer for layer in self.layers if isinstance(layer, PieceEmbedding)]
        vectors = {layer.name: layer.output for layer in layers}
        embed = keras.Model(self.input, vectors)
        read = keras.Model([*self.input.values(), *vectors.values()], self.output)
        if shared := {v.path for v in embed.variables} & {v.path for v in read.variables}:
            raise ValueError(f"both halves have {sorted(shared)}: a gradient would be lost")
        self._halves = _Halves(settings, embed, read)
        return self

    def train_step(self, *arguments):
        if keras.backend.backend() == "tensorflow":
            return self._step_on_tensorflow(*arguments)
        return self._step_on_jax(*arguments)

    def _loss(self, inputs: dict, targets, vectors: Vectors):
        read = [inputs[name] for name in self.input], [vectors[name] for name in vectors]
        logits = self._halves.read([*read[0], *read[1]], training=True)
        return self.compute_loss(x=inputs, y=targets, y_pred=logits)

    def _step_on_tensorflow(self, data):
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        halves = self._halves
        with tf.GradientTape() as embedding_tape:
            vectors = halves.embed(inputs, training=True)

        def loss_and_gradients(there: Callable[[Vectors], Vectors], inputs: dict, targets):
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                loss = self._loss(inputs, targets, there(vectors))
            return loss, tape.gradient(loss, (halves.read.trainable_variables, vectors))

        loss, plain = loss_and_gradients(lambda vectors: vectors, inputs, targets)
        there = halves.moved(vectors, plain[1], inputs["lengths"])
        _, moved = loss_and_gradients(there, halves.rows(inputs), halves.rows(targets))
        of_read, of_vectors = _mean(plain, moved)
        embed = halves.embed.trainable_variables
        of_embed = embedding_tape.gradient(vectors, embed, output_gradients=of_vectors)
        names = [variable.path for variable in (*halves.read.trainable_variables, *embed)]
        gradients = dict(zip(names, (*of_read, *of_embed), strict=True))
        variables = self.trainable_variables
        self.optimizer.apply([gradients[variable.path] for variable in variables], variables)
        return {"loss": loss}

    def _step_on_jax(self, state, data):
        trainable, fixed, optimizer, metrics = state
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        halves = self._halves

        def with_values(function: Callable[[], Any], trainable: list, fixed: list):
            """What a function gives with these values of the variables, and what it left there."""
            variables = (*self.trainable_variables, *self.non_trainable_variables)
            mapping = zip(variables, (*trainable, *fixed), strict=True)
            with keras.StatelessScope(state_mapping=list(mapping)) as scope:
                result = function()
            return result, [scope.get_current_value(v) for v in self.non_trainable_variables]

        def embed(trainable: list):
            return with_values(lambda: halves.embed(inputs, training=True), trainable, fixed)

        def loss_and_gradients(there: Callable[[Vectors], Vectors], inputs: dict, targets, fixed):
            def loss_of(trainable: list, vectors: Vectors):
                return with_values(
                    lambda: self._loss(inputs, targets, there(vectors)), trainable, fixed
                )

            of_both = jax.value_and_grad(loss_of, argnums=(0, 1), has_aux=True)
            return of_both(trainable, vectors)

        vectors, back, fixed = jax.vjp(embed, trainable, has_aux=True)
        (loss, fixed), plain = loss_and_gradients(lambda vectors: vectors, inputs, targets, fixed)
        there = halves.moved(vectors, plain[1], inputs["lengths"])
        (_, fixed), moved = loss_and_gradients(
            there, halves.rows(inputs), halves.rows(targets), fixed
        )
        of_read, of_vectors = _mean(plain, moved)
        # Those that a half does not have are zeros there.
        gradients = jax.tree.map(ops.add, of_read, back(of_vectors)[0])
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        return {"loss": loss}, (trainable, fixed, optimizer, metrics)


@dataclasses.dataclass(frozen=True)
class _Halves:
    """A model in two halves, with a perturbation of the vectors between them. It is not a layer, so
    that Keras does not save its weights a second time."""

    settings: AdversarialSettings
    embed: keras.Model
    read: keras.Model

    def rows(self, tensors):
        """The rows of a structure of tensors [batch, ...] that are learnt a second time."""
        return keras.tree.map_structure(lambda x: x[:: self.settings.adversarial_every], tensors)

    def moved(self, vectors: Vectors, gradients: Vectors, lengths) -> Callable[[Vectors], Vectors]:
        """The perturbation for vectors like these in the direction in which the loss rises most,
        for `rows` of them."""
        size = self.settings.adversarial_size
        moves = self.rows(
            {name: perturbation(vectors[name], gradients[name], lengths, size) for name in vectors}
        )
        return lambda vectors: keras.tree.map_structure(ops.add, self.rows(vectors), moves)


def perturbation(vectors, gradients, lengths, size: float):
    """The perturbation of embeddings in the direction in which the loss rises most.

    Args:
        vectors, gradients: float [batch, time, ..., width]; the gradient of the loss with respect
            to the vectors, 0 at padding.
        lengths: int [batch], real places of each row.
        size: L2 norm of a row's perturbation, as a part of the mean L2 norm of a real vector.

    Returns:
        As `vectors`; 0 in a row without a gradient.
    """
    norms = ops.norm(vectors, axis=-1)
    real = ops.arange(ops.shape(vectors)[1])[None, :] < lengths[:, None]
    real = ops.reshape(real, (*ops.shape(real), *[1] * (len(norms.shape) - 2)))
    real = ops.broadcast_to(ops.cast(real, vectors.dtype), ops.shape(norms))
    mean = ops.sum(norms * real) / ops.maximum(ops.sum(real), 1.0)
    inner = tuple(range(1, len(vectors.shape)))
    of_row = ops.sqrt(ops.sum(ops.square(gradients), axis=inner, keepdims=True))
    return ops.stop_gradient(size * mean * gradients / ops.maximum(of_row, 1e-12))


def _mean(one, other):
    """The mean of two structures of tensors, or of None where neither has a tensor."""
    return keras.tree.map_structure(lambda a, b: None if a is None else (a + b) / 2, one, other)
