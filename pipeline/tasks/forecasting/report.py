"""Content of the report of a forecaster; the text is in report.md.j2."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from matplotlib.figure import Figure

from pipeline.evaluation.forecasting import SURE, ForecastMetrics
from pipeline.report import forecast_figures
from pipeline.report.forecast_figures import ShownForecast
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.tasks.forecasting.prepared import SeriesFacts

_MAX_DRAWN = 4
"""Number of channels in plots."""


@dataclasses.dataclass(frozen=True)
class ChannelRow:
    """One channel: errors of the model and of the last value, and the test of their difference.

    Attributes:
        name: of the channel.
        mse, mae: of the model.
        last_mse: of the last value.
        p: p-value of the test.
        verdict: "better", "worse" or "not better" than the last value.
    """

    name: str
    mse: float
    mae: float
    last_mse: float
    p: float
    verdict: str


def forecasting_content(
    metrics: ForecastMetrics, facts: SeriesFacts, shown: Sequence[ShownForecast], run: RunFacts
) -> ReportContent:
    """Makes the report of a forecaster; its first line says whether the model is better than the
    last value.

    Args:
        metrics: of the test split.
        facts: of the series.
        shown: windows of test to draw.
        run: facts about the run.
    """
    channels = _channels(metrics)
    errors = {
        "model": metrics.model.mse_of_steps,
        "last value": metrics.repeat.mse_of_steps,
        f"last season ({metrics.season:,})": metrics.seasonal.mse_of_steps,
    }
    return run_document(
        "tasks/forecasting/report.md.j2",
        run,
        score=("dev_skill", "skill · 마지막 값 대비 개선"),
        metrics=metrics,
        facts=facts,
        sure=SURE,
        channels=channels,
        better=[row.name for row in channels if row.verdict == "better"],
        worse=[row.name for row in channels if row.verdict == "worse"],
        forecasts=_forecasts(channels, shown),
        windows_shown=len(shown),
        error_by_step=forecast_figures.error_by_step(errors),
    )


def _channels(metrics: ForecastMetrics) -> list[ChannelRow]:
    return [
        ChannelRow(name, mse, mae, last_mse, test.p, verdict)
        for name, mse, mae, last_mse, test, verdict in zip(
            metrics.channels,
            metrics.model.mse_of_channels,
            metrics.model.mae_of_channels,
            metrics.repeat.mse_of_channels,
            metrics.channels_against_repeat,
            metrics.verdicts,
            strict=True,
        )
    ]


def _forecasts(
    channels: Sequence[ChannelRow], shown: Sequence[ShownForecast]
) -> list[tuple[str, Figure]]:
    """Names and plots of the channels that improve most and least on the last value."""
    gains = [row.mse / row.last_mse if row.last_mse else 1.0 for row in channels]
    by_gain = sorted(range(len(gains)), key=gains.__getitem__)
    drawn = sorted({*by_gain[: _MAX_DRAWN // 2], *by_gain[-(_MAX_DRAWN // 2) :]})
    return [
        (channels[n].name, forecast_figures.forecasts(shown, n, channels[n].name)) for n in drawn
    ]
