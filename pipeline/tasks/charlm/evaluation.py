"""Evaluates a trained language model on text that it was not trained on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from pipeline.evaluation.character_scores import CharacterScores, score_characters
from pipeline.evaluation.continuations import LENGTH, line_halves, right_characters
from pipeline.facts import Trained
from pipeline.models.generate import continue_texts
from pipeline.models.settings import describe_language_model
from pipeline.models.unit_losses import UnitLosses, unit_losses
from pipeline.report.run_facts import run_facts
from pipeline.report.surprise import bits_by_character, surprise_passage
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.charlm import TASK
from pipeline.tasks.charlm.data import held_out_documents, held_out_splits
from pipeline.tasks.charlm.dev_evaluation import TEMPERATURES, prompt_of
from pipeline.tasks.charlm.report import character_content, packed_bits
from pipeline.tasks.charlm.settings import Settings
from pipeline.tasks.charlm.training import generator, trained_model
from pipeline.text.characters import Characters, lengths_of
from pipeline.text.ragged import Ragged
from pipeline.training.tensorboard import TensorBoardLog


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    model, characters = trained_model(settings, trained)
    measured = held_out_splits(trained)
    reported = measured[0]
    texts = {split: held_out_documents(trained, split) for split in ("train", *measured)}
    costs = {split: _costs(model, characters, *texts[split]) for split in measured}
    scores = {split: score for split, (_, _, score) in costs.items()}
    bits = bits_by_character(*costs[reported][:2], texts[reported][0], characters)
    generate = generator(settings, model)
    prompts, rests = line_halves(texts[reported][0])
    said = continue_texts(generate, characters, prompts, length=LENGTH, temperature=0)
    right = right_characters(said, prompts, rests)
    prompt = prompt_of(texts["dev"][0][0])
    samples = [
        (t, continue_texts(generate, characters, [prompt], length=500, temperature=t)[0])
        for t in TEMPERATURES
    ]
    score, packed = scores[reported], packed_bits(texts["train"][0], texts[reported][0])
    beside = f" (dev {scores['dev'].loss:.3f})" if reported == "test" else "; there is no test"
    metrics = {
        **score.to_json(),
        "reported": reported,
        "right_characters": right,
        "xz_bits_per_byte": packed,
        "dev": scores["dev"].to_json(),
    }
    _log_to_tensorboard(settings, trained, metrics)
    content = character_content(
        scores,
        right,
        samples,
        prompt,
        packed,
        surprise_passage(texts[reported][0], bits),
        settings.text.alphabet,
        run_facts(TASK, settings, trained, describe_language_model(settings.model)),
    )
    summary = (
        f"{score.bits_per_character:.3f} bits per character, {score.bits_per_byte:.3f} "
        f"per byte, loss {score.loss:.3f} on {score.characters:,} {reported} characters{beside}"
    )
    return Evaluated(summary, metrics, content)


def _costs(
    model: keras.Model, characters: Characters, texts: list[str], ends: list[bool]
) -> tuple[np.ndarray, Ragged, CharacterScores]:
    """Nats of each unit, the units, and the scores."""
    rows = characters.encode_documents(texts, ends)
    nats = unit_losses(UnitLosses(model), rows)
    return nats, rows, score_characters(nats, rows, *lengths_of(texts, ends))


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: dict[str, Any]) -> None:
    step = trained.result.best_step
    shown = ("loss", "bits_per_character", "bits_per_byte", "right_characters")
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name in shown:
            log.scalar(f"test/{name}", metrics[name], step)
        log.hparams(
            without_run(settings),
            {"test_loss": metrics["loss"], "dev_loss": metrics["dev"]["loss"]},
        )
