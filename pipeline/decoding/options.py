"""Options of a decoder: the special ids, and how to search or sample."""

from __future__ import annotations

import dataclasses
from numbers import Integral

from pipeline.decoding.step import Tensor


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """The special ids. One id may have several of these roles.

    Attributes:
        bos: int, or int32 [rows]: the first id of the sequences. If it is one int, it is never
            chosen.
        eos: the id that ends a row; -1: none.
        pad: the id after the end. It is never chosen.
        never: other ids that are never chosen.
    """

    bos: int | Tensor
    eos: int
    pad: int = 0
    never: tuple[int, ...] = ()

    @property
    def banned(self) -> list[int]:
        """The ids that are never chosen, each once, without EOS."""
        bos = [int(self.bos)] if isinstance(self.bos, Integral) else []
        return sorted({*bos, self.pad, *self.never} - {self.eos})


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """Options of a beam search; the letters are those of `beam_search`.

    Attributes:
        beam_size: hypotheses kept alive for each row.
        alpha: length normalisation. 0 compares plain log probabilities; higher values prefer longer
            hypotheses.
        coverage: beta, the weight of the coverage penalty; at least 0. It needs attention.
        n_best: hypotheses to return, at most `beam_size`.
        min_length: int, or int32 [rows]: minimum number of ids before EOS. If it is not below the
            maximum length, EOS is never chosen.
        early_stopping: a row also ends when this many hypotheses have finished by EOS; 0: never.
        keep_attention: whether to return the attention of the best hypothesis.

    Raises:
        ValueError: numbers out of range.
    """

    beam_size: int
    alpha: float = 0.0
    coverage: float = 0.0
    n_best: int = 1
    min_length: int | Tensor = 0
    early_stopping: int = 0
    keep_attention: bool = False

    def __post_init__(self):
        if not 1 <= self.n_best <= self.beam_size:
            raise ValueError(
                f"n_best must be between 1 and beam_size {self.beam_size}, not {self.n_best}"
            )
        if self.coverage < 0:
            raise ValueError(f"coverage must be at least 0, not {self.coverage}")


@dataclasses.dataclass(frozen=True)
class SamplingOptions:
    """Options of sampling; the restrictions apply in the order of the attributes.

    Attributes:
        seed: int, or an int32 scalar tensor (an input of an exported graph).
        temperature: divides the log probabilities; 0 takes the most probable id, as `greedy`.
        top_k: sample only from this many of the most probable ids; 0: from all.
        top_p: sample only from the smallest set of the most probable ids whose probabilities add up
            to this (nucleus sampling: Holtzman et al. 2020, arXiv:1904.09751, equation 2); 1: from
            all.
        numbers: int32 [rows], the number of each row for the random generator, if rows are sampled
            in several calls; None: 0, 1, 2, ...

    Raises:
        ValueError: a negative `top_k`.
    """

    seed: int | Tensor
    temperature: float | Tensor = 1.0
    top_k: int = 0
    top_p: float = 1.0
    numbers: Tensor | None = None

    def __post_init__(self):
        if self.top_k < 0:
            raise ValueError(f"top_k must be at least 0, not {self.top_k}")
