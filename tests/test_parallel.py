from __future__ import annotations

import random
from pathlib import Path

import pytest

from parallel_pairs import SPLITS, judge, made, read, shares_no_side, sizes
from pipeline.corpora.parallel.pair_filters import REASONS
from pipeline.corpora.parallel.sources import (
    different_names,
    names_in,
    own_source,
    pair_files_beside,
)
from pipeline.corpora.splits import read_split, write_split
from pipeline.errors import UserError


def own(tmp_path: Path, lines: list[str], name: str = "my.tsv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# One file


def test_a_file_is_split_by_its_sides(tmp_path):
    lines = made(400)
    found = read(own(tmp_path, lines), tmp_path)
    assert sizes(found) == {"train": 320, "dev": 40, "test": 40}
    assert shares_no_side(found)
    assert (found.name, found.warnings, found.rejects) == ("my", [], [])
    assert found.origin.title == "my.tsv"
    assert found.details["filtered"] == dict.fromkeys(REASONS, 0)
    assert found.tests == {}
    assert found.details["corpora"][0]["rows"] == sizes(found)
    assert found.details["corpora"][0]["read"]["train"]["delimiter"] == "tab"
    # Order does not matter, and what the split files give back is the same.
    shuffled = random.Random(1).sample(lines, len(lines))
    again = read(own(tmp_path, shuffled, "other.tsv"), tmp_path)
    for name, frame in found.splits.items():
        assert set(frame["text"]) == set(again.splits[name]["text"])
        write_split(tmp_path / f"{name}.tsv", frame)
        assert read_split(tmp_path / f"{name}.tsv").equals(frame)


def test_direction(tmp_path):
    path = own(tmp_path, made(100))
    there, back = read(path, tmp_path), read(path, tmp_path, direction="en-ko")
    assert there.details["direction"] == "ko-en"
    assert back.details["direction"] == "en-ko"
    for name in ("train", "dev"):  # of test, sources that stand there twice are one
        one, other = there.splits[name], back.splits[name]
        assert one["text"].tolist() == other["label"].tolist()
        assert one["label"].tolist() == other["text"].tolist()
        assert one["id"].tolist() == other["id"].tolist()
    assert "번이다" in there.splits["train"]["text"][0]


def test_bad_rows_are_counted_and_shown(tmp_path):
    bad = ["혼자", "안녕.\t", "같다 x\t같다 X", "십\t10", "아\t" + "a" * 99, f"{'가' * 600}\tx"]
    good = [*made(100), "I am swapped.\t나는 뒤집혔다."]
    found = read(own(tmp_path, [*good, *bad, good[0]]), tmp_path)
    expected = ("unpaired", "empty", "identical", "script", "ratio", "long", "duplicate")
    assert found.details["filtered"] == {**dict.fromkeys(REASONS, 0), **dict.fromkeys(expected, 1)}
    assert found.details["doubtful"]["swapped"] == 1
    assert sum(map(len, found.splits.values())) == 101
    assert [row.line for row in found.rejects] == list(range(101, 109))
    assert [row.kept for row in found.rejects] == [True] + [False] * 7
    assert "나는 뒤집혔다." in {text for frame in found.splits.values() for text in frame["text"]}
    loose = read(tmp_path / "my.tsv", tmp_path, max_length_ratio=99.0, max_characters=700)
    assert {why for why, count in loose.details["filtered"].items() if count} == {
        *expected[:4],
        "duplicate",
        "ratio",  # 600 syllables for an x
    }


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (made(9), r"my\.tsv: has 9 usable pairs; at least 10 are needed"),
        (["안녕.\t", "응.\t"], "has no English column"),
        (["ko\ten", "안녕.\t", "\tYes."], r"no usable pair \(line 2 of my.tsv: one side is empty"),
        ([f"나는 {n}번이다.\tI am." for n in range(50)], "no tenth of its pairs can be held out"),
    ],
)
def test_files_nothing_can_be_learnt_from(tmp_path, lines, expected):
    with pytest.raises(UserError, match=expected):
        read(own(tmp_path, lines), tmp_path)


def test_settings_that_mean_nothing(tmp_path):
    with pytest.raises(UserError, match="did you mean tatoeba"):
        read("tatoba", tmp_path)
    with pytest.raises(UserError, match="the texts of nsmc are labelled, not parallel"):
        read("nsmc", tmp_path)
    with pytest.raises(UserError, match=r"none\.tsv: no such file"):
        read(tmp_path / "none.tsv", tmp_path)
    with pytest.raises(UserError, match="no corpus is named"):
        read(" , ", tmp_path)


# Files beside it, and several


def test_held_out_files_stand_beside(tmp_path):
    train = own(tmp_path, [*made(50), "겹침 하나다.\tShared.", "둘.\tTwo."], "a.train.tsv")
    own(tmp_path, ["두울.\tTWO. ", "셋.\tThree."], "a.dev.tsv")
    own(tmp_path, ["겹침  하나다.\tOne.", "넷.\t4"], "a.test.tsv")
    found = read(train, tmp_path)
    assert found.name == "a"
    assert sizes(found) == {"train": 50, "dev": 2, "test": 2}
    assert (found.details["filtered"]["shared"], found.details["doubtful"]["script"]) == (2, 1)
    assert shares_no_side(found)
    # Without the .train, too, and with one of them only.
    again = read(tmp_path / "a.tsv", tmp_path)
    assert all(again.splits[name].equals(found.splits[name]) for name in SPLITS)
    (tmp_path / "a.dev.tsv").unlink()
    assert sizes(read(train, tmp_path)) == {"train": 47, "dev": 4, "test": 2}


def test_parts_that_are_called_so(tmp_path):
    for part, name in (("train", "가"), ("dev", "나"), ("test", "다")):
        own(tmp_path, made(20, name), f"{part}.tsv")
    assert sizes(read(tmp_path / "train.tsv", tmp_path)) == {"train": 20, "dev": 20, "test": 20}
    assert sum(sizes(read(tmp_path / "test.tsv", tmp_path)).values()) == 20


def test_nothing_left_to_learn_from(tmp_path):
    train = own(tmp_path, made(20), "a.train.tsv")
    for part in ("dev", "test"):
        own(tmp_path, made(20), f"a.{part}.tsv")
    with pytest.raises(UserError, match="no pair is left to learn from"):
        read(train, tmp_path)


def test_nothing_left_to_choose_by(tmp_path):
    """A copy of the test file as dev: a translator would be chosen by what it is judged on."""
    train = own(tmp_path, made(60), "a.train.tsv")
    for part in ("dev", "test"):
        own(tmp_path, made(9, "나"), f"a.{part}.tsv")
    with pytest.raises(UserError, match="no pair is left to choose by.*test has"):
        read(train, tmp_path)


def test_several_corpora(tmp_path):
    a = own(tmp_path, [*made(100), "나는 둘이다.\tThere are two."], "a.tsv")
    b = own(
        tmp_path, [*made(60, "나"), made(100)[0], "너는 둘이다.\tTwo of you."], "나 b.v2.train.tsv"
    )
    own(tmp_path, ["거기 둘이 있다.\tThere are two."], "나 b.v2.test.tsv")
    alone = read(a, tmp_path)
    found = read(f"{a}, {b}", tmp_path)
    assert list(found.splits) == ["train", "dev", "test", "test-a", "test-나-b-v2"]
    assert found.name == "a-나-b-v2"
    assert found.tests == {"test-a": "a.tsv", "test-나-b-v2": b.name}
    assert found.origin.title == f"a.tsv; {b.name}"
    assert found.origin.licence == "the user's own"
    # A corpus has the same test set in whatever company, and all of them together are `test`.
    assert found.splits["test-a"].equals(alone.splits["test"])
    together = [*found.splits["test-a"]["text"], *found.splits["test-나-b-v2"]["text"]]
    assert found.splits["test"]["text"].tolist() == together
    assert shares_no_side(found)
    # `There are two.` is in b's test, made(100)[0] in both.
    assert found.details["filtered"]["shared"] + found.details["filtered"]["duplicate"] >= 2
    rows = [corpus["rows"] for corpus in found.details["corpora"]]
    for name in SPLITS:
        assert sum(row[name] for row in rows) == len(found.splits[name])
    for name, frame in found.splits.items():
        write_split(tmp_path / f"{name}.tsv", frame)
        assert read_split(tmp_path / f"{name}.tsv").equals(frame)
        assert (tmp_path / f"{name}.tsv").stem == name


def test_what_names_stand_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.tsv", "b.dev.tsv", "b.test.tsv", "b.train.tsv", "c,d.tsv"):
        own(tmp_path, made(20), name)
    assert names_in("tatoeba, sample,") == ["tatoeba", "sample"]
    assert names_in("a.tsv,./a.tsv,a.tsv") == ["a.tsv"]
    assert names_in("c,d.tsv") == ["c,d.tsv"]
    assert names_in("b.dev.tsv,b.test.tsv,b.train.tsv,a.tsv") == ["b.train.tsv", "a.tsv"]
    assert names_in("b.tsv,b.train.tsv") == ["b.tsv"]
    assert names_in("b.dev.tsv") == ["b.dev.tsv"]
    assert len(names_in(",".join(f"{n:050}.tsv" for n in range(99)))) == 99
    assert pair_files_beside(Path("b.tsv"))["train"] == Path("b.train.tsv")
    assert set(pair_files_beside(Path("a.tsv"))) == {"train"}


def test_names_are_safe_in_files(tmp_path):
    (tmp_path / "x").mkdir()
    paths = [tmp_path / "a b.tsv", tmp_path / "x" / "A:b.tsv", tmp_path / "..tsv"]
    paths.append(tmp_path / f"{'가' * 80}.tsv")
    for path in paths:
        path.write_text("안녕.\tHello.\n", encoding="utf-8")
    names = [source.name for source in different_names([own_source(path) for path in paths])]
    assert names[:2] == ["a-b", "A-b-2"]
    assert names[3] == "가" * 60
    assert all(name and not set(name) & set("./\\: ") for name in names)


# A finished model


def test_a_file_can_judge_a_model(tmp_path):
    path = own(tmp_path, [*made(3), "I left.\t나는 갔다.", "십\t10", "안녕.\t"])
    judged = judge(path, tmp_path)
    assert judged.frame["text"].tolist()[3:] == ["나는 갔다.", "십"]
    assert judged.filtered["empty"] == 1
    assert (judged.doubtful["swapped"], judged.doubtful["script"]) == (1, 1)
    assert len(judged.rejects) == 3
    with pytest.raises(UserError, match="no usable pair"):
        judge(own(tmp_path, ["ko\ten", "안녕.\t"]), tmp_path)
