"""Greedy decoding: the most probable id at each step."""

from __future__ import annotations

from pipeline.decoding.one_path import Best, decode_one_path
from pipeline.decoding.options import SpecialIds
from pipeline.decoding.step import Hypotheses, State, Step, Tensor


def greedy(
    step: Step,
    state: State,
    rows: int | Tensor,
    ids: SpecialIds,
    *,
    max_length: int | Tensor,
    min_length: int | Tensor = 0,
    source_mask: Tensor | None = None,
) -> Hypotheses:
    """Takes the most probable id at each step (of equals the lowest) until all rows are finished.

    A row is done at EOS, or when it has `max_length` ids. What it holds does not depend on the
    rows beside it.

    Args:
        step: the model, as `pipeline.decoding.step.Step` says.
        state: what it starts from, tensors [rows, ...].
        rows: how many.
        ids: the special ones.
        max_length: int, or int32 [rows]: ids a row may have, EOS among them. 0 gives an empty row.
        min_length: int, or int32 [rows]: ids that must come before EOS. Where it is not below
            `max_length`, EOS never comes.
        source_mask: bool [rows, source], True at real pieces. Given, attention is returned.

    Returns:
        `Hypotheses`: ids [rows, longest], lengths [rows], scores [rows].

    Raises:
        ValueError: attention of a model without any, or a state that changes its names.
    """

    def most_probable(best: Best, _position: Tensor) -> Tensor:
        return best(1)[1][:, 0]

    return decode_one_path(
        step,
        state,
        rows,
        ids,
        most_probable,
        max_length=max_length,
        min_length=min_length,
        source_mask=source_mask,
    )
