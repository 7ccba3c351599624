"""Hangul in plots of matplotlib, without fonts of the system."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from pipeline.report.nanum_font import nanum_folder

FAMILIES = ("NanumGothic", "DejaVu Sans")
MISSING = "□"


@functools.cache
def _register() -> frozenset[int]:
    """Registers the fonts with matplotlib, once; returns the code points they can draw."""
    folder = nanum_folder()
    nanum = [folder / "NanumGothic.ttf", folder / "NanumGothicBold.ttf"]
    for path, weight in zip(nanum, (400, 700), strict=True):
        font_manager.fontManager.addfont(path)
        # the bold file has the weight 600, and matplotlib logs a warning whenever 700 is wanted
        entry = font_manager.fontManager.ttflist.pop()
        font_manager.fontManager.ttflist.append(dataclasses.replace(entry, weight=weight))
    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return frozenset().union(*(FT2Font(str(path)).get_charmap() for path in (nanum[0], dejavu)))


@contextlib.contextmanager
def hangul_fonts() -> Iterator[None]:
    """Within this block matplotlib draws Korean; afterwards its settings are restored.

    Text is drawn literally (a `$` in a class name starts no formula). Like every change of
    `rcParams` it applies to the whole process, so it is not thread-safe.

    Raises:
        UserError: the package with the font is not installed.
    """
    _register()
    settings = {"font.family": list(FAMILIES), "text.parse_math": False}
    with matplotlib.rc_context(settings):
        yield


def drawable(text: str, max_length: int | None = None) -> str:
    """Converts `text` to what the fonts can draw: one line, composed, `□` for missing characters.

    Emoji joiners and variation selectors are dropped, since they draw nothing by themselves.

    Args:
        text: anything, for example a class name from a user's file.
        max_length: longer texts are shortened to so many characters, the last one `…`.
    """
    known = _register()
    one_line = " ".join(unicodedata.normalize("NFC", text).split())
    drawn = "".join(
        character if ord(character) in known else MISSING
        for character in one_line
        if unicodedata.category(character) not in ("Cf", "Cc")
        and not unicodedata.name(character, "").startswith("VARIATION SELECTOR")
    )
    return (
        drawn[: max_length - 1] + "…"
        if max_length is not None and len(drawn) > max_length
        else drawn
    )
