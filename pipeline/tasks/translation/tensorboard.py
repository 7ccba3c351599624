"""Logs a finished translator for TensorBoard: scores on test, and attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.report.attention_pictures import HeatMap
from pipeline.training.tensorboard import TensorBoardLog

if TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics
    from pipeline.facts import TrainingResult


def log_translation(
    folder: Path,
    metrics: TranslationMetrics,
    heat_maps: Sequence[HeatMap],
    result: TrainingResult,
    settings: Mapping,
) -> None:
    """Writes scores as `test/<name>`, pictures as `attention/<number>`, and a row of HParams.

    Args:
        folder: of the logs of this run; the logs of an earlier evaluation are removed.
        metrics: on the test split.
        heat_maps: attention of some translations.
        result: of the training.
        settings: of the run, nested.
    """
    step = result.best_step
    scores = {
        "bleu": metrics.bleu,
        "chrf": metrics.chrf,
        "length_ratio": metrics.length_ratio,
        "repetition": metrics.repetition,
    }
    if metrics.losses is not None:
        scores |= {f"{name}_loss": nats for name, nats in vars(metrics.losses).items()}
    with TensorBoardLog(folder / "test", fresh=True) as log:
        for name, value in scores.items():
            log.scalar(f"test/{name}", value, step)
        for number, heat_map in enumerate(heat_maps):
            log.image(f"attention/{number}", heat_map.png, step)
        log.hparams(settings, {"test_bleu": metrics.bleu, "dev_bleu": result.best})
