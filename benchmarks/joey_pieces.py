"""Writes the pieces of a run of ours as text, for Joey NMT in benchmarks/joey_nmt.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.parallel.corpus import read_evaluation_pairs
from pipeline.corpora.splits import read_split, write_split
from pipeline.errors import UserError
from pipeline.stages.files import RunFiles
from pipeline.tasks.translation import TASK
from pipeline.tasks.translation.data import SAMPLE
from pipeline.tasks.translation.settings import Settings
from pipeline.text.pair_pieces import SIDES, load_pair_tokenizers, training_segmentations
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.unigram import without_marks
from pipeline.text.vocabulary import SPECIALS
from pipeline.workspace import Workspace, atomic_file, digest

ROOT = Path("runs/joeynmt")


@dataclasses.dataclass(frozen=True)
class OurRun:
    """A run of the translation task whose training has at least begun.

    Attributes:
        name: of its folder in runs/translation/.
        files: its folder and files.
        settings: of its training.
        corpus, prepared: relative folders of its splits and of its pieces.
        rows: split -> number of pairs.
        pieces: folder of `write_pieces`, shared by runs with the same pieces.
    """

    name: str
    files: RunFiles
    settings: Settings
    corpus: Path
    prepared: Path
    rows: dict[str, int]
    pieces: Path

    @classmethod
    def of(cls, name: str) -> OurRun:
        """The run called `name`.

        Raises:
            UserError: there is no such run.
        """
        workspace = Workspace()
        files = RunFiles(TASK.name, workspace.run(TASK.name, name), workspace.root)
        corpus, prepared = files.corpus_manifest(), files.prepared_manifest()
        return cls(
            name,
            files,
            files.trained_settings(TASK, TASK.settings()),
            Path(corpus.facts.folder),
            Path(prepared.facts.folder),
            dict(corpus.facts.rows),
            ROOT / f"pieces-{digest(prepared.outputs)}",
        )

    @property
    def tests(self) -> list[str]:
        """Its own test sets; the first one joins all of them."""
        return [name for name in self.rows if name.startswith("test")]

    def target_tokens(self) -> int:
        """Number of target pieces of our first epoch, with [EOS]."""
        strength, seed = self.settings.subwords.subword_sampling, self.settings.training.seed
        rows = training_segmentations(self.tokens, "target", self.settings.text, strength, seed)(0)
        return len(rows.ids) - len(rows)


def write_pieces(run: OurRun, elsewhere: Sequence[str] = ()) -> Path:
    """Writes the missing files into `run.pieces`, and returns that folder.

    `<split>.source`, `<split>.target`: pieces separated by spaces, a sentence per line; for test
    sets only the source, and `<test set>.tsv` as written by the corpus stage.
    `text.<side>`: train as text, cut anew in training by `<side>.model` of SentencePiece.
    `vocabulary.<side>`: a piece per line, without the special ones.

    Args:
        run: ours.
        elsewhere: other corpora to translate: names of the catalogue, or files.

    Raises:
        UserError: a corpus cannot be read, or its pieces are not SentencePiece's.
    """
    folder, tokenizers = run.pieces, load_pair_tokenizers(run.prepared)
    for side, tokenizer in tokenizers.items():
        if tokenizer.kind != "sentencepiece":
            raise UserError(f"its pieces are {tokenizer.kind}", remedy="--pieces sentencepiece")
        pieces = tokenizer.vocabulary.pieces[len(SPECIALS) :]
        _write_lines(folder / f"vocabulary.{side}", pieces)
        _write(folder / f"{side}.model", tokenizer.model)
        text = (run.prepared / f"{side}.train.txt").read_text(encoding="utf-8")
        _write_lines(folder / f"text.{side}", without_marks(text).split("\n")[:-1])
    for name in run.rows:
        for side in SIDES if name in ("train", "dev") else ["source"]:
            rows = Ragged.load(run.prepared / f"{name}.{side}")
            _write_lines(folder / f"{name}.{side}", _lines(tokenizers[side], rows))
        if name in run.tests:
            write_split(folder / f"{name}.tsv", read_split(run.corpus / f"{name}.tsv"))
    for corpus in elsewhere:
        raw, chosen = Workspace().raw, run.settings.corpus
        frame = read_evaluation_pairs(corpus, chosen, raw, SAMPLE).frame
        rows = tokenizers["source"].encode(list(frame["text"]))
        rows = rows.truncated(run.settings.text.max_length)
        name = name_elsewhere(corpus)
        _write_lines(folder / f"{name}.source", _lines(tokenizers["source"], rows))
        write_split(folder / f"{name}.tsv", frame)
    return folder


def name_elsewhere(corpus: str) -> str:
    """The name of the test set of another corpus."""
    return f"on-{Path(corpus).stem}"


def _lines(tokenizer: Tokenizer, rows: Ragged) -> list[str]:
    pieces = tokenizer.vocabulary.pieces
    return [" ".join(pieces[i] for i in rows.row(n)[1:-1]) for n in range(len(rows))]


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    """Writes lines, none of them empty or with a line break: Joey drops empty lines, and splits as
    `str.splitlines` does."""
    text = "".join(f"{line}\n" for line in lines)
    if not all(lines) or text.splitlines() != list(lines):
        raise UserError("a line is empty, or has a line break in it", where=path)
    _write(path, text.encode("utf-8"))


def _write(path: Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        with atomic_file(path) as temporary:
            temporary.write_bytes(data)


def read_translations(run: OurRun, path: Path) -> list[str]:
    """Reads Joey's translations, lines of pieces, as text."""
    tokenizer = load_pair_tokenizers(run.prepared)["target"]
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [tokenizer.decode(tokenizer.vocabulary.ids(line.split())) for line in lines]
