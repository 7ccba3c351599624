"""NanumGothic in a form that browsers accept."""

from __future__ import annotations

import functools
import io

from fontTools.ttLib import TTFont

from pipeline.errors import UserError
from pipeline.report.nanum_font import nanum_folder
from pipeline.serving.request_error import RequestError

FONTS = ("NanumGothic.ttf", "NanumGothicBold.ttf")


@functools.cache
def web_font(name: str) -> bytes:
    """The font without the tables TSI0 to TSI5, the sources of its hints: Chromium and Firefox
    refuse a font in which one of them is empty.

    Args:
        name: one of `FONTS`.

    Raises:
        RequestError: 404, there is no such font, or it is not installed.
    """
    if name not in FONTS:
        raise RequestError(404, f"there is no font {name[:100]}")
    try:
        font = TTFont(nanum_folder() / name, lazy=True)
    except UserError as error:
        raise RequestError(404, str(error)) from None
    with font:
        for table in [table for table in font.keys() if table.startswith("TSI")]:  # noqa: SIM118
            del font[table]
        written = io.BytesIO()
        font.save(written, reorderTables=False)
    return written.getvalue()
