"""Versions of Python and of the packages that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("keras", "tensorflow", "tensorflow-text", "tokenizers", "sentencepiece", "numpy")


def versions() -> dict[str, str]:
    """Name -> version, for the installed packages."""
    installed = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
