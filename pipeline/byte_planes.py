"""Weights that come with the project: arrays of float16 as planes of bytes in an .npz.

All low bytes of an array stand together, then all high ones: these are alike and pack to less. A
third plane, where there is one, says in 256ths of the distance to the next float16 how much a
number is away from the float16 of the other two: 19 significant bits instead of 11.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.errors import UserError
from pipeline.workspace import atomic_file


def write_planes(path: Path, arrays: Mapping[str, np.ndarray], planes: Literal[2, 3] = 2) -> None:
    """Writes arrays, atomically.

    Args:
        arrays: name -> float.
        planes: 2 for float16, 3 with what that loses.

    Raises:
        UserError: a number is beyond the range of float16, or is none.
    """
    with np.errstate(over="ignore"):  # said below
        halves = {name: np.asarray(array, np.float16) for name, array in arrays.items()}
    for name, half in halves.items():
        if not np.isfinite(half).all():
            raise UserError(f"{name} is beyond the range of float16", where=path.parent)
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        apart = {name: _apart(arrays[name], half, planes) for name, half in halves.items()}
        np.savez_compressed(file, **apart)


def read_planes(path: Path, remedy: str) -> dict[str, np.ndarray]:
    """What `write_planes` wrote, float32 by name.

    Raises:
        UserError: it cannot be read; with this remedy.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: _together(stored[name]) for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"cannot be read ({error})", where=path, remedy=remedy) from error


def _apart(array: np.ndarray, half: np.ndarray, planes: int) -> np.ndarray:
    """float [...] and the same as float16 [...] -> uint8 [planes, ...]: low, high, rest."""
    bits = half.view(np.uint16)
    bytes_of = [bits & 0xFF, bits >> 8]
    if planes == 3:
        away = (np.asarray(array, np.float64) - half) / _spacing(half)
        bytes_of.append(np.clip(np.rint(away * 256), -128, 127) + 128)
    return np.stack(bytes_of).astype(np.uint8)


def _together(planes: np.ndarray) -> np.ndarray:
    """What `_apart` was given, as float32."""
    low, high = planes[:2].astype(np.uint16)
    half = (low | high << 8).view(np.float16)
    if len(planes) == 2:
        return half.astype(np.float32)
    away = (planes[2].astype(np.float64) - 128) / 256
    return (half + away * _spacing(half)).astype(np.float32)


def _spacing(half: np.ndarray) -> np.ndarray:
    """Distance of each float16 to the next one away from zero, float64."""
    return np.spacing(np.abs(half)).astype(np.float64)
