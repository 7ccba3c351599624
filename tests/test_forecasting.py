"""The forecasting task: from a user's table to a table of what comes next."""

from __future__ import annotations

import dataclasses
import html
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.corpora.settings import SeriesCorpusSettings
from pipeline.export.saved_model import load_saved_model
from pipeline.tasks.forecasting import TASK
from pipeline.tasks.forecasting.data import SAMPLE
from pipeline.tasks.forecasting.prepared import Scaling, SeriesFacts
from pipeline.workspace import read_json
from reported_run import Tables

LINES = SAMPLE.read_text("utf-8").splitlines()
HORIZON = TASK.tiny.corpus.horizon


@pytest.fixture(scope="module")
def run(finished):
    return finished("forecasting")


def with_last_price(cell: str) -> str:
    """The bundled prices with something else in the last row."""
    assert '"49,500"' in LINES[-1]
    return "\n".join([*LINES[:-1], LINES[-1].replace('"49,500"', cell)])


def asked(command, run, content, name="prices.csv"):
    path = run.root / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    try:
        return command(run.root, "predict", "forecasting", "--file", name)
    finally:
        path.unlink()


class TestAsked:
    def test_the_answer_is_a_table_of_the_next_trading_days(self, run, command):
        outcome = asked(command, run, SAMPLE.read_bytes())
        header, *rows = (line.split(",") for line in outcome.out.splitlines())
        assert header == ["날짜", "시가", "고가", "저가", "종가", "거래량"]
        assert LINES[-1].startswith("2023/11/14")  # a Tuesday
        days = ["2023-11-15", "2023-11-16", "2023-11-17", "2023-11-20", "2023-11-21", "2023-11-22"]
        assert [row[0] for row in rows] == days
        close = np.array([float(row[4]) for row in rows])
        last = float(LINES[-1].split('","')[3].replace(",", ""))
        assert (np.abs(close / last - 1) < 0.2).all()

    def test_columns_are_found_by_name_whatever_the_encoding_and_the_order(self, run, command):
        expected = asked(command, run, SAMPLE.read_bytes()).out
        rows = [re.findall(r'"[^"]*"|[^,]+', line) for line in LINES]
        turned = [",".join([row[5], row[0], *row[4:0:-1], "메모"]) for row in rows]
        turned[1:] = turned[:0:-1]  # the newest row first
        content = "\n".join(turned).encode("cp949")
        assert asked(command, run, content).out == expected

    def test_only_the_last_steps_are_read(self, run, command):
        expected = asked(command, run, SAMPLE.read_bytes()).out
        window = TASK.tiny.corpus.window
        assert asked(command, run, "\n".join([LINES[0], *LINES[-window:]])).out == expected

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("\n".join([LINES[0], *LINES[-39:]]), "has 39 steps; the model reads 40"),
            ("\n".join(LINES).replace("종가", "현재가"), "has no column '종가' — there are: 날짜"),
            (with_last_price("하한가"), r"prices\.csv:1501: '하한가' in column"),
            (with_last_price("inf"), r"prices\.csv:1501: 'inf' in column .* is infinite"),
        ],
    )
    def test_what_it_cannot_answer_is_one_line(self, run, command, content, expected):
        assert re.search(expected, asked(command, run, content).error)

    def test_the_example_is_the_end_of_the_series(self, run, command):
        outcome = command(run.root, "predict", "forecasting", "--example")
        rows = [line.split(",")[1:] for line in outcome.out.splitlines()[1:]]
        of_file = asked(command, run, SAMPLE.read_bytes()).out.splitlines()[1:]
        assert rows == [line.split(",")[1:] for line in of_file]
        serve = load_saved_model(run.saved_model).signatures["serving_default"]
        forecast = serve(history=tf.constant(run.example[None]))["forecast"].numpy()[0]
        assert np.array_equal(np.array(rows, np.float32), forecast)


def test_the_report_says_first_whether_it_is_of_any_use(run):
    metrics = read_json(run.run / "metrics.json")
    page = (run.run / "report.html").read_text("utf-8")
    channels = metrics["channels"]
    verdicts = [each["verdict"] for each in channels.values()]
    better, worse, count = verdicts.count("better"), verdicts.count("worse"), len(verdicts)
    subtitle = html.unescape(re.search('<p class="subtitle">(.*?)</p>', page, re.S)[1])
    errors = [f"{metrics['mse']:.3f}", f"{metrics['repeat_mse']:.3f}"]
    numbers = re.findall(r"\d[\d.]*\d|\d", subtitle)
    assert numbers[:5] == [f"{better}", f"{count}", f"{worse}", *errors]
    tables = {table.columns[0].split(" · ")[0]: table.rows for table in Tables(page).tables}
    in_all, in_each, in_none, _ = (row[1:] for row in tables["claim"])
    gained = metrics["p_against_repeat"] < 0.05 and metrics["mse"] < metrics["repeat_mse"]
    assert in_all[2] == ("yes" if gained else "no")
    assert in_each[1:] == [f"{better} of {count}", "yes" if better == count else "no"]
    assert in_none[1:] == [f"{worse} of {count}", "no" if worse else "yes"]
    assert [row[-1] for row in tables["channel"]] == verdicts
    assert page.count("data:image/png") >= 4
    # Prices of a random walk.
    channels = metrics["channels"]
    assert all(channels[name]["verdict"] != "better" for name in ("시가", "종가"))
    assert metrics["windows"] == 300 - HORIZON + 1


def prepared(new_run, corpus, tmp_path) -> tuple[SeriesFacts, object]:
    settings = dataclasses.replace(
        TASK.tiny, corpus=SeriesCorpusSettings(corpus=str(corpus), window=20, horizon=4)
    )
    run = new_run("forecasting", settings)
    run.do("corpus", "prepare")
    return SeriesFacts.load(run.prepared), run


def test_nothing_of_dev_and_test_is_learnt(new_run, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\n".join(LINES[:301]), "utf-8")
    before, run = prepared(new_run, path, tmp_path)
    train = np.load(run.prepared / "train.npy")
    assert train.shape == (210, 5)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-5)
    later = [re.sub(r'"[\d,]+"', '"9"', line) for line in LINES[211:301]]
    path.write_text("\n".join([*LINES[:211], *later]), "utf-8")
    after, run = prepared(new_run, path, tmp_path)
    assert (after.scaling, after.naive_scales) == (before.scaling, before.naive_scales)
    np.testing.assert_array_equal(np.load(run.prepared / "train.npy"), train)


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(2, 9), st.just(2)),
        elements=st.floats(-1e7, 1e7, width=32),
    )
)
def test_standardised_values_come_back_in_units(values):
    scaling = Scaling.of(values)
    standardised = scaling.standardised(values)
    np.testing.assert_allclose(standardised.mean(axis=0), 0, atol=1e-6)
    again = scaling.in_units(standardised)
    np.testing.assert_allclose(again, values, rtol=1e-6, atol=1e-6 * np.abs(values).max())


def test_a_channel_that_never_changes_is_forecast_as_it_was():
    scaling = Scaling.of(np.full((5, 1), 7.0))
    assert scaling.standardised(np.array([[7.0]]))[0, 0] == 0
    assert scaling.in_units(np.array([[0.0]]))[0, 0] == 7
