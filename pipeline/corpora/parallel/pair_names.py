"""Finds the sides of sentence pairs by the names of columns."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Literal

from pipeline.corpora.tables.table import column_names

Role = Literal["korean", "english", "source", "target", "reference"]

NAMES: dict[Role, tuple[str, ...]] = {
    "korean": ("ko", "kor", "korean", "kr", "ko-kr", "ko_kr", "한국어", "국문", "한글"),
    "english": ("en", "eng", "english", "en-us", "en_us", "en-gb", "en_gb", "영어", "영문"),
    "source": ("source", "src", "원문", "input"),
    "target": ("target", "tgt", "trg", "translation", "번역문", "번역", "output"),
    "reference": ("reference", "references", "ref", "refs", "최종번역문", "참조", "참조번역"),
}
"""Role of a column -> its names, in small letters and NFC."""
_AS_PART: dict[Role, frozenset[str]] = {
    "korean": frozenset(("ko", "kor", "korean", "kr", "한국어", "국문")),
    "english": frozenset(("en", "eng", "english", "영어", "영문")),
    "source": frozenset(("source", "src", "원문")),
    "target": frozenset(("target", "tgt", "trg", "번역문")),
    "reference": frozenset(("ref", "reference")),
}
"""Names that also count as a part of a longer name: ko_original, sentence_kor_Hang."""
_NO_SENTENCE = frozenset(
    (
        *("id", "ids", "lang", "language", "count", "length", "len", "score", "scores", "url"),
        *("file", "num", "no", "word", "words", "token", "tokens", "번호", "기계번역"),
        *("mt", "nmt", "machine", "google", "papago", "deepl", "gpt", "hyp", "hypothesis"),
        *("pred", "prediction"),
    )
)
"""A name with one of these parts is not that of a sentence written by a person."""
_NUMBERED = re.compile(r"(.+?)[\s_.-]*[0-9]{1,3}")
_PARTS = re.compile(r"[_.\-/()\[\]]+")


@dataclasses.dataclass(frozen=True)
class Named:
    """A column whose name tells its role.

    Attributes:
        column: its position, from 0.
        role: a key of NAMES.
        certainty: 2 if the name is one of NAMES, 1 if a number follows it (en2, ref1), 0 if it is
            a part of the name (ko_original).
    """

    column: int
    role: Role
    certainty: int


def named_columns(header: Sequence[str]) -> list[Named]:
    """The columns whose names tell their roles, in their order.

    Names are compared as `table.column_name` says; of `translation.ko` (nested JSON) the part
    behind the last dot is tried first.
    """
    roles = [(column, _role(name)) for column, name in enumerate(column_names(header))]
    return [Named(column, *role) for column, role in roles if role is not None]


def _role(name: str) -> tuple[Role, int] | None:
    last = name.rpartition(".")[2].strip()
    numbered = _NUMBERED.fullmatch(last)
    parts = set(_PARTS.split(name))
    for role, names in NAMES.items():
        if last in names:
            return role, 2
    for role, names in NAMES.items():
        if numbered and numbered[1] in names:
            return role, 1
    if " " not in name and not parts & _NO_SENTENCE:
        for role, part in _AS_PART.items():
            if parts & part:
                return role, 0
    return None
