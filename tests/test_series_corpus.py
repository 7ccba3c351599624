"""A series as splits in time: agreed borders, every window, no window copied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.catalogue import CATALOGUE, Corpus
from pipeline.corpora.series import corpus as series_corpus
from pipeline.corpora.series.corpus import read_series_corpus, split_parts
from pipeline.corpora.settings import SeriesCorpusSettings
from pipeline.errors import UserError
from pipeline.fields import Series, StepRange, WholeSeries
from pipeline.tasks.forecasting.data import SAMPLE

FIELD = Series("history", "numbers")


def settings(**values) -> SeriesCorpusSettings:
    return SeriesCorpusSettings(**{"corpus": "sample", "window": 12, "horizon": 3, **values})


def series_file(folder, steps=60, name="x.csv"):
    days = np.arange(steps) + np.datetime64("2024-01-01")
    rows = [f"{day},{i},{i * i}" for i, day in enumerate(days)]
    (folder / name).write_text("\n".join(["date,a,b", *rows]) + "\n")
    return folder / name


@given(st.integers(30, 3000), st.integers(1, 20), st.integers(1, 5))
def test_no_split_forecasts_what_another_does_and_all_windows_are_there(steps, window, horizon):
    chosen = settings(window=window, horizon=horizon)
    try:
        parts = split_parts(steps, chosen, "x.csv")
    except UserError:
        assert steps < 20 * (window + horizon)
        return
    assert parts.train + parts.dev + parts.test == steps
    forecast = {
        name: {step for start in starts for step in range(start + window, start + window + horizon)}
        for name, starts in parts.starts().items()
    }
    assert not forecast["train"] & forecast["dev"]
    assert not forecast["dev"] & forecast["test"]
    assert forecast["test"] == set(range(steps - parts.test, steps))
    assert forecast["dev"] == set(range(parts.train, parts.train + parts.dev))
    assert max(forecast["train"]) < parts.train


@pytest.mark.parametrize(
    ("name", "horizon", "windows"),
    [("ETTh1", 96, (7825, 2785, 2785)), ("ETTh2", 720, (7201, 2161, 2161)),
     ("exchange_rate", 96, (4496, 665, 1422)), ("national_illness", 24, (None, 74, 170))],
)  # fmt: skip
def test_splits_of_the_catalogue_are_the_usual_ones(name, horizon, windows):
    """Windows of 720 steps of ETT; counts of the usual loaders, which drop no last batch here."""
    corpus = CATALOGUE[name]
    window = 720 if "ETT" in name or "rate" in name else 60
    chosen = settings(window=window, horizon=horizon)
    starts = split_parts(corpus.steps, chosen, name, corpus.parts).starts()
    for split, expected in zip(("train", "dev", "test"), windows, strict=True):
        assert expected is None or len(starts[split]) == expected


def test_windows_are_stretches_of_one_file(tmp_path):
    path = series_file(tmp_path)
    corpus = read_series_corpus(settings(corpus=str(path)), tmp_path, SAMPLE)
    test = corpus.splits["test"]
    assert len(test) == 12 - 3 + 1
    assert list(test["id"])[0] == "2024-02-18"
    cells = [FIELD.store(value, tmp_path) for value in test["history"]]
    assert len(list((tmp_path / "series").glob("*.npy"))) == 2  # values and times
    loaded = FIELD.load_all(cells, tmp_path)
    np.testing.assert_array_equal(loaded[0][:, 0], np.arange(36, 48))
    np.testing.assert_array_equal(loaded[-1][:, 1], np.arange(45, 57) ** 2)
    (first, *_), whole = FIELD.stretches(cells, tmp_path), test["history"][0].whole
    assert (first.start, first.stop, first.whole.channels) == (36, 48, ("a", "b"))
    np.testing.assert_array_equal(first.whole.seconds, whole.seconds)


def test_a_stretch_of_a_damaged_file_is_one_line(tmp_path):
    whole = WholeSeries(np.ones((5, 1), np.float32), ("a",), None)
    cell = FIELD.store(StepRange(whole, 1, 3), tmp_path)
    (file,) = (tmp_path / "series").glob("*.npy")
    file.write_bytes(b"\x93NUMPY damaged")
    with pytest.raises(UserError, match="is no series"):
        FIELD.load(cell, tmp_path)
    file.unlink()
    with pytest.raises(UserError, match="is no series"):
        FIELD.load(cell, tmp_path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"window": 40}, "too few for a window of 40 and a horizon of 3 — give a longer"),
        ({"horizon": 7}, "60 steps, of which 42 are train, 6 dev and 12 test: too few"),
        ({"channels": "a,c"}, "has no column 'c'"),
        ({"channels": "a,a"}, "names a channel twice"),
        ({"channels": ","}, "names no channel"),
        ({"corpus": "ETTh3"}, "no corpus is called 'ETTh3' — did you mean ETTh"),
        ({"corpus": "nsmc"}, "labelled, not series"),
        ({"corpus": "nothing.csv"}, "no such file"),
    ],
)
def test_what_cannot_be_split_is_one_line(tmp_path, changes, expected):
    chosen = settings(**{"corpus": str(series_file(tmp_path)), **changes})
    with pytest.raises(UserError, match=expected) as error:
        read_series_corpus(chosen, tmp_path, SAMPLE)
    assert "\n" not in str(error.value)


def test_without_a_word_about_it_window_and_horizon_fit_the_series(tmp_path):
    long = split_parts(17_420, settings(window=None, horizon=None), "x", CATALOGUE["ETTh1"].parts)
    assert (long.window, long.horizon) == (720, 96)
    short = split_parts(60, settings(window=None, horizon=None), "x")
    assert (short.window, short.horizon) == (10, 1)
    assert all(len(starts) for starts in short.starts().values())


def test_a_channel_that_never_changes_is_said_and_a_series_of_them_refused(tmp_path):
    rows = [f"2024-01-{i // 24 + 1:02d} {i % 24}:00,{i % 7},5" for i in range(100)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["date,a,b", *rows]) + "\n")
    corpus = read_series_corpus(settings(corpus=str(path)), tmp_path, SAMPLE)
    assert any("ever changes in train" in warning for warning in corpus.warnings)
    with pytest.raises(UserError, match="no channel ever changes"):
        read_series_corpus(settings(corpus=str(path), channels="b"), tmp_path, SAMPLE)


def test_missing_days_are_counted_and_said(tmp_path):
    path = series_file(tmp_path)
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[:20] + lines[23:]))
    corpus = read_series_corpus(settings(corpus=str(path)), tmp_path, SAMPLE)
    assert any(w.startswith("3 steps missing at 1 place") for w in corpus.warnings)


def test_without_a_network_the_bundled_prices_stand_in(tmp_path, monkeypatch):
    from pipeline.corpora.fetch import CorpusUnavailable

    def unavailable(file, raw):
        raise CorpusUnavailable("no network")

    monkeypatch.setattr(series_corpus, "fetch", unavailable)
    corpus = read_series_corpus(settings(corpus="ETTh1", channels="OT"), tmp_path, SAMPLE)
    assert corpus.stand_in
    assert "could not be had" in corpus.warnings[0]
    assert corpus.splits["train"]["history"][0].values.shape == (12, 5)


def test_another_number_of_steps_than_the_catalogue_says_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(series_corpus, "fetch", lambda file, raw: series_file(tmp_path))
    with pytest.raises(UserError, match="holds 60 steps, not 17,420"):
        read_series_corpus(settings(corpus="ETTh1"), tmp_path, SAMPLE)


def test_entries_of_the_catalogue_are_series():
    series: list[Corpus] = [c for c in CATALOGUE.values() if c.kind == "series"]
    assert {c.name for c in series} == {"ETTh1", "ETTh2", "exchange_rate", "national_illness"}
    for corpus in series:
        assert corpus.steps > 0
        assert len(corpus.files) == 1
        assert corpus.parts is None or sum(corpus.parts) <= corpus.steps
