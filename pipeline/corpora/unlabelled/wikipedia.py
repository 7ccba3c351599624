"""Reads the articles of a dump of a wiki (MediaWiki's XML) as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from pipeline.corpora.unlabelled.wiki_markup import paragraphs
from pipeline.errors import UserError

_DUMP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<mediawiki\b")


def is_dump(head: bytes) -> bool:
    """Whether a file begins as a dump does."""
    return _DUMP.match(head) is not None


def articles(stream: Iterable[bytes], where: Path) -> Iterator[list[str]]:
    """The paragraphs of each article that has some: pages of namespace 0 that are no redirects, in
    their last revision.

    Only one page at a time is in memory.

    Args:
        where: the file, for errors.

    Raises:
        UserError: the file is not well-formed, or ends early.
    """
    parser = ElementTree.XMLPullParser(["start", "end"])
    root: ElementTree.Element | None = None
    try:
        for block in stream:
            parser.feed(block)
            for event, element in parser.read_events():
                if root is None:
                    root = element
                elif event == "end" and _local(element.tag) == "page":
                    if found := paragraphs(_markup(element)):
                        yield found
                    root.clear()
        parser.close()
    except ElementTree.ParseError as error:
        raise UserError(
            f"is no well-formed XML ({error})", where=where, remedy="download it again"
        ) from None


def _markup(page: ElementTree.Element) -> str:
    """The markup of an article; "" for any other page."""
    parts = {_local(part.tag): part for part in page}  # the last of several revisions
    namespace, revision = parts.get("ns"), parts.get("revision")
    if "redirect" in parts or revision is None or (namespace is not None and namespace.text != "0"):
        return ""
    content = {_local(part.tag): part.text or "" for part in revision}
    return content.get("text", "") if content.get("model", "wikitext") == "wikitext" else ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
