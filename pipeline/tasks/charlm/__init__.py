"""charlm: from what was read, the next character; again and again, a text (one to many)."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from pipeline.corpora.documents import from_frame, on_one_line
from pipeline.corpora.running_text import CONSTITUTION, TextCorpusSettings, read_running_text
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.evaluation.continuations import LENGTH, halves, right_characters
from pipeline.models.generation_settings import MAX_LENGTH, GenerationSettings
from pipeline.models.settings import LanguageModelSettings, describe_language_model
from pipeline.ranges import AtLeast, Between
from pipeline.run_info import run_info
from pipeline.settings import as_json
from pipeline.tasks.base import RunSettings, Signature, Task, Trained
from pipeline.text.settings import CharacterSettings
from pipeline.training.settings import TrainingSettings, TruncationSettings
from pipeline.workspace import Workspace, read_json, write_json

if typing.TYPE_CHECKING:
    from pipeline.report.page import ReportContent
    from pipeline.text.characters import Characters
    from pipeline.training.fit import TrainingPlan

DEV = "dev.json"
"""The texts of dev as they were written: what is scored is their characters, not their units."""
EXAMPLES = {CONSTITUTION: "모든 국민은", "shakespeare": "ROMEO:"}
"""Corpus -> a beginning to try."""


@dataclasses.dataclass(frozen=True)
class AskingSettings:
    """What is said when the exported model is asked."""

    length: Annotated[int, Between(1, MAX_LENGTH)] = 200
    """Characters to write behind the prompt."""
    temperature: Annotated[float, AtLeast(0)] = 0.8
    """Below 1 what is probable is preferred, 0 writes nothing else; above 1 the improbable gets
    its chance."""
    seed: Annotated[int, AtLeast(0)] = 1
    """The same seed writes the same text."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the character language model."""

    corpus: TextCorpusSettings = TextCorpusSettings()
    text: CharacterSettings = CharacterSettings()
    model: LanguageModelSettings = LanguageModelSettings(embedding_dropout=0.2, state_dropout=0.5)
    training: TrainingSettings = TrainingSettings(
        epochs=10,
        min_steps=300,
        batch_size=32,
        learning_rate=4e-3,
        evaluations=10,
        patience=3,
    )
    truncation: TruncationSettings = TruncationSettings()
    generation: GenerationSettings = GenerationSettings()
    run: RunSettings = RunSettings()


# ---- corpora -> splits


def read_corpus(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_running_text(settings.corpus, workspace.raw)


# ---- text -> ids


def prepare(settings: Settings, splits: dict[str, pd.DataFrame], folder: Path) -> dict:
    from pipeline.text.characters import Characters
    from pipeline.text.vocabulary import UNK

    documents = {name: from_frame(frame) for name, frame in splits.items()}
    characters = Characters.learn(
        documents["train"][0], settings.text.alphabet, settings.text.min_frequency
    )
    characters.save(folder)
    notes: dict = {"pieces": len(characters.vocabulary)}
    for name, (texts, ends) in documents.items():
        rows = characters.encode_documents(texts, ends)
        rows.save(folder / f"{name}.npz")
        notes[f"{name}_units"] = len(rows.ids) - len(rows)
        notes[f"{name}_unknown"] = int(np.count_nonzero(rows.ids == UNK))
    texts, ends = documents["dev"]
    write_json(folder / DEV, {"texts": texts, "ends": ends})
    notes["summary"] = (
        f"{notes['pieces']:,} units ({settings.text.alphabet}), {notes['train_units']:,} in train, "
        f"{notes['dev_unknown'] / max(notes['dev_units'], 1):.2%} of dev unknown"
    )
    return notes


# ---- ids -> model -> weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    from pipeline.batches.text_streams import TextStreams
    from pipeline.tasks.charlm.dev_evaluation import CharacterLook
    from pipeline.text.ragged import Ragged
    from pipeline.training.fit import TrainingPlan
    from pipeline.training.losses import PieceCrossEntropy
    from pipeline.training.state_carrier import StateCarrier

    training = settings.training
    model, characters = build_model(settings, prepared_folder)
    train, dev = Ragged.load(prepared_folder / "train.npz"), read_json(prepared_folder / DEV)
    look = CharacterLook(model, characters, **dev, generate=_generate(settings, model))

    def batches(epoch: int) -> TextStreams:
        return TextStreams(
            train, training.batch_size, settings.truncation.window, seed=training.seed, epoch=epoch
        )

    return TrainingPlan(
        model=StateCarrier(model, training.batch_size),
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=look,
        monitor="log_probability",
        tokens=lambda inputs: inputs["ids"].size,
    )


def build_model(settings: Settings, prepared_folder: Path):
    """The untrained model for what lies in `prepared_folder`, and its alphabet."""
    from pipeline.models.language_model import language_model
    from pipeline.text.characters import Characters

    characters = Characters.load(prepared_folder)
    model = language_model(settings.model, vocabulary_size=len(characters.vocabulary))
    return model, characters


def trained_model(settings: Settings, trained: Trained):
    """The model of a finished run, and its alphabet."""
    model, characters = build_model(settings, trained.prepared_folder)
    model.load_weights(trained.run / "best.weights.h5")
    return model, characters


def _generate(settings: Settings, model):
    from pipeline.models.generate import Generate

    return Generate(model, **dataclasses.asdict(settings.generation))


# ---- evaluation


def held_out_splits(trained: Trained) -> list[str]:
    """The splits that taught the model nothing, each once: first the one whose figures are
    reported, which is dev where nothing was set aside for a test."""
    return list(dict.fromkeys([trained.corpus_notes["reported"], "dev"]))


def held_out(trained: Trained, split: str) -> tuple[list[str], list[bool]]:
    """The documents of a split as they were written, and whether each ends there."""
    return from_frame(read_split(trained.corpus_folder / f"{split}.tsv"))


def evaluate(settings: Settings, trained: Trained) -> tuple[dict, ReportContent]:
    from pipeline.models.generate import continue_texts
    from pipeline.report.surprise import bits_by_character, surprise_passage
    from pipeline.tasks.charlm.dev_evaluation import TEMPERATURES, prompt_of
    from pipeline.tasks.charlm.report import character_content, packed_bits

    model, characters = trained_model(settings, trained)
    measured = held_out_splits(trained)
    reported = measured[0]
    texts = {split: held_out(trained, split) for split in ("train", *measured)}
    costs = {split: _costs(model, characters, *texts[split]) for split in measured}
    scores = {split: found for split, (_, _, found) in costs.items()}
    bits = bits_by_character(*costs[reported][:2], texts[reported][0], characters)
    generate = _generate(settings, model)
    prompts, rests = halves(texts[reported][0])
    said = continue_texts(generate, characters, prompts, length=LENGTH, temperature=0)
    right = right_characters(said, prompts, rests)
    prompt = prompt_of(texts["dev"][0][0])
    samples = [
        (t, continue_texts(generate, characters, [prompt], length=500, temperature=t)[0])
        for t in TEMPERATURES
    ]
    found, packed = scores[reported], packed_bits(texts["train"][0], texts[reported][0])
    beside = f" (dev {scores['dev'].loss:.3f})" if reported == "test" else "; there is no test"
    metrics = {
        **found.to_json(),
        "reported": reported,
        "right_characters": right,
        "xz_bits_per_byte": packed,
        "dev": scores["dev"].to_json(),
        "summary": f"{found.bits_per_character:.3f} bits per character, {found.bits_per_byte:.3f} "
        f"per byte, loss {found.loss:.3f} on {found.characters:,} {reported} characters{beside}",
    }
    _log_to_tensorboard(settings, trained, metrics)
    content = character_content(
        scores,
        right,
        samples,
        prompt,
        packed,
        surprise_passage(texts[reported][0], bits),
        pd.read_csv(trained.run / "history.csv"),
        _run_info(settings, trained),
        trained.warnings,
        pd.read_csv(trained.run / "steps.csv"),
    )
    return metrics, content


def _run_info(settings: Settings, trained: Trained) -> dict:
    info = run_info(TASK, settings, trained, describe_language_model(settings.model))
    # What counts is how much text there is, not in how many documents.
    rows = trained.corpus_notes["rows"]
    facts = {name: fact for name, fact in info["corpus"].items() if name not in rows}
    lengths, measured = trained.corpus_notes["characters"], held_out_splits(trained)
    facts |= {f"characters of {split}": lengths[split] for split in ("train", *measured)}
    return {**info, "corpus": facts, "alphabet": settings.text.alphabet}


def _costs(model, characters: Characters, texts: list[str], ends: list[bool]):
    """Nats of each unit, the units, and the scores made of them."""
    from pipeline.evaluation.character_scores import score_characters
    from pipeline.models.unit_losses import UnitLosses, unit_losses
    from pipeline.text.characters import lengths_of

    rows = characters.encode_documents(texts, ends)
    nats = unit_losses(UnitLosses(model), rows)
    return nats, rows, score_characters(nats, rows, *lengths_of(texts, ends))


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: dict) -> None:
    from pipeline.training.tensorboard import TensorBoardLog

    step = trained.training["best_step"]
    shown = ("loss", "bits_per_character", "bits_per_byte", "right_characters")
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name in shown:
            log.scalar(f"test/{name}", metrics[name], step)
        log.hparams(
            {k: v for k, v in as_json(settings).items() if k != "run"},
            {"test_loss": metrics["loss"], "dev_loss": metrics["dev"]["loss"]},
        )


# ---- export and serving


def export(settings: Settings, trained: Trained, folder: Path) -> dict:
    from pipeline.export.text_generator import export_generator

    model, characters = trained_model(settings, trained)
    return export_generator(_generate(settings, model), characters, folder)


def load_predictor(
    folder: Path, asking: AskingSettings = AskingSettings()
) -> Callable[[list[str]], list[str]]:
    from pipeline.export.text_generator import load_generator

    generate = load_generator(folder)
    return lambda prompts: [
        on_one_line(text) for text in generate(prompts, **dataclasses.asdict(asking))
    ]


def _ask(test: pd.DataFrame) -> dict:
    prompts, _ = halves(from_frame(test)[0] if "label" in test else list(test["text"]))
    return {"prompt": prompts, "length": LENGTH, "temperature": 0.0, "seed": 1}


def _served_score(outputs: dict, test: pd.DataFrame) -> dict[str, float]:
    said = [text.decode("utf-8") for text in outputs["text"]]
    return {"right_characters": right_characters(said, *halves(from_frame(test)[0]))}


TASK = Task(
    name="charlm",
    summary="the beginning of a text in, a text out, character by character (your own texts, too)",
    settings=Settings,
    corpus_settings=("corpus",),
    prepare_settings=("text",),
    read_corpus=read_corpus,
    prepare=prepare,
    plan=plan,
    evaluate=evaluate,
    export=export,
    signature=Signature(
        name="serving_default",
        inputs={
            "prompt": ("string", "[n]", "beginnings of texts, UTF-8; empty begins a text"),
            "length": ("int32", "[]", "characters to write behind each"),
            "temperature": ("float32", "[]", "0: the most probable at each step; 1: as learnt"),
            "seed": ("int32", "[]", "the same seed writes the same texts"),
        },
        outputs={"text": ("string", "[n]", "each prompt and what the model goes on with")},
        ask=_ask,
        score=_served_score,
    ),
    load_predictor=load_predictor,
    example=EXAMPLES[CONSTITUTION],
    example_of=lambda settings: EXAMPLES.get(settings.corpus.corpus, EXAMPLES[CONSTITUTION]),
    target="generate",
    variable="PROMPT",
    asking=AskingSettings,
    writes_lines=True,
    lines_at_once=32,
    search_settings=("top_k", "top_p"),
    tiny=Settings(
        model=LanguageModelSettings(units=64, embedding_size=32),
        training=TrainingSettings(
            epochs=4, min_steps=1, batch_size=16, learning_rate=0.01, evaluations=2
        ),
        truncation=TruncationSettings(window=64),
    ),
)
