"""corpus: gets the corpus, reads it, splits it.

Reads:  the catalogue's files (data/raw, $CORPUS_MIRROR or the network), or the file in --corpus.

Writes: data/processed/<task>/<corpus>/{train,dev,test,rejects}.tsv, runs/<task>/<name>/corpus.json
"""

from __future__ import annotations

import os

from pipeline.corpora.reviews import write_rejects
from pipeline.corpora.splits import write_split
from pipeline.progress import say
from pipeline.settings import as_json
from pipeline.stages.files import RunFiles, chosen
from pipeline.tasks.base import Task
from pipeline.workspace import Manifest, Workspace, digest


def run(task: Task, settings, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    relevant = chosen(as_json(settings), task.corpus_settings)
    corpus = task.read_corpus(settings, workspace)
    folder = workspace.processed(task.name, f"{corpus.name}-{digest(relevant)}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in corpus.splits.items():
        write_split(folder / f"{name}.tsv", frame)
    write_rejects(folder / "rejects.tsv", corpus.rejects)
    unusable = [row for row in corpus.rejects if not row.kept]
    notes = {
        **corpus.notes,
        "name": corpus.name,
        "folder": str(folder.relative_to(workspace.root)),
        "rows": {name: len(frame) for name, frame in corpus.splits.items()},
        "rejected": len(unusable),
        "warnings": corpus.warnings,
    }
    outputs = [folder / f"{name}.tsv" for name in corpus.splits]
    Manifest.of("corpus", relevant, [], outputs, folder, notes).write(files.corpus)
    counts = ", ".join(f"{name} {len(frame):,}" for name, frame in corpus.splits.items())
    say(f"corpus {corpus.name}: {counts} rows -> {notes['folder']}")
    doubtful = len(corpus.rejects) - len(unusable)
    for count, what in ((len(unusable), "could not be used"), (doubtful, "were kept in doubt")):
        if count:
            say(f"{count:,} rows {what}: {folder / 'rejects.tsv'}")
    for warning in corpus.warnings:
        say(f"\n{'!' * 78}\n! {warning}\n{'!' * 78}\n")
    if notes.get("stand_in"):
        # What stands in for the corpus that was asked for is never up to date: with this old
        # time make asks again, and takes the real corpus as soon as it can be had.
        os.utime(files.corpus, (0, 0))
