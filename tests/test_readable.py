"""Names that are not UTF-8, and machines whose locale is not."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readable import readable
from pipeline.report.page import ReportContent, render
from pipeline.workspace import Workspace, digest, read_json, write_json, write_text

CHECKOUT = Path(__file__).resolve().parent.parent
OTHER_LOCALES = {
    "ascii output": {"PYTHONIOENCODING": "ascii"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "C, Latin 1": {
        **{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "PYTHONIOENCODING": "latin-1",
    },
    "no locale": {"LC_ALL": "xx_XX.UTF-8", "LANG": ""},
}


def carried(name: bytes) -> str:
    """A name of a file as Python has it."""
    return name.decode("utf-8", "surrogateescape")


def python(*words: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    forget = ("LC_ALL", "LANG", "LC_CTYPE", "PYTHONUTF8", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in forget}
    return subprocess.run(
        [sys.executable, *map(os.fsencode, map(str, words))],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(CHECKOUT), **variables},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["리뷰", "똠방각하", "펲시 콜라", "영화 리뷰 2024", "화영"])
def test_names_of_korean_windows_come_out_in_hangul(name):
    assert readable(carried(name.encode("cp949")) + ".tsv") == f"{name}.tsv"
    path = Path("/데이터") / carried(name.encode("cp949")) / carried(b"\xff.tsv")
    assert readable(path) == f"/데이터/{name}/\\xff.tsv"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_utf_8_can_hold_stays(text):
    assert readable(text) == text


@given(st.binary(), st.text(st.characters()))
def test_whatever_it_is_can_be_written(data, text):
    for name in (carried(data), text):
        readable(name).encode("utf-8")
        assert digest({"name": name}) == digest({"name": name})


@given(st.binary())
def test_json_brings_every_name_back(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "names.json"
    write_json(path, {"name": carried(data)})
    assert read_json(path) == {"name": carried(data)}
    json.loads(path.read_bytes().decode("utf-8"))


def test_digests_of_other_settings_are_as_before():
    assert digest({"name": "리뷰.tsv"}) == "7bf3d56850cf"


def test_texts_reports_and_folders_have_readable_names(tmp_path):
    name = carried("리뷰".encode("cp949"))
    write_text(tmp_path / "page", name)
    assert (tmp_path / "page").read_text(encoding="utf-8") == "리뷰"
    assert "리뷰" in render(ReportContent(title=name, subtitle=name))
    assert Workspace(tmp_path).processed("sentiment", name).name == "리뷰"


REVIEWS = "".join(f"{i}\t정말 {i}번이나 봤다\t{i % 2}\n" for i in range(60))


@pytest.mark.parametrize(
    ("encoding", "locale"), [("utf-8", "POSIX"), ("cp949", "POSIX"), ("cp949", "ascii output")]
)
def test_a_corpus_of_any_name_in_any_locale(tmp_path, encoding, locale):
    variables = OTHER_LOCALES[locale]
    name = carried("리뷰.tsv".encode(encoding))
    (tmp_path / name).write_text("id\tdocument\tlabel\n" + REVIEWS, encoding="utf-8")
    words = ("-m", "pipeline", "corpus", "sentiment", "--corpus", name)
    done = python(*words, folder=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "리뷰" in done.stderr.decode("utf-8")
    manifest = read_json(tmp_path / "runs" / "sentiment" / "default" / "corpus.json")
    assert manifest["facts"]["files"][0]["path"] == name
    before = [path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json")]
    assert python(*words, folder=tmp_path, **variables).returncode == 0
    assert [path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json")] == before


@pytest.mark.parametrize("variables", OTHER_LOCALES.values(), ids=OTHER_LOCALES)
def test_messages_are_utf_8_in_any_locale(tmp_path, variables):
    absent = ("없는 파일 🎬.tsv", carried("없는.tsv".encode("cp949")))
    for name, shown in zip(absent, ("없는 파일 🎬.tsv", "없는.tsv"), strict=True):
        words = ("-m", "pipeline", "corpus", "sentiment", "--corpus", name)
        done = python(*words, folder=tmp_path, **variables)
        assert done.returncode == 2, done.stderr
        assert shown in done.stderr.decode("utf-8")


@pytest.mark.parametrize("variables", OTHER_LOCALES.values(), ids=OTHER_LOCALES)
def test_benchmarks_read_and_print_utf_8_in_any_locale(tmp_path, variables):
    done = python("-m", "benchmarks.compare_tokenizers", "--없는", folder=tmp_path, **variables)
    assert done.returncode == 2
    assert "--없는" in done.stderr.decode("utf-8")


PRINT = "from pipeline.readable import print_utf8; print_utf8(); print('좋다 \\udcb8\\udcae')"


@pytest.mark.parametrize("variables", OTHER_LOCALES.values(), ids=OTHER_LOCALES)
def test_output_to_a_file_is_utf_8(tmp_path, variables):
    (tmp_path / "say.py").write_text(PRINT, encoding="utf-8")
    done = python("say.py", folder=tmp_path, **variables)
    assert (done.returncode, done.stdout.decode("utf-8")) == (0, "좋다 리\n")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "좋다 리".encode()),
        ("euc-kr", "좋다 ".encode("euc-kr") + rb"\udcb8\udcae"),
        ("ascii", rb"\uc88b\ub2e4 \udcb8\udcae"),
    ],
)
def test_a_terminal_gets_its_own_encoding(tmp_path, encoding, expected):
    (tmp_path / "say.py").write_text(PRINT, encoding="utf-8")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "say.py"], cwd=tmp_path, env=environment, stdout=theirs, check=False
    )
    os.close(theirs)
    shown = os.read(ours, 1000)
    os.close(ours)
    assert done.returncode == 0
    assert shown.rstrip() == expected


def test_a_closed_stdout_is_no_crash(tmp_path):
    program = f"exec '{sys.executable}' -m pipeline help >&-"
    done = subprocess.run(
        ["sh", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
