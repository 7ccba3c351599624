"""Twelve sentences with entities, and a file of any form read back, for tests of the readers."""

from __future__ import annotations

from pathlib import Path

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts
from pipeline.corpora.annotated.entities import Entity, read_entities

NAMES = ["김민수", "이영희", "박철수", "최지우", "정다은", "한서준"]
CITIES = ["서울", "부산", "대구", "인천", "광주"]
LABELS = {"PER": "PER", "LOC": "LOC", "ORG": "ORG"}


def read(tmp_path: Path, text: str, name: str = "my.txt", encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding, "surrogateescape"))
    return read_annotated(path)


def texts(found: AnnotatedTexts) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text, [(text[start:end], label) for start, end, label in read_entities(cell)])
        for text, cell in zip(found.frame["text"], found.frame["label"], strict=True)
    ]


def made(count: int = 12) -> list[tuple[str, list[Entity]]]:
    """Whole words are entities, so that every format can say them."""
    found = []
    for n in range(count):
        name, city = NAMES[n % len(NAMES)], CITIES[n % len(CITIES)]
        if n % 3 == 2:
            found.append((f"점수는 {n}:2, a < b 였다", []))
        elif n % 2:
            text = f"{name} 대표는 {city} {n}가 거리에서 말했다"
            found.append(
                (text, [Entity(0, 3, "PER"), Entity(8, text.index(" 거리"), "LOC")]),
            )
        else:
            found.append((f"{city} {n}은행 금리가 올랐다", [Entity(0, 6 + (n > 9), "ORG")]))
    return found


MADE = made()
EXPECTED = [(text, [(text[s:e], label) for s, e, label in entities]) for text, entities in MADE]


def renamed(labels: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(text, [(part, labels[label]) for part, label in of]) for text, of in EXPECTED]


def tags_of(text: str, entities: list[Entity], outside: str = "O") -> list[str]:
    """A tag for each word of a text."""
    tags, place = [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        inside = next((e for e in entities if e.start <= start < e.end), None)
        edge = "B" if inside and inside.start == start else "I"
        tags.append(f"{edge}-{inside.label}" if inside else outside)
    return tags
