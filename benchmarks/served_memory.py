"""Measures memory and time of exported models for very long texts and for very many.

    python -m benchmarks.served_memory saved_models/sentiment/1 saved_models/ner/1
    python -m benchmarks.served_memory saved_models/ner/1 --signature entities

Each row of the table is two calls, the second with twice as much text, each in a new process with
only tensorflow and tensorflow-text. Memory is the peak during the call, minus that after the model
was loaded and had answered one short text. If the time is proportional to the text, the second call
takes twice as long: the last column is the ratio of the processor time of all threads, which other
programs on the machine disturb less than seconds.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from pathlib import Path

from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table

SENTENCES = (
    "지난해 12월 김민수 대표는 서울 종로구에서 기자들을 만났다.",
    "아 더빙.. 진짜 짜증나네요 목소리 ㅋㅋㅋ",
    "그는 커피보다 차를 더 좋아해요.",
    "모든 국민은 법 앞에 평등하다.",
)
HALF = 500_000


def long_text(characters: int) -> str:
    """A text of `characters` characters."""
    once = " ".join(SENTENCES) + " "
    return (once * (characters // len(once) + 1))[:characters]


def short_texts(count: int) -> list[str]:
    """`count` texts of one sentence each."""
    return [f"{SENTENCES[i % len(SENTENCES)]} {i}" for i in range(count)]


def cases(half: int) -> dict[str, list[list[str]]]:
    """Name of a case -> the texts of the two calls.

    Args:
        half: number of characters of the long text in the first call.
    """
    text = long_text(2 * half)
    words = text.replace(" ", "").replace(".", "")
    decomposed = unicodedata.normalize("NFD", text)
    counts = [half // 100, 2 * half // 100]
    mixed = [(count // 2, 30 * count) for count in counts]
    return {
        "one text": [[text[:half]], [text]],
        "one text of one word": [[words[: half // 2]], [words[:half]]],
        "one text in NFD": [[decomposed[:half]], [decomposed[: 2 * half]]],
        "lines in one text": [[text[:half].replace(". ", "\n")], [text.replace(". ", "\n")]],
        "short texts": [short_texts(count) for count in counts],
        "short texts beside a long one": [
            [*short_texts(count), text[:characters]] for count, characters in mixed
        ],
    }


def measured(model: Path, signature: str, texts: list[str]) -> dict[str, float | str]:
    """The output of `served_peak.py`."""
    question = json.dumps({"signature": signature, "texts": texts})
    return json.loads(foreign_process("served_peak.py", model.resolve(), given=question))


def row(what: str, calls: list[list[str]], model: Path, signature: str) -> list[str]:
    """A row of the table: name of the case, size of the second call, and figures of both."""
    size = f"{len(calls[1]):,} texts, {sum(map(len, calls[1])):,} characters"
    half, whole = (measured(model, signature, texts) for texts in calls)
    for told in (whole, half):
        if "refused" in told:
            return [what, size, "refused", "", "", ""]
    return [
        what,
        size,
        f"{whole['peak'] - whole['idle']:,.0f}",
        *(f"{told['seconds']:.2f}" for told in (half, whole)),
        f"{whole['cpu'] / half['cpu']:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", type=Path, nargs="+", help="folders of SavedModels")
    parser.add_argument("--signature", default="serving_default")
    parser.add_argument(
        "--characters", type=int, default=2 * HALF, help="of the longest text (default: 1,000,000)"
    )
    arguments = parser.parse_args()
    columns = ["what", "how much", "MiB above idle", "seconds for half", "seconds", "work"]
    for model in arguments.models:
        rows = [
            row(what, calls, model, arguments.signature)
            for what, calls in cases(arguments.characters // 2).items()
        ]
        print_table(f"{model}, signature {arguments.signature}", columns, rows)


if __name__ == "__main__":
    main()
