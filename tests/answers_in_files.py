"""What every model that is asked about lines must give, so that its answers can lie in files."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

from pipeline.export.predictor import Predictor
from pipeline.stages.answer_files import answer_file
from pipeline.tasks.base import Task


def check_answers_in_files(
    task: Task, predictor: Predictor, values: Sequence[str], folder: Path
) -> None:
    """A line of JSON has what the form says, the text as it was given first."""
    if not task.input.file_holds_many:
        return
    answers, out = predictor.answers(values), folder / "a.jsonl"
    answer_file(out, predictor).write(out, answers)
    rows = list(map(json.loads, out.read_text("utf-8").split("\n")[:-1]))
    assert [list(row) for row in rows] == [list(predictor.form.columns)] * len(values)
    assert [next(iter(row.values())) for row in rows] == list(values)
    if importlib.util.find_spec("pyarrow"):
        out = folder / "a.parquet"
        kind = answer_file(out, predictor)
        kind.write(out, answers)
        assert kind.count(out) == len(values)
