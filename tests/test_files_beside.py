"""Files of dev and test that stand beside a user's file of texts with labels or entities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.corpora.annotated.corpus import read_annotated_corpus, read_evaluation_corpus
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.files_beside import files_beside, watched_paths
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.probabilities import probabilities_of
from pipeline.corpora.settings import CorpusSettings, EntityCorpusSettings
from pipeline.corpora.splits import SPLITS, CorpusSplits
from pipeline.corpora.text_keys import TextKeys
from pipeline.corpora.text_splits import split_own_texts
from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.workspace import read_json

CITIES = ("서울", "부산", "대구", "인천")


@dataclasses.dataclass(frozen=True)
class Form:
    """A task, and how its files are written.

    Attributes:
        text: of a number and a letter, the sentence as it is written.
        row: sentence and number -> a line of the file.
        header: the first line, if there is one.
        suffix: of the file.
        read: a file -> its splits.
    """

    task: str
    text: Callable[[int, str], str]
    row: Callable[[str, int], str]
    header: str
    suffix: str
    read: Callable[[Path], CorpusSplits]

    def lines(self, count: int, kind: str) -> list[str]:
        """Rows that are all different, and different from those of another kind."""
        return [self.row(self.text(n, kind), n) for n in range(count)]

    def texts(self, count: int, kind: str) -> list[str]:
        return [self.text(n, kind) for n in range(count)]

    def write(self, path: Path, lines: Sequence[str]) -> Path:
        """As Windows saves it: UTF-8 with a byte order mark, CRLF."""
        body = [*([self.header] if self.header else []), *lines, ""]
        path.write_bytes("\r\n".join(body).encode("utf-8-sig"))
        return path


def reviews(path: Path, *settings: str) -> CorpusSplits:
    return read_labelled_corpus(CorpusSettings(str(path), *settings), path.parent, path.parent)


def sentences(path: Path) -> CorpusSplits:
    return read_annotated_corpus(EntityCorpusSettings(str(path)), path.parent, path.parent)


def place(number: int, kind: str) -> str:
    return f"{CITIES[number % 4]} {kind} {number}번 거리에서 보았다"


def tags_of(text: str) -> str:
    return " ".join(["LOC-B", *["O"] * text.count(" ")])


FORMS = {
    "table": Form(
        "sentiment", place, lambda t, n: f"{t}\t{'긍부정'[n % 2]}", "문장\t라벨", ".tsv", reviews
    ),
    "markup": Form("ner", place, lambda t, n: f"<{t[:2]}:LOC>{t[2:]}", "", ".txt", sentences),
    "tag lists": Form("ner", place, lambda t, n: f"{t}\t{tags_of(t)}", "", ".tsv", sentences),
}


@pytest.fixture(params=FORMS)
def form(request) -> Form:
    return FORMS[request.param]


def sizes(found: CorpusSplits) -> dict[str, int]:
    return {split: len(frame) for split, frame in found.splits.items()}


def shares_no_text(found: CorpusSplits) -> bool:
    of = [set(map(normalize, frame["text"])) for frame in found.splits.values()]
    return sum(map(len, of)) == len(set.union(*of))


@pytest.mark.parametrize("names", ["a.{}", "{}", "a"])
def test_dev_and_test_beside_are_used_as_they_are(form, tmp_path, names):
    train = form.write(tmp_path / f"{names.format('train')}{form.suffix}", form.lines(40, "가"))
    counts = {"dev": 4, "test": 7}
    for split, count in counts.items():
        name = names.format(split) if "{}" in names else f"{names}.{split}"
        form.write(tmp_path / f"{name}{form.suffix}", form.lines(count, split))
    found = form.read(train)
    assert list(found.splits) == list(SPLITS)
    assert sizes(found) == {"train": 40, **counts}
    for split, count in counts.items():
        assert list(found.splits[split]["text"]) == form.texts(count, split)
    assert list(found.splits["train"]["text"]) == form.texts(40, "가")
    assert not found.warnings
    assert not found.rejects
    assert found.details["dropped"] == {}
    for split in SPLITS[1:]:
        assert f"{split}{form.suffix}: " in found.details["read_as"]


def test_what_has_no_file_is_a_tenth_of_train(form, tmp_path):
    train = form.write(tmp_path / f"a{form.suffix}", form.lines(40, "가"))
    alone = form.read(train)
    given = form.write(tmp_path / f"a.test{form.suffix}", form.lines(7, "나"))
    found = form.read(train)
    assert sizes(found) == {"train": 36, "dev": 4, "test": 7}
    assert list(found.splits["test"]["text"]) == form.texts(7, "나")
    assert shares_no_text(found)
    given.rename(tmp_path / f"a.dev{form.suffix}")
    assert sizes(form.read(train)) == {"train": 36, "dev": 7, "test": 4}
    Path(tmp_path, f"a.dev{form.suffix}").unlink()
    again = form.read(train)
    assert sizes(alone) == {"train": 32, "dev": 4, "test": 4}
    for split, frame in alone.splits.items():
        assert frame.equals(again.splits[split])


def test_no_text_is_in_two_splits(form, tmp_path):
    """However its white space is written."""
    train = [form.row(form.text(n, "가"), n) for n in range(40)]
    test = [form.row(form.text(n, "가").replace(" 거리", "\u3000 거리"), n) for n in range(3)]
    path = form.write(tmp_path / f"a.train{form.suffix}", train)
    form.write(tmp_path / f"a.test{form.suffix}", [*test, *form.lines(5, "나")])
    form.write(tmp_path / f"a.dev{form.suffix}", [*train[2:5], *form.lines(6, "다")])
    found = form.read(path)
    if form is not FORMS["tag lists"]:  # which has a tag for each word
        assert sizes(found) == {"train": 35, "dev": 8, "test": 8}
        assert found.details["dropped"] == {"train": 5, "dev": 1}
        assert "5 " in found.details["read_as"].split("; ")[-1]
    assert shares_no_text(found)


def test_nothing_to_learn_from_and_nothing_to_choose_by(form, tmp_path):
    path = form.write(tmp_path / f"a{form.suffix}", form.lines(20, "가"))
    form.write(tmp_path / f"a.test{form.suffix}", form.lines(20, "가"))
    with pytest.raises(UserError, match="no text is left to learn from"):
        form.read(path)
    form.write(tmp_path / f"a.test{form.suffix}", form.lines(5, "나"))
    form.write(tmp_path / f"a.dev{form.suffix}", form.lines(4, "나"))
    with pytest.raises(UserError, match="no text is left to choose by"):
        form.read(path)


@pytest.mark.parametrize("name", ["table", "markup"])
def test_a_file_that_appears_later_is_noticed(command, tmp_path, name):
    form = FORMS[name]
    form.write(tmp_path / f"a{form.suffix}", form.lines(40, "가"))

    def rows() -> dict[str, int]:
        outcome = command(tmp_path, "corpus", form.task, "--corpus", f"a{form.suffix}")
        assert outcome.code == 0, outcome.err
        said.append(outcome.err)
        record = tmp_path / "runs" / form.task / "default" / "corpus.json"
        return read_json(record)["facts"]["rows"]

    said: list[str] = []
    assert rows() == rows() == {"train": 32, "dev": 4, "test": 4}
    assert said[1] == ""
    later = form.write(tmp_path / f"a.test{form.suffix}", form.lines(9, "나"))
    assert rows() == {"train": 36, "dev": 4, "test": 9}
    later.unlink()
    assert rows() == {"train": 32, "dev": 4, "test": 4}


BAD = {
    "one column": ("sentiment", "a.tsv", "문장\r\n좋다\r\n싫다\r\n".encode()),
    "no label": ("sentiment", "a.tsv", "문장\t라벨\r\n좋다\t\r\n싫다\t\r\n".encode()),
    "empty": ("sentiment", "a.tsv", b""),
    "Excel": ("ner", "a.txt", b"\xd0\xcf\x11\xe0" * 100),
    "broken markup": ("ner", "a.txt", "<서울:LOC 거리\r\n<:LOC>\r\n".encode()),
    "no markup": ("ner", "a.txt", "서울 거리에서 보았다\r\n".encode()),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_bad_file_beside_is_one_line_with_its_name(command, tmp_path, case, split):
    task, name, content = BAD[case]
    form = FORMS["table" if task == "sentiment" else "markup"]
    form.write(tmp_path / name, form.lines(20, "가"))
    bad = tmp_path / f"a.{split}{form.suffix}"
    bad.write_bytes(content)
    outcome = command(tmp_path, "corpus", task, "--corpus", name)
    assert outcome.code == 2
    assert bad.name in outcome.error
    assert " — " in outcome.error
    assert outcome.err.count("\n") == 1
    assert not list(tmp_path.rglob("corpus.json"))


def test_rejects_say_of_which_file_they_are(tmp_path):
    table, markup = FORMS["table"], FORMS["markup"]
    path = table.write(tmp_path / "a.tsv", [*table.lines(20, "가"), "라벨이 없다\t"])
    assert [(r.line, r.reason) for r in reviews(path).rejects] == [(22, "no label")]
    table.write(tmp_path / "a.test.tsv", ["이것도 없다\t", *table.lines(4, "나")])
    rejects = [(r.line, r.reason) for r in reviews(path).rejects]
    assert rejects == [(22, "a.tsv: no label"), (2, "a.test.tsv: no label")]
    path = markup.write(tmp_path / "b.txt", markup.lines(20, "가"))
    markup.write(tmp_path / "b.dev.txt", [*markup.lines(4, "나"), "<서울:LOC 어디"])
    (reject,) = sentences(path).rejects
    assert (reject.line, reject.reason.split(": ")[0]) == (5, "b.dev.txt")


def test_named_by_itself_a_held_out_file_is_as_any_other(form, tmp_path):
    form.write(tmp_path / f"a{form.suffix}", form.lines(40, "가"))
    test = form.write(tmp_path / f"a.test{form.suffix}", form.lines(20, "나"))
    assert sizes(form.read(test)) == {"train": 16, "dev": 2, "test": 2}


def test_what_a_model_is_judged_on_is_the_file_alone(tmp_path):
    form = FORMS["markup"]
    path = form.write(tmp_path / "a.txt", form.lines(12, "가"))
    form.write(tmp_path / "a.test.txt", form.lines(12, "가"))
    judged = read_evaluation_corpus(str(path), tmp_path, tmp_path)
    assert list(judged.frame["text"]) == form.texts(12, "가")


def test_without_a_file_of_that_name_the_train_beside_is_meant(tmp_path):
    form = FORMS["table"]
    form.write(tmp_path / "a.train.tsv", form.lines(20, "가"))
    form.write(tmp_path / "a.test.tsv", form.lines(3, "나"))
    found = reviews(tmp_path / "a.tsv")
    assert (found.name, sizes(found)["test"], found.origin.title) == ("a", 3, "a.train.tsv")
    assert tmp_path / "a.tsv" in found.files
    assert files_beside(tmp_path / "b.train.tsv.gz") == {"train": tmp_path / "b.train.tsv.gz"}


# Labels and columns


def test_settings_for_columns_hold_for_all_files(tmp_path):
    rows = [f"{n % 2}\t{place(n, '{}')}\t{n % 3}" for n in range(30)]
    for name, kind, count in (("a.tsv", "가", 30), ("a.dev.tsv", "나", 6), ("a.test.tsv", "다", 6)):
        lines = [row.format(kind) for row in rows[:count]]
        header = "맛\t말\t값" if name != "a.test.tsv" else "값\t말\t맛"
        (tmp_path / name).write_text("\n".join([header, *lines, ""]), encoding="cp949")
    found = reviews(tmp_path / "a.tsv", "말", "값")
    assert set(found.splits["dev"]["label"]) == {"0", "1", "2"}
    assert set(found.splits["test"]["label"]) == {"0", "1"}
    assert list(found.splits["test"]["text"]) == [place(n, "다") for n in range(6)]
    (tmp_path / "a.test.tsv").write_text("말\t맛\n좋다\t1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.test\.tsv: has no column called '값'"):
        reviews(tmp_path / "a.tsv", "말", "값")


def test_few_rows_are_read_in_the_columns_of_train(tmp_path):
    """Of three rows by themselves nobody could tell: all labels are different words."""
    rows = [f"{('좋음', '보통', '나쁨')[n % 3]}\t{n}번" for n in range(60)]
    (tmp_path / "a.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    (tmp_path / "a.test.tsv").write_text("좋음\t가\n보통\t나\n나쁨\t다\n", encoding="utf-8")
    found = reviews(tmp_path / "a.tsv")
    assert list(found.splits["test"]["label"]) == ["좋음", "보통", "나쁨"]
    # What has names of its own is read by them.
    (tmp_path / "a.test.tsv").write_text("text\tlabel\n가\t좋음\n나\t나쁨\n", encoding="utf-8")
    assert list(reviews(tmp_path / "a.tsv").splits["test"]["text"]) == ["가", "나"]


def test_labels_are_spelt_as_in_train(tmp_path):
    """Numbers that pandas made fractions; `none`, a class in train, once in the test."""
    labels = ["1", "0", "none"]
    rows = [f"{place(n, '가')}\t{labels[n % 3]}" for n in range(60)]
    (tmp_path / "a.tsv").write_text("\n".join(["text\tlabel", *rows, ""]), encoding="utf-8")
    rows = [f"{place(n, '나')}\t{n % 2}.0" for n in range(20)] + ["없다\tnone", "새것\t7"]
    (tmp_path / "a.test.tsv").write_text("\n".join(["text\tlabel", *rows, ""]), encoding="utf-8")
    found = reviews(tmp_path / "a.tsv")
    assert list(found.splits["test"]["label"]) == ["0", "1"] * 10 + ["none", "7"]
    (warning,) = [said for said in found.warnings if "not in train" in said]
    assert "7; 1 of test" in warning


def test_labels_of_entities_are_known_from_train(tmp_path):
    """A label in Hangul with one content is text where nothing else says that it is a label."""
    names = ["민수", "지우", "서연"]
    rows = [f"<{names[n % 3]}:인물>는 <{CITIES[n % 4]}:Loc>에 {n}번 갔다" for n in range(30)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    test = ["<하준:인물>이 왔다", "<대전:LOC>에서 <세종:loc>까지"]
    (tmp_path / "a.test.txt").write_text("\n".join([*test, ""]), encoding="utf-8")
    found = sentences(path)
    labels = [[e.label for e in read_entities(cell)] for cell in found.splits["test"]["label"]]
    assert labels == [["인물"], ["Loc", "Loc"]]
    assert not found.rejects


def test_probabilities_may_be_in_train_alone(tmp_path):
    def table(kind: str, count: int, probabilities: bool) -> str:
        header = "text\tlabel" + "\tgood\tbad" * probabilities
        shares = ("\t0.75\t0.25", "\t0.5\t0.5")
        rows = [
            place(n, kind) + "\t" + ("good", "bad")[n % 2] + shares[n % 2] * probabilities
            for n in range(count)
        ]
        return "\n".join([header, *rows, ""])

    (tmp_path / "a.tsv").write_text(table("가", 30, True), encoding="utf-8")
    for with_shares in (False, True):
        (tmp_path / "a.test.tsv").write_text(table("나", 6, with_shares), encoding="utf-8")
        found = reviews(tmp_path / "a.tsv")
        assert probabilities_of(found.splits["train"])[0] == ["good", "bad"]
        assert list(found.splits["test"].columns) == ["id", "text", "label"]
        assert list(found.splits["test"]["label"]) == ["good", "bad"] * 3


def test_own_ids_of_different_files_are_not_the_same(tmp_path):
    """Each file counts its rows from 1."""
    form = FORMS["table"]
    for name, kind, count in (("a.tsv", "가", 20), ("a.test.tsv", "나", 5)):
        rows = [f"{n}\t{line}" for n, line in enumerate(form.lines(count, kind), 1)]
        (tmp_path / name).write_text("\n".join(["id\t문장\t라벨", *rows]), encoding="utf-8")
    assert sizes(reviews(tmp_path / "a.tsv")) == {"train": 18, "dev": 2, "test": 5}


def test_no_tenth_can_be_held_out_of_rows_that_stay_together(tmp_path):
    form = FORMS["table"]
    path = form.write(tmp_path / "a.tsv", form.lines(30, "가"))
    frame = reviews(path).splits["train"]
    parts = {"train": frame[:12].assign(id="같다"), "test": frame[20:]}
    with pytest.raises(UserError, match=r"a\.tsv: no tenth of its 12 rows"):
        split_own_texts({split: TextKeys.of(part) for split, part in parts.items()}, path)


@pytest.mark.parametrize("name", [".", "/", "..", "./"])
def test_nothing_stands_beside_a_folder_without_a_name(name):
    assert files_beside(Path(name)) == {"train": Path(name)}
    assert Path(name) in watched_paths(Path(name))
