"""What every model that is asked about lines must give, so that its answers can lie in files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pipeline.export.predictor import Predictor
from pipeline.stages.answer_files import answer_file


def check_json_lines(predictor: Predictor, values: Sequence[str], folder: Path) -> None:
    """A line of JSON has what the form says, the text as it was given first."""
    answers, out = predictor.answers(values), folder / "a.jsonl"
    answer_file(out, predictor).write(out, answers)
    rows = list(map(json.loads, out.read_text("utf-8").split("\n")[:-1]))
    assert [list(row) for row in rows] == [list(predictor.form.columns)] * len(values)
    assert [next(iter(row.values())) for row in rows] == list(values)


def check_parquet(predictor: Predictor, values: Sequence[str], folder: Path) -> None:
    """A table takes the same answers."""
    out = folder / "a.parquet"
    kind = answer_file(out, predictor)
    kind.write(out, predictor.answers(values))
    assert kind.count(out) == len(values)
