"""What a decoder is told beside the model: the special ids, and how to search or to sample."""

from __future__ import annotations

import dataclasses
from numbers import Integral

from pipeline.decoding.step import Tensor


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """Ids that mean no word. A model may use one id as several of them.

    Attributes:
        bos: int, or int32 [rows]: what the sequences begin with. One number is never chosen.
        eos: what ends a row; -1: nothing does.
        pad: what stands behind the end. It is never chosen.
        never: other ids that are never chosen.
    """

    bos: int | Tensor
    eos: int
    pad: int = 0
    never: tuple[int, ...] = ()

    @property
    def banned(self) -> list[int]:
        """Ids that are never chosen, each once; EOS is not among them."""
        bos = [int(self.bos)] if isinstance(self.bos, Integral) else []
        return sorted({*bos, self.pad, *self.never} - {self.eos})


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """How a beam search scores and when it ends; the letters are those of `beam_search`.

    Attributes:
        beam_size: hypotheses kept alive for each row.
        alpha: 0 compares plain log probabilities; more prefers longer hypotheses.
        coverage: beta, the weight of the coverage penalty; at least 0. It needs attention.
        n_best: hypotheses to return, at most `beam_size`.
        min_length: int, or int32 [rows]: ids that must come before EOS. Where it is not below the
            largest length, EOS never comes.
        early_stopping: a row also ends when this many hypotheses have finished by EOS; 0: it does
            not.
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
    """How the next id is drawn; what is cut off is cut off in the order of the attributes.

    Attributes:
        seed: int, or an int32 scalar tensor (an input of an exported graph).
        temperature: divides the log probabilities; 0 takes the most probable id, as `greedy`.
        top_k: only this many of the most probable ids; 0: all.
        top_p: only the fewest most probable ids that together reach this probability (nucleus:
            Holtzman et al. 2020, arXiv:1904.09751, equation 2); 1: all.
        numbers: int32 [rows], which row each counts as, where more rows are sampled than go
            together; None: 0, 1, 2, ...

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
