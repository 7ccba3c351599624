"""The decoding loop with one hypothesis per row, for greedy decoding and sampling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from keras import ops

from pipeline.decoding.candidates import best_allowed
from pipeline.decoding.options import SpecialIds
from pipeline.decoding.step import (
    Hypotheses,
    State,
    Step,
    Tensor,
    call_step,
    longest_of,
    per_row,
    pick,
    rows_first,
    write,
)

Best = Callable[[int], tuple[Tensor, Tensor]]


def decode_one_path(
    step: Step,
    state: State,
    rows: int | Tensor,
    ids: SpecialIds,
    choose: Callable[[Best, Tensor], Tensor],
    *,
    max_length: int | Tensor,
    min_length: int | Tensor,
    source_mask: Tensor | None,
) -> Hypotheses:
    """Chooses one id per row and step until all rows are finished.

    Args:
        choose: (best, position int32 scalar) -> int32 [rows], where best(k) gives what
            `best_allowed` gives.
        source_mask: bool [rows, source] if attention is to be kept.
        others: as in `greedy`.
    """
    max_length, longest = per_row(max_length, rows), longest_of(max_length)
    min_length, banned = per_row(min_length, rows), ids.banned
    start = {
        "position": ops.convert_to_tensor(0, dtype="int32"),
        "last": per_row(ids.bos, rows),
        "state": {name: ops.convert_to_tensor(value) for name, value in state.items()},
        "ids": ops.full((longest, rows), ids.pad, dtype="int32"),
        "lengths": ops.zeros((rows,), dtype="int32"),
        "scores": ops.zeros((rows,), dtype="float32"),
        "done": max_length <= 0,
    }
    if source_mask is not None:
        source_mask = ops.cast(ops.convert_to_tensor(source_mask), "bool")
        width = ops.shape(source_mask)[1]
        start["attention"] = ops.zeros((longest, rows, width), dtype="float32")

    def going(now):
        return ops.any(ops.logical_not(now["done"]))

    def body(now):
        position, done = now["position"], now["done"]
        log_probs, state, attention = call_step(
            step, now["last"], now["state"], position, source_mask
        )
        too_early = position < min_length
        best = partial(best_allowed, log_probs, banned=banned, eos=ids.eos, too_early=too_early)
        chosen = choose(best, position)
        gain = pick(log_probs, chosen[:, None])[:, 0]
        chosen = ops.where(done, ids.pad, chosen)
        after = {
            "position": position + 1,
            "last": chosen,
            "state": state,
            "ids": write(now["ids"], position, chosen),
            "lengths": ops.where(done, now["lengths"], position + 1),
            "scores": ops.where(done, now["scores"], now["scores"] + gain),
            "done": done | (chosen == ids.eos) | (position + 1 >= max_length),
        }
        if source_mask is not None:
            attention = ops.where(done[:, None], 0.0, attention)
            after["attention"] = write(now["attention"], position, attention)
        return (after,)

    (end,) = ops.while_loop(going, body, (start,))
    attention = None if source_mask is None else ops.transpose(end["attention"], (1, 0, 2))
    return Hypotheses(rows_first(end["ids"]), end["lengths"], end["scores"], attention)
