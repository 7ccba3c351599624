from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.facts import Prepared, TrainingResult
from pipeline.workspace import (
    Manifest,
    atomic_file,
    atomic_folder,
    digest,
    read_json,
    write_json,
    write_record,
)


def test_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a" / "b.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_folder_is_replaced_in_one_go(tmp_path):
    path = tmp_path / "model"
    for text in ("one", "two"):
        with atomic_folder(path) as temporary:
            (temporary / "x").write_text(text)
    assert (path / "x").read_text() == "two"
    with pytest.raises(RuntimeError), atomic_folder(path) as temporary:
        (temporary / "x").write_text("three")
        raise RuntimeError
    assert (path / "x").read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path):
    """What is written takes its name, and is never written into it."""
    path = tmp_path / "a.txt"
    path.write_text("old " * 100_000)  # more than is read ahead
    with path.open() as reader:
        assert reader.read(4) == "old "
        with atomic_file(path) as temporary:
            temporary.write_text("new")
        assert reader.read() == "old " * 99_999
    assert path.read_text() == "new"


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_full_disk_is_one_line_and_harms_nothing(tmp_path, writer):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(UserError, match="disk is full") as caught, writer(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="disk is full"), writer(path, needs=1 << 62):
        pytest.fail("there cannot be that much room")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_two_writers_of_one_folder_do_not_destroy_each_other(tmp_path):
    """The second begins while the first writes, and the first is done before it."""
    path = tmp_path / "1"
    with contextlib.ExitStack() as second:
        with atomic_folder(path) as of_first:
            (of_first / "graph").write_text("first")
            of_second = second.enter_context(atomic_folder(path))
            (of_first / "card").write_text("first")
        assert {file.name: file.read_text() for file in path.iterdir()} == {
            "graph": "first",
            "card": "first",
        }
        (of_second / "graph").write_text("second")
    assert {file.name: file.read_text() for file in path.iterdir()} == {"graph": "second"}
    assert [file.name for file in tmp_path.iterdir()] == ["1"]


def test_many_writers_of_one_folder(tmp_path):
    """Each of them whole, one of them last."""
    path = tmp_path / "1"

    def write(number: int) -> None:
        for _ in range(10):
            with atomic_folder(path) as folder:
                for name in ("a", "b"):
                    (folder / name).write_text(str(number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (path / "a").read_text() == (path / "b").read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["1"]


def test_kill_while_writing_a_folder_keeps_the_old_one(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from pipeline.workspace import atomic_folder\n"
        "with atomic_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'x').write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    path = tmp_path / "model"
    with atomic_folder(path) as temporary:
        (temporary / "x").write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "writing\n"
        process.kill()
    assert (path / "x").read_text() == "old"
    with atomic_folder(path) as temporary:
        (temporary / "x").write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert (path / "x").read_text() == "new"


def test_kill_between_the_two_renames_is_mended(tmp_path):
    path = tmp_path / "model"
    retired = tmp_path / ".model.retired"
    retired.mkdir()
    (retired / "x").write_text("old")
    with pytest.raises(RuntimeError), atomic_folder(path):
        raise RuntimeError
    assert (path / "x").read_text() == "old"


def test_manifest_knows_what_changed(tmp_path):
    source, made, below = (tmp_path / name for name in ("in.txt", "out.txt", "below/out.txt"))
    below.parent.mkdir()
    source.write_text("in")
    made.write_text("out")
    below.write_text("out below")
    facts = Prepared("글 3", ("warned",), details={"글": 3})
    Manifest.of("stage", {"a": 1}, [source], [made, below], tmp_path, facts).write(
        tmp_path / "manifest.json"
    )
    manifest = Manifest.read(tmp_path / "manifest.json", Prepared)
    assert manifest.facts == facts
    assert Manifest.read(tmp_path / "manifest.json", TrainingResult) is None
    assert manifest.still_holds({"a": 1}, [source], tmp_path)
    assert not manifest.still_holds({"a": 2}, [source], tmp_path)
    made.write_text("changed")
    assert not manifest.still_holds({"a": 1}, [source], tmp_path)
    made.write_text("out")
    below.write_text("changed")
    assert not manifest.still_holds({"a": 1}, [source], tmp_path)
    below.unlink()
    assert not manifest.still_holds({"a": 1}, [source], tmp_path)
    below.write_text("out below")
    assert manifest.still_holds({"a": 1}, [source], tmp_path)
    source.write_text("changed")
    assert not manifest.still_holds({"a": 1}, [source], tmp_path)


def test_json_keeps_hangul_and_says_what_is_wrong(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"글": "ㅋㅋ"})
    assert "ㅋㅋ" in path.read_text(encoding="utf-8")
    assert read_json(path) == {"글": "ㅋㅋ"}
    path.write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        read_json(path)
    with pytest.raises(UserError, match="not found"):
        read_json(tmp_path / "none.json")
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1})


VALUES = {"글": "ㅋㅋ", "a": [1, 2.5, None, True], "b": {"c": {"d": float("inf")}}}


def test_a_record_comes_back_as_it_was_written(tmp_path):
    write_record(tmp_path / "x.json", VALUES)
    assert read_json(tmp_path / "x.json") == VALUES
    write_record(tmp_path / "x.json", {1: (2, 3)})
    assert read_json(tmp_path / "x.json") == {"1": [2, 3]}


@given(st.data())
def test_no_flipped_bit_of_a_record_says_something_else(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "record.json"
    write_json(path, {})
    write_record(path, VALUES)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        values = read_json(path)
    except UserError:
        return
    # White space; or the name of the checksum, which is then an entry that nobody knows.
    assert values == VALUES or set(values) - set(VALUES)


def test_other_values_with_the_old_checksum_are_damage(tmp_path):
    path = tmp_path / "x.json"
    write_record(path, {"epochs": 1})
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"epochs": 50}))
    with pytest.raises(UserError, match="is damaged"):
        read_json(path)
