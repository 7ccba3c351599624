"""study: measures recurrent networks and writes pages that explain the results."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.lab.base import OnProgress, Page, study_text
from pipeline.lab.units import page as units_page
from pipeline.progress import Progress, say
from pipeline.records import as_json
from pipeline.report.commands import study_command
from pipeline.report.document import document
from pipeline.report.page import Link, write_report
from pipeline.report.versions import versions
from pipeline.stages.files import RunFiles
from pipeline.stages.studies import GradientStudy, LabelStudy, UnitStudy
from pipeline.stages.study_labels import study_labels
from pipeline.tasks.base import RunSettings
from pipeline.tasks.charlm import TASK
from pipeline.tasks.charlm.data import held_out_documents, held_out_splits
from pipeline.tasks.charlm.settings import Settings
from pipeline.tasks.charlm.training import trained_model
from pipeline.training.tensorboard import TensorBoardLog
from pipeline.workspace import (
    Workspace,
    is_what_was_written,
    read_json,
    sha256,
    write_record,
    write_text,
)

Parts = Mapping[str, Callable[[OnProgress], Page]]
"""Name of a page -> what makes it, told where to report how far it is."""

GRADIENT_PAGES = ("hello", "vanishing", "depth", "clipping", "truncation", "tasks")
"""In the order in which they are read; each is `pipeline.lab.<name>.page`."""


def study_gradients(settings: GradientStudy, workspace: Workspace) -> Path:
    """Writes the pages on vanishing and exploding gradients; returns the folder."""
    text, chosen = study_text(settings.corpus, workspace.raw), settings.study

    def part(name: str) -> Callable[[OnProgress], Page]:
        module = importlib.import_module(f"pipeline.lab.{name}.page")
        return lambda progress: module.page(
            text, quick=chosen.quick, seed=chosen.seed, progress=progress
        )

    return _make(
        "gradients",
        "Gradients through time · 시간을 거스르는 경사",
        f"What becomes of a gradient on its way back; measured on the text “{text.title}”.",
        {name: part(name) for name in GRADIENT_PAGES},
        settings,
        workspace,
        inputs=text.digest(),
    )


def study_units(settings: UnitStudy, workspace: Workspace) -> Path:
    """Writes the pages on single units of a trained character model; returns the folder."""
    chosen = settings.study
    asked = Settings(run=RunSettings(name=chosen.name))
    files = RunFiles.of(TASK, asked, workspace)
    trained = files.trained()
    model, characters = trained_model(files.trained_settings(TASK, asked), trained)
    texts: list[str] = []
    ends: list[bool] = []
    # In the order of the text.
    for split in held_out_splits(trained):
        more_texts, more_ends = held_out_documents(trained, split)
        texts, ends = texts + more_texts, ends + more_ends

    def part(progress: OnProgress) -> Page:
        return units_page.page(
            model,
            characters,
            texts,
            ends,
            title=trained.corpus.origin.title,
            quick=chosen.quick,
            seed=chosen.seed,
            progress=progress,
        )

    return _make(
        "units",
        "What single units know · 은닉 단위",
        f"The model is the run {chosen.name} of charlm; the text is what it was not taught with.",
        {"units": part},
        settings,
        workspace,
        inputs=read_json(files.training),
    )


def run(name: str, settings: GradientStudy | UnitStudy | LabelStudy, workspace: Workspace) -> None:
    """Runs a study and prints where its pages are."""
    folder = _STUDIES[name](settings, workspace)
    say(f"study {name} -> {folder / 'report.html'}")


def _make(
    study: str,
    title: str,
    about: str,
    parts: Parts,
    settings: GradientStudy | UnitStudy,
    workspace: Workspace,
    inputs: object,
) -> Path:
    """The pages that are missing, and the contents of all."""
    folder = workspace.run(
        f"study-{study}", settings.study.name + ("-quick" if settings.study.quick else "")
    )
    asked = {**as_json(settings), "versions": versions(), "inputs": inputs}
    if study == "gradients":
        files = {name: f"{number}-{name}" for number, name in enumerate(parts, 1)}
    else:
        files = {name: name for name in parts}
    found = {}
    for name, make in parts.items():
        numbers = folder / f"{files[name]}.json"
        known = _read(numbers)
        html = folder / f"{files[name]}.html"
        if known is None or not _is_current(known, asked, html):
            links = _neighbours(files, name)
            page = _measured(name, make, list(parts).index(name) + 1, len(parts))
            _write(folder, files[name], page, links)
            known = {
                "title": page.content.title,
                "summary": page.content.subtitle,
                "numbers": page.numbers,
                "asked": asked,
                "page": sha256(html),
            }
            write_record(numbers, known)
        found[name] = known
    content = document(
        "stages/study.md.j2",
        title=title,
        about=about,
        quick=settings.study.quick,
        command=study_command(study, settings, type(settings)()),
        pages=[
            (page["title"], page["summary"], f"{files[name]}.html") for name, page in found.items()
        ],
    )
    write_report(folder / "report.html", content)
    return folder


def _is_current(known: dict[str, Any], asked: dict[str, Any], page: Path) -> bool:
    """Whether a page is unchanged and was made with these settings."""
    if known.get("asked") != asked:
        return False
    if "page" not in known:  # an earlier version wrote it
        return page.is_file()
    return is_what_was_written(page, str(known["page"]))


def _measured(name: str, make: Callable[[OnProgress], Page], number: int, count: int) -> Page:
    with Progress(f"{name} ({number}/{count})", 100, "%") as progress:

        def told(done: float) -> None:
            progress.advance(min(max(round(100 * done), progress.done), 100) - progress.done)

        return make(told)


def _neighbours(files: dict[str, str], name: str) -> list[tuple[str, str]]:
    names = list(files)
    place = names.index(name)
    links = [("contents · 차례", "report")]
    if place:
        links.append((f"← {names[place - 1]}", files[names[place - 1]]))
    if place + 1 < len(names):
        links.append((f"{names[place + 1]} →", files[names[place + 1]]))
    return [(text, f"{file}.html") for text, file in links]


def _write(folder: Path, file: str, page: Page, links: list[tuple[str, str]]) -> None:
    """Writes the page, and its curves and pictures for TensorBoard."""
    content = dataclasses.replace(page.content, links=[Link(*link) for link in links])
    write_report(folder / f"{file}.html", content)
    for name, text in page.files.items():
        write_text(folder / name, text)
    with TensorBoardLog(folder / "tensorboard" / page.name, fresh=True) as log:
        for tag, (steps, values) in page.curves.items():
            for step, value in zip(steps, values, strict=True):
                log.scalar(f"{page.name}/{tag}", float(value), int(step))
        for number, picture in enumerate(page.content.pictures, 1):
            log.image(f"{page.name}/{number}", picture.png, 0)


def _read(numbers: Path) -> dict[str, Any] | None:
    """The results of an earlier study; None if there are none that can be read."""
    try:
        known = read_json(numbers) if numbers.exists() else None
    except UserError:
        return None
    there = isinstance(known, dict) and {"title", "summary"} <= known.keys()
    return known if there else None


_STUDIES: dict[str, Callable[[Any, Workspace], Path]] = {
    "gradients": study_gradients,
    "units": study_units,
    "labels": study_labels,
}
