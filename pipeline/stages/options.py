"""The stages there are: what each does, and its options. Light, so that help comes at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import Between, UserFiles


@dataclasses.dataclass(frozen=True)
class PrepareOptions:
    """Only for this stage."""

    text: str | None = None
    """A sentence to show, tokenized by every tokenizer side by side."""


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """Only for this stage."""

    on: Annotated[str, UserFiles] | None = None
    """Another corpus to measure the finished model on: a name of the catalogue, or a file."""


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """Only for this stage."""

    onnx: bool = False
    """Also write model.onnx: piece ids in, logits out (sentiment), or potentials of the tags (ner).
    Needs tf2onnx."""


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Only for this stage."""

    text: str | None = None
    """The text to ask about; of charlm, the beginning to go on with."""
    file: Annotated[str, UserFiles] | None = None
    """A file to ask about; of a task that takes text, UTF-8 with a text a line, also as .gz, .xz or
    .bz2. `-` reads standard input."""
    out: Annotated[str, UserFiles] | None = None
    """File for the answers about the lines of --file: .tsv, .txt, .jsonl or .parquet. The same
    command goes on where it was stopped. Without it they are printed."""
    example: bool = False
    """Show something to try, and the answer to it."""
    probabilities: bool = False
    """Write a table: text, label and the probabilities of all labels, which can be a corpus to
    learn from. Only of a task that gives some."""
    check: bool = False
    """Only see whether the question can be asked; the model need not be there yet."""


@dataclasses.dataclass(frozen=True)
class TensorBoardSettings:
    """Where the logs are shown."""

    port: Annotated[int, Between(0, 65535)] = 6006
    """Port of the page; 0 takes a free one."""


@dataclasses.dataclass(frozen=True)
class TensorBoardOptions:
    """Everything that can be set for TensorBoard."""

    logs: TensorBoardSettings = TensorBoardSettings()


TENSORBOARD_HELP = (
    "Shows the logs of all trainings in runs/ on a page: curves, pictures, embeddings."
)


@dataclasses.dataclass(frozen=True)
class Stage:
    """One verb of the command line; `pipeline.stages.<name>.run` does it.

    Attributes:
        summary: a few words for the list of stages.
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

Where the same files were read with the same settings before, it does nothing.""",
    ),
    "prepare": Stage(
        "learn pieces, turn text into ids; with --text show what each tokenizer does",
        """Learns pieces from the training split and turns every split into arrays.

Reads:  runs/<task>/<name>/corpus.json and the splits it names.

Writes: data/processed/<task>/<corpus>-<digest>/prepared-<digest>/{tokenizer.json,vocab.txt,*.npy},
        runs/<task>/<name>/prepared.json

With --text it writes nothing and shows what every tokenizer makes of a sentence.""",
        PrepareOptions,
    ),
    "train": Stage(
        "find the weights; resumes where a kill left it",
        """Finds the weights; resumes where a kill left it.

Reads:  runs/<task>/<name>/prepared.json and the arrays it names.

Writes: runs/<task>/<name>/{config.json,history.csv,steps.csv,best.weights.h5,training.json},
        checkpoint/ and tensorboard/ below it.

A finished run whose settings differ is kept beside the new one as runs/<task>/<name>.<n>. Where
only the search differs (beam size, top p), the weights stay and are measured again.""",
    ),
    "evaluate": Stage(
        "read the test split once and write the report; with --on measure another corpus",
        """Reads the test split once, with the best weights, and writes the report.

Reads:  a finished run, the test split.

Writes: runs/<task>/<name>/{metrics.json,report.html}

With --on it measures the same model on another corpus, and writes
        runs/<task>/<name>/elsewhere/<corpus>.{json,html}; of a file <corpus> is its name and
        a few digits that stand for its folder.

Of the settings only --name counts: a finished run is measured as it was trained.""",
        EvaluateOptions,
    ),
    "export": Stage(
        "write the model that others serve",
        """Writes the model that others serve.

Reads:  a finished run and its metrics.

Writes: saved_models/<task>/<version>/ with its model card and an example, whole or not at all.

Where it is there, whole and made of this run, it does nothing.""",
        ExportOptions,
    ),
    "predict": Stage(
        "ask the exported model: --text or --file",
        """Asks the exported model.

Reads:  saved_models/<task>/<version>/, --text, --file (of texts the lines; `-` is standard input),
        or with --example what lies beside the model to be tried.

Writes: one line an answer on standard output; progress and warnings on standard error. With
        --probabilities a table (TSV with a header). With --out that file, and until it is whole
        a folder <file>.parts beside it.""",
        PredictOptions,
    ),
}
