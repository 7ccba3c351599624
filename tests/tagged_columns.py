"""Small files with a tagged token a line, and what is read from them."""

from __future__ import annotations

from pathlib import Path

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts
from pipeline.corpora.annotated.entities import read_entities

NAMES = ["김민수", "이영희", "박철수", "최지우", "정다은", "한서준"]
CITIES = ["서울", "부산", "대구", "인천", "광주"]

Token = tuple[str, str, str]  # word, part of speech, tag


def sentences(count: int = 12) -> list[list[Token]]:
    """Of two kinds in turn, with an entity of two words in the second."""
    made: list[list[Token]] = []
    for n in range(count):
        name, city = NAMES[n % len(NAMES)], CITIES[n % len(CITIES)]
        if n % 2:
            made.append(
                [
                    (name, "NNP", "B-PER"),
                    ("대표는", "NNG", "O"),
                    (city, "NNP", "B-LOC"),
                    ("거리에서", "NNG", "O"),
                    (f"{n}번", "SN", "O"),
                    ("말했다", "VV", "O"),
                ]
            )
        else:
            made.append(
                [
                    (f"{city}", "NNP", "B-ORG"),
                    (f"{n + 1}은행은", "NNG", "I-ORG"),
                    ("금리를", "NNG", "O"),
                    ("올렸다", "VV", "O"),
                ]
            )
    return made  # fmt: skip


def expected(made: list[list[Token]]) -> list[tuple[str, list[tuple[str, str]]]]:
    found = []
    for sentence in made:
        entities: list[tuple[str, str]] = []
        for word, _, tag in sentence:
            if tag.startswith("B-"):
                entities.append((word, tag[2:]))
            elif tag.startswith("I-"):
                entities[-1] = (f"{entities[-1][0]} {word}", tag[2:])
        found.append((" ".join(word for word, _, _ in sentence), entities))
    return found


def read(tmp_path: Path, text: str, name: str = "my.tsv", encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_annotated(path)


def texts(found: AnnotatedTexts) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text, [(text[start:end], label) for start, end, label in read_entities(cell)])
        for text, cell in zip(found.frame["text"], found.frame["label"], strict=True)
    ]


def columns(made: list[list[Token]], row="{word}\t{tag}", between: str = "\n") -> str:
    """`row` may name word, pos, tag, s (number of the sentence), n (of the token) and first (the
    number of the sentence, in its first row only)."""
    lines = []
    for s, sentence in enumerate(made):
        lines.append(
            "".join(
                row.format(word=w, pos=p, tag=t, s=s, n=n, first="" if n else f"Sentence: {s}")
                + "\n"
                for n, (w, p, t) in enumerate(sentence)
            )
        )
    return between.join(lines)


MADE = sentences()
