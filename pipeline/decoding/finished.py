"""The best finished hypotheses of each row, stored as positions in the history of a beam."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from pipeline.decoding.step import Tensor, pick, rows_first, write


class Finished(NamedTuple):
    """The n best finished hypotheses, best first; minus infinity and 0 where there are fewer.

    Attributes:
        scores: float32 [rows, n_best].
        slots: int32 [rows, n_best], in which slot of the beam the last id stands; from `beam`
            on: EOS after what stood, one step earlier, in slot - beam.
        lengths: int32 [rows, n_best], ids, EOS counted.
    """

    scores: Tensor
    slots: Tensor
    lengths: Tensor


def none_yet(rows: int | Tensor, n_best: int, max_length: Tensor) -> Finished:
    """No hypotheses yet; but a row with maximum length 0 has the empty hypothesis, with score 0."""
    first = np.where(np.arange(n_best) == 0, 0.0, -np.inf).astype("float32")
    never = np.full(n_best, -np.inf, "float32")
    return Finished(
        ops.where((max_length <= 0)[:, None], first[None, :], never[None, :]),
        ops.zeros((rows, n_best), dtype="int32"),
        ops.zeros((rows, n_best), dtype="int32"),
    )


def keep_best(finished: Finished, scores: Tensor, slots: Tensor, length: Tensor) -> Finished:
    """The best n of the old and the new hypotheses.

    Args:
        scores: float32 [rows, new], minus infinity where nothing has finished.
        slots: int32 [rows, new].
        length: int32 scalar, of all that are new.
    """
    n_best = finished.scores.shape[1]
    lengths = ops.where(scores > -np.inf, length, 0)
    # Among equal scores the first stays: what was found earlier.
    scores, kept = ops.top_k(ops.concatenate([finished.scores, scores], axis=1), n_best)
    kept = ops.cast(kept, "int32")
    return Finished(
        scores,
        pick(ops.concatenate([finished.slots, slots], axis=1), kept),
        pick(ops.concatenate([finished.lengths, lengths], axis=1), kept),
    )


def trace_back(
    finished: Finished, tokens: Tensor, parents: Tensor, steps: Tensor, eos: int, pad: int
) -> tuple[Tensor, Tensor]:
    """The ids of each hypothesis, and its slot in the beam at each step.

    Args:
        tokens: int32 [longest, rows, beam], what was chosen in each slot at each step.
        parents: int32 [longest, rows, beam], the slot of the step before that it continues.
        steps: int32 scalar, how many were taken.

    Returns:
        int32 [rows, n_best, longest] both; behind the end `pad` and 0.
    """
    longest, _, beam = ops.shape(tokens)
    shape = (longest, *ops.shape(finished.slots))
    start = {
        "position": steps,
        "slots": finished.slots,
        "ids": ops.full(shape, pad, dtype="int32"),
        "origins": ops.zeros(shape, dtype="int32"),
    }

    def body(now):
        position, slots = now["position"] - 1, now["slots"]
        is_eos, inside = slots >= beam, position < finished.lengths
        alive = ops.where(is_eos, 0, slots)
        token = pick(ops.take(tokens, position, axis=0), alive)
        parent = pick(ops.take(parents, position, axis=0), alive)
        token = ops.where(is_eos, eos, token)
        parent = ops.where(is_eos, slots - beam, parent)
        after = {
            "position": position,
            "slots": ops.where(inside, parent, slots),
            "ids": write(now["ids"], position, ops.where(inside, token, pad)),
            "origins": write(now["origins"], position, ops.where(inside, parent, 0)),
        }
        return (after,)

    (end,) = ops.while_loop(lambda now: now["position"] > 0, body, (start,))
    return rows_first(end["ids"]), rows_first(end["origins"])
