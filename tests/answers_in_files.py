"""What every model that is asked about lines must give, so that its answers can lie in files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.export.predictor import Predictor
from pipeline.stages.answer_files import answer_file


def check_json_lines(predictor: Predictor, values: Sequence[str], folder: Path) -> None:
    """A line of JSON has what the form says, the text as it was given first; and of a float32 no
    digit that says nothing."""
    answers, out = predictor.answers(values), folder / "a.jsonl"
    answer_file(out, predictor).write(out, answers)
    lines = out.read_text("utf-8").split("\n")[:-1]
    rows = list(map(json.loads, lines))
    assert [json.dumps(_as_float32(row), ensure_ascii=False) for row in rows] == lines
    assert [list(row) for row in rows] == [list(predictor.form.columns)] * len(values)
    assert [next(iter(row.values())) for row in rows] == list(values)


def _as_float32(value: Any) -> Any:
    """What was read from JSON, each float as NumPy writes the float32 next to it."""
    if isinstance(value, float):
        return float(str(np.float32(value)))
    if isinstance(value, dict):
        return {name: _as_float32(part) for name, part in value.items()}
    return [_as_float32(part) for part in value] if isinstance(value, list) else value


def check_parquet(predictor: Predictor, values: Sequence[str], folder: Path) -> None:
    """A table takes the same answers."""
    out = folder / "a.parquet"
    kind = answer_file(out, predictor)
    kind.write(out, predictor.answers(values))
    assert kind.count(out) == len(values)
