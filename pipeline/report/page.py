"""The content of any report, and its HTML file.

Every string is escaped when it is written; HTML has the type `Markup`, as
`pipeline.report.document` makes it from a template. The file needs no other file: pictures, style
and the Hangul of its text are inside it, and its content security policy forbids anything else.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import functools
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from pipeline.readable import readable
from pipeline.report.page_font import font_face
from pipeline.workspace import write_text

_FONT = "/* the font of the page */"  # in report.css
_FOLDER = Path(__file__).resolve().parent
_PIXELS_PER_CSS_PIXEL = 1.7  # figures.to_png draws 170 pixels an inch, a page shows 100


@dataclasses.dataclass(frozen=True)
class MarkedSpan:
    """A span of text that is marked, for example an entity.

    Attributes:
        text: of the span.
        label: small print behind it; empty for none.
        tone: one of the eight colours, 0 to 7; None: not marked.
    """

    text: str
    label: str = ""
    tone: int | None = None


@dataclasses.dataclass(frozen=True)
class ReportPicture:
    """A PNG file with alternative text and a caption."""

    png: bytes
    alt: str
    caption: str = ""

    @property
    def data(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def width(self) -> int:
        """CSS pixels at full size; PNG, third edition, 11.2.1: width is at byte 16."""
        return round(struct.unpack(">I", self.png[16:20])[0] / _PIXELS_PER_CSS_PIXEL)


@dataclasses.dataclass(frozen=True)
class Link:
    """A link to another page: its title, and its file beside this one."""

    text: str
    file: str


@dataclasses.dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes:
        title: English, with the Korean term beside it, as "Confusion matrix · 혼동 행렬".
        body: HTML of its content.
    """

    title: str
    body: Markup


@dataclasses.dataclass(frozen=True)
class ReportContent:
    """The content of a report.

    Attributes:
        title, subtitle: one line each.
        warnings: sentences that must not be missed; they are shown first.
        opening: HTML before the first section.
        sections: all others.
        pictures: those in `opening` and `sections`.
        links: pages before and after it, shown at both ends.
        written: a line for the footer; empty: the current time.
    """

    title: str
    subtitle: str
    warnings: Sequence[str] = ()
    opening: Markup = Markup()
    sections: Sequence[Section] = ()
    pictures: Sequence[ReportPicture] = ()
    links: Sequence[Link] = ()
    written: str = ""


def render(content: ReportContent) -> str:
    """The report as one HTML document."""
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    template = templates().get_template("report.html.j2")
    html = template.render(
        content=content,
        written=content.written or f"Written {now}",
        anchors=[f"section-{number}" for number in range(1, len(content.sections) + 1)],
    )
    return with_font(html)


def with_font(html: str, more: str = "") -> str:
    """Puts the font with the Hangul of a page into its style, which is report.css.

    Args:
        html: the page.
        more: text that a script will show.
    """
    return html.replace(_FONT, font_face(html + more), 1)


def component(name: str, *arguments: object) -> Markup:
    """The HTML of one part of a page, by a macro of components.html.j2."""
    return getattr(templates().get_template("components.html.j2").module, name)(*arguments)


@functools.cache
def templates(*folders: Path) -> jinja2.Environment:
    """The templates of this folder and of `folders`; all text is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, _FOLDER]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_report(path: Path, content: ReportContent) -> None:
    """Writes the report atomically.

    Raises:
        UserError: it cannot be written there.
    """
    write_text(path, render(content))


def _visible(value: object) -> object:
    """Replaces characters of a text that HTML must not contain or that would be invisible."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _BIDI_CONTROLS.sub("", _INVISIBLE.sub("\ufffd", readable(value)))


# Control characters, and the marks of `pipeline.report.document`.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000\ue001\ufffe\uffff]")
# These would turn the rest of the page to right to left.
_BIDI_CONTROLS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
