"""Whatever is damaged or missing in a finished run: one line that names what helps, or nothing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pipeline.workspace import SAMPLES, sha256
from stub_stages import make, stage

TRAIN = (
    'make train-sentiment CORPUS="내 글.tsv" NAME=mine ENCODER=none VERSION=3 '
    'SETTINGS="--vocabulary-size 300 --units 7"'
)


@pytest.fixture
def finished_run(stubs, tmp_path) -> Path:
    """A folder with a finished run of a corpus of a user."""
    folder = tmp_path / "whole"
    folder.mkdir()
    header, *rows = (SAMPLES / "sentiment.tsv").read_text("utf-8").splitlines()
    (folder / "내 글.tsv").write_text("\n".join([header, *rows[:60], ""]), encoding="utf-8")
    assert make(folder, TRAIN) is None
    stubs.clear()
    return folder


def files_of(folder: Path) -> list[Path]:
    """What stages wrote and read again."""
    return sorted(
        path.relative_to(folder)
        for part in PARTS
        for path in (folder / part).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def contents(folder: Path) -> dict[Path, str]:
    return {path: sha256(folder / path) for path in files_of(folder)}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: path.write_bytes(b""),
    "deleted": lambda path: path.unlink(),
    "flipped": flip,
    "no keys": lambda path: path.write_text("{}"),
    "other types": lambda path: path.write_text(
        json.dumps(dict.fromkeys(json.loads(path.read_bytes()), [1]))
    ),
    "no object": lambda path: path.write_text("[1]"),
    "too deep": lambda path: path.write_text("[" * 100_000),
}


OF_ANY_FILE = ("truncated", "emptied", "deleted", "flipped")
PARTS = ("runs", "data/processed", "saved_models")


def is_record(path: Path) -> bool:
    """Whether it is JSON with names that stages read."""
    return path.suffix == ".json" and path.name not in ("labels.json", "tokenizer.json")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("part", PARTS)
def test_every_damage_is_one_line_that_helps(finished_run, part, damage):
    before, copy = contents(finished_run), finished_run.with_name("copy")
    paths = [path for path in before if path.is_relative_to(part)]
    assert len(paths) > 4
    for path in paths:
        if damage in OF_ANY_FILE or is_record(path):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(finished_run, copy)
            DAMAGES[damage](copy / path)
            one_line_that_helps(copy, before)


def one_line_that_helps(folder: Path, before: dict[Path, str]) -> None:
    others = folder.with_name("whole") / "내 글.tsv"
    commands = (
        (("evaluate", "--name=mine"), {"on": str(others)}),
        (("evaluate", "--name=mine"), {}),
        (("export", "--name=mine", "--version=3"), {}),
        (("predict", "--version=3"), {"text": "좋다"}),
    )
    for words, options in commands:
        error = stage(folder, *words, **options)
        if error is None:
            continue
        advice = re.search(r"(make train-.*|python -m pipeline evaluate .*)$", str(error))
        assert advice, str(error)
        if advice[1].startswith("python"):
            assert advice[1].split()[3:] == ["evaluate", "sentiment", "--name", "mine"]
            assert stage(folder, "evaluate", "--name=mine") is None
        else:
            assert advice[1] == TRAIN
            assert make(folder, advice[1]) is None
        assert stage(folder, *words, **options) is None, str(error)
    assert make(folder, TRAIN) is None
    shutil.rmtree(folder / "runs/sentiment/mine/elsewhere", ignore_errors=True)
    # Nothing needs the checkpoint of a training that is over.
    now = {
        path: checksum
        for path, checksum in contents(folder).items()
        if not {"checkpoint", "mine.1", "mine.2"} & set(path.parts)
    }
    then = {path: sums for path, sums in before.items() if "checkpoint" not in path.parts}
    assert now == then
