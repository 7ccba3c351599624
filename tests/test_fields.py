"""Fields: what is stored comes back, what is asked is understood, what is wrong is one line."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.errors import UserError
from pipeline.fields import Labels, Picture, Series, Text
from pipeline.fields.picture import PictureFile

TEXT = Text("text", "texts")
SERIES = Series("history", "numbers")
PICTURE = Picture("image", "pictures")
LABEL, STEPS = Labels("label", "one"), Labels("label", "one a step", each_step=True)
PNG = b"\x89PNG\r\n\x1a\n and so on"
NUMBERS = st.floats(-1e6, 1e6, width=32)
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 3))


def same_array(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype == np.float32 and np.array_equal(one, other)


@given(st.text(st.characters(codec="utf-8")))
def test_a_text_is_one_cell_and_comes_back_but_for_its_breaks(text):
    cell = TEXT.store(text, Path())
    assert not set(cell) & set("\t\n\r")
    assert TEXT.load(cell, Path()) == cell
    assert TEXT.from_json(json.loads(json.dumps(TEXT.to_json(text)))) == text


def test_texts_that_are_one_to_the_text_policy_have_one_digest():
    word = "한글  ㅋㅋ"
    same = [unicodedata.normalize("NFD", word), "한글 ㅋㅋ\u200b", " 한글\nㅋㅋ"]
    assert {TEXT.digest(text) for text in same} == {TEXT.digest(word)}
    assert TEXT.digest("한글 큐") != TEXT.digest("한글 ㅋㅠ")


@given(arrays.arrays(np.float32, SHAPES, elements=NUMBERS))
def test_a_series_comes_back_from_its_file_and_from_json(tmp_path_factory, series):
    folder = tmp_path_factory.getbasetemp() / "series-field"
    folder.mkdir(exist_ok=True)
    cell = SERIES.store(series, folder)
    assert same_array(SERIES.load(cell, folder), series)
    assert same_array(SERIES.from_json(json.loads(json.dumps(SERIES.to_json(series)))), series)
    assert SERIES.digest(series) == SERIES.digest(series.copy())
    assert SERIES.digest(series) != SERIES.digest(series + 1)


@pytest.mark.parametrize(
    "text",
    [
        "date,a,b\n2020-01-01,1,2\n2020-01-02,3,4.5\n",
        "\ufeffdate,a,b\r\n2020-01-01,1,2\r\n\r\n2020-01-02,3,4.5\r\n",
        "1,2\n3,4.5",
        "a,b\n1,2\n3,4.5\n",
    ],
)
def test_a_series_is_read_from_csv(tmp_path, text, monkeypatch):
    expected = np.array([[1, 2], [3, 4.5]], np.float32)
    file = tmp_path / "가격.csv"
    file.write_bytes(text.encode("utf-8"))
    (series,) = SERIES.from_file(str(file))
    assert same_array(series, expected)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8"))))
    (series,) = SERIES.from_file("-")
    assert same_array(series, expected)
    np.save(tmp_path / "x.npy", expected.astype(np.float64))
    (series,) = SERIES.from_file(str(tmp_path / "x.npy"))
    assert same_array(series, expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"date,a\n2020,1\n2021,\n", r"x\.csv:3: '' is no number — fill the gap"),
        (b"1,2\n3\n", r"x\.csv:2: has 1 column, not 2"),
        (b"a,b\n", "holds no numbers"),
        (b"", "holds no numbers"),
        (b"1,nan\n", "is no number"),
        (b"\xff\xfe1\x00", "is not UTF-8"),
        (b"\x93NUMPY damaged", "is no series"),
    ],
)
def test_what_is_no_series_is_one_line(tmp_path, content, expected):
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(UserError, match=expected) as error:
        SERIES.from_file(str(file))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", [[1.0, 2.0], [[float("inf")]], [[[1.0]]]])
def test_a_series_has_two_axes_and_finite_numbers(wrong, tmp_path):
    with pytest.raises(ValueError, match="a series"):
        SERIES.store(np.array(wrong), tmp_path)
    with pytest.raises(ValueError, match="a series"):
        SERIES.from_json(wrong)


def test_a_series_never_runs_code(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(UserError, match="is no series"):
        SERIES.from_file(str(tmp_path / "x.npy"))


def test_a_picture_is_a_path_and_what_was_there(tmp_path):
    file = tmp_path / "내 사진" / "1.png"
    file.parent.mkdir()
    file.write_bytes(PNG)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (picture,) = PICTURE.from_file(str(file))
    cell = PICTURE.store(picture, folder)
    assert cell.endswith(" ../내 사진/1.png")
    assert PICTURE.load(cell, folder).content == PNG
    there = PICTURE.store(PictureFile(PNG), folder)
    assert PICTURE.load(there, folder) == PictureFile(PNG, folder / there.split(" ", 1)[1])
    assert PICTURE.from_json(PICTURE.to_json(picture)).content == PNG
    file.write_bytes(PNG + b"!")
    with pytest.raises(UserError, match="not the picture that was there"):
        PICTURE.load(cell, folder)
    file.unlink()
    with pytest.raises(UserError, match="no such file"):
        PICTURE.load(cell, folder)


def test_what_is_no_picture_is_said(tmp_path):
    (tmp_path / "x.gif").write_bytes(b"GIF89a")
    with pytest.raises(UserError, match=r"x\.gif: is neither JPEG nor PNG"):
        PICTURE.from_file(str(tmp_path / "x.gif"))
    with pytest.raises(UserError, match="give a file with --file"):
        PICTURE.from_argument("고양이")
    with pytest.raises(UserError, match="is a folder"):
        PICTURE.from_file(str(tmp_path))
    for wrong in ("text", {"b64": "*"}, {"b65": ""}, 3):
        with pytest.raises(ValueError, match="b64"):
            PICTURE.from_json(wrong)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), max_size=5))
def test_labels_of_steps_come_back(labels):
    cell = STEPS.store(labels, Path())
    assert not set(cell) & set("\t\n\r")
    assert STEPS.load(cell, Path()) == labels
    assert STEPS.from_json(STEPS.to_json(labels)) == labels
    assert STEPS.digest(labels) != STEPS.digest([*labels, "x"])


def test_one_label_or_many():
    assert LABEL.load(LABEL.store("긍정", Path()), Path()) == "긍정"
    assert (LABEL.shape, STEPS.shape) == ("[n]", "[n, time]")
    for field, wrong in ((LABEL, ["a"]), (LABEL, 1), (STEPS, "a"), (STEPS, [1])):
        with pytest.raises(ValueError, match="is no label"):
            field.from_json(wrong)


def test_a_series_is_shown_by_steps():
    assert SERIES.show(np.array([[1.5], [-0.0], [2]], np.float32)) == "1.5 0 2"
    assert SERIES.show(np.array([[1, 2], [3, 4]], np.float32)) == "1 2; 3 4"
