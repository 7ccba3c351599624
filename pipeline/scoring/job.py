"""The Beam pipeline: files -> texts -> batches of similar length -> answers -> files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.internal.cloudpickle import register_pickle_by_value
from apache_beam.io import fileio
from apache_beam.ml.inference.base import KeyedModelHandler, PredictionResult, RunInference
from apache_beam.transforms.util import SortAndBatchElements
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

import pipeline
from pipeline.errors import UserError
from pipeline.scoring.beam_options import beam_options
from pipeline.scoring.files import Output
from pipeline.scoring.handler import TextModelHandler
from pipeline.scoring.reading import Keyed, Reader
from pipeline.scoring.settings import ScoredModelSettings
from pipeline.scoring.writing import WriteRows

_MAX_CHARACTERS = 1_000_000  # of a batch; a longer text is asked alone


def score(
    pattern: str,
    reader: Reader,
    model: str,
    outputs: Mapping[str, TensorInfo],
    settings: ScoredModelSettings,
    output: Output,
    options: Sequence[str],
) -> None:
    """Runs the pipeline to its end.

    What the workers run is sent to them whole: of Python they need apache-beam, tensorflow and
    tensorflow-text, and nothing of this project.

    Args:
        pattern: of the files to read.
        reader: one of them -> its texts.
        model: folder of the exported model, as the workers find it.
        outputs: of the model, those that are written.
        options: for Beam, as on its command line.

    Raises:
        UserError: Beam refuses its options, or would ignore one of them.
    """
    register_pickle_by_value(pipeline)
    handler = TextModelHandler(model, list(outputs), settings.model_copies)
    try:
        job = beam.Pipeline(options=beam_options(options))
    except ValueError as error:
        raise UserError(" ".join(str(error).split()), where="options of Beam") from error
    with job:
        _ = (
            job
            | "files" >> fileio.MatchFiles(pattern)
            | "one at a time" >> beam.Reshuffle()
            | "read" >> beam.FlatMap(lambda file: reader(file.path))
            | "to all workers" >> beam.Reshuffle()
            | "by length"
            >> SortAndBatchElements(1, settings.batch_size, _MAX_CHARACTERS, _characters)
            | "ask" >> RunInference(KeyedModelHandler(handler).with_no_batching())
            | "row" >> beam.Map(_row)
            | "write" >> WriteRows(output, outputs, reader.id_column is not None)
        )


def _characters(keyed: Keyed) -> int:
    return len(keyed[1])


def _row(answered: tuple[dict[str, Any], PredictionResult]) -> dict[str, Any]:
    where, result = answered
    return {**where, "text": result.example, **result.inference}
