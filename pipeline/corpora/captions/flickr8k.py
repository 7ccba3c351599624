"""Flickr8k as it is published: two zip archives, of photos and of captions."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from pipeline.corpora.catalogue import Corpus
from pipeline.corpora.fetch import fetch
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.progress import track
from pipeline.workspace import atomic_folder, write_text

_CAPTIONS = "Flickr8k.token.txt"
_LISTS = {part: f"Flickr_8k.{part}Images.txt" for part in ("train", "dev", "test")}
_AGAIN = "delete it and run again; it will be fetched anew"


def fetch_flickr8k(corpus: Corpus, raw: Path) -> tuple[dict[str, Path], Path]:
    """Fetches and unpacks the archives, if that is not done yet.

    Args:
        corpus: of the catalogue.
        raw: where downloaded files are kept; what is unpacked lies beside the archives.

    Returns:
        Split -> a table of its captions, and the folder of the photos.

    Raises:
        CorpusUnavailable: an archive cannot be had.
        UserError: an archive is not what the catalogue describes.
    """
    # The small one first, so that a missing network is noticed soon.
    captions = fetch(corpus.releases["captions"], raw)
    photos = fetch(corpus.releases["photos"], raw)
    folder, tables = photos.with_suffix(""), captions.with_suffix("")
    if not folder.is_dir():
        unpack_photos(photos, folder)
    if not tables.is_dir():
        write_tables(captions, tables, corpus.sentences)
    return {part: tables / f"{part}.tsv" for part in _LISTS}, folder


def unpack_photos(archive: Path, folder: Path) -> None:
    """Writes all JPEG files of an archive into one folder, whole or not at all."""
    with _opened(archive) as packed, atomic_folder(folder) as temporary:
        photos = [
            info
            for info in packed.infolist()
            if info.filename.lower().endswith(".jpg")
            # macOS puts such a file beside each file.
            and not PurePosixPath(info.filename).name.startswith(".")
        ]
        for info in track(photos, f"unpacking {archive.name}", unit="photos"):
            # By its name alone, so that nothing is written elsewhere.
            with (
                packed.open(info) as source,
                open(temporary / PurePosixPath(info.filename).name, "wb") as target,
            ):
                shutil.copyfileobj(source, target)


def write_tables(archive: Path, folder: Path, photos: dict[str, int]) -> None:
    """Writes the captions of each part of the official split as a table, image<TAB>caption.

    Args:
        photos: part -> how many photos it must have.

    Raises:
        UserError: the archive has other files, or other numbers of photos.
    """
    with _opened(archive) as packed, atomic_folder(folder) as temporary:
        lines = [line.split("\t", 1) for line in _text(packed, _CAPTIONS, archive).splitlines()]
        for part, name in _LISTS.items():
            chosen = set(_text(packed, name, archive).split())
            own = [(image.split("#")[0], text) for image, text in lines]
            rows = [f"{image}\t{text}\n" for image, text in own if image in chosen]
            found = len({row.split("\t")[0] for row in rows})
            if found != photos[part]:
                raise UserError(
                    f"{counted(found, 'photo')} of {part} with captions, {photos[part]:,} expected",
                    where=archive,
                    remedy=_AGAIN,
                )
            write_text(temporary / f"{part}.tsv", "".join(rows))


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise UserError(f"is no zip archive ({error})", where=archive, remedy=_AGAIN) from error


def _text(packed: zipfile.ZipFile, name: str, archive: Path) -> str:
    try:
        return packed.read(name).decode("utf-8")
    except KeyError:
        raise UserError(f"has no {name} in it", where=archive, remedy=_AGAIN) from None
