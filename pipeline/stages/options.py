"""The stages with their options; a light module, so that `--help` is quick."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import Between, UserFiles


@dataclasses.dataclass(frozen=True)
class PrepareOptions:
    """Options of this stage alone."""

    text: str | None = None
    """A sentence: shows the pieces of every tokenizer side by side."""


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """Options of this stage alone."""

    on: Annotated[str, UserFiles] | None = None
    """Another corpus to evaluate the finished model on: a name of the catalogue, or a file."""


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """Options of this stage alone."""

    onnx: bool = False
    """Also write model.onnx, the model without its text processing: piece ids in; logits of labels
    or potentials of tags out. Only for tasks that have such a model. Needs tf2onnx."""


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Options of this stage alone."""

    text: str | None = None
    """The input text; for a model that continues texts, the prompt."""
    file: Annotated[str, UserFiles] | None = None
    """The input file; for a task that takes text, UTF-8 with one text per line, also as .gz, .xz or
    .bz2. `-` reads standard input."""
    out: Annotated[str, UserFiles] | None = None
    """Output file with the answers for the lines of --file: .tsv, .txt, .jsonl or .parquet. If the
    command is stopped, the same command resumes it. Default: the answers are printed."""
    example: bool = False
    """Show an example and the answer to it."""
    probabilities: bool = False
    """Write a table with text, label and the probabilities of all labels, which can be a corpus to
    learn from. Only for tasks that give probabilities."""
    check: bool = False
    """Only check the input and the options; the model need not exist yet."""


@dataclasses.dataclass(frozen=True)
class TensorBoardSettings:
    """Address of the page."""

    port: Annotated[int, Between(0, 65535)] = 6006
    """Port of the page; 0 takes any free port."""


@dataclasses.dataclass(frozen=True)
class TensorBoardOptions:
    """Everything that can be set for TensorBoard."""

    logs: TensorBoardSettings = TensorBoardSettings()


TENSORBOARD_HELP = (
    "Shows the logs of all trainings in runs/ on a page: curves, pictures, embeddings."
)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of the command line; `pipeline.stages.<name>.run` runs it.

    Attributes:
        summary: a few words in the list of stages.
        description: what `--help` says: what it reads and what it writes.
        options: a dataclass of options beside the task's settings, or None.
    """

    summary: str
    description: str
    options: type | None = None


STAGES = {
    "corpus": Stage(
        "get the corpus, read it, split it",
        """Gets the corpus, reads it, splits it.

Reads:  the catalogue's files (data/raw, $CORPUS_MIRROR or the network), or the file in --corpus.

Writes: data/processed/<task>/<corpus>-<digest>/{train,dev,test,rejects}.tsv,
        runs/<task>/<name>/corpus.json

It does nothing if the same files were read with the same settings before.""",
    ),
    "prepare": Stage(
        "learn pieces, turn text into ids; with --text show what each tokenizer does",
        """Learns pieces from the training split and turns every split into arrays.

Reads:  runs/<task>/<name>/corpus.json and the splits it names.

Writes: data/processed/<task>/<corpus>-<digest>/prepared-<digest>/{tokenizer.json,vocab.txt,*.npy},
        runs/<task>/<name>/prepared.json

With --text it writes nothing and shows how every tokenizer cuts a sentence.""",
        PrepareOptions,
    ),
    "train": Stage(
        "train the model; resumes a training that was stopped",
        """Trains the model; resumes a training that was stopped.

Reads:  runs/<task>/<name>/prepared.json and the arrays it names.

Writes: runs/<task>/<name>/{config.json,history.csv,steps.csv,best.weights.h5,training.json},
        checkpoint/ and tensorboard/ below it.

A finished run whose settings differ is kept beside the new one as runs/<task>/<name>.<n>. Where
only the search differs (beam size, top p), the weights stay and are evaluated again.""",
    ),
    "evaluate": Stage(
        "read the test split once and write the report; with --on evaluate on another corpus",
        """Reads the test split once, with the best weights, and writes the report.

Reads:  a finished run, the test split.

Writes: runs/<task>/<name>/{metrics.json,report.html}

With --on it evaluates the same model on another corpus, and writes
        runs/<task>/<name>/elsewhere/<corpus>.{json,html}; for a file <corpus> is its name and
        a few digits that stand for its folder.

Of the settings only --name counts: a finished run keeps the settings of its training.""",
        EvaluateOptions,
    ),
    "export": Stage(
        "write the model that others serve",
        """Writes the model that others serve.

Reads:  a finished run and its metrics.

Writes: saved_models/<task>/<version>/ with its model card and an example, whole or not at all.

It does nothing if that model exists, is complete and comes from this run.""",
        ExportOptions,
    ),
    "predict": Stage(
        "ask the exported model: --text or --file",
        """Asks the exported model.

Reads:  saved_models/<task>/<version>/, --text, --file (texts: its lines; `-` is standard input),
        or with --example the example that is exported with the model.

Writes: one line per answer on standard output; progress and warnings on standard error. With
        --probabilities a table (TSV with a header). With --out that file, and until it is whole
        a folder <file>.parts beside it.""",
        PredictOptions,
    ),
}
