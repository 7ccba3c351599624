"""What can be set for scoring. Light, so that help comes at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.ranges import AtLeast, Between, UserFiles
from pipeline.settings import leaves, option_of, spread

InputKind = Literal["text", "parquet", "tfrecord"]
OutputKind = Literal["jsonl", "parquet", "tfrecord"]


@dataclasses.dataclass(frozen=True)
class FileSettings:
    """What is read and written."""

    input: Annotated[str, UserFiles] = ""
    """Files to read: a path, or a pattern in quotes ("texts/*.txt"); gs:// and s3:// with the
    extras of apache-beam. Files that end in .gz, .bz2 or .zst are unpacked."""
    output: Annotated[str, UserFiles] = ""
    """Files to write: of scores/reviews.jsonl, scores/reviews-00000-of-00004.jsonl and so on."""
    input_kind: InputKind | None = None
    """text: a text a line; parquet: a text a row; tfrecord: a tf.train.Example a text. Without it
    the name of the input decides (.txt, .parquet, .tfrecord)."""
    output_kind: OutputKind | None = None
    """jsonl: a JSON object a line. Without it the name of the output decides, or else the kind of
    the input."""
    text_column: str = "text"
    """Column of Parquet, or feature of an Example, that holds the text."""
    id_column: str | None = None
    """Column or feature that is written beside the answer as `id`, to join by."""


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """What is asked, and how."""

    version: Annotated[int, Between(1, 2**63 - 1)] = 1
    """Folder of the exported model below saved_models/<task>/."""
    model: Annotated[str, UserFiles] | None = None
    """Folder of the exported model where it lies elsewhere: where the workers can read it, as in
    gs://bucket/sentiment/1."""
    fields: str | None = None
    """Outputs of the model to write, with commas between; all where none is named."""
    batch_size: Annotated[int, AtLeast(1)] = 256
    """Texts that the model is asked about at once."""
    model_copies: Annotated[int, AtLeast(1)] | None = None
    """Models on each machine, for all its worker processes together. Without it each process has
    one."""


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """Everything that can be set for scoring."""

    files: FileSettings = FileSettings()
    model: ModelSettings = ModelSettings()


SCORE_HELP = """Asks the exported model about many texts, on any runner of Apache Beam.

Reads:  saved_models/<task>/<version>/, and the texts in --input.

Writes: --output, in parts. Each record has `file` and `row` (of a text file the number of the
        line, from 1), the text, and the outputs of the model. The order is another one.

All other options are Beam's: --runner DirectRunner --direct_num_workers 4
        --direct_running_mode multi_processing, --runner DataflowRunner --project ..., and so on.
        Needs apache-beam: requirements-scale.txt."""


def split_options(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Which words of a command line are ours, and which are for Beam.

    Args:
        arguments: behind the name of the task. An option that is none of `ScoreSettings` is Beam's,
            with the words that follow it.

    Raises:
        UserError: a quote in `--settings` is not closed.

    Example:
        >>> split_options(["--input", "a.txt", "--direct_num_workers", "2"])
        (['--input', 'a.txt'], ['--direct_num_workers', '2'])
    """
    ours = {"-h", "--help", *(option_of(name) for name, _ in leaves(ScoreSettings))}
    own: list[str] = []
    beams: list[str] = []
    words = own
    for word in spread(arguments):
        if word.startswith("-"):
            words = own if word.partition("=")[0].replace("_", "-") in ours else beams
        words.append(word)
    return own, beams
