"""Lines that hold one of many texts, and what of raw texts is left out for it."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import pretraining_overlap
from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.corpora.splits import CorpusSplits, write_split
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.corpora.unlabelled.left_out import texts_to_avoid
from pipeline.corpora.unlabelled.named_texts import sample_texts
from pipeline.corpora.unlabelled.overlap import WINDOW, TextIndex, letters
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts, Origin
from pipeline.workspace import Manifest, Workspace

LONG = "이 문장은 공백을 빼고도 열여섯 글자가 넘는다"
LINES = [f"{number} 번째 줄입니다." for number in range(30)]

few_characters = st.text("ab 가\u1100\u1161\n", max_size=40)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def by_comparing(lines: list[str], texts: list[str]) -> list[tuple[int, int]]:
    """What `TextIndex.places` must give, one pair at a time."""
    return [
        (n, k)
        for n, line in enumerate(map(letters, lines))
        for k, text in enumerate(map(letters, texts))
        if text and (text == line or (len(text) >= 16 and text in line))
    ]


@given(lines=st.lists(few_characters, max_size=6), texts=st.lists(few_characters, max_size=6))
def test_as_by_comparing_each_line_with_each_text(lines, texts):
    lines = [*lines, *texts, *(f"b{text}가{text} a" for text in texts), "".join(texts)]
    assert TextIndex(texts).places(lines) == by_comparing(lines, texts)


def test_lines_of_many_parts(monkeypatch):
    monkeypatch.setattr("pipeline.corpora.unlabelled.overlap._CHARACTERS_AT_ONCE", 50)
    lines = [f"{line} {LONG}" if n % 7 == 0 else line for n, line in enumerate(LINES)]
    texts = [LONG, *LINES[3:5]]
    assert TextIndex(texts).places(iter(lines)) == by_comparing(lines, texts)


def test_no_text_reaches_over_the_end_of_a_line():
    half = len(LONG) // 2
    assert TextIndex([LONG]).places([LONG[:half], LONG[half:]]) == []


def test_texts_of_just_enough_characters_and_one_less():
    exact = "가나다라" * 4
    assert len(exact) == WINDOW
    index = TextIndex([exact, exact[:-1]])
    assert index.places([f"앞{exact}뒤"]) == [(0, 0)]
    assert index.places([exact[:-1], f"앞{exact[:-1]}"]) == [(0, 1)]


def test_a_run_of_one_character_takes_no_time_of_its_own():
    index = TextIndex(["ㅋ" * n for n in range(16, 60)])
    assert len(index.places(["ㅋ" * 200_000])) == 44


# what is left out of raw texts


def read(tmp_path: Path, leave_out: str, lines: list[str]) -> CorpusSplits:
    path = write(tmp_path / "raw.txt", "\n".join(lines))
    return read_unlabelled_texts(UnlabelledCorpusSettings(path, leave_out), tmp_path / "raw")


def texts(splits: CorpusSplits) -> set[str]:
    return {text for frame in splits.splits.values() for text in frame["text"]}


def test_lines_that_are_or_hold_a_text_are_left_out_and_counted(tmp_path):
    one = write(tmp_path / "one.txt", f"{LONG}\n3 번째줄입니다.\n줄입니다\n")
    two = write(tmp_path / "two.txt", f"{LONG}!\n없는 줄\n")
    out = [LONG, f"앞에  {LONG}! 뒤에", LINES[3]]
    splits = read(tmp_path, f"{one},{two}", [*LINES, *out])
    assert texts(splits) == set(LINES) - {LINES[3]}
    assert splits.details["left_out"] == {"one.txt": 3, "two.txt": 1}
    assert {path.name for path in splits.files} == {"raw.txt", "one.txt", "two.txt"}


def test_a_document_that_loses_a_line_stays_one(tmp_path):
    groups = [[f"글 {n}의 첫째", f"글 {n}의 둘째"] for n in range(40)]
    raw = "\n\n".join("\n".join(group) for group in groups)
    one = write(tmp_path / "one.txt", "글 3의 첫째\n")
    splits = read(tmp_path, one, raw.split("\n"))
    label = {
        t: d for f in splits.splits.values() for t, d in zip(f["text"], f["label"], strict=True)
    }
    assert "글 3의 첫째" not in label
    assert len(label) == 79
    assert len(set(label.values())) == 40


FORMATS = {
    "table.tsv": f"text\tlabel\n{LONG}\t1\n다른 글입니다\t0\n",
    "table.csv": f'id,내용\n1,"{LONG}"\n2,"다른 글입니다"\n',
    "rows.jsonl": "\n".join(json.dumps({"text": text}) for text in (LONG, "다른 글입니다")),
    "entities.json": json.dumps([{"text": LONG, "entities": [[0, 1, "PS"]]}] * 2),
    "tokens.jsonl": "\n".join(
        json.dumps({"tokens": LONG.split(), "ner_tags": ["B-PS", *["O"] * (len(LONG.split()) - 1)]})
        for _ in range(2)
    ),
    "inline.txt": LONG.replace("열여섯", "<열여섯:NUM>") + "\n<서울:LOC>에 갔다\n",
    "words.txt": f"{LONG}\t{' '.join(['B-NUM', *['O'] * LONG.count(' ')])}\n서울\tB-LOC\n",
    "columns.conll": "\n".join(f"{word} _ _ O" for word in LONG.split()) + "\n\n서울 _ _ B-LOC\n",
    "syllables.txt": "\n".join(f"{c if c.strip() else '_'}\tO" for c in LONG)
    + "\n\n서\tB-LOC\n울\tI-LOC\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_files_of_every_format(name, tmp_path):
    path = write(tmp_path / name, FORMATS[name])
    splits = read(tmp_path, path, [*LINES, f"그리고 {LONG}."])
    assert texts(splits) == set(LINES)
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(FORMATS[name].encode()))
    assert texts(read(tmp_path, str(packed), [*LINES, f"그리고 {LONG}."])) == set(LINES)


def test_a_plain_text_with_stray_markup_is_avoided_with_it_and_without(tmp_path):
    marked = LONG.replace("열여섯", "<열여섯:NUM>")
    path = write(tmp_path / "a.txt", "\n".join([marked, *LINES[:5]]))
    found = texts_to_avoid(path, tmp_path).texts
    assert {marked, LONG, *LINES[:5]} == set(found)


def test_sentences_that_cannot_be_read_are_warned_of(tmp_path):
    path = write(
        tmp_path / "a.txt", "<서울:LOC>에 갔다\n<부산:LOC>에 갔다\n<서울:<부산:LOC>:LOC>에\n"
    )
    assert len(texts_to_avoid(path, tmp_path).warnings) == 1


def test_names_stand_for_what_is_held_out_of_them(tmp_path):
    sample = sample_texts(tmp_path)
    splits = read(tmp_path, "sample", [*LINES, *sample.held_out, *sample.train[:20]])
    assert texts(splits) == {*LINES, *sample.train[:20]}
    assert splits.details["left_out"]["sample"] == len(set(sample.held_out))


@pytest.mark.parametrize("leave_out", ["nothing.txt", "nothing", "kowiki", ",", "folder"])
def test_what_cannot_be_left_out_is_said(leave_out, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        read(tmp_path, leave_out, LINES)


def test_nothing_is_left_when_all_is_left_out(tmp_path):
    path = write(tmp_path / "a.txt", "\n".join(LINES))
    with pytest.raises(UserError):
        read(tmp_path, path, LINES)


# the benchmark


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two encoders, one of which learnt from a test text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pretraining_overlap, "BENCHMARKS", {})
    workspace = Workspace(tmp_path)
    for name, lines in (("clean", LINES), ("dirty", [*LINES, f"그리고 {LONG}."])):
        folder = workspace.processed("encoder", name)
        folder.mkdir(parents=True)
        splits = read(tmp_path, write(tmp_path / "other.txt", "다른 글\n"), lines * 2)
        frame = splits.splits["train"]
        if name == "dirty":
            frame = frame.assign(text=[f"그리고 {LONG}.", *frame["text"][1:]])
        write_split(folder / "train.tsv", frame)
        facts = CorpusFacts(name, str(folder.relative_to(tmp_path)), Origin("", "", ""), {})
        workspace.run("encoder", name).mkdir(parents=True)
        outputs = [folder / "train.tsv"]
        Manifest.of("corpus", {}, [], outputs, folder, facts).write(
            workspace.run("encoder", name) / "corpus.json"
        )
    return tmp_path


@pytest.mark.parametrize(("names", "code"), [("clean", 0), ("clean,dirty", 1), ("gone", 2)])
def test_the_benchmark_ends_with_what_it_found(names, code, runs, monkeypatch, capsys):
    path = write(runs / "bench.txt", f"{LONG}\n아주 다른 글\n")
    monkeypatch.setattr(sys, "argv", ["x", "--runs", names, "--against", path])
    assert pretraining_overlap.main() == code
    assert ("bench.txt" in capsys.readouterr().out) == (code < 2)
