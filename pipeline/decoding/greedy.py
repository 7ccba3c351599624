"""Greedy decoding: the most probable id at each step."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.decoding.one_path import Best, follow
from pipeline.decoding.step import Hypotheses, State, Step, Tensor


def greedy(
    step: Step,
    state: State,
    rows: int | Tensor,
    *,
    most: int | Tensor,
    least: int | Tensor = 0,
    bos: int | Tensor,
    eos: int,
    pad: int = 0,
    never: Sequence[int] = (),
    source_mask: Tensor | None = None,
) -> Hypotheses:
    """Takes the most probable id at each step, of equal ones the lowest, until all rows are done.

    A row is done at EOS, or when it has `most` ids. What it holds does not depend on the rows
    beside it.

    Args:
        step: the model, as `pipeline.decoding.step.Step` says.
        state: what it starts from, tensors [rows, ...].
        rows: how many.
        most: int, or int32 [rows]: ids a row may have, EOS among them. 0 gives an empty row.
        least: int, or int32 [rows]: ids that must come before EOS. Where it is not below
            `most`, EOS never comes.
        bos: int, or int32 [rows]: what the sequences begin with. One number is never chosen.
        eos: what ends a row; -1: nothing does.
        pad: what stands behind the end. It is never chosen.
        never: other ids that are never chosen.
        source_mask: bool [rows, source], True at real pieces. Given, attention is returned.

    Returns:
        `Hypotheses`: ids [rows, longest], lengths [rows], scores [rows].

    Raises:
        ValueError: attention of a model without any, or a state that changes its names.
    """

    def most_probable(best: Best, _position: Tensor) -> Tensor:
        return best(1)[1][:, 0]

    return follow(
        step,
        state,
        rows,
        most_probable,
        most=most,
        least=least,
        bos=bos,
        eos=eos,
        pad=pad,
        never=never,
        source_mask=source_mask,
    )
