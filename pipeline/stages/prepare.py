"""prepare: learns pieces from the training split and turns every split into arrays."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from pipeline.corpora.labelled.reviews import read_sample
from pipeline.corpora.split_file import SplitFile
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts, Prepared
from pipeline.pretrained import ENCODER, copy_encoder, encoder_files
from pipeline.progress import say
from pipeline.records import as_json
from pipeline.stages.files import RunFiles, chosen
from pipeline.stages.options import PrepareOptions
from pipeline.tasks.base import StartsFromEncoder, Task
from pipeline.text.compare import every_tokenizer, tokenizer_table
from pipeline.text.graph_limits import check_prepared
from pipeline.workspace import SAMPLES, Manifest, Workspace, digest

_FORMAT = "rows of ids as two .npy files"
"""Changes when older arrays cannot be read any more: they are then prepared anew elsewhere."""


def run(task: Task, settings: Any, workspace: Workspace, options: PrepareOptions) -> None:
    files = RunFiles.of(task, settings, workspace)
    if options.text is not None:
        _show(options.text, files)
        return
    with files.write_lock():
        corpus = files.corpus_manifest()
        with files.splits_lock(corpus.settings):
            _run(task, settings, corpus, files, workspace)


def _run(
    task: Task,
    settings: Any,
    corpus: Manifest[CorpusFacts],
    files: RunFiles,
    workspace: Workspace,
) -> None:
    corpus_folder = workspace.root / corpus.facts.folder
    files.check_outputs(corpus, corpus_folder)
    relevant = chosen(as_json(settings), task.prepare_groups)
    folder = corpus_folder / f"prepared-{digest([relevant, _FORMAT])}"
    splits_of = {name: corpus_folder / f"{name}.tsv" for name in corpus.facts.rows}
    encoder = _encoder(task, settings, workspace)
    inputs = [*splits_of.values(), *([] if encoder is None else encoder_files(encoder))]
    manifest = Manifest.read(folder / "manifest.json", Prepared)
    if (
        manifest is None
        or not manifest.still_holds(relevant, inputs, folder)
        or not _exportable(folder)  # what an older version prepared
    ):
        folder.mkdir(parents=True, exist_ok=True)
        if encoder is not None:
            copy_encoder(encoder, folder / ENCODER)
        splits = {name: SplitFile(path) for name, path in splits_of.items()}
        prepared = task.data.prepare(settings, splits, corpus_folder, folder)
        check_prepared(folder)
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        outputs = [path for path in written if path != folder / "manifest.json"]
        facts = dataclasses.replace(prepared, folder=str(folder.relative_to(workspace.root)))
        manifest = Manifest.of("prepare", relevant, inputs, outputs, folder, facts)
        manifest.write(folder / "manifest.json")
    manifest.write(files.prepared)
    say(f"prepared: {manifest.facts.summary} -> {manifest.facts.folder}")
    for warning in manifest.facts.warnings:
        say(f"warning: {warning}")


def _encoder(task: Task, settings: Any, workspace: Workspace) -> Path | None:
    """The folder of the encoder that the model starts from, if there is one."""
    data = task.data
    return data.encoder(settings, workspace) if isinstance(data, StartsFromEncoder) else None


def _exportable(folder: Path) -> bool:
    try:
        check_prepared(folder)
    except UserError:
        return False
    return True


# Enough to learn from for a look; all of NSMC would take a minute.
_ROWS_TO_LEARN_FROM = 20_000


def _show(text: str, files: RunFiles) -> None:
    prepared = Manifest.read(files.prepared, Prepared)
    corpus = Manifest.read(files.corpus, CorpusFacts)
    folder = None if prepared is None else files.root / prepared.facts.folder
    if corpus is None:
        say("no corpus yet: pieces are learnt from the bundled sample")
        frame = read_sample(SAMPLES / "sentiment.tsv").frame
    else:
        frame = next(SplitFile(files.root / corpus.facts.folder / "train.tsv").blocks())
    say("learning pieces and starting the morpheme analysers: some seconds")
    texts = list(frame["text"][:_ROWS_TO_LEARN_FROM])
    print(tokenizer_table(text, every_tokenizer(folder, texts)))
