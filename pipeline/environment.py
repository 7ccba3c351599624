"""What users have set for other programs, and what would change what ours does."""

from __future__ import annotations

import importlib.util
import os
import sys

from pipeline.errors import UserError
from pipeline.readable import readable

_FOREIGN = (
    # makes tf.keras another package, and Keras 3 fail on its first import
    "TF_USE_LEGACY_KERAS",
    # an implementation that the installed protobuf may not have, or a slow one
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION",
    # notebooks set one that only they have; pictures are drawn without any
    "MPLBACKEND",
)
_LIBRARIES = ("tensorflow", "keras", "h5py", "tensorboard", "matplotlib")


def start_python_anew() -> None:
    """Starts this process anew where Python was set up in a way that does not do.

    In UTF-8 mode where the locale has no Hangul, so that names of files and texts on the command
    line are read as what they are; and without PYTHONOPTIMIZE=2, which takes away docstrings that
    tensorflow_text works with.
    """
    mode = [] if "utf8" in sys._xoptions or _reads_hangul() else ["-X", "utf8"]
    stripped = sys.flags.optimize > 1 and os.environ.pop("PYTHONOPTIMIZE", None)
    if sys.executable and (mode or stripped):
        os.execv(sys.executable, [sys.executable, *mode, *sys.orig_argv[1:]])


def _reads_hangul() -> bool:
    try:
        "한".encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False
    return True


def forget_foreign_settings() -> None:
    """Takes out of the environment what changes the libraries behind our back.

    Keras reads and writes ~/.keras/keras.json, or what is in $KERAS_HOME, for instance another
    floatx: it is given a home where no file can be. What says how to compute (threads, devices,
    determinism, XLA) is the user's and stays.
    """
    for name in list(os.environ):
        if name in _FOREIGN or (name.startswith("KERAS_") and name != "KERAS_BACKEND"):
            del os.environ[name]
    os.environ["KERAS_HOME"] = os.devnull


def check_libraries() -> None:
    """Refuses a file that Python would import in the place of a library.

    Raises:
        UserError: there is one, in PYTHONPATH or in the working folder.
    """
    for name in _LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is None:
            raise UserError(
                f"is imported in the place of the library {name}",
                where=spec.origin,
                remedy="rename it, or take its folder out of PYTHONPATH",
            )


def check_folder() -> None:
    """Refuses to work in a folder whose name TensorFlow cannot be given.

    Raises:
        UserError: its name, or that of a folder above it, is not UTF-8.
    """
    folder = os.getcwd()
    if readable(folder) != folder:
        raise UserError("its name is not UTF-8", where=folder, remedy="rename this folder")
