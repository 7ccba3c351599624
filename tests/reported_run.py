"""A run that is over, and what stands in the report about it."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import numpy as np
import pandas as pd

from pipeline.report.run_facts import RunFacts

NASTY = '<script>alert("1")</script> & \'"><img src=x onerror=y> {{ 7*7 }} ㅋㅋ'
STEPS = pd.DataFrame({"step": np.arange(10, 410, 10), "gradient_norm": np.linspace(2, 0.2, 40)})
_HISTORY = pd.DataFrame(
    {
        "epoch": [0.5, 1.0, 1.5],
        "step": [100, 200, 400],
        "loss": [0.6, 0.4, 0.3],
        "dev_loss": [0.5, 0.4, 0.45],
        "clipped_share": [0.5, 0.25, 0.0],
    }
)
_VOID = {"meta", "img", "br", "link", "input"}


def history(**dev_scores: list[float]) -> pd.DataFrame:
    """The learning curve, with scores of each of its three looks at dev."""
    return _HISTORY.assign(**dev_scores)


def run_of(task: str, **others) -> RunFacts:
    """What a report is told about the run."""
    facts = {
        "task": task,
        "run": "default",
        "parameters": 1234567,
        "best_step": 200,
        "clip_norm": 1.0,
        "settings": {"model": {"units": 192}},
        "commands": [f"make evaluate-{task}"],
        "versions": {"keras": "3.15.1"},
    }
    return RunFacts(**(facts | others))


class Page(HTMLParser):
    """What a browser sees: elements, their attributes, the text; complains about open elements."""

    def __init__(self, html: str):
        super().__init__()
        self.source = html
        self.elements, self.open, self.shown = [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.shown.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.shown).split())

    def tags(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.elements if name == tag]


@dataclasses.dataclass
class ShownTable:
    """A table as a browser shows it."""

    caption: str = ""
    columns: list[str] = dataclasses.field(default_factory=list)
    rows: list[list[str]] = dataclasses.field(default_factory=list)


class Tables(HTMLParser):
    """The tables of a page or of a part of one."""

    def __init__(self, html: str):
        super().__init__()
        self.tables: list[ShownTable] = []
        self.cell: str | None = None
        self.feed(str(html))  # Markup would escape what is added to it
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append(ShownTable())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("th", "td", "caption"):
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag not in ("th", "td", "caption", "thead"):
            return
        table = self.tables[-1]
        if tag == "thead":
            table.columns = table.rows.pop()
            return
        if tag == "caption":
            table.caption = self.cell or ""
        else:
            table.rows[-1].append(self.cell or "")
        self.cell = None


def titles(content) -> list[str]:
    return [section.title.split(" · ")[0] for section in content.sections]


def section(content, title: str):
    (found,) = [s for s in content.sections if s.title.startswith(title)]
    return found
