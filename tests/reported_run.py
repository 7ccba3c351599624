"""A run that is over, and what stands in the report about it."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd

NASTY = "<script>alert(1)</script> & \"'"
STEPS = pd.DataFrame({"step": np.arange(10, 310, 10), "gradient_norm": np.linspace(2, 0.2, 30)})
_HISTORY = pd.DataFrame(
    {
        "epoch": [1.0, 2.0, 3.0],
        "step": [100, 200, 300],
        "loss": [9.0, 5.0, 3.0],
        "dev_loss": [8.0, 6.0, 6.5],
        "clipped_share": [0.5, 0.25, 0.0],
    }
)


def history(**dev_scores: list[float]) -> pd.DataFrame:
    """The learning curve, with scores of each of its three looks at dev."""
    return _HISTORY.assign(**dev_scores)


def run_of(task: str, **others) -> dict:
    """What a report is told about the run."""
    return {
        "task": task,
        "run": "default",
        "parameters": 1234567,
        "best_step": 200,
        "clip_norm": 1.0,
        "settings": {"model": {"units": 192}},
        "commands": [f"make evaluate-{task}"],
        "versions": {"keras": "3.15.1"},
        **others,
    }


class Page(HTMLParser):
    """What stands on a page."""

    def __init__(self, html: str):
        super().__init__()
        self.shown: list[str] = []
        self.feed(html)

    def handle_data(self, data):
        self.shown.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.shown).split())


def titles(content) -> list[str]:
    return [section.title.split(" · ")[0] for section in content.sections]


def section(content, title: str):
    (found,) = [s for s in content.sections if s.title.startswith(title)]
    return found
