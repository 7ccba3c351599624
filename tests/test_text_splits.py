"""A user's own file as three splits: something in each, nothing in two, or a line that says why."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.splits import CorpusSplits, read_split, text_id
from pipeline.corpora.text_keys import TextKeys
from pipeline.corpora.text_splits import label_warnings, split_own_texts
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.normalize import normalize
from pipeline.workspace import read_json

WORDS = [
    f"{one} {other}" for one in ["영화", "배우", "음악", "화면"] for other in "가나다라마바사아자차"
]


def frame_of(rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        [(i, t, "x") for i, t in rows], columns=["id", "text", "label"], dtype="str"
    )


def split_texts(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return split_own_texts({"train": TextKeys.of(frame)}, "my.tsv").of({"train": frame})


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2)), min_size=1))
def test_no_id_and_no_text_is_in_two_splits(rows):
    spellings = ("가 나{}", " 가\t나{} ", "\u200b가\u3000나{}")
    texts = [spellings[spelling].format(text) for _, text, spelling in rows]
    frame = frame_of([(f"id {i}", text) for (i, _, _), text in zip(rows, texts, strict=True)])
    try:
        splits = split_texts(frame)
    except UserError:
        return
    assert list(splits) == ["train", "dev", "test"]
    assert all(len(part) for part in splits.values())
    assert sum(map(len, splits.values())) == len(rows)
    for values in (lambda part: set(part["id"]), lambda part: set(map(normalize, part["text"]))):
        of = [values(part) for part in splits.values()]
        assert sum(map(len, of)) == len(set.union(*of))


@given(st.sets(st.text("가나다라 ", min_size=1, max_size=5), min_size=10, max_size=60))
def test_texts_without_ids_are_split_unless_there_are_not_three(texts):
    frame = frame_of([(text_id(text), text) for text in texts])
    if len(set(map(normalize, texts))) < 3:
        with pytest.raises(UserError, match="different"):
            split_texts(frame)
        return
    splits = split_texts(frame)
    assert all(len(part) for part in splits.values())


def test_labels_that_a_split_lacks_are_named():
    assert label_warnings({"train": {"a": 1, "b": 2}, "dev": {"a": 1, "b": 1}}) == []
    unknown, lacking = label_warnings(
        {"train": {"a": 9, "b": 1}, "dev": {"a": 1, "c": 2}, "test": {"a": 1, "b": 1, "c": 1}}
    )
    assert "c" in unknown
    assert "2 of dev, 1 of test" in unknown
    assert "dev lacks: b" in lacking
    assert "test" not in lacking
    many = {str(n): 1 for n in range(100)}
    (short,) = label_warnings({"train": many, "dev": {"0": 1}})
    assert len(short) < 200
    assert "more" in short


def test_a_corpus_has_no_empty_split():
    frame = frame_of([("1", "가")])
    with pytest.raises(UserError, match="dev"):
        CorpusSplits("a", {"train": frame, "dev": frame[:0]}, Origin("a", "a.tsv", ""))


def table(rows, header="id\ttext\tlabel") -> str:
    return "\n".join([header, *("\t".join(map(str, row)) for row in rows)]) + "\n"


def sentences(texts) -> str:
    return "".join(f"<{text.split()[0]}:LC> {text}\n" for text in texts)


# Task, file, what is in it.
TOO_FEW = {
    "one id": ("sentiment", "a.tsv", table(("m", t, i % 2) for i, t in enumerate(WORDS))),
    "two ids": ("sentiment", "a.tsv", table((i % 2, t, i // 2 % 2) for i, t in enumerate(WORDS))),
    "a chain of ids and texts": (
        "sentiment",
        "a.tsv",
        table(((i + i // 40) % 40, WORDS[i % 40], i % 2) for i in range(80)),
    ),
    "one text": ("sentiment", "a.tsv", table([("좋다", 1), ("좋다 ", 0)] * 20, "text\tlabel")),
    "two texts": ("sentiment", "a.tsv", table([("좋다", 1), ("싫다", 0)] * 20, "text\tlabel")),
    "the other label is held out": (
        "sentiment",
        "a.tsv",
        table([("a", "영화 가", 0), ("b", "영화 나", 1)] + [("c", t, 0) for t in WORDS[2:]]),
    ),
    "one sentence": ("ner", "a.txt", sentences(WORDS[:1] * 30)),
    "two sentences": ("ner", "a.txt", sentences(WORDS[:2] * 15)),
    "one English side": ("translation", "a.tsv", "".join(f"{t}\tI am.\n" for t in WORDS)),
    "two English sides": (
        "translation",
        "a.tsv",
        "".join(f"{t}\tI am {i % 2} a.\n" for i, t in enumerate(WORDS)),
    ),
    "one pair": ("translation", "a.tsv", "안녕.\tHello.\n" * 30),
    "a short text": ("charlm", "a.txt", "짧다.\n" * 20),
    "a text without any width": ("charlm", "a.txt", "가 나." + "\u200b" * 3000),
    "a text of white space": ("charlm", "a.txt", "가 나." + " \n" * 3000),
}


@pytest.mark.parametrize("case", TOO_FEW)
def test_too_little_to_hold_out_is_said_before_anything_is_trained(command, tmp_path, case):
    task, name, content = TOO_FEW[case]
    (tmp_path / name).write_text(content, encoding="utf-8")
    outcome = command(tmp_path, "corpus", task, "--corpus", name)
    assert name in outcome.error
    assert " — " in outcome.error, "it does not say what to do"
    assert outcome.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.json"))


TEN = [(text, row % 2) for row, text in enumerate(WORDS[:10])]
ENOUGH = {
    "three ids": ("sentiment", "a.tsv", table((i % 3, t, i // 3 % 2) for i, t in enumerate(WORDS))),
    "ids of very different size": (
        "sentiment",
        "a.tsv",
        table((min(i, 2), t, i % 2) for i, t in enumerate(WORDS)),
    ),
    "ids, and texts three times": (
        "sentiment",
        "a.tsv",
        table((i, WORDS[i % 40], i % 40 // 10 % 2) for i in range(120)),
    ),
    "ten rows": ("sentiment", "a.tsv", table(TEN, "text\tlabel")),
    "five texts twice": (
        "sentiment",
        "a.tsv",
        table([(WORDS[i // 2], i % 2) for i in range(10)], "text\tlabel"),
    ),
    "ten sentences": ("ner", "a.txt", sentences(WORDS[:10])),
    "three sentences": ("ner", "a.txt", sentences(WORDS[:3] * 10)),
    "ten pairs": (
        "translation",
        "a.tsv",
        "".join(f"{t}\tI am {i} a.\n" for i, t in enumerate(WORDS[:10])),
    ),
    "three English sides": (
        "translation",
        "a.tsv",
        "".join(f"{t}\tI am {i % 3} a.\n" for i, t in enumerate(WORDS)),
    ),
    "nearly all with one English side": (
        "translation",
        "a.tsv",
        "".join(f"{t}\tI am.\n" for t in WORDS) + "안녕.\tHello.\n응.\tYes.\n",
    ),
    "a text on one line": ("charlm", "a.txt", "가나다라마" * 250),
}  # fmt: skip


@pytest.mark.parametrize("case", ENOUGH)
def test_every_split_has_something(command, tmp_path, case):
    task, name, content = ENOUGH[case]
    (tmp_path / name).write_text(content, encoding="utf-8")
    outcome = command(tmp_path, "corpus", task, "--corpus", name)
    assert outcome.code == 0, outcome.err
    facts = read_json(tmp_path / "runs" / task / "default" / "corpus.json")["facts"]
    assert set(facts["rows"]) == {"train", "dev", "test"}
    parts = [read_split(tmp_path / facts["folder"] / f"{split}.tsv") for split in facts["rows"]]
    assert all(len(part) for part in parts)
    if task == "charlm":
        return
    texts = [set(map(normalize, part["text"])) for part in parts]
    assert sum(map(len, texts)) == len(set.union(*texts))
    ids = [set(part["id"]) for part in parts]
    assert sum(map(len, ids)) == len(set.union(*ids))


def test_labels_that_train_does_not_have_are_seen_at_once(command, tmp_path):
    rows = [(f"{t} {n}", n) for n, t in enumerate(WORDS)] + [(f"{t} x", "많다") for t in WORDS]
    (tmp_path / "a.tsv").write_text(table(rows, "text\tlabel"), encoding="utf-8")
    outcome = command(tmp_path, "corpus", "--corpus", "a.tsv")
    facts = read_json(tmp_path / "runs/sentiment/default/corpus.json")["facts"]
    train = read_split(tmp_path / facts["folder"] / "train.tsv")
    test = read_split(tmp_path / facts["folder"] / "test.tsv")
    unknown = set(test["label"]) - set(train["label"])
    assert unknown
    (warning,) = [line for line in outcome.err.split("\n") if "not in train" in line]
    assert f"{len(unknown)} of test" in warning
    assert any(warning.removeprefix("! ") == said for said in facts["warnings"])


def test_kinds_of_entities_that_train_does_not_have_are_seen_at_once(command, tmp_path):
    texts = [f"<{t.split()[0]}:L{n}> {t}" for n, t in enumerate(WORDS)]
    (tmp_path / "a.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    outcome = command(tmp_path, "corpus", "ner", "--corpus", "a.txt")
    assert outcome.code == 0
    assert "4 of dev, 4 of test" in outcome.err
