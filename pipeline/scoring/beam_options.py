"""The options that are Beam's, checked before anything runs."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from pipeline.errors import UserError
from pipeline.scoring.settings import ScoreSettings
from pipeline.settings import closest, leaves, option_of


def beam_options(words: Sequence[str]) -> PipelineOptions:
    """Beam's options, as on its command line.

    Raises:
        UserError: a value is none that its option takes, or a word is none that Beam knows. Runners
            that are services (Flink, Dataflow) get such words, as they may know them.
    """
    parsers: list[argparse.ArgumentParser] = []
    known = PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as usage:
            _, unknown = parsers[0].parse_known_args(words)
    except SystemExit:
        fault = usage.getvalue().strip().rpartition("error: ")[2]
        raise UserError(fault, where="options of Beam") from None
    options = PipelineOptions(list(words))
    runner = options.view_as(StandardOptions).runner or StandardOptions.DEFAULT_RUNNER
    if unknown and runner in StandardOptions.LOCAL_RUNNERS:
        name = unknown[0].partition("=")[0]
        near = difflib.get_close_matches(name, [f"--{dest}" for dest in known])
        ours = [option_of(setting) for setting, _ in leaves(ScoreSettings)]
        raise UserError(
            f"{name!r} is no option of score or of Beam",
            where="command line",
            remedy=f"closest: {closest(name, [*ours, *near])}",
        )
    return options
