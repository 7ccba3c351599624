"""Reads pictures with captions, and splits them."""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.corpora.captions import scenes
from pipeline.corpora.captions.caption_files import CaptionLine, read_captions
from pipeline.corpora.captions.flickr8k import fetch_flickr8k
from pipeline.corpora.captions.languages import language_of
from pipeline.corpora.captions.picture_folder import PictureFolder, pictures_in
from pipeline.corpora.catalogue import CATALOGUE, find_corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.files_beside import corpus_name, files_beside, watched_paths
from pipeline.corpora.origins import catalogue_origin, own_origin
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import CaptionCorpusSettings
from pipeline.corpora.splits import SPLITS, CorpusSplits, train_dev_test
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.fields.picture import PictureFile
from pipeline.normalize import normalize
from pipeline.pictures.checking import check_picture
from pipeline.progress import Progress

COLUMNS = ["id", "image", "language", "label", "further"]
"""`label` is the first caption of a picture in a language, `further` a JSON list of the others."""
_MAX_CHARACTERS = 1000  # characters; what is longer is no caption

Found = dict[str, dict[str, list[str]]]
"""sha256 of a picture -> language -> its captions."""


@dataclasses.dataclass
class _CaptionsRead:
    """What was read of a corpus so far.

    Attributes:
        parts: split -> captions of its pictures.
        pictures: sha256 -> one file with that content.
        digests: file -> sha256; None for one that is no picture.
        files: captions and pictures that were read, and where more were looked for.
        rejects: what could not be used.
        read_as: how files were read, for people.
    """

    parts: dict[str, Found] = dataclasses.field(default_factory=dict)
    pictures: dict[str, PictureFile] = dataclasses.field(default_factory=dict)
    digests: dict[Path, str | None] = dataclasses.field(default_factory=dict)
    files: list[Path] = dataclasses.field(default_factory=list)
    rejects: list[Rejected] = dataclasses.field(default_factory=list)
    read_as: list[str] = dataclasses.field(default_factory=list)


def read_caption_corpus(chosen: CaptionCorpusSettings, raw: Path) -> CorpusSplits:
    """Reads and splits captions: of the catalogue, of a user's files, or of drawn scenes.

    A row is a picture in one language, with all its captions in it. `a.dev.tsv` and
    `a.test.tsv` beside `a.train.tsv` (or `a.tsv`) are dev and test; a split without a file of its
    own gets a tenth of the pictures. No picture of test is in train or dev, and none of dev in
    train: pictures are compared by content, over all files and languages.

    Args:
        chosen: which corpus.
        raw: where downloaded files are kept.

    Returns:
        Splits with the columns `COLUMNS`, the language of most captions first.

    Raises:
        UserError: a file cannot be read, or leaves nothing to learn from.
    """
    if chosen.corpus == "sample":
        return _scenes(chosen.scenes)
    if chosen.corpus in CATALOGUE:
        return _of_catalogue(chosen, raw)
    read = _CaptionsRead()
    paths = [Path(name.strip()) for name in chosen.corpus.split(",") if name.strip()]
    for path in paths:
        folder = PictureFolder(Path(chosen.pictures) if chosen.pictures else path.parent)
        for split, file in files_beside(path).items():
            _read_file(file, split, folder, read)
        read.files += watched_paths(path)
    _list_unused(read)
    if not read.parts.get("train"):
        raise UserError(
            f"no picture with a caption is left ({counted(len(read.rejects), 'row')} cannot be "
            f"used, the first: {read.rejects[0].reason})"
            if read.rejects
            else "no picture with a caption is left",
            where=chosen.corpus,
            remedy="check the names of the pictures, and --pictures",
        )
    parts, details = _disjoint(read.parts)
    name = "-".join(corpus_name(path) for path in paths)
    return _splits(
        "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:60],
        parts,
        read.pictures,
        own_origin(paths),
        files=read.files,
        rejects=read.rejects,
        details={"read_as": "; ".join(dict.fromkeys(read.read_as)), **details},
    )


def _of_catalogue(chosen: CaptionCorpusSettings, raw: Path) -> CorpusSplits:
    """A corpus with its official split; drawn scenes if it is not available."""
    corpus, read = find_corpus(chosen.corpus, "captioned"), _CaptionsRead()
    try:
        tables, photos = fetch_flickr8k(corpus, raw)
    except CorpusUnavailable as error:
        warning = (
            f"{corpus.title} could not be had ({error.what}). Scenes that a program draws stand in "
            "for it: good for trying things out, worth nothing for photos. Connect, or set "
            "CORPUS_MIRROR, then run the same again."
        )
        return dataclasses.replace(_scenes(chosen.scenes), warnings=[warning], stand_in=True)
    folder = PictureFolder(photos)
    for split, table in tables.items():
        _read_file(table, split, folder, read)
    _list_unused(read)
    parts, details = _disjoint(read.parts)
    return _splits(
        corpus.name,
        parts,
        read.pictures,
        catalogue_origin(corpus),
        files=read.files,
        rejects=read.rejects,
        details=details,
    )


def _read_file(path: Path, split: str, folder: PictureFolder, read: _CaptionsRead) -> None:
    """Adds the captions of a file, and their pictures."""
    file = read_captions(path)
    read.files.append(path)
    read.read_as.append(f"{path.name}: {file.read_as}")
    read.rejects += file.rejects
    found = read.parts.setdefault(split, {})
    with Progress(f"pictures of {path.name}", len(file.captions), "captions") as progress:
        for caption in file.captions:
            fault = _add(caption, folder, found, read)
            if fault is not None:
                content = f"{caption.image}\t{caption.text}"
                read.rejects.append(Rejected(caption.line, fault, content))
            progress.advance()


def _add(
    caption: CaptionLine, folder: PictureFolder, found: Found, read: _CaptionsRead
) -> str | None:
    """Adds a caption; returns why it cannot be used, if it cannot."""
    text = normalize(caption.text)
    if not text:
        return "has no caption"
    if len(text) > _MAX_CHARACTERS:
        return f"has {len(text):,} characters: more than {_MAX_CHARACTERS:,} are no caption"
    path = folder.find(caption.image)
    if path is None:
        return f"there is no picture {caption.image} below {folder.folder}"
    if path not in read.digests:
        read.digests[path] = _digest(path, read)
    digest = read.digests[path]
    if digest is None:
        return f"{path.name} is no picture that can be read"
    captions = found.setdefault(digest, {}).setdefault(language_of(text), [])
    captions.append(text)
    return None


def _digest(path: Path, read: _CaptionsRead) -> str | None:
    """The sha256 of a picture; None, and a reject, if it cannot be read."""
    content = path.read_bytes()
    try:
        check_picture(content, path.name)
    except UserError as error:
        read.rejects.append(Rejected(0, error.what, str(path)))
        return None
    digest = PictureFile(content).sha256
    read.pictures.setdefault(digest, PictureFile(None, path, digest))
    read.files.append(path)
    return digest


def _list_unused(read: _CaptionsRead) -> None:
    """Lists pictures without a caption as rejects, in folders of pictures that have one."""
    folders = dict.fromkeys(path.parent for path in read.digests)
    known = {path.resolve() for path in read.digests}
    unused = [p for folder in folders for p in pictures_in(folder) if p.resolve() not in known]
    read.rejects += [Rejected(0, "a picture without a caption", str(path)) for path in unused]


def _disjoint(parts: Mapping[str, Found]) -> tuple[dict[str, Found], dict[str, int]]:
    """Three splits without a common picture, and how many pictures were taken out of each."""
    parts = {split: dict(parts.get(split, {})) for split in SPLITS}
    details = {}
    for split, below in (("test", ("train", "dev")), ("dev", ("train",))):
        for other in below:
            shared = parts[split].keys() & parts[other].keys()
            if shared:
                details[f"pictures of {split} taken out of {other}"] = len(shared)
            for digest in shared:
                del parts[other][digest]
    missing = [split for split in ("dev", "test") if not parts[split]]
    if missing:
        digests = sorted(parts["train"])
        rows = train_dev_test(digests)
        for split in missing:
            for row in rows[split]:
                parts[split][digests[row]] = parts["train"].pop(digests[row])
    return parts, details


def _splits(
    name: str,
    parts: Mapping[str, Found],
    pictures: Mapping[str, PictureFile],
    origin: Origin,
    **facts,
) -> CorpusSplits:
    counts = collections.Counter(
        language
        for captions in parts["train"].values()
        for language, texts in captions.items()
        for _ in texts
    )
    languages = [language for language, _ in counts.most_common()]
    # A language without a training caption can be neither learnt nor evaluated.
    frames = {split: _frame(found, pictures, languages) for split, found in parts.items()}
    facts["details"] = {**facts.get("details", {}), "captions": dict(counts)}
    return CorpusSplits(name, frames, origin, **facts)


def _frame(
    found: Found, pictures: Mapping[str, PictureFile], languages: Sequence[str]
) -> pd.DataFrame:
    rows = []
    for language in languages:
        for digest, captions in found.items():
            if texts := captions.get(language):
                further = json.dumps(texts[1:], ensure_ascii=False)
                row = (f"{digest[:16]}-{language}", pictures[digest], language, texts[0], further)
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _scenes(count: int) -> CorpusSplits:
    """Drawn scenes, split by the combination of their things: one of test is in no training
    scene."""
    found: Found = {}
    pictures, groups = {}, {}
    for scene, content, captions in scenes.scenes(count):
        picture = PictureFile(content)
        pictures[picture.sha256] = picture
        groups[picture.sha256] = scene.combination
        found[picture.sha256] = {"ko": captions}
    digests = list(found)
    rows = train_dev_test([groups[digest] for digest in digests])
    parts = {split: {digests[row]: found[digests[row]] for row in rows[split]} for split in SPLITS}
    program = Path(scenes.__file__)
    origin = Origin(
        "scenes drawn by a program", "pipeline/corpora/captions/scenes.py", "Apache-2.0"
    )
    return _splits("scenes", parts, pictures, origin, files=[program])


def captions_of(row: pd.Series | Mapping[str, str]) -> list[str]:
    """All captions of a row of a split.

    Raises:
        ValueError: `further` is no JSON list.
    """
    return [row["label"], *json.loads(row["further"])]
