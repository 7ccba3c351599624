"""From a model's one-step function to sequences: greedy, beam search, sampling.

All three are loops in `keras.ops`: they run eagerly, in a traced graph whose batch and time are
not known beforehand, and in a SavedModel. `pipeline.decoding.step` says what a model must give.
"""

from pipeline.decoding.beam import beam_search
from pipeline.decoding.greedy import greedy
from pipeline.decoding.options import SamplingOptions, SearchOptions, SpecialIds
from pipeline.decoding.sampling import sample
from pipeline.decoding.step import Hypotheses, Step

__all__ = [
    "Hypotheses",
    "SamplingOptions",
    "SearchOptions",
    "SpecialIds",
    "Step",
    "beam_search",
    "greedy",
    "sample",
]
