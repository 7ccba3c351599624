"""Makes a page from a template: Markdown, into which Jinja puts numbers, tables and pictures.

The text is in `*.md.j2` files beside the code that measures; the code passes numbers and plots.
A template looks like this:

    # Title · 제목

    A paragraph below the title.

    {% call card("Accuracy · 정확도", metrics.accuracy | percent) %}
    {{ metrics.correct | count }} of {{ metrics.count | count }} right.
    {% endcall %}

    ## A section · 단락

    The gradient $\\partial L / \\partial W$ is …

    {{ picture(plots.curve, alt="What it shows.", caption="A line below it.") }}

    {.prose caption="Mistakes"}
    | text · 문장 | probability · 확률 |
    |---|---:|
    {% for mistake in metrics.mistakes %}
    | {{ mistake.text }} | {{ mistake.probability | percent }} |
    {% endfor %}

Formulas are LaTeX and become MathML: `$…$` in a line, `$$…$$` in a paragraph of its own. In a
table `---:` aligns a column of numbers to the right. `{.prose}` makes it a table of sentences,
whose rows become small cards on a phone; `{.compact}` one of names and values. A section without
content is left out.

A line of a table that ends in a loop needs `{% endfor +%}`, which keeps the line's end. Macros and
`{% set %}` blocks with `{{ … }}` inside do not work.

`{{ … }}` inserts plain text, in which neither Markdown nor HTML has a meaning. A float needs a
filter that formats it (`pipeline.report.filters`).
"""

from __future__ import annotations

import html
import numbers
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.attrs import attrs_block_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

import pipeline.tasks
from pipeline.report.figures import to_png
from pipeline.report.filters import FILTERS, Markdown
from pipeline.report.page import MarkedSpan, ReportContent, ReportPicture, Section, component
from pipeline.report.passage import LEVELS, Passage

TEMPLATES = Path(__file__).resolve().parent.parent
"""The folder to which names of templates are relative: `tasks/sentiment/report.md.j2`. Templates of
tasks in another folder (those of tests) are relative to the parent of that folder."""

_MARK = re.compile("\ue000([0-9]+)\ue001")
_MARKS_ALONE = re.compile("(\ue000[0-9]+\ue001\\s*)+")
_BEFORE_A_MARK = re.compile(
    r'<span class="math inline">(?:(?!</math>).)*</math></span>[.,;:)]+', re.DOTALL
)
_BOXES = {"card": "cards", "figure": "figures"}  # neighbours of the same kind share one box


def document(template: str, **facts: Any) -> ReportContent:
    """Makes a page from a template and facts.

    Args:
        template: its name, relative to the folder `pipeline`.
        **facts: values that the template may use.

    Raises:
        ValueError: the template has no title, or a picture stands inside a sentence.
        TypeError: a value needs a filter that formats it.
        jinja2.UndefinedError: it uses a fact that is not given.

    Example:
        >>> document("tasks/sentiment/report.md.j2", metrics=metrics, run=run).title
        'Sentiment — default'
    """
    return _Writer().page(template, facts)


class _Writer:
    """Writes one page. Inserted values are marks with a number in the Markdown, which are replaced
    by HTML after the Markdown was parsed."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []  # kind ("text", "figure", …), HTML
        self.pictures: list[ReportPicture] = []
        self.markdown = _markdown()
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(
                [TEMPLATES, *(Path(tasks).parent for tasks in pipeline.tasks.__path__)]
            ),
            undefined=jinja2.StrictUndefined,
            finalize=self.put_in,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters.update(FILTERS, cells=self.cells, row_of=_row_of)
        self.templates.globals.update(
            card=self.card, picture=self.picture, commands=self.commands, link=self.link
        )

    def page(self, template: str, facts: dict[str, Any]) -> ReportContent:
        title, subtitle, opening, sections = "", "", "", []
        for head, blocks in self.headed(self.templates.get_template(template).render(facts)):
            if head is None:
                raise ValueError(f"{template} begins without a title")
            if not title:
                title = self.text_of(head)
                if blocks and blocks[0][0] == "p":
                    subtitle = self.text_of(blocks.pop(0)[1])
                opening = self.joined(blocks)
            elif blocks:
                sections.append(Section(self.text_of(head), body=Markup(self.joined(blocks))))
        return ReportContent(
            title, subtitle, opening=Markup(opening), sections=sections, pictures=self.pictures
        )

    def headed(self, source: str) -> list[tuple[str | None, list[tuple[str, str]]]]:
        """Each heading of level 1 or 2 with the blocks below it, as kind and HTML."""
        tokens, start = self.markdown.parse(source), 0
        found: list[tuple[str | None, list[tuple[str, str]]]] = []
        for end, token in enumerate(tokens, 1):
            if token.level or token.nesting > 0:
                continue
            kind, block = self.block(tokens[start:end])
            start = end
            if kind in ("h1", "h2"):
                found.append((block, []))
            else:
                if not found:
                    found.append((None, []))
                found[-1][1].append((kind, block))
        return found

    def block(self, tokens: list[Token]) -> tuple[str, str]:
        """Kind and HTML of a block; for a heading the HTML inside it."""
        kind = tokens[0].tag
        inner = tokens[1].content if kind == "p" else ""
        kinds = {self.parts[int(number)][0] for number in _MARK.findall(inner)}
        if inner and _MARKS_ALONE.fullmatch(inner) and "text" not in kinds:
            return "parts", inner
        if kinds - {"text"}:
            raise ValueError(f"needs a paragraph of its own: {self.text_of(inner)!r}")
        shown = tokens[1:-1] if kind in ("h1", "h2") else tokens
        return kind, self.markdown.renderer.render(shown, self.markdown.options, {})

    def joined(self, blocks: Sequence[tuple[str, str]]) -> str:
        """The HTML of several blocks."""
        each: list[tuple[str, str]] = []
        for kind, block in blocks:
            if kind == "parts":
                each += [self.parts[int(number)] for number in _MARK.findall(block)]
            else:
                each.append((kind, block))
        lines, box = [], None
        for kind, block in each:
            if _BOXES.get(kind) != box:
                lines += ["</div>"] if box else []
                box = _BOXES.get(kind)
                lines += [f'<div class="{box}">'] if box else []
            lines.append(block)
        written = self.without_marks("\n".join([*lines, *(["</div>"] if box else [])]))
        return _BEFORE_A_MARK.sub(r'<span class="whole">\g<0></span>', written)

    def without_marks(self, text: str) -> str:
        while _MARK.search(text):
            text = _MARK.sub(lambda mark: self.parts[int(mark[1])][1], text)
        return text

    def text_of(self, part: str) -> str:
        """The text of HTML, without tags."""
        return html.unescape(re.sub(r"<[^>]*>", "", self.without_marks(part))).strip()

    def put_in(self, value: Any) -> str:
        """Converts `{{ value }}` to Markdown."""
        if isinstance(value, Markdown | jinja2.Undefined):
            return str(value)  # raises the error of an undefined value
        if isinstance(value, numbers.Integral) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, ReportPicture):
            self.pictures.append(value)
            return self.mark("figure", component("figure", value))
        if isinstance(value, Passage):
            return self.mark("passage", component("passage", value, LEVELS))
        if isinstance(value, str):
            return self.mark("text", component("spans", [MarkedSpan(value)]))
        if isinstance(value, Sequence) and all(isinstance(one, MarkedSpan) for one in value):
            return self.mark("text", component("spans", value))
        raise TypeError(f"no filter says how {value!r} is written")

    def mark(self, kind: str, of_html: str) -> Markdown:
        self.parts.append((kind, of_html))
        return Markdown(f"\ue000{len(self.parts) - 1}\ue001")

    def card(self, label: str, value: str, caller: Callable[[], str]) -> Markdown:
        """A headline number with the content of the call block below it."""
        sentence = Markup(self.markdown.render(caller()))
        return self.mark("card", component("card", label, value, sentence))

    def picture(self, figure: Any, alt: str, caption: str = "") -> str:
        """A matplotlib figure or PNG file, with alternative text and a caption."""
        png = figure if isinstance(figure, bytes) else to_png(figure)
        return self.put_in(ReportPicture(png, alt, caption))

    def link(self, text: str, file: str) -> Markdown:
        """A link to another page: its title, and its file beside this one."""
        return self.mark("text", component("link", text, file))

    def cells(self, values: Sequence[Any]) -> Markdown:
        """Cells of a table row, one per value, separated by bars."""
        return Markdown(" | ".join(map(self.put_in, values)))

    def commands(self, lines: Sequence[str]) -> Markdown:
        """Commands, shown together."""
        return self.mark("pre", component("commands", lines))


def _row_of(cell: str, count: int) -> Markdown:
    """A cell of a table row, repeated `count` times."""
    return Markdown(cell * count)


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.use(attrs_block_plugin)
    markdown.use(dollarmath_plugin, allow_digits=False, renderer=_mathml)
    markdown.core.ruler.push("tables", _dress_tables)
    markdown.add_render_rule("table_open", _open_table)
    markdown.add_render_rule("table_close", lambda *_: "</tbody>\n</table>\n</div>\n")
    # Also for a table without rows.
    markdown.add_render_rule("tbody_open", lambda *_: "")
    markdown.add_render_rule("tbody_close", lambda *_: "")
    markdown.add_render_rule("thead_close", lambda *_: "</thead>\n<tbody>\n")
    return markdown


def _mathml(formula: str, options: dict) -> str:
    if _MARK.search(formula):
        raise ValueError(f"in a formula a value needs the filter tex: {formula!r}")
    return convert(formula, display="block" if options["display_mode"] else "inline")


def _dress_tables(state: Any) -> None:
    """Aligns numbers to the right by a class, not a style; names the column in each cell."""
    columns: list[str] = []
    column = 0
    for token, content in zip(state.tokens, [*state.tokens[1:], None], strict=True):
        if token.type == "thead_open":
            columns = []
        elif token.type == "tr_open":
            column = 0
        elif token.type in ("th_open", "td_open"):
            if token.attrs.pop("style", None) == "text-align:right":
                token.attrSet("class", "number")
            if token.type == "th_open":
                token.attrSet("scope", "col")
                columns.append(content.content.split(" · ")[0])
            else:
                token.attrSet("data-column", columns[column])
                column += 1


def _open_table(renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    attributes = tokens[index].attrs
    caption = html.escape(str(attributes.pop("caption", "")))
    opened = f'<div class="table">\n<table{renderer.renderAttrs(tokens[index])}>\n'
    return opened + (f"<caption>{caption}</caption>\n" if caption else "")
