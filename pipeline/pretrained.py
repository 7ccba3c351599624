"""Pretrained encoders that other models start from: files and facts.

A folder with `encoder.json` (what it is), `encoder.npz` (its weights, float16), and the tokenizer
that they belong to. Each export of the task `encoder` has one as `assets.extra`; those that come
with the project lie in data/pretrained. Nothing in it can run.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.byte_planes import read_planes, write_planes
from pipeline.errors import UserError
from pipeline.records import as_json, from_json
from pipeline.workspace import (
    SAMPLES,
    atomic_file,
    is_what_was_written,
    read_json,
    sha256,
    write_record,
)

SHIPPED = SAMPLES.parent / "pretrained"
ENCODER = "encoder"
"""Name of its folder among what a model that starts from it was prepared with."""
RECORD = "encoder.json"
WEIGHTS = "encoder.npz"
TOKENIZER = ("vocab.txt", "tokenizer.json")
NONE, BUNDLED = "none", "bundled"
_REMEDY = "export it again with make pretrain, or get data/pretrained anew"


@dataclasses.dataclass(frozen=True)
class PretrainedEncoder:
    """The facts about a pretrained encoder in a folder.

    Attributes:
        architecture: as of `pipeline.models.settings.EncoderSettings`.
        units, embedding_size, ngrams, max_ngrams: likewise.
        pieces: kind of its tokenizer.
        vocabulary_size: pieces of it.
        trained_on: title of the corpus.
        licence: of the corpus.
        loss: nats per piece on text that it did not learn from.
        files: name -> sha256, of the weights and the tokenizer.
    """

    architecture: str
    units: int
    embedding_size: int
    ngrams: str
    max_ngrams: int
    pieces: str
    vocabulary_size: int
    trained_on: str
    licence: str
    loss: float
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


def write_pretrained(
    folder: Path, encoder: PretrainedEncoder, arrays: Mapping[str, np.ndarray]
) -> None:
    """Writes weights and record beside the tokenizer, which lies in `folder` already.

    Args:
        arrays: name -> float; written as float16.
    """
    write_planes(folder / WEIGHTS, arrays)
    files = {name: sha256(folder / name) for name in (WEIGHTS, *TOKENIZER)}
    write_record(folder / RECORD, as_json(dataclasses.replace(encoder, files=files)))


def read_pretrained(folder: Path) -> PretrainedEncoder:
    """Reads the facts about the encoder in `folder`, and checks its files.

    Raises:
        UserError: a file is absent, damaged or was changed.
    """
    values = read_json(folder / RECORD)
    encoder = from_json(
        PretrainedEncoder,
        {k: v for k, v in values.items() if k in _FIELDS},
        where=folder / RECORD,
    )
    for name in (WEIGHTS, *TOKENIZER):
        if not is_what_was_written(folder / name, encoder.files.get(name, "")):
            state = "is not what was written" if (folder / name).exists() else "is gone"
            raise UserError(state, where=folder / name, remedy=_REMEDY)
    return encoder


_FIELDS = {field.name for field in dataclasses.fields(PretrainedEncoder)}


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """The weights in `folder`, float32 by name.

    Raises:
        UserError: they cannot be read.
    """
    return read_planes(folder / WEIGHTS, _REMEDY)


def shipped() -> Sequence[str]:
    """The names of the encoders that come with the project."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{RECORD}"))


def copy_encoder(source: Path, target: Path) -> None:
    """Copies the files that a model needs to start from the encoder in `source`."""
    target.mkdir(parents=True, exist_ok=True)
    for path in encoder_files(source):
        with atomic_file(target / path.name) as temporary:
            shutil.copyfile(path, temporary)


def encoder_files(folder: Path) -> list[Path]:
    """The files that a model needs to start from the encoder in `folder`."""
    return [folder / name for name in (RECORD, WEIGHTS, *TOKENIZER)]


def origin_of_encoder(prepared_folder: Path) -> dict[str, str]:
    """What a model started from that was prepared there, for people; nothing where it started from
    nothing.

    Raises:
        UserError: a file of the encoder is absent, damaged or was changed.
    """
    encoder = encoder_behind(prepared_folder)
    if encoder is None:
        return {}
    return {"starts from an encoder of": encoder.trained_on, "licence of that": encoder.licence}


def encoder_behind(prepared_folder: Path) -> PretrainedEncoder | None:
    """The encoder that a prepared model starts from; None if there is none.

    Raises:
        UserError: a file of the encoder is absent, damaged or was changed.
    """
    folder = prepared_folder / ENCODER
    return read_pretrained(folder) if folder.exists() else None


def check_decided_by_encoder(settings: object, names: Sequence[str]) -> None:
    """Refuses settings without effect for a model that uses the pieces of an encoder.

    Args:
        settings: a group of them, whose fields all have defaults.
        names: fields that must be as they are by default.

    Raises:
        UserError: one is not.
    """
    usual = type(settings)()
    for name in names:
        if getattr(settings, name) != getattr(usual, name):
            raise UserError(
                f"--{name.replace('_', '-')} plays no part with a pretrained encoder, whose "
                "pieces are taken over",
                where="command line",
                remedy=f"leave it out, or use --encoder {NONE}",
            )


def check_encoder_fits(folder: Path, expected: Mapping[str, object]) -> None:
    """Refuses an encoder that does not fit the settings of a model.

    Args:
        folder: of the encoder.
        expected: name of a setting, which is one of its facts -> value.

    Raises:
        UserError: it is a Transformer, or was made with another value.
    """
    encoder = read_pretrained(folder)
    nothing = f"or --encoder {NONE}"
    if encoder.architecture != "recurrent":
        raise UserError(
            f"is a {encoder.architecture}, and models start from recurrent ones",
            where=folder,
            remedy=f"use another one, {nothing}",
        )
    for name, value in expected.items():
        if (own := getattr(encoder, name)) != value:
            option = f"--{name.replace('_', '-')}"
            raise UserError(
                f"the encoder was made with {option} {own}, not {value}",
                where=folder,
                remedy=f"use {option} {own}, {nothing}",
            )
