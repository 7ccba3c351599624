"""Finds the font NanumGothic (SIL Open Font License 1.1), which has Hangul.

It comes inside the wheel `koreanize-matplotlib`. Importing that package changes matplotlib's
settings for the whole process and needs `distutils`, which Python 3.12 no longer has, so only its
font files are used and it is never imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import UserError


def nanum_folder() -> Path:
    """The folder with NanumGothic.ttf and NanumGothicBold.ttf.

    Raises:
        UserError: it is not installed.
    """
    spec = find_spec("koreanize_matplotlib")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        if (Path(folder) / "fonts" / "NanumGothic.ttf").is_file():
            return Path(folder) / "fonts"
    raise UserError(
        "the Korean font NanumGothic is not installed",
        remedy="pip install --no-deps koreanize-matplotlib==0.1.1",
    )
