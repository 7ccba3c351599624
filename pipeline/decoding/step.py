"""The protocol of one decoding step, and helpers for decoding loops."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, NamedTuple

from keras import ops

Tensor = Any
State = dict[str, Tensor]

Step = Callable[[Tensor, State, Tensor], tuple[Tensor, State, Tensor | None]]
"""(last_ids int32 [rows], state, position int32 scalar) -> (log_probs, state, attention).

`last_ids` are the ids chosen before, at position 0 what the sequences begin with; any id of the
vocabulary may come, the padding of a row that is done among them. `position` counts from 0.

`log_probs` are float [rows, vocabulary], normalised (at most 0), with the size of the vocabulary
known when the graph is traced. `attention` is float [rows, source] or None.

`state` is a flat dict of tensors whose first axis is rows. Names, shapes and dtypes stay as they
were given at the start, so a cache of keys and values has its full length from the beginning. Beam
search reorders it after each step, but for what is said to be constant.
"""


class Hypotheses(NamedTuple):
    """The result of decoding. `...` is [rows], with beam search [rows, n_best], best first.

    Attributes:
        ids: int32 [..., longest], right-padded, where longest is the largest `max_length`. The
            first id that was given is not among them; EOS is, so that a row without it is one
            that `max_length` cut off.
        lengths: int32 [...], ids in each row, EOS counted.
        scores: float32 [...], the sum of log probabilities in nats; with beam search as
            `beam_search` says, and minus infinity where fewer than n_best exist.
        attention: float32 [rows, longest, source] of the (best) hypothesis, 0 behind its end;
            None unless asked for.
    """

    ids: Tensor
    lengths: Tensor
    scores: Tensor
    attention: Tensor | None


def call_step(
    step: Step, last_ids: Tensor, state: State, position: Tensor, source_mask: Tensor | None
) -> tuple[Tensor, State, Tensor | None]:
    """Calls one step and brings its results to float32 and to the shapes of the loop; attention is
    0 where the mask is False."""
    log_probs, after, attention = step(last_ids, state, position)
    if set(after) != set(state):
        raise ValueError(f"a step was given {sorted(state)} and answered {sorted(after)}")
    rows, vocabulary = ops.shape(last_ids)[0], log_probs.shape[-1]
    if vocabulary is None:
        raise ValueError("the size of the vocabulary must be known when the graph is traced")
    log_probs = ops.reshape(ops.cast(log_probs, "float32"), (rows, vocabulary))
    # Tracing may lose what is known of a shape, and a loop must not.
    after = {name: ops.reshape(after[name], ops.shape(state[name])) for name in state}
    if source_mask is None:
        return log_probs, after, None
    if attention is None:
        raise ValueError("attention is asked for, but the model gives none")
    attention = ops.reshape(ops.cast(attention, "float32"), ops.shape(source_mask))
    return log_probs, after, ops.where(source_mask, attention, 0.0)


def per_row(value: int | Tensor, rows: int | Tensor) -> Tensor:
    """Broadcasts one number, or one per row, to int32 [rows]."""
    return ops.broadcast_to(ops.cast(ops.convert_to_tensor(value), "int32"), (rows,))


def longest_of(max_length: int | Tensor) -> int | Tensor:
    """The maximum number of steps; a Python int if `max_length` is one."""
    if isinstance(max_length, Integral):
        return max(int(max_length), 0)
    return ops.max(ops.cast(ops.convert_to_tensor(max_length), "int32"), initial=0)


def pick(values: Tensor, indices: Tensor) -> Tensor:
    """Picks values[i, indices[i, j]]: [rows, columns], int32 [rows, k] -> [rows, k]."""
    rows, columns = ops.shape(values)
    offset = ops.arange(rows, dtype="int32")[:, None] * columns
    return ops.take(ops.reshape(values, (rows * columns,)), indices + offset, axis=0)


def rows_first(buffer: Tensor) -> Tensor:
    """Turns a buffer that was written step by step into rows: int32 [longest, ...] -> [...,
    longest].

    As float32 on the way, which holds numbers up to 2**24 exactly: TensorFlow writes on stderr
    that oneDNN transposes no whole numbers, as an error, though it goes on without.
    """
    numbers = ops.cast(buffer, "float32")
    axes = (*range(1, len(buffer.shape)), 0)
    return ops.cast(ops.transpose(numbers, axes), "int32")


def write(buffer: Tensor, position: Tensor, values: Tensor) -> Tensor:
    """Writes `values` [...] at `position` of the buffer [longest, ...]."""
    return ops.scatter_update(buffer, ops.reshape(position, (1, 1)), values[None])
