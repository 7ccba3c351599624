"""Reads files of captions: a table, COCO's JSON, or JSON with an object per picture."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.delimited import read_table
from pipeline.corpora.tables.table import column_name
from pipeline.errors import UserError
from pipeline.text_file import read_text

SUFFIXES = (".jpg", ".jpeg", ".png")
"""Suffixes of pictures."""
_IMAGE_NAMES = (
    "image", "file_name", "filename", "file_path", "file", "picture", "photo", "path",
    "사진", "이미지", "그림", "파일",
)  # fmt: skip
_CAPTION_NAMES = (
    "caption", "captions", "caption_ko", "caption_en", "text", "sentence", "raw",
    "캡션", "설명", "문장",
)  # fmt: skip
_NUMBER = re.compile(r"#\d+$")


@dataclasses.dataclass(frozen=True)
class CaptionLine:
    """A caption, what its file calls the picture, and the line it stands on."""

    image: str
    text: str
    line: int


@dataclasses.dataclass(frozen=True)
class CaptionFile:
    """The result of `read_captions`.

    Attributes:
        captions: in the order of the file.
        rejects: rows that are no captions.
        read_as: how it was read, for people.
    """

    captions: list[CaptionLine]
    rejects: list[Rejected]
    read_as: str


def read_captions(path: Path) -> CaptionFile:
    """Reads captions, one or several for each picture.

    A table (TSV, CSV) has a picture and a caption in each row: two columns of which one names
    files that end in .jpg, .jpeg or .png, or columns found by their names in a first row. `#0`
    behind a name, as Flickr8k has it, is left out. JSON is COCO's (`images`, `annotations`), or a
    list of objects with a picture and its captions (`file_path`, `caption_ko`, as AI-Hub has it).

    Raises:
        UserError: no such file, or it has no picture with a caption.
    """
    is_json = path.suffix.lower() in (".json", ".jsonl", ".ndjson")
    found = _json(path) if is_json else _table(path)
    if not found.captions:
        raise UserError(
            "has no picture with a caption",
            where=path,
            remedy="give a picture and a caption in each row, image<TAB>caption",
        )
    return found


def _table(path: Path) -> CaptionFile:
    table = read_table(path)
    rows, rejects = list(table.rows), list(table.rejects)
    names = [column_name(cell) for cell in rows[0].fields] if rows else []
    image = next((names.index(name) for name in _IMAGE_NAMES if name in names), None)
    caption = next((names.index(name) for name in _CAPTION_NAMES if name in names), None)
    if image is not None and caption is not None:
        rows = rows[1:]
    else:
        image, caption = _columns([row.fields for row in rows], path)
    found = []
    for row in rows:
        cells = row.fields
        if len(cells) <= max(image, caption) or not _is_picture(cells[image]):
            rejects.append(Rejected(row.line, "names no picture", table.written(row)))
        elif not cells[caption].strip():
            rejects.append(Rejected(row.line, "has no caption", table.written(row)))
        else:
            found.append(CaptionLine(_clean_name(cells[image]), cells[caption], row.line))
    return CaptionFile(found, rejects, f"a table, separated by {table.delimiter}")


def _columns(rows: list[list[str]], path: Path) -> tuple[int, int]:
    """Columns of the picture and of the caption: most cells of the first name pictures."""
    seen = rows[:200]
    width = max(map(len, seen), default=0)
    pictures = [sum(len(r) > n and _is_picture(r[n]) for r in seen) for n in range(width)]
    image = max(range(width), key=pictures.__getitem__, default=0)
    if width < 2 or 2 * pictures[image] < len(seen):
        raise UserError(
            "has no column with the names of pictures (.jpg, .jpeg, .png) beside one of captions",
            where=path,
            remedy="write image<TAB>caption in each row",
        )
    lengths = [sum(len(r[n]) for r in seen if len(r) > n) for n in range(width)]
    lengths[image] = -1
    return image, max(range(width), key=lengths.__getitem__)


def _is_picture(cell: str) -> bool:
    return _clean_name(cell).lower().endswith(SUFFIXES)


def _clean_name(cell: str) -> str:
    return _NUMBER.sub("", cell.strip())


def _json(path: Path) -> CaptionFile:
    text, _ = read_text(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = [json.loads(line) for line in text.split("\n") if line.strip()]
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"is not valid JSON ({error})", where=path, remedy="correct it"
            ) from None
    if isinstance(value, dict) and isinstance(value.get("annotations"), list):
        return _coco(value)
    records = value if isinstance(value, list) else _first_list(value)
    return _records(records)


def _first_list(value: Any) -> list:
    lists = [v for v in value.values() if isinstance(v, list)] if isinstance(value, dict) else []
    return max(lists, key=len, default=[])


def _coco(value: dict[str, Any]) -> CaptionFile:
    """Reads captions in the format of cocodataset.org: annotations name the ids of images."""
    names = {}
    for image in value.get("images") or []:
        if isinstance(image, dict) and isinstance(image.get("file_name"), str):
            names[image.get("id")] = image["file_name"]
    found, rejects = [], []
    for number, annotation in enumerate(value["annotations"], 1):
        known = annotation if isinstance(annotation, dict) else {}
        name, caption = names.get(known.get("image_id")), known.get("caption")
        if not isinstance(caption, str) or not caption.strip():
            rejects.append(Rejected(number, "has no caption", str(annotation)))
        elif name is None:
            reason = f"is of the image {known.get('image_id')}, which is not among `images`"
            rejects.append(Rejected(number, reason, caption))
        else:
            found.append(CaptionLine(name, caption, number))
    return CaptionFile(found, rejects, "captions of COCO (JSON); numbers are of annotations")


def _records(records: list) -> CaptionFile:
    found, rejects = [], []
    for number, record in enumerate(records, 1):
        known = record if isinstance(record, dict) else {}
        names = [known[key] for key in _IMAGE_NAMES if isinstance(known.get(key), str)]
        texts = [text for key in _CAPTION_NAMES for text in _texts(known.get(key))]
        if not names or not _is_picture(names[0]):
            rejects.append(Rejected(number, "names no picture", str(record)))
        elif not texts:
            rejects.append(Rejected(number, "has no caption", str(record)))
        else:
            found += [CaptionLine(_clean_name(names[0]), text, number) for text in texts]
    return CaptionFile(found, rejects, "JSON, an object a picture; numbers are of objects")


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [text for text in texts if isinstance(text, str) and text.strip()]
