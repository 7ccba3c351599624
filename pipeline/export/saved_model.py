"""Writing and loading SavedModels, with errors that a person understands."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_text  # noqa: F401  (its ops must be registered before a graph with them loads)

from pipeline.errors import UserError
from pipeline.quiet import native_chatter_hidden


def write_saved_model(archive: keras.export.ExportArchive, folder: Path) -> str:
    """Writes what the archive holds into an empty folder; returns its size for people.

    Raises:
        OSError: ENOSPC where the disk is full, whatever TensorFlow calls it.
    """
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.ResourceExhaustedError as error:
        # What TensorFlow calls a full disk, in the terms that `atomic_folder` understands.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:.1f} MB"


def load_saved_model(folder: Path):
    """The SavedModel in `folder`.

    Raises:
        UserError: it is damaged.
    """
    with native_chatter_hidden():
        try:
            return tf.saved_model.load(str(folder))
        except Exception as error:  # a damaged file comes out as anything, IndexError included
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(
                f"cannot be loaded ({reason})",
                where=folder,
                remedy="export it again",
            ) from error
