"""Beam search with length normalisation and coverage, inside any graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from keras import ops

from pipeline.decoding.candidates import best_allowed
from pipeline.decoding.finished import keep_best, none_yet, trace_back
from pipeline.decoding.options import SearchOptions, SpecialIds
from pipeline.decoding.step import (
    Hypotheses,
    State,
    Step,
    Tensor,
    call_step,
    longest_of,
    per_row,
    pick,
    write,
)

LEAST_COVERAGE = 1e-9
"""A piece that got less attention than this counts as if it got this much: log 0 ends no search."""


def beam_search(
    step: Step,
    state: State,
    rows: int | Tensor,
    ids: SpecialIds,
    options: SearchOptions,
    *,
    max_length: int | Tensor,
    source_mask: Tensor | None = None,
    coverage_mask: Tensor | None = None,
    constant: Collection[str] = (),
) -> Hypotheses:
    """The best hypotheses that a beam finds, scored as in Wu et al. 2016 (arXiv:1609.08144),
    equation 14:

        s(Y, X) = log P(Y | X) / lp(Y) + cp(X, Y)
        lp(Y) = ((5 + |Y|) / 6) ^ alpha
        cp(X, Y) = beta * sum_i log(min(sum_j p_ij, 1))

    with |Y| counting EOS, p_ij the attention that target j pays to source i, and beta the
    `coverage` of the options.

    At each step all continuations of a row's `beam_size` live hypotheses are ranked by log P.
    Those among the first `beam_size` that are EOS are finished and compete by s; the best
    `beam_size` that are not EOS live on, so that finishing never narrows the beam. With
    `max_length` ids, what lives is closed as it is and competes too. Equal scores: the one found
    earlier, then the one that comes from the better hypothesis, then the lower id.

    The search of a row ends when it can no longer change its answer: with log P at most 0 and cp
    at most 0, nothing that grows from a live hypothesis can get above log P / lp(`max_length`), and
    the n-th best finished one is there already. What is found is therefore what the beam would
    find if it always went on to `max_length`. A tight `max_length` makes it fast;
    `early_stopping` gives that guarantee up for more speed.

    With beam size 1 and alpha and beta 0 it does what `greedy` does. No row depends on another.

    Args:
        step: the model, as `pipeline.decoding.step.Step` says. It is called with rows *
            beam_size rows, those of one sentence next to each other.
        state: what it starts from, tensors [rows, ...]; repeated here.
        rows: how many sentences.
        ids: the special ones; EOS must be in the vocabulary.
        options: how to score and when to end.
        max_length: int, or int32 [rows]: ids a hypothesis may have, EOS among them. 0 gives the
            empty one.
        source_mask: bool [rows, source], True at real pieces; needed for coverage and for
            attention.
        coverage_mask: bool [rows, source], True at the pieces that coverage counts; None: at all
            real ones.
        constant: names in the state that no step changes, such as the encoded source: they are
            repeated once and never reordered. Names that are not in the state do no harm.

    Returns:
        `Hypotheses`: ids [rows, n_best, longest], lengths and scores s [rows, n_best], best
        first and all distinct.

    Raises:
        ValueError: no `source_mask` where it is needed, attention of a model without any, or a
            state that changes its names.
    """
    beam, alpha, beta = options.beam_size, options.alpha, options.coverage
    if source_mask is None and (beta or options.keep_attention):
        raise ValueError("coverage and attention need source_mask")

    every = rows * beam

    def repeated(value: Tensor) -> Tensor:
        value = ops.convert_to_tensor(value)
        return ops.reshape(ops.repeat(value, beam, axis=0), (every, *ops.shape(value)[1:]))

    state = {name: repeated(value) for name, value in state.items()}
    fixed = {name: state.pop(name) for name in constant if name in state}

    def moving_step(last_ids: Tensor, state: State, position: Tensor):
        log_probs, after, attention = step(last_ids, {**state, **fixed}, position)
        return log_probs, {name: after[name] for name in after if name not in fixed}, attention

    max_length, longest = per_row(max_length, rows), longest_of(max_length)
    min_length, banned = repeated(per_row(options.min_length, rows)), ids.banned
    one_alive = np.where(np.arange(beam) == 0, 0.0, -np.inf).astype("float32")
    start = {
        "position": ops.convert_to_tensor(0, dtype="int32"),
        "last": repeated(per_row(ids.bos, rows)),
        "state": state,
        "log_p": ops.broadcast_to(one_alive[None, :], (rows, beam)),
        "tokens": ops.full((longest, rows, beam), ids.pad, dtype="int32"),
        "parents": ops.zeros((longest, rows, beam), dtype="int32"),
        "finished": none_yet(rows, options.n_best, max_length),
        "ended": ops.zeros((rows,), dtype="int32"),
        "done": max_length <= 0,
    }
    if beta or options.keep_attention:
        source_mask = repeated(ops.cast(ops.convert_to_tensor(source_mask), "bool"))
        width = ops.shape(source_mask)[1]
    else:
        source_mask = None
    covered = source_mask
    if beta and coverage_mask is not None:
        covered = repeated(ops.cast(ops.convert_to_tensor(coverage_mask), "bool"))
    if beta:
        start["coverage"] = ops.zeros((every, width), dtype="float32")
    if options.keep_attention:
        start["attention"] = ops.zeros((longest, every, width), dtype="float32")

    def scored(hypotheses: Continuations, length: Tensor, coverage: Tensor | None) -> Tensor:
        scores = hypotheses.log_p / length_penalty(length, alpha)
        if coverage is None:
            return scores
        penalty = ops.reshape(coverage_penalty(coverage, covered, beta), (rows, beam))
        return scores + pick(penalty, hypotheses.parents)

    def going(now):
        return ops.any(ops.logical_not(now["done"]))

    def body(now):
        position, length = now["position"], now["position"] + 1
        open_ = ops.logical_not(now["done"])[:, None]
        log_probs, state, attention = call_step(
            moving_step, now["last"], now["state"], position, source_mask
        )
        best = best_allowed(
            log_probs, beam + 1, banned=banned, eos=ids.eos, too_early=position < min_length
        )
        grown = _best_continuations(*best, now["log_p"])
        alive = _best_alive(grown, beam, ids.eos)
        coverage = now["coverage"] + attention if beta else None

        # What leaves the beam: by EOS if it is among the first, and all at the end.
        first = Continuations(*(values[:, :beam] for values in grown))
        ends = (first.ids == ids.eos) & open_ & (first.log_p > -np.inf)
        closes = open_ & (length >= max_length)[:, None]
        leaves = ops.concatenate([ends, ops.broadcast_to(closes, (rows, beam))], axis=1)
        scores = ops.concatenate(
            [scored(first, length, coverage), scored(alive, length, coverage)], axis=1
        )
        here = ops.broadcast_to(np.arange(beam, dtype="int32")[None, :], (rows, beam))
        slots = ops.concatenate([beam + first.parents, here], axis=1)
        finished = keep_best(now["finished"], ops.where(leaves, scores, -np.inf), slots, length)

        # What the best that lives on can still become, at most.
        reach = ops.maximum(length_penalty(max_length, alpha), length_penalty(length + 1, alpha))
        settled = finished.scores[:, -1] >= alive.log_p[:, 0] / reach
        ended = now["ended"] + ops.sum(ops.cast(ends, "int32"), axis=1)
        if options.early_stopping:
            settled = settled | (ended >= options.early_stopping)

        moves = alive.parents + ops.arange(rows, dtype="int32")[:, None] * beam
        moves = ops.reshape(moves, (every,))
        after = {
            "position": length,
            "last": ops.reshape(alive.ids, (every,)),
            "state": {name: ops.take(value, moves, axis=0) for name, value in state.items()},
            "log_p": alive.log_p,
            "tokens": write(now["tokens"], position, alive.ids),
            "parents": write(now["parents"], position, alive.parents),
            "finished": finished,
            "ended": ended,
            "done": now["done"] | closes[:, 0] | settled,
        }
        if beta:
            after["coverage"] = ops.take(coverage, moves, axis=0)
        if options.keep_attention:
            after["attention"] = write(now["attention"], position, attention)
        return (after,)

    (end,) = ops.while_loop(going, body, (start,))
    scores, _, lengths = finished = end["finished"]
    chosen, origins = trace_back(
        finished, end["tokens"], end["parents"], end["position"], ids.eos, ids.pad
    )
    attention = None
    if options.keep_attention:
        attention = _attention_along(end["attention"], origins[:, 0], lengths[:, 0], beam)
    return Hypotheses(chosen, lengths, scores, attention)


def length_penalty(length: Tensor, alpha: float) -> Tensor:
    """The length penalty lp(Y), float32."""
    return ((5.0 + ops.cast(length, "float32")) / 6.0) ** alpha


def coverage_penalty(coverage: Tensor, covered: Tensor, beta: float) -> Tensor:
    """The coverage penalty cp(X, Y): float32 [n].

    Args:
        coverage: float32 [n, source], the attention each source piece has got so far.
        covered: bool [n, source], the pieces that count.
    """
    logs = ops.log(ops.clip(coverage, LEAST_COVERAGE, 1.0))
    return beta * ops.sum(ops.where(covered, logs, 0.0), axis=1)


class Continuations(NamedTuple):
    """Hypotheses that have just been extended by one id, best first.

    Attributes:
        log_p: float32 [rows, k], log probability of the whole hypothesis.
        parents: int32 [rows, k], the slot of the beam that each continues.
        ids: int32 [rows, k], the new ones.
    """

    log_p: Tensor
    parents: Tensor
    ids: Tensor


def _best_continuations(log_probs: Tensor, ids: Tensor, log_p: Tensor) -> Continuations:
    """The best 2 * beam continuations of each row: at least `beam` of them do not end with EOS.

    Args:
        log_probs: float32 [rows * beam, k], the best of each hypothesis; ids: int32 likewise.
        log_p: float32 [rows, beam], of what is continued.
    """
    (rows, beam), each = ops.shape(log_p), ids.shape[1]
    total = log_p[:, :, None] + ops.reshape(log_probs, (rows, beam, each))
    total = ops.reshape(total, (rows, beam * each))
    best, order = ops.top_k(total, min(2 * beam, beam * each))
    order = ops.cast(order, "int32")
    ids = pick(ops.reshape(ids, (rows, beam * each)), order)
    return Continuations(best, order // each, ids)


def _best_alive(grown: Continuations, beam: int, eos: int) -> Continuations:
    """The best `beam` continuations that do not end with EOS."""
    log_p, order = ops.top_k(ops.where(grown.ids == eos, -np.inf, grown.log_p), beam)
    order = ops.cast(order, "int32")
    return Continuations(log_p, pick(grown.parents, order), pick(grown.ids, order))


def _attention_along(attention: Tensor, origins: Tensor, lengths: Tensor, beam: int) -> Tensor:
    """The attention of one hypothesis per row: float32 [rows, longest, source].

    Args:
        attention: float32 [longest, rows * beam, source].
        origins: int32 [rows, longest], the slot it was in at each step.
        lengths: int32 [rows].
    """
    longest, every, width = ops.shape(attention)
    position = ops.arange(longest, dtype="int32")[None, :]
    first = ops.arange(ops.shape(lengths)[0], dtype="int32")[:, None] * beam
    index = position * every + first + origins
    path = ops.take(ops.reshape(attention, (longest * every, width)), index, axis=0)
    return ops.where((position < lengths[:, None])[:, :, None], path, 0.0)
