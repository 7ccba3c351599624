"""Sampling with temperature, top-k and nucleus."""

from __future__ import annotations

from keras import ops

from pipeline.decoding.counter_random import uniform
from pipeline.decoding.one_path import Best, decode_one_path
from pipeline.decoding.options import SamplingOptions, SpecialIds
from pipeline.decoding.step import Hypotheses, State, Step, Tensor, pick

COLDEST = 1e-6
"""Below this a temperature is 0: all but the most probable id vanish in float32 anyway."""

ALL = 2**31


def sample(
    step: Step,
    state: State,
    rows: int | Tensor,
    ids: SpecialIds,
    options: SamplingOptions,
    *,
    max_length: int | Tensor,
    min_length: int | Tensor = 0,
    source_mask: Tensor | None = None,
) -> Hypotheses:
    """Samples each id from the model's distribution, restricted as `options` say.

    What row i draws at a step is a pure function of (seed, i, position): it does not depend on
    how many rows there are, and no state is kept between calls. i is what `options.numbers` says.

    Args:
        options: how to draw.
        others: as in `greedy`.

    Returns:
        `Hypotheses`; the scores are log probabilities under the model itself, not under what
        was drawn from.

    Raises:
        ValueError: as `greedy`.
    """
    temperature = ops.cast(ops.convert_to_tensor(options.temperature), "float32")
    numbers = ops.arange(rows, dtype="int32") if options.numbers is None else options.numbers

    def draw(best: Best, position: Tensor) -> Tensor:
        log_probs, candidates = best(options.top_k or ALL)
        probs = ops.softmax(
            (log_probs - log_probs[:, :1]) / ops.maximum(temperature, COLDEST), axis=1
        )
        cumulative = ops.cumsum(probs, axis=1)
        if options.top_p < 1:
            probs = ops.where(cumulative - probs < options.top_p, probs, 0.0)
            cumulative = ops.cumsum(probs, axis=1)
        point = uniform(options.seed, position, numbers)[:, None] * cumulative[:, -1:]
        drawn = ops.sum(ops.cast(cumulative <= point, "int32"), axis=1)
        # Rounding may put the point on the very end, behind which nothing is possible.
        possible = ops.sum(ops.cast(probs > 0, "int32"), axis=1)
        drawn = ops.maximum(ops.minimum(drawn, possible - 1), 0)
        drawn = ops.where(temperature < COLDEST, 0, drawn)
        return pick(candidates, drawn[:, None])[:, 0]

    return decode_one_path(
        step,
        state,
        rows,
        ids,
        draw,
        max_length=max_length,
        min_length=min_length,
        source_mask=source_mask,
    )
