"""Reads translation memories (TMX 1.1 to 1.4) as a stream."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from pipeline.corpora.parallel.pairs import PairTexts, SentencePair, pair_id
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, decode

LANGUAGES = {
    **dict.fromkeys(("ko", "kor", "korean", "kr"), "ko"),
    **dict.fromkeys(("en", "eng", "english"), "en"),
}
"""The first part of an xml:lang, in lower case -> the side."""
# The content of these is formatting of a document, not its text.
_CODES = {"bpt", "ept", "it", "ph", "ut"}
_CHUNK = 1 << 20
# Characters that XML forbids, but some exports have.
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w.\-]+)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_SUPERSETS = {"euc_kr": "cp949", "ascii": "utf-8"}


def is_xml(head: bytes) -> bool:
    """Whether the first bytes of a file are those of XML, such as TMX."""
    begin = head.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    return begin.lower().startswith((b"<?xml", b"<tmx", b"<!doctype tmx"))


def read_tmx(file: IO[bytes], name: str, where: Path) -> PairTexts:
    """Reads a translation memory: the Korean and English segments of each unit are pairs.

    The language is in xml:lang or lang, with any region and case (ko-KR, KO, eng). The text inside
    inline markup is kept; formatting codes (bpt, ept, it, ph, ut) are removed. In a unit with
    several segments of a language each one is paired. A unit without both languages, or with a
    damaged character, is rejected.

    The file is parsed while it is read, so only the pairs take memory. A document type that
    defines entities is refused (they could expand to any size, or name other files), and no
    external one is loaded.

    Args:
        name: of the file, for the pairs.
        where: the file, for errors.

    Raises:
        UserError: no well-formed XML, no TMX, or no unit of it has both languages.
    """
    reader, first = _Reader(name, where), file.read(_CHUNK)
    codec = _codec(first, where)
    for text, is_last in _chunks(file, first, codec):
        reader.feed(text, is_last)
    texts = reader.texts
    if reader.spelled and not {"ko", "en"} <= set(map(_side, reader.spelled)):
        raise UserError(
            f"has no unit in Korean and English; its languages are {', '.join(reader.spelled)}",
            where=where,
            remedy='name them in xml:lang="ko" and xml:lang="en"',
        )
    spelled = ", ".join(reader.spelled)
    texts.details.update(format="TMX", languages=list(reader.spelled), encoding=codec)
    texts.details["read_as"] = f"{name}: TMX, {reader.units:,} units in {spelled or 'no language'}"
    return texts


class _Reader:
    """The state while a TMX is parsed."""

    def __init__(self, name: str, where: Path) -> None:
        self.name, self.where = name, where
        self.texts = PairTexts([])
        self.spelled: dict[str, None] = {}
        self.units = 0
        self._line = 1
        self._segments: dict[str, list[str]] = {}
        self._language: str | None = None
        self._text: list[str] | None = None
        self._codes = self._depth = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.UseForeignDTD(True)  # so that &nbsp; is no error, but skipped: see _keep_entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.SkippedEntityHandler = self._keep_entity
        parser.EntityDeclHandler = self._refuse_entities

    def feed(self, text: str, is_last: bool) -> None:
        try:
            self._parser.Parse(text.translate(_FORBIDDEN), is_last)
        except expat.ExpatError as error:
            raise UserError(
                f"line {error.lineno}: is no well-formed XML ({expat.ErrorString(error.code)})",
                where=self.where,
                remedy="export it again, or mend that line",
            ) from None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = _local(tag)
        self._depth += 1
        if self._depth == 1 and tag != "tmx":
            raise UserError(
                f"is XML, but no TMX (it begins with <{tag}>)",
                where=self.where,
                remedy="export it as TMX, or as a table ko, tab, en",
            )
        if tag == "tu":
            self.units += 1
            self._line, self._segments = self._parser.CurrentLineNumber, {}
        elif tag == "tuv":
            language = {name.casefold(): value for name, value in attributes.items()}
            self._language = language.get("xml:lang", language.get("lang", "")).strip()
            self.spelled.setdefault(self._language or "?")
        elif tag == "seg":
            self._text, self._codes = [], 0
        elif tag in _CODES:
            self._codes += 1

    def _end(self, tag: str) -> None:
        tag = _local(tag)
        self._depth -= 1
        if tag in _CODES:
            self._codes -= 1
        elif tag == "seg" and self._text is not None:
            side = _side(self._language or "")
            if side is not None:
                self._segments.setdefault(side, []).append("".join(self._text).strip())
            self._text = None
        elif tag == "tu":
            self._end_unit()

    def _add(self, text: str) -> None:
        if self._text is not None and not self._codes:
            self._text.append(text)

    def _keep_entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._add(f"&{name};")

    def _refuse_entities(self, *declaration: object) -> None:
        raise UserError(
            f"line {self._parser.CurrentLineNumber}: defines an entity, which is not read",
            where=self.where,
            remedy="remove its <!ENTITY …>, and write its content in the text",
        )

    def _end_unit(self) -> None:
        written = "\t".join(text for texts in self._segments.values() for text in texts)
        for side, language in (("ko", "Korean"), ("en", "English")):
            if side not in self._segments:
                reason = f"no {language} segment"
                self.texts.reject_unpaired(self.name, self._line, reason, written)
                return
        if "\ufffd" in written:
            self.texts.reject_unpaired(self.name, self._line, DAMAGED, written)
            return
        for ko in self._segments["ko"]:
            for en in self._segments["en"]:
                self.texts.pairs.append(
                    SentencePair(ko, en, pair_id(ko, en), self._line, self.name)
                )


def _side(language: str) -> str | None:
    return LANGUAGES.get(re.split("[-_]", language)[0].casefold())


def _local(tag: str) -> str:
    return tag.rpartition(":")[2].casefold()


def _chunks(file: IO[bytes], chunk: bytes, codec: str) -> Iterator[tuple[str, bool]]:
    """The text in chunks of about a megabyte, and whether each is the last; U+FFFD for damage."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    while chunk:
        yield decoder.decode(chunk), False
        chunk = file.read(_CHUNK)
    yield decoder.decode(b"", final=True), True


def _codec(head: bytes, where: Path) -> str:
    """The codec of a file by its beginning: by the byte order mark, else UTF-8 if it is valid, else
    the declared one, else the one that `decode` finds."""
    for bom, codec in _BOMS:
        if head.startswith(bom):
            return codec
    whole = head[: head.rfind(b">") + 1]  # no character is cut in two
    declared = _DECLARED.match(head.lstrip())
    for name in ("utf-8", *([declared[1].decode("ascii")] if declared else [])):
        try:
            codec = _SUPERSETS.get(codecs.lookup(name).name, name)
            whole.decode(codec)
        except (LookupError, ValueError):
            continue
        if not codec.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
            return codec
    return "cp949" if decode(whole, where)[1] == "CP949" else "utf-8"
