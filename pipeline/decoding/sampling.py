"""Sampling: temperature, top-k and nucleus."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from pipeline.decoding.counter_random import uniform
from pipeline.decoding.one_path import Best, follow
from pipeline.decoding.step import Hypotheses, State, Step, Tensor, pick

COLDEST = 1e-6
"""Below this a temperature is 0: all but the most probable id vanish in float32 anyway."""

ALL = 2**31


def sample(
    step: Step,
    state: State,
    rows: int | Tensor,
    *,
    seed: int | Tensor,
    temperature: float | Tensor = 1.0,
    top_k: int | None = None,
    top_p: float | Tensor | None = None,
    most: int | Tensor,
    least: int | Tensor = 0,
    bos: int | Tensor,
    eos: int,
    pad: int = 0,
    never: Sequence[int] = (),
    source_mask: Tensor | None = None,
) -> Hypotheses:
    """Draws each id from what the model gives, sharpened and cut in this order.

    What row i draws at a step is a pure function of (seed, i, position): it does not depend on
    how many rows there are, and no state is kept between calls.

    Args:
        seed: int, or an int32 scalar tensor (an input of an exported graph).
        temperature: divides the log probabilities; 0 takes the most probable id, as `greedy`.
        top_k: only this many of the most probable ids; None: all.
        top_p: only the fewest most probable ids that together reach this probability (nucleus:
            Holtzman et al. 2020, arXiv:1904.09751, equation 2), after `top_k`; None: all.
        others: as in `greedy`.

    Returns:
        `Hypotheses`; the scores are log probabilities under the model itself, not under what
        was drawn from.

    Raises:
        ValueError: as `greedy`, or a `top_k` below 1.
    """
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, not {top_k}")
    temperature = ops.cast(ops.convert_to_tensor(temperature), "float32")

    def draw(best: Best, position: Tensor) -> Tensor:
        log_probs, ids = best(ALL if top_k is None else top_k)
        probs = ops.softmax(
            (log_probs - log_probs[:, :1]) / ops.maximum(temperature, COLDEST), axis=1
        )
        cumulative = ops.cumsum(probs, axis=1)
        if top_p is not None:
            probs = ops.where(cumulative - probs < top_p, probs, 0.0)
            cumulative = ops.cumsum(probs, axis=1)
        point = uniform(seed, position, rows)[:, None] * cumulative[:, -1:]
        drawn = ops.sum(ops.cast(cumulative <= point, "int32"), axis=1)
        # Rounding may put the point on the very end, behind which nothing is possible.
        possible = ops.sum(ops.cast(probs > 0, "int32"), axis=1)
        drawn = ops.maximum(ops.minimum(drawn, possible - 1), 0)
        drawn = ops.where(temperature < COLDEST, 0, drawn)
        return pick(ids, drawn[:, None])[:, 0]

    return follow(
        step,
        state,
        rows,
        draw,
        most=most,
        least=least,
        bos=bos,
        eos=eos,
        pad=pad,
        never=never,
        source_mask=source_mask,
    )
