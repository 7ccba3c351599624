"""The loop that keeps one hypothesis a row: greedy decoding and sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from keras import ops

from pipeline.decoding.candidates import banned_ids, best_allowed
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


def follow(
    step: Step,
    state: State,
    rows: int | Tensor,
    choose: Callable[[Best, Tensor], Tensor],
    *,
    most: int | Tensor,
    least: int | Tensor,
    bos: int | Tensor,
    eos: int,
    pad: int,
    never: Sequence[int],
    source_mask: Tensor | None,
) -> Hypotheses:
    """Chooses one id a row and step until all rows are done.

    Args:
        choose: (best, position int32 scalar) -> int32 [rows], where best(k) gives what
            `best_allowed` gives.
        source_mask: bool [rows, source] if attention is to be kept.
        others: as in `greedy`.
    """
    most, longest = per_row(most, rows), longest_of(most)
    least, banned = per_row(least, rows), banned_ids(bos, eos, pad, never)
    start = {
        "position": ops.convert_to_tensor(0, dtype="int32"),
        "last": per_row(bos, rows),
        "state": {name: ops.convert_to_tensor(value) for name, value in state.items()},
        "ids": ops.full((longest, rows), pad, dtype="int32"),
        "lengths": ops.zeros((rows,), dtype="int32"),
        "scores": ops.zeros((rows,), dtype="float32"),
        "done": most <= 0,
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
        best = partial(best_allowed, log_probs, banned=banned, eos=eos, too_early=position < least)
        chosen = choose(best, position)
        gain = pick(log_probs, chosen[:, None])[:, 0]
        chosen = ops.where(done, pad, chosen)
        after = {
            "position": position + 1,
            "last": chosen,
            "state": state,
            "ids": write(now["ids"], position, chosen),
            "lengths": ops.where(done, now["lengths"], position + 1),
            "scores": ops.where(done, now["scores"], now["scores"] + gain),
            "done": done | (chosen == eos) | (position + 1 >= most),
        }
        if source_mask is not None:
            attention = ops.where(done[:, None], 0.0, attention)
            after["attention"] = write(now["attention"], position, attention)
        return (after,)

    (end,) = ops.while_loop(going, body, (start,))
    attention = None if source_mask is None else ops.transpose(end["attention"], (1, 0, 2))
    return Hypotheses(rows_first(end["ids"]), end["lengths"], end["scores"], attention)
