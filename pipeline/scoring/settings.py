"""Settings of scoring; a light module, so that `--help` is quick."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Annotated, Literal

from pipeline.ranges import AtLeast, Between, UserFiles
from pipeline.settings import leaves, option_of, split_settings_option

InputKind = Literal["text", "parquet", "tfrecord"]
OutputKind = Literal["jsonl", "parquet", "tfrecord"]


@dataclasses.dataclass(frozen=True)
class FileSettings:
    """Input and output files."""

    input: Annotated[str, UserFiles] = ""
    """Files to read: a path, or a pattern in quotes ("texts/*.txt"); gs:// and s3:// with the
    extras of apache-beam. Files that end in .gz, .xz, .bz2 or .zst are unpacked."""
    output: Annotated[str, UserFiles] = ""
    """Files to write: for scores/reviews.jsonl, scores/reviews-00000-of-00004.jsonl and so on."""
    input_kind: InputKind | None = None
    """text: one text per line; parquet: one text per row; tfrecord: one tf.train.Example per text.
    Default: by the name of the input (.txt, .parquet, .tfrecord)."""
    output_kind: OutputKind | None = None
    """jsonl: one JSON object per line. Default: by the name of the output, else the kind of the
    input."""
    text_column: str = "text"
    """Column of a Parquet file, or feature of an Example, that holds the text."""
    id_column: str | None = None
    """Column or feature that is written beside the answer as `id`, for joins."""


@dataclasses.dataclass(frozen=True)
class ScoredModelSettings:
    """The exported model, and how it is called."""

    version: Annotated[int, Between(1, 2**63 - 1)] = 1
    """Folder of the exported model below saved_models/<task>/."""
    model: Annotated[str, UserFiles] | None = None
    """Folder of an exported model that lies elsewhere, where the workers can read it, for example
    gs://bucket/sentiment/1."""
    fields: str | None = None
    """Outputs of the model to write, with commas between. Default: all."""
    batch_size: Annotated[int, AtLeast(1)] = 256
    """Texts per call of the model."""
    model_copies: Annotated[int, AtLeast(1)] | None = None
    """Number of models on each machine, shared by its worker processes. Default: one per
    process."""


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """Everything that can be set for scoring."""

    files: FileSettings = FileSettings()
    model: ScoredModelSettings = ScoredModelSettings()


SCORE_HELP = """Runs the exported model on many texts, with any runner of Apache Beam.

Reads:  saved_models/<task>/<version>/, and the texts in --input.

Writes: --output, in parts. Each record has `file` and `row` (for a text file the number of the
        line, from 1), the text, and the outputs of the model. Records come in any order.

All other options are Beam's: --runner DirectRunner --direct_num_workers 4
        --direct_running_mode multi_processing, --runner DataflowRunner --project ..., and so on.
        Needs apache-beam: requirements-scale.txt."""

_MISSPELLED = 0.8  # no option of Beam is as similar to one of ours


def split_options(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Splits a command line into our options and those of Beam.

    Args:
        arguments: those after the name of the task. An option that is not spelled like one of
            `ScoreSettings`, or nearly so, is Beam's, with the words that follow it.

    Raises:
        UserError: a quote in `--settings` is not closed.

    Example:
        >>> split_options(["--input", "a.txt", "--direct_num_workers", "2"])
        (['--input', 'a.txt'], ['--direct_num_workers', '2'])
    """
    ours = ["-h", "--help", *(option_of(name) for name, _ in leaves(ScoreSettings))]
    own: list[str] = []
    beams: list[str] = []
    words = own
    for word in split_settings_option(arguments):
        if word.startswith("-"):
            name = word.partition("=")[0].replace("_", "-")
            words = own if difflib.get_close_matches(name, ours, cutoff=_MISSPELLED) else beams
        words.append(word)
    return own, beams
