"""prepare: learns pieces from the training split and turns every split into ids.

Reads:  runs/<task>/<name>/corpus.json and the splits it names.

Writes: data/processed/<task>/<corpus>/<digest>/{tokenizer.json,vocab.txt,*.npz},
        runs/<task>/<name>/prepared.json

With --text it writes nothing and shows what every tokenizer makes of a sentence.
"""

from __future__ import annotations

import dataclasses

from pipeline.corpora.reviews import read_sample
from pipeline.corpora.splits import read_split
from pipeline.progress import say
from pipeline.settings import as_json
from pipeline.stages.files import RunFiles, chosen
from pipeline.tasks.base import Task
from pipeline.workspace import SAMPLES, Manifest, Workspace, digest


@dataclasses.dataclass(frozen=True)
class Options:
    """Only for this stage."""

    text: str | None = None
    """A sentence to show, tokenized by every tokenizer side by side."""


def run(task: Task, settings, workspace: Workspace, options: Options) -> None:
    files = RunFiles.of(task, settings, workspace)
    if options.text is not None:
        _show(options.text, files)
        return
    corpus = files.manifest("corpus")
    corpus_folder = workspace.root / corpus.notes["folder"]
    relevant = chosen(as_json(settings), task.prepare_settings)
    folder = corpus_folder / f"prepared-{digest(relevant)}"
    inputs = [corpus_folder / f"{name}.tsv" for name in corpus.notes["rows"]]
    manifest = Manifest.read(folder / "manifest.json")
    if manifest is None or not manifest.still_holds(relevant, inputs, folder):
        folder.mkdir(parents=True, exist_ok=True)
        splits = {path.stem: read_split(path) for path in inputs}
        notes = task.prepare(settings, splits, folder)
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        outputs = [path for path in written if path != folder / "manifest.json"]
        notes = {**notes, "folder": str(folder.relative_to(workspace.root))}
        manifest = Manifest.of("prepare", relevant, inputs, outputs, folder, notes)
        manifest.write(folder / "manifest.json")
    manifest.write(files.prepared)
    say(f"tokens: {manifest.notes['summary']} -> {manifest.notes['folder']}")
    for warning in manifest.notes.get("warnings", []):
        say(f"warning: {warning}")


# Enough to learn from for a look; all of NSMC would take a minute.
_ROWS_TO_LEARN_FROM = 20_000


def _show(text: str, files: RunFiles) -> None:
    from pipeline.text.compare import every_tokenizer, side_by_side

    tokens, corpus = Manifest.read(files.prepared), Manifest.read(files.corpus)
    folder = None if tokens is None else files.root / tokens.notes["folder"]
    if corpus is None:
        say("no corpus yet: pieces are learnt from the bundled sample")
        frame = read_sample(SAMPLES / "sentiment.tsv").frame
    else:
        frame = read_split(files.root / corpus.notes["folder"] / "train.tsv")
    say("learning pieces and starting the morpheme analysers: some seconds")
    texts = list(frame["text"][:_ROWS_TO_LEARN_FROM])
    print(side_by_side(text, every_tokenizer(folder, texts)))
