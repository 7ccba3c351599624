"""Tells the language of a caption."""

from __future__ import annotations

import re

LANGUAGES = {"ko": "Korean · 한국어", "en": "English · 영어"}
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def language_of(caption: str) -> str:
    """ "ko" for a caption with Hangul, "en" for any other."""
    return "ko" if _HANGUL.search(caption) else "en"
