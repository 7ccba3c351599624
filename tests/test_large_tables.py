"""A file that is too large to be read at once gives the same rows, labels and splits."""

from __future__ import annotations

import bz2
import datetime
import gzip
import json
import lzma
from pathlib import Path

import pandas as pd
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.labelled_file import read_labelled
from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import SPLITS
from pipeline.corpora.tables import in_blocks
from pipeline.corpora.tables.delimited import read_table
from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.workspace import SAMPLES

TEXTS = st.text("가나다 라\u2028ab,;\t\n\"'|", max_size=12)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from(["좋음", "나쁨"])), min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """The beginning of a file is some 300 characters, a block seven rows."""
    monkeypatch.setattr(in_blocks, "LARGE", 300)
    monkeypatch.setattr(in_blocks, "BEGINNING", 300)
    monkeypatch.setattr(in_blocks, "ROWS", 7)


def joined(path: Path):
    """The rows and rejects of all blocks."""
    tables = list(in_blocks.read_in_blocks(path))
    rows = [(row.line, row.fields) for table in tables for row in table.rows]
    return rows, [reject for table in tables for reject in table.rejects], len(tables)


def at_once(path: Path):
    table = read_table(path)
    return [(row.line, row.fields) for row in table.rows], table.rejects


def quoted(rows, delimiter: str) -> str:
    cells = ([f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in row] for row in rows)
    return "".join(delimiter.join(row) + "\r\n" for row in cells)


# What is decided by the beginning is the same everywhere in these files.
OPENING = [(f"글 {n}, \n두 줄", "좋음") for n in range(30)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS, st.sampled_from(["\t", ",", ";"]))
def test_fields_in_quotes_are_taken_apart_as_at_once(tmp_path, rows, delimiter):
    path = tmp_path / "q.csv"
    path.write_bytes(quoted([("text", "label"), *OPENING, *rows], delimiter).encode())
    found, rejects, count = joined(path)
    assert count > 4
    assert (found, rejects) == at_once(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text("가나 \t\"'", max_size=12), max_size=40))
def test_lines_with_tabs_are_taken_apart_as_at_once(tmp_path, lines):
    path = tmp_path / "t.tsv"
    # A quote that is only a character, and a field of two lines as spreadsheets copy them.
    opening = ["text\tlabel", *(f'키 5" 쯤 {n}\t좋음' for n in range(40)), '좋다\t"두', '줄"']
    path.write_text("\n".join([*opening, *lines, ""]), encoding="utf-8")
    found, rejects, count = joined(path)
    assert count > 4
    assert (found, rejects) == at_once(path)


def test_a_quote_that_never_closes_costs_one_line_wherever_it_stands(tmp_path):
    rows = [f"글 {n},좋음" for n in range(60)]
    rows[45] = '"열림,좋음'
    path = tmp_path / "o.csv"
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    found, rejects, _ = joined(path)
    assert [reject.line for reject in rejects] == [47]
    assert (found, rejects) == at_once(path)


def test_json_lines_come_in_blocks_with_the_keys_of_the_first(tmp_path):
    path = tmp_path / "a.jsonl"
    values = [{"text": f"글 {n}", "meta": {"label": n % 2}} for n in range(40)]
    lines = [json.dumps(value, ensure_ascii=False) for value in values]
    lines[30] = "[1, 2]"
    path.write_text("\n".join(lines), encoding="utf-8")
    found, rejects, count = joined(path)
    assert count > 4
    assert (found, rejects) == at_once(path)


@pytest.mark.parametrize("text", ['[{"text": "글"}, 1]', '{"data": [{"text": "글"}]}', "<html>"])
def test_a_large_file_that_is_no_table_is_refused(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text.replace("글", "글" * 400) + " " * 400, encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.txt: is (one JSON value|HTML)"):
        joined(path)


# A whole corpus


def own_corpus(path: Path, rows: int = 200) -> pd.DataFrame:
    """A table with a title above, texts twice, an id twice, blank ones, and broken rows."""
    lines = ["모은 글", "번호\t글\t감정"]
    for n in range(rows):
        text = f"글 {n % 150}  번째" if n % 40 else ""
        lines.append(f"{n % 190}\t{text}\t{('좋음', '나쁨', '좋음 ')[n % 3]}")
    lines[60:60] = ["번호\t글\t감정", "모자란 줄", "7\t글\t"]
    path.write_bytes("\r\n".join(lines).encode("cp949"))
    return path


def corpus(path: Path, raw: Path, **settings):
    return read_labelled_corpus(
        CorpusSettings(corpus=str(path), **settings), raw, SAMPLES / "sentiment.tsv"
    )


def table(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize("beside", [False, True])
def test_a_corpus_on_the_disk_has_the_splits_of_one_in_memory(tmp_path, monkeypatch, beside):
    path = own_corpus(tmp_path / "my.tsv")
    if beside:
        own_corpus(tmp_path / "my.test.tsv", 30)
    settings = {"text_column": "글", "label_column": "감정"}
    large = corpus(path, tmp_path / "raw", **settings)
    monkeypatch.setattr(in_blocks, "LARGE", 1 << 25)
    small = corpus(path, tmp_path / "raw", **settings)
    assert list(large.stored) == list(small.splits) == list(SPLITS)
    assert not large.splits
    assert not small.stored
    whole = large.in_memory()
    for split in SPLITS:
        pd.testing.assert_frame_equal(whole.splits[split], small.splits[split])
        assert len(large.rows[split]) == len(small.splits[split])
    assert large.rejects == small.rejects
    assert (large.warnings, large.details) == (small.warnings, small.details)
    if not beside:
        texts = [set(map(normalize, whole.splits[split]["text"])) for split in SPLITS]
        assert sum(map(len, texts)) == len(set.union(*texts))
    assert not any((tmp_path / "raw").iterdir())


def test_probabilities_stay_beside_the_rows_of_a_large_file(tmp_path, monkeypatch):
    rows = [
        f"글 {n}\t{'긍정' if n % 2 else '부정'}\t0.{n % 2 or 9}\t0.{9 if n % 2 else 1}"
        for n in range(90)
    ]
    rows[50] = "글 50\t\t0.2\t0.8"
    path = tmp_path / "p.tsv"
    path.write_text("\n".join(["text\tlabel\t부정\t긍정", *rows]), encoding="utf-8")
    large = read_labelled(path)
    monkeypatch.setattr(in_blocks, "LARGE", 1 << 25)
    small = read_labelled(path)
    pd.testing.assert_frame_equal(large.frame, small.frame)
    assert large.details == small.details
    assert "P(긍정)" in large.frame.columns


def test_a_label_of_a_later_block_is_one_too(tmp_path):
    rows = [f"글 {n}\t{'좋음' if n % 2 else '나쁨'}" for n in range(60)]
    rows += [f"나중 {n}\t보통" for n in range(20)]
    path = tmp_path / "l.tsv"
    path.write_text("\n".join(["text\tlabel", *rows]), encoding="utf-8")
    read = read_labelled(path)
    assert read.frame["label"].value_counts().to_dict() == {"좋음": 30, "나쁨": 30, "보통": 20}
    assert "보통: 20" in read.details["read_as"]


def test_where_a_large_file_is_sorted_by_label_nobody_guesses_which_column_it_is(tmp_path):
    rows = [
        f"글 {n} 좋은 영화였다\t{'가나'[n % 2]}\t{'좋음' if n < 40 else '나쁨'}" for n in range(80)
    ]
    path = table(tmp_path / "s.tsv", ["body\tsite\tgold", *rows])
    with pytest.raises(UserError, match="which column holds the label"):
        read_labelled(path)
    assert set(read_labelled(path, None, "gold").frame["label"]) == {"좋음", "나쁨"}


def test_what_labels_have_around_them_is_decided_once(tmp_path):
    rows = [f'글 {n} 이다\t"{"ab"[n % 2]}"' for n in range(60)]
    rows += ["글 60 이다\ta", "글 61 이다\tA"]
    path = table(tmp_path / "q.txt", ["text\tlabel", *rows])
    read = read_labelled(path)
    assert read.frame["label"].value_counts().to_dict() == {"a": 31, "b": 30, "A": 1}
    (warning,) = read.warnings
    assert "A (1 row)" in warning


def test_json_lines_may_begin_with_blank_ones(tmp_path):
    values = [{"text": f"글 {n}", "label": n % 2} for n in range(40)]
    lines = [""] * 120 + [json.dumps(value, ensure_ascii=False) for value in values]
    assert len(read_labelled(table(tmp_path / "a.jsonl", lines)).frame) == 40


@pytest.mark.parametrize(
    ("pack", "ending"), [(gzip, "gz"), (lzma, "xz"), (bz2, "bz2"), (zstd, "zst")]
)
@pytest.mark.parametrize("large", [False, True])
def test_packed_files_are_read(tmp_path, monkeypatch, pack, ending, large):
    rows = [f"글, {n}\t{'좋음' if n % 2 else '나쁨'}" for n in range(60)]
    path = tmp_path / f"my.tsv.{ending}"
    path.write_bytes(pack.compress("\n".join(["text\tlabel", *rows]).encode("utf-8")))
    if not large:
        monkeypatch.setattr(in_blocks, "LARGE", 1 << 25)
    read = read_labelled(path)
    assert list(read.frame["text"]) == [f"글, {n}" for n in range(60)]
    damaged = path.read_bytes()[:-15]
    path.write_bytes(damaged)
    with pytest.raises(UserError, match="compressed and damaged"):
        read_labelled(path)


def test_several_files_are_one_corpus(tmp_path):
    (tmp_path / "b").mkdir()
    for name, ids in (("a.tsv", range(60)), ("b/c.csv", range(30)), ("b/d.tsv.gz", range(20))):
        comma = "," if "csv" in name else "\t"
        rows = [f"{n}{comma}{name} {n}{comma}{'좋음' if n % 2 else ' 나쁨'}" for n in ids]
        text = "\n".join([comma.join(("id", "글", "감정")), *rows, f"망친 줄{comma}"]).encode(
            "utf-8"
        )
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    named = f"{tmp_path / 'a.tsv'}, {tmp_path / 'b' / '*'}"
    found = corpus(Path(named), tmp_path / "raw")
    rows = pd.concat(found.in_memory().splits.values())
    assert len(rows) == 110
    assert {name.split(":")[0] for name in rows["id"]} == {"a.tsv", "c.csv", "d.tsv.gz"}
    assert rows["id"].is_unique
    assert set(rows["label"]) == {"좋음", "나쁨"}
    assert [reject.reason.split(":")[0] for reject in found.rejects] == list(
        dict.fromkeys(name.split(":")[0] for name in rows.sort_values("id")["id"])
    )
    assert found.details["rows"] == 110
    names = "a.tsv", "b/c.csv", "b/d.tsv.gz", "b/*"
    assert found.files == [tmp_path / name for name in names]
    with pytest.raises(UserError, match="no file matches"):
        corpus(tmp_path / "z*.tsv", tmp_path / "raw")
    (tmp_path / "e.tsv").write_text(
        "text\tlabel\t좋음\t나쁨\n" + "글\t좋음\t0.9\t0.1\n" * 20, encoding="utf-8"
    )
    with pytest.raises(UserError, match=r"e\.tsv: has probabilities of other labels"):
        corpus(Path(f"{tmp_path / 'a.tsv'},{tmp_path / 'e.tsv'}"), tmp_path / "raw")


def labelled_rows(kind: str, count: int = 30) -> list[str]:
    rows = [f"{n}\t{kind} {n}\t{'좋음' if n % 2 else '나쁨'}" for n in range(count)]
    return ["id\ttext\tlabel", *rows]


def test_files_of_one_name_have_ids_of_their_own(tmp_path):
    for folder in "uv":
        table(tmp_path / folder / "a[1].tsv", labelled_rows(folder))
    named = f"{tmp_path / 'u' / 'a[1].tsv'},{tmp_path / 'v' / 'a[1].tsv'}"
    found = corpus(Path(named), tmp_path / "raw").in_memory()
    rows = pd.concat(found.splits.values())
    assert len(rows) == len(set(rows["id"])) == 60


def test_dev_and_test_of_several_files_are_not_learnt_from(tmp_path):
    for name in ("x.tsv", "y.tsv", "x.test.tsv"):
        table(tmp_path / name, labelled_rows(name))
    with pytest.raises(UserError, match=r"x\.test\.tsv: stands beside .*x\.tsv as its test"):
        corpus(tmp_path / "*.tsv", tmp_path / "raw")
    found = corpus(Path(f"{tmp_path / 'x.tsv'},{tmp_path / 'y.tsv'}"), tmp_path / "raw")
    assert any("x.test.tsv" in warning for warning in found.warnings)
    assert found.details["rows"] == 60


def test_rows_with_ids_fall_where_they_always_did(tmp_path):
    """Also where ids and texts tie some together."""
    path = own_corpus(tmp_path / "my.tsv", 60)
    found = corpus(path, tmp_path / "raw", text_column="글", label_column="감정").in_memory()
    ids = {name: set(found.splits[name]["id"]) for name in ("dev", "test")}
    assert ids["dev"] == {"1", "4", "11", "21", "30", "49"}
    assert ids["test"] == {"9", "16", "17", "22", "28", "43"}


@pytest.mark.scale
def test_parquet_has_values_of_any_kind(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install -c requirements-scale.txt pyarrow")
    from pyarrow import parquet

    when = datetime.datetime(2026, 11, 30, 1, 2, 3)
    columns = {
        "text": [f"글 {n}".encode() for n in range(20)],
        "label": [n % 2 for n in range(20)],
        "image": [{"bytes": b"\xff\xd8", "at": [when]}] * 20,
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "my.parquet")
    read = read_labelled(tmp_path / "my.parquet", "text", "label")
    assert list(read.frame["text"]) == [f"글 {n}" for n in range(20)]
    broken = pyarrow.array([b"\xff\xfe"] * 20).view(pyarrow.string())
    parquet.write_table(pyarrow.table({**columns, "text": broken}), tmp_path / "broken.parquet")
    with pytest.raises(UserError, match="is Parquet and damaged"):
        read_labelled(tmp_path / "broken.parquet", "text", "label")


@pytest.mark.scale
def test_parquet_is_read_a_block_at_a_time(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install -c requirements-scale.txt pyarrow")
    from pyarrow import parquet

    texts = [f"글 {n}" for n in range(40)]
    table = pyarrow.table({"text": texts, "label": [n % 2 for n in range(40)]})
    parquet.write_table(table, tmp_path / "my.parquet")
    read = read_labelled(tmp_path / "my.parquet")
    assert list(read.frame["text"]) == texts
    assert read.frame["label"].tolist() == [str(n % 2) for n in range(40)]
    (tmp_path / "my.parquet").write_bytes(b"PAR1" + b"x" * 50)
    with pytest.raises(UserError, match="is Parquet and damaged"):
        read_labelled(tmp_path / "my.parquet")
