"""Embeds a font with the Hangul of a page, for readers whose system has no such font."""

from __future__ import annotations

import base64
import functools
import io
import re

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from pipeline.report.nanum_font import nanum_folder

FAMILY = "Page Hangul"
"""Name of the font in CSS."""

_KOREAN = re.compile("[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")


def font_face(text: str) -> str:
    """A CSS rule `@font-face` with the Hangul and Hanja of `text` that NanumGothic has; empty if
    there is none.

    Example:
        >>> font_face("plain")
        ''
    """
    wanted = set(map(ord, _KOREAN.findall(text))) & _known()
    if not wanted:
        return ""
    font = base64.b64encode(_woff(frozenset(wanted))).decode("ascii")
    source = f"data:font/woff;base64,{font}"
    return f'@font-face {{ font-family: "{FAMILY}"; src: url({source}) format("woff"); }}'


def _font() -> TTFont:
    return TTFont(nanum_folder() / "NanumGothic.ttf", lazy=True)


@functools.cache
def _known() -> frozenset[int]:
    with _font() as font:
        return frozenset(font.getBestCmap())


@functools.lru_cache(maxsize=8)
def _woff(code_points: frozenset[int]) -> bytes:
    """NanumGothic with only these characters, as WOFF."""
    options = Options(hinting=False, layout_features=[])
    options.drop_tables += ["TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]  # sources of hints
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=code_points)
    with _font() as font:
        subsetter.subset(font)
        font.flavor = "woff"
        written = io.BytesIO()
        font.save(written, reorderTables=False)
    return written.getvalue()
