"""A page by itself on which a reader chooses a unit and sees what it does in a text.

It needs nothing from outside: style, script and numbers are in it, and its content security
policy allows no script but its own. Text gets into the page as text only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
from markupsafe import Markup

from pipeline.lab.units.passages import laid_out, varied_window
from pipeline.lab.units.study import UnitResults
from pipeline.report.page import templates, with_font
from pipeline.report.passage import LEVELS

EXPLORER = "units-explorer.html"
LENGTH = 2400
"""Characters that are shown."""

_FOLDER = Path(__file__).resolve().parent


def explorer(results: UnitResults, title: str) -> str:
    """The page, as HTML.

    Args:
        results: of the study.
        title: of the corpus.
    """
    script = (_FOLDER / "explorer.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    data = explorer_data(results)
    html = (
        templates(_FOLDER)
        .get_template("explorer.html.j2")
        .render(
            title=title,
            script=Markup(script),
            script_hash=Markup(f"'sha256-{digest}'"),
            data=data,
            levels=LEVELS,
            text="".join(data["characters"]),
        )
    )
    return with_font(html, more=json.dumps(data["predicates"], ensure_ascii=False))


def explorer_data(results: UnitResults) -> dict[str, object]:
    """What the script shows.

    Returns:
        characters: of a stretch that shows as much as possible of all predicates; where a
            document begins within, a line feed stands.
        levels: base64 of uint8 [units, characters], the colours 0 to `LEVELS` - 1; 255 for none.
        units: of each name, mean, scale (how far from the mean the strongest colours are), and
            the predicate that it tells best (a number) with its AUC.
        predicates: of each title, name, the unit that tells it best (a number), its AUC and, for
            each character, "1" where it holds.
    """
    holds = [results.text.holds(probe.predicate) for probe in results.probes]
    layout = laid_out(results.text, *varied_window(holds, results.text, LENGTH))
    numbers = np.array([-1 if number is None else number for _, number in layout])
    values = results.states[numbers] / np.where(results.scales > 0, results.scales, 1)
    none = ~np.isfinite(values) | (numbers < 0)[:, None]
    values = np.clip(np.where(none, 0, values), -1, 1)
    levels = np.rint((values + 1) / 2 * (LEVELS - 1)).astype(np.uint8)
    levels[none] = 255
    areas = np.stack([probe.oriented for probe in results.probes])
    best = areas.argmax(axis=0)
    return {
        "characters": [character for character, _ in layout],
        "levels": base64.b64encode(np.ascontiguousarray(levels.T).tobytes()).decode("ascii"),
        "units": [
            {
                "name": unit.name,
                "mean": f"{results.means[column]:+.2f}",
                "scale": f"{results.scales[column]:.2f}",
                "predicate": int(best[column]),
                "area": f"{areas[best[column], column]:.3f}",
            }
            for column, unit in enumerate(results.units)
        ],
        "predicates": [
            {
                "title": probe.predicate.title,
                "name": probe.predicate.name,
                "rule": probe.predicate.rule,
                "unit": probe.best,
                "area": f"{probe.area:.3f}",
                "holds": "".join("01"[n >= 0 and bool(held[n])] for n in numbers),
            }
            for probe, held in zip(results.probes, holds, strict=True)
        ],
    }
