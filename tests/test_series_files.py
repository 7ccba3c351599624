"""Tables of numbers over time, as tools and people write them."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.series.cells import parse_number, parse_times
from pipeline.corpora.series.sample_prices import prices_csv
from pipeline.corpora.series.spacing import DAY, step_spacing
from pipeline.corpora.series.table import read_series
from pipeline.errors import UserError
from pipeline.workspace import SAMPLES

KOREAN = (
    "날짜,종목명,시가,고가,저가,종가,거래량\n"
    '2024/01/02,말결전자,"70,000","71,200","69,900","71,000","1,234,567"\n'
    '2024/01/03,말결전자,"71,000","71,100",-,"70,500","987,654"\n'
    '2024/01/04,말결전자,"70,400","72,000","70,300","71,900","1,500,000"\n'
)


def written(tmp_path, content, name="prices.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_prices_of_a_korean_market_tool(tmp_path, encoding):
    table = read_series(written(tmp_path, KOREAN.encode(encoding)))
    assert table.names == ("시가", "고가", "저가", "종가", "거래량")
    assert table.time_name == "날짜"
    np.testing.assert_array_equal(table.values[0], [70000, 71200, 69900, 71000, 1234567])
    assert table.values[1, 2] == 69900  # the gap has the value before it
    assert any("저가 1" in note for note in table.notes)
    assert any("종목명" in note for note in table.notes)
    days = table.seconds.astype("datetime64[s]").astype("datetime64[D]").astype(str)
    assert list(days) == ["2024-01-02", "2024-01-03", "2024-01-04"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234,567", 1234567), ("-1,234.5", -1234.5), ("₩70,000", 70000), ("70,000원", 70000),
        ("1.2M", 1.2e6), ("35.5%", 35.5), ("3만", 30000), ("1e-3", 0.001), ("−4", -4), (" 5 ", 5),
        (".5", 0.5), ("+7", 7), ("inf", math.inf), ("-Infinity", -math.inf),
    ],
)  # fmt: skip
def test_numbers_as_they_are_written(cell, value):
    assert parse_number(cell) == pytest.approx(value)


@pytest.mark.parametrize("cell", ["하락", "1,23", "12:30", "1.2.3", "2024-01-02", "e5", "%"])
def test_what_is_no_number(cell):
    assert parse_number(cell) is None


@pytest.mark.parametrize("cell", ["", " ", "-", "N/A", "nan", "NULL", "결측"])
def test_what_says_that_nothing_was_measured(cell):
    assert math.isnan(parse_number(cell))


@given(st.floats(-1e12, 1e12), st.booleans())
def test_a_number_written_by_python_comes_back(value, grouped):
    text = f"{value:,.3f}" if grouped else repr(value)
    assert parse_number(text) == pytest.approx(value, abs=1e-3 if grouped else 0)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-01-02", "2024-01-02T00:00:00"), ("2024. 1. 2.", "2024-01-02T00:00:00"),
        ("2024- 01- 02", "2024-01-02T00:00:00"), ("2024년 1월 2일", "2024-01-02T00:00:00"),
        ("2024년 1월 2일 오후 3시 5분", "2024-01-02T15:05:00"),
        ("2024/1/2 9:30", "2024-01-02T09:30:00"), ("20240102", "2024-01-02T00:00:00"),
        ("20240102153000", "2024-01-02T15:30:00"),
        ("2024-01-02T15:30:59.123+09:00", "2024-01-02T15:30:59"),
        ("2024-01-02 12:00 AM", "2024-01-02T00:00:00"), ("2024-01", "2024-01-01T00:00:00"),
        ("2024년 1월", "2024-01-01T00:00:00"), ("1/31/2024", "2024-01-31T00:00:00"),
        ("31.1.2024", "2024-01-31T00:00:00"), ("2024-01-02 24:00", "2024-01-03T00:00:00"),
    ],
)  # fmt: skip
def test_times_as_they_are_written(cell, expected):
    assert str(parse_times([cell], digits=True)[0]) == expected


@pytest.mark.parametrize("cell", ["", "합계", "12", "2024-13-01", "2024-02-30", "1234.5", "9:30"])
def test_what_is_no_time(cell):
    assert np.isnat(parse_times([cell], digits=True)[0])


@given(
    st.datetimes(dt.datetime(1500, 1, 1), dt.datetime(2999, 1, 1)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d"]),
)
def test_a_time_written_by_python_comes_back(moment, form):
    text = moment.strftime(form)
    again = np.datetime64(moment.strptime(text, form), "s")
    assert parse_times([text], digits=True)[0] == again


def test_rows_out_of_order_and_rows_of_one_time_are_counted(tmp_path):
    path = written(
        tmp_path, "date,a\n2024-01-03,3\n2024-01-01,1\n2024-01-02,9\n2024-01-02,2\n2024-01-04,4\n"
    )
    table = read_series(path)
    np.testing.assert_array_equal(table.values[:, 0], [1, 2, 3, 4])
    assert len(table.notes) == 3
    (reject,) = table.rejects
    assert (reject.line, reject.content) == (4, "2024-01-02,9")


@given(st.permutations(range(8)))
def test_the_order_of_rows_is_no_matter(tmp_path_factory, order):
    path = tmp_path_factory.getbasetemp() / "order.csv"
    rows = [f"2024-01-{day + 1:02d},{day * 1.5}" for day in order]
    path.write_text("date,a\n" + "\n".join(rows) + "\n")
    np.testing.assert_array_equal(read_series(path).values[:, 0], np.arange(8) * 1.5)


def test_the_newest_row_may_stand_first(tmp_path):
    table = read_series(written(tmp_path, "date,a\n2024-01-03,3\n2024-01-02,2\n2024-01-01,1\n"))
    np.testing.assert_array_equal(table.values[:, 0], [1, 2, 3])
    assert len(table.notes) == 1


def test_rows_without_a_time_are_rejected_and_counted(tmp_path):
    rows = "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 21))
    table = read_series(written(tmp_path, f"date,a\n{rows}합계,210\n"))
    assert len(table.values) == 20
    assert [reject.content for reject in table.rejects] == ["합계,210"]


def test_no_header_no_times_and_compressed(tmp_path):
    content = gzip.compress(b"0.5,1.25\n0.6,1.30\n0.7,1.35\n")
    table = read_series(written(tmp_path, content, "rates.txt.gz"))
    assert table.names == ("1", "2")
    assert table.seconds is None
    np.testing.assert_array_equal(table.values, [[0.5, 1.25], [0.6, 1.3], [0.7, 1.35]])
    assert read_series(tmp_path / "rates.txt.gz", ["달러", "엔"]).names == ("달러", "엔")


def test_a_header_of_numbers(tmp_path):
    table = read_series(written(tmp_path, "date,0,1\n1990/1/1 0:00,0.5,1\n1990/1/2 0:00,2,3\n"))
    assert table.names == ("0", "1")
    np.testing.assert_array_equal(table.values, [[0.5, 1], [2, 3]])


def test_channels_are_found_by_name_and_in_the_order_that_is_asked_for(tmp_path):
    table = read_series(written(tmp_path, KOREAN), ["종가", "시가"])
    assert table.names == ("종가", "시가")
    np.testing.assert_array_equal(table.values[0], [71000, 70000])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("date,a\n2024-01-01,1\n2024-01-02,높음\n2024-01-03,3\n", r"csv:3: '높음' in column a"),
        ("date,a\n2024-01-01,1\n2024-01-02,inf\n", r"csv:3: 'inf' in column a is infinite"),
        ("date,a,a\n2024-01-01,1,2\n2024-01-02,1,2\n", "two columns called 'a'"),
        ("date,a\n2024-01-01,좋음\n2024-01-02,나쁨\n", "has no column of numbers"),
        ("date,a\n어제,1\n오늘,2\n", r"csv:2: '어제' in column date is no time"),
        ("date,a,b\n2024-01-01,1,\n2024-01-02,1,\n2024-01-03,2,5\n", "b is empty in 67%"),
        ("date,hour,a\n" + "2024-01-01,1,5\n" * 6, "5 of 6 rows have the time of another row"),
        ("", "is empty"),
        (b"PK\x03\x04xl/", "is an Excel workbook"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, content, expected):
    with pytest.raises(UserError, match=expected) as error:
        read_series(written(tmp_path, content))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("asked", [{"channels": ["종가", "환율"]}, {"time_column": "요일"}])
def test_a_column_that_is_not_there_is_named(tmp_path, asked):
    with pytest.raises(UserError, match="has no column '(환율|요일)' — there are: 날짜"):
        read_series(written(tmp_path, KOREAN), **asked)


def seconds(*dates: str) -> np.ndarray:
    return np.array(dates, "datetime64[s]").astype(np.int64)


@pytest.mark.parametrize(
    ("moments", "season", "following"),
    [
        (np.arange(0, 50) * 3600, 24, ["1970-01-03 02:00:00", "1970-01-03 03:00:00"]),
        (np.arange(0, 50) * 900, 96, ["1970-01-01 12:30:00", "1970-01-01 12:45:00"]),
        (np.arange(0, 20) * DAY, 7, ["1970-01-21", "1970-01-22"]),
        (np.arange(0, 20) * 7 * DAY, 52, ["1970-05-21", "1970-05-28"]),
        (seconds("2023-11-30", "2023-12-31", "2024-01-31"), 12, ["2024-02-29", "2024-03-31"]),
        (seconds("2023-07-01", "2023-10-01", "2024-01-01"), 4, ["2024-04-01", "2024-07-01"]),
        (None, 1, ["1", "2"]),
    ],
)
def test_times_go_on_as_they_went(moments, season, following):
    spacing = step_spacing(moments)
    assert spacing.season == season
    assert spacing.after(2) == following


def test_weekdays_go_on_behind_a_weekend_and_holidays_are_gaps():
    days = np.busday_offset("2024-01-01", np.arange(20), roll="forward")
    without = np.delete(days, [5, 6, 12])
    spacing = step_spacing(without.astype("datetime64[s]").astype(np.int64))
    assert (spacing.kind, spacing.season, spacing.gaps, spacing.missing) == ("weekdays", 5, 2, 3)
    assert spacing.after(2) == ["2024-01-29", "2024-01-30"]  # 26 January was a Friday


def test_missing_hours_are_counted():
    hours = np.delete(np.arange(40), [7, 8, 20]) * 3600
    spacing = step_spacing(hours)
    assert (spacing.size, spacing.gaps, spacing.missing) == (3600, 2, 3)


def test_the_bundled_prices_are_what_their_program_makes():
    sample = (SAMPLES / "forecasting" / "prices.csv").read_text("utf-8")
    assert sample == prices_csv()
    table = read_series(SAMPLES / "forecasting" / "prices.csv")
    assert table.values.shape == (1500, 5)
    low, high = table.values[:, 2], table.values[:, 1]
    assert (low <= table.values[:, [0, 3]].min(axis=1)).all()
    assert (high >= table.values[:, [0, 3]].max(axis=1)).all()


def test_a_reader_of_the_command_line_reads_standard_input(monkeypatch):
    from pipeline.tasks.forecasting.data import values_in

    stream = io.TextIOWrapper(io.BytesIO(KOREAN.encode("utf-8")))
    monkeypatch.setattr(sys, "stdin", stream)
    (history,) = values_in("-", None)
    assert history.values.shape == (3, 5)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"date,a\n2024,x\n")))
    with pytest.raises(UserError, match="standard input"):
        values_in("-", None)
