"""A model handler for Beam's `RunInference`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from pipeline.scoring.model import TextModel


class TextModelHandler(ModelHandler[str, PredictionResult, TextModel]):
    """Runs an exported model on batches of texts; gives each text with its row of `TextModel`.

    Beam's own handler for TensorFlow calls `keras.models.load_model`, which reads no SavedModel
    under Keras 3.

    Args:
        folder: of the SavedModel: a path, or what a file system of Beam opens (gs://, s3://).
        fields: names of the outputs to give.
        model_copies: models on a machine, for all its worker processes; None: one in each process.

    Example:
        >>> texts | RunInference(TextModelHandler("saved_models/sentiment/1", ["label"]))
    """

    def __init__(self, folder: str, fields: Sequence[str], model_copies: int | None = None):
        super().__init__(model_copies=model_copies)
        self._folder, self._fields = folder, tuple(fields)

    def load_model(self) -> TextModel:
        if "://" not in self._folder:
            return TextModel(self._folder, self._fields)
        with tempfile.TemporaryDirectory() as here:
            copy_folder(self._folder, Path(here))
            return TextModel(here, self._fields)

    def run_inference(
        self,
        batch: Sequence[str],
        model: TextModel,
        inference_args: dict[str, Any] | None = None,
    ) -> Iterable[PredictionResult]:
        return list(map(PredictionResult, batch, model(list(batch))))

    def get_num_bytes(self, batch: Sequence[str]) -> int:
        return sum(len(text.encode("utf-8")) for text in batch)

    def get_metrics_namespace(self) -> str:
        return "malgyeol"


def copy_folder(folder: str, target: Path) -> None:
    """Copies all files below a folder, wherever Beam can read it, into a local folder."""
    folder = folder.rstrip("/")
    for file in FileSystems.match([f"{folder}/**"])[0].metadata_list:
        path = target / file.path.removeprefix(f"{folder}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileSystems.open(file.path, compression_type="uncompressed") as source:
            path.write_bytes(source.read())
