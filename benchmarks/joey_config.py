"""Converts the settings of a run to a configuration of Joey NMT, for benchmarks/joey_nmt.py.

Taken from our run: the shape (architecture, cell, layers, widths, heads, attention, tied softmax),
the dropouts, label smoothing, rows a batch, epochs, seed, subword sampling, beam and the power of
its length penalty, which is ours ((5 + length) / 6) ** alpha. Optimizer, learning rate, schedule,
initialisation and input feeding are Joey's, from the configurations it publishes for small corpora
(`RECIPES`). It is evaluated on dev after every epoch; greedy dev BLEU chooses the weights and
controls the schedule.

Differences that cannot be avoided:

- Our encoder and decoder add each layer's input to its output and start the decoder from the last
  states of all encoder layers; Joey's stacks are plain and start from the topmost.
- Our dropout before the softmax is after the tanh of the readout, Joey's before it.
- Joey's batches have a fixed number of sentences in random order; ours have the same number on
  average, but of similar length, and nearly equal numbers of tokens.
- In all published configurations Joey feeds its readout into the next step; ours does so only if
  set (`--change model.decoder.input_feeding=false` turns it off in Joey, too).
- A translation of ours ends after 1.5 pieces for each of its source and ten, Joey's after 100.
- Joey has no moving average of the weights.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
from pipeline.tasks.translation.settings import Settings
from pipeline.text.vocabulary import SPECIALS

MAX_OUTPUT_LENGTH = 100
"""Largest number of pieces of a translation; Joey's configurations for IWSLT have 80 to 150."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A published configuration of Joey NMT (github.com/joeynmt/joeynmt, configs/<name>.yaml).

    Attributes:
        architecture: of ours that corresponds to it.
        training, model, decoder: entries of these sections.
    """

    architecture: str
    training: dict
    model: dict
    decoder: dict = dataclasses.field(default_factory=dict)


RECIPES = {
    "iwslt_envi_xnmt": Recipe(
        "attention",
        {
            "optimizer": "adam",
            "adam_betas": [0.9, 0.999],
            "learning_rate": 0.001,
            "scheduling": "plateau",
            "patience": 1,
            "decrease_factor": 0.5,
            "clip_grad_norm": 1.0,
            "normalization": "batch",
        },
        {"embed_initializer": "normal", "embed_init_weight": 0.1},
        {"input_feeding": True},
    ),
    "transformer_iwslt14_deen_bpe": Recipe(
        "transformer",
        {
            "optimizer": "adam",
            "adam_betas": [0.9, 0.999],
            "learning_rate": 0.0003,
            "scheduling": "plateau",
            "patience": 5,
            "decrease_factor": 0.7,
            "normalization": "tokens",
        },
        {"embed_initializer": "xavier_uniform", "embed_init_gain": 1.0},
    ),
    "transformer_small": Recipe(
        "transformer",
        {
            "optimizer": "adam",
            "adam_betas": [0.9, 0.98],
            "learning_rate": 0.001,
            "scheduling": "noam",
            "learning_rate_factor": 0.5,
            "learning_rate_warmup": 1000,
            "normalization": "batch",
        },
        {"embed_initializer": "xavier_uniform", "embed_init_gain": 1.0},
    ),
}
"""The first for an architecture is the default.

Their smallest learning rate, at which a training ends, is left out, so that all have the same
number of epochs.
"""


def recipes_for(architecture: str) -> list[str]:
    """Names of `RECIPES` for an architecture; the first one is the default.

    Raises:
        UserError: Joey has no such model.
    """
    found = [name for name, recipe in RECIPES.items() if recipe.architecture == architecture]
    if not found:
        raise UserError(
            f"Joey NMT has nothing like --architecture {architecture}",
            remedy="compare runs of attention or transformer",
        )
    return found


def epochs_of(settings: Settings, rows: int) -> int:
    """Largest number of epochs of our run, without early stopping."""
    steps = steps_per_epoch(settings, rows)
    return max(settings.training.epochs, math.ceil(settings.training.min_steps / steps))


def steps_per_epoch(settings: Settings, rows: int) -> int:
    return math.ceil(rows / settings.training.batch_size)


def joey_config(
    settings: Settings,
    recipe: str,
    pieces: Path,
    rows: int,
    *,
    epochs: int | None = None,
    changes: Sequence[str] = (),
) -> dict:
    """Joey's configuration, with a section `driver` for benchmarks/joey_driver.py.

    Args:
        settings: of our run.
        recipe: a name of `RECIPES`.
        pieces: folder that `benchmarks.joey_pieces.write_pieces` wrote.
        rows: number of pairs of train.
        epochs: number of epochs; None: that of our run.
        changes: `section.key=value` (value in JSON), set last.

    Raises:
        UserError: Joey has no such model, or the recipe is for another.
    """
    training, search = settings.training, settings.search
    if recipe not in recipes_for(settings.model.architecture):
        raise UserError(
            f"{recipe!r} is no recipe for {settings.model.architecture}",
            where="--recipe",
            remedy=f"use {' or '.join(recipes_for(settings.model.architecture))}",
        )
    sampling = settings.subwords.subword_sampling
    steps = steps_per_epoch(settings, rows)
    chosen = RECIPES[recipe]
    config = {
        "name": recipe,
        "joeynmt_version": "2.3.0",
        "use_cuda": False,
        "random_seed": training.seed,
        "data": {
            "train": str(pieces / ("text" if sampling else "train")),
            "dev": str(pieces / "dev"),
            "dataset_type": "plain",
            "src": _side("source", pieces),
            "trg": _side("target", pieces),
            # Joey needs [UNK] as id 0 and [PAD] as id 1; all other ids are ours.
            "special_symbols": {
                f"{name}_{what}": value
                for name, id_, token in zip(
                    ("pad", "unk", "bos", "eos"), (1, 0, 2, 3), SPECIALS, strict=True
                )
                for what, value in (("id", id_), ("token", token))
            },
        },
        "testing": {
            "beam_size": search.beam_size,
            "beam_alpha": search.alpha,
            "batch_size": 64,
            "batch_type": "sentence",
            "max_output_length": MAX_OUTPUT_LENGTH,
            "generate_unk": False,
            "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {
                "tokenize": TARGET_TOKENIZERS[settings.corpus.direction.split("-")[1]]
            },
        },
        "training": {
            **chosen.training,
            "learning_rate_min": 1e-9,
            "label_smoothing": training.label_smoothing,
            "weight_decay": 0.0,
            "batch_size": training.batch_size,
            "batch_type": "sentence",
            "epochs": epochs or epochs_of(settings, rows),
            "validation_freq": steps,
            "logging_freq": steps,
            "early_stopping_metric": "bleu",
            "shuffle": True,
            "print_valid_sents": [],
        },
        "model": {
            "initializer": "xavier_uniform",
            "bias_initializer": "zeros",
            **chosen.model,
            **_model(settings),
        },
        "driver": {
            "attention_dropout": settings.model.attention_dropout,
            "sampling": sampling,
            "max_length": settings.text.max_length - 2,
        },
    }
    config["model"]["decoder"] |= chosen.decoder
    for change in changes:
        _change(config, change)
    return config


def _side(side: str, pieces: Path) -> dict:
    return {
        "lang": side,
        "level": "word",
        "voc_file": str(pieces / f"vocabulary.{side}"),
        "model": str(pieces / f"{side}.model"),
    }


def _model(settings: Settings) -> dict:
    """The section `model` without the entries of a recipe."""
    model = settings.model
    transformer = model.architecture == "transformer"
    width = model.units if transformer else model.embedding_size
    # Joey can tie embeddings and softmax only if the decoder has the same width.
    config: dict = {
        "tied_softmax": model.tied_softmax and width == model.units,
        "tied_embeddings": settings.text.joint,
    }
    if transformer:
        shape = {
            "type": "transformer",
            "num_heads": model.heads,
            "ff_size": model.feed_forward,
            "layer_norm": "pre",
        }
        sizes, decoder = (model.units, model.units), {}
    else:
        attentions = {"additive": "bahdanau", "general": "luong"}
        if model.cell not in ("lstm", "gru") or model.attention not in attentions:
            raise UserError(
                f"Joey NMT has no {model.cell} with {model.attention} attention",
                remedy="compare runs of lstm or gru with additive or general attention",
            )
        shape = {"type": "recurrent", "rnn_type": model.cell}
        sizes = (model.units // 2, model.units)  # the encoder's, for each direction
        decoder = {
            "attention": attentions[model.attention],
            "hidden_dropout": model.state_dropout,
            "init_hidden": "bridge",
        }
    for part, size in zip(("encoder", "decoder"), sizes, strict=True):
        config[part] = {
            **shape,
            "num_layers": model.layers,
            "hidden_size": size,
            "dropout": model.state_dropout,
            "embeddings": {
                "embedding_dim": width,
                "scale": transformer,
                "dropout": model.embedding_dropout,
            },
        }
    config["decoder"] |= decoder
    return config


def _change(config: dict, change: str) -> None:
    path, _, value = change.partition("=")
    *sections, key = path.split(".")
    try:
        for section in sections:
            config = config[section]
        config[key] = json.loads(value)
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{change!r} is not section.key=value",
            where="--change",
            remedy="for instance model.decoder.input_feeding=false",
        ) from None
