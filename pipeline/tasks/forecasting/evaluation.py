"""Evaluates a trained forecaster on the last part of its series, beside naive forecasts."""

from __future__ import annotations

import numpy as np

from pipeline.corpora.splits import read_split
from pipeline.evaluation.forecasting import ErrorSums, ForecastMetrics, seasonal_naive
from pipeline.facts import Trained
from pipeline.models.forecaster_settings import describe_forecaster
from pipeline.models.one_graph import predict_batch
from pipeline.report.forecast_figures import ShownForecast
from pipeline.report.run_facts import run_facts
from pipeline.tasks.base import Evaluated
from pipeline.tasks.forecasting import TASK
from pipeline.tasks.forecasting.prepared import SeriesFacts
from pipeline.tasks.forecasting.report import forecasting_content
from pipeline.tasks.forecasting.settings import Settings
from pipeline.tasks.forecasting.training import WINDOWS_AT_ONCE, load_windows, trained_model

_SHOWN = 4
_SHOWN_BEFORE = 3
"""Plots show this many horizons of the values that were read."""


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    folder = trained.prepared_folder
    facts = SeriesFacts.load(folder)
    model = trained_model(settings, trained)
    ours, repeat, seasonal = (ErrorSums(facts.horizon, len(facts.channels)) for _ in range(3))
    test = load_windows(folder, "test", WINDOWS_AT_ONCE)
    chosen = set(np.linspace(0, len(test.starts) - 1, _SHOWN).astype(int).tolist())
    shown: list[ShownForecast] = []
    times, first = list(read_split(trained.corpus_folder / "test.tsv")["id"]), 0
    for inputs, truth in test:
        history = inputs["history"]
        # As the exported model gives it: float32 in the units of the data.
        units = facts.scaling.in_units(predict_batch(model, inputs))
        ours.add(facts.scaling.standardised(units), truth)
        repeat.add(seasonal_naive(history, facts.horizon, 1), truth)
        seasonal.add(seasonal_naive(history, facts.horizon, facts.season), truth)
        for row in range(len(truth)):
            if first + row in chosen:
                before = history[row, -_SHOWN_BEFORE * facts.horizon :]
                shown.append(
                    ShownForecast(
                        times[first + row],
                        facts.scaling.in_units(before),
                        facts.scaling.in_units(truth[row]),
                        units[row],
                    )
                )
        first += len(truth)
    metrics = ForecastMetrics.of(
        facts.channels, facts.season, np.array(facts.naive_scales), ours, repeat, seasonal
    )
    run = run_facts(TASK, settings, trained, describe_forecaster(settings.model, facts.window))
    content = forecasting_content(metrics, facts, shown, run)
    return Evaluated(metrics.summary, metrics.to_json(), content)
