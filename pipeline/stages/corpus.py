"""corpus: gets the corpus, reads it, splits it."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.rejects import write_rejects
from pipeline.corpora.splits import Rows, write_split_blocks
from pipeline.counts import counted
from pipeline.facts import CorpusFacts, SourceFile
from pipeline.progress import Progress, say
from pipeline.records import as_json, plain
from pipeline.stages.files import RunFiles, chosen
from pipeline.tasks.base import Task
from pipeline.workspace import Manifest, Workspace, digest, is_what_was_written, sha256


def run(task: Task, settings: Any, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    with files.write_lock():
        read_corpus(task, settings, files, workspace)


def read_corpus(task: Task, settings: Any, files: RunFiles, workspace: Workspace) -> None:
    """Reads the corpus and writes its splits and its record, if that is not done. The caller holds
    the lock of `files`."""
    relevant = chosen(as_json(settings), task.corpus_groups)
    with files.splits_lock(relevant):
        _run(task, settings, relevant, files, workspace)


def _run(
    task: Task, settings: Any, relevant: dict[str, Any], files: RunFiles, workspace: Workspace
) -> None:
    before = Manifest.read(files.corpus, CorpusFacts)
    if before is not None and _is_current(before, relevant, workspace):
        return
    manifest = _read(task, settings, relevant, workspace)
    facts = manifest.facts
    manifest.write(files.corpus)
    counts = ", ".join(f"{name} {count:,}" for name, count in facts.rows.items())
    if read_as := facts.details.get("read_as"):
        say(f"read as: {read_as}")
    say(f"corpus {facts.name}: {counts} rows -> {facts.folder}")
    rejects = workspace.root / facts.folder / "rejects.tsv"
    doubtful = int(facts.details.get("kept in doubt", 0))
    for count, what in ((facts.rejected, "could not be used"), (doubtful, "kept in doubt")):
        if count:
            say(f"{counted(count, 'row')} {what}: {rejects}")
    for warning in facts.warnings:
        say(f"\n{'!' * 78}\n! {warning}\n{'!' * 78}\n")


def _read(
    task: Task, settings: Any, relevant: dict[str, Any], workspace: Workspace
) -> Manifest[CorpusFacts]:
    """Reads the corpus and writes its splits."""
    corpus = task.data.read(settings, workspace)
    sources = tuple(_source_file(path, workspace) for path in dict.fromkeys(corpus.files))
    # Of its own for other content under the same name: an earlier run keeps what it is made of.
    content = digest([relevant, [source.sha256 for source in sources]])
    folder = workspace.processed(task.name, f"{corpus.name}-{content}")
    folder.mkdir(parents=True, exist_ok=True)
    rows = corpus.rows
    for name, part in rows.items():
        write_split_blocks(folder / f"{name}.tsv", _as_cells(part, name, task, folder))
    write_rejects(folder / "rejects.tsv", corpus.rejects)
    unusable = [row for row in corpus.rejects if not row.kept]
    facts = CorpusFacts(
        name=corpus.name,
        folder=str(folder.relative_to(workspace.root)),
        origin=corpus.origin,
        rows={name: len(part) for name, part in rows.items()},
        rejected=len(unusable),
        warnings=tuple(corpus.warnings),
        stand_in=corpus.stand_in,
        reported=corpus.reported,
        tests=corpus.tests,
        characters=corpus.characters,
        files=sources,
        besides=corpus.besides,
        details={**corpus.details, "kept in doubt": len(corpus.rejects) - len(unusable)},
    )
    outputs = [*(folder / f"{name}.tsv" for name in rows), folder / "rejects.tsv"]
    return Manifest.of("corpus", relevant, [], outputs, folder, facts)


def _as_cells(rows: Rows, name: str, task: Task, folder: Path) -> Iterator[pd.DataFrame]:
    """The rows of a split with the values of the task's fields as cells; shows progress."""
    fields = {field.in_column: field for field in (task.input, task.output)}
    with Progress(f"writing {name}", len(rows), "rows") as progress:
        for frame in rows.blocks():
            cells = frame.copy()
            for column, field in fields.items():
                cells[column] = [field.store(value, folder) for value in frame[column].tolist()]
            yield cells
            progress.advance(len(frame))


def _is_current(
    manifest: Manifest[CorpusFacts], relevant: dict[str, Any], workspace: Workspace
) -> bool:
    """Whether reading the corpus again would give the same splits."""
    facts = manifest.facts
    if facts.stand_in or not facts.files or manifest.settings != plain(relevant):
        return False
    return all(_is_unchanged(file, workspace) for file in facts.files) and (
        manifest.outputs_are_in(workspace.root / facts.folder)
    )


def _source_file(path: Path, workspace: Workspace) -> SourceFile:
    """The facts about a file now; size -1 if it does not exist, no checksum if it is not a regular
    file. For a pattern the checksum is that of the matching names."""
    place = workspace.root / path
    try:
        status = place.stat()
    except OSError:
        return SourceFile(str(path), -1, 0, _matching(path, workspace))
    checksum = sha256(place) if place.is_file() else ""
    return SourceFile(str(path), status.st_size, status.st_mtime_ns, checksum)


def _matching(path: Path, workspace: Workspace) -> str:
    """A checksum of the names that match a pattern; "" if there are none."""
    if not glob.has_magic(str(path)):
        return ""
    return digest(sorted(glob.glob(str(path), root_dir=workspace.root, recursive=True)))


def _is_unchanged(file: SourceFile, workspace: Workspace) -> bool:
    """Whether the content of a file is unchanged, whatever its time; always False for a pipe."""
    place = workspace.root / file.path
    if file.size == -1:
        return not place.exists() and _matching(Path(file.path), workspace) == file.sha256
    return is_what_was_written(place, file.sha256)
