"""What the report of a forecaster says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from pipeline.counts import counted
from pipeline.evaluation.forecasting import SURE, ForecastMetrics, Scores
from pipeline.report import forecast_figures, run_sections
from pipeline.report.figures import to_png
from pipeline.report.forecast_figures import ShownForecast
from pipeline.report.page import Card, Picture, ReportContent, Section, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report
from pipeline.tasks.forecasting.prepared import SeriesFacts

_MOST_DRAWN = 4
"""Channels."""


def forecasting_content(
    metrics: ForecastMetrics, facts: SeriesFacts, shown: Sequence[ShownForecast], run: RunFacts
) -> ReportContent:
    """Puts a forecaster's report together; its first line says whether it is of any use.

    Args:
        metrics: of the test split.
        facts: of the series.
        shown: windows of test to draw.
        run: what is known of the run.
    """
    content = run_report(
        run,
        title="Forecasting",
        about=[
            f"{counted(len(facts.channels), 'channel')} "
            f"({run_sections.listed(facts.channels, 6)}), {facts.spacing.words}",
            f"{counted(facts.horizon, 'step')} ahead",
        ],
        measured=counted(metrics.windows, "test window"),
        cards=_cards(metrics),
        body=(_table(metrics), _pictures(metrics, shown), _by_step(metrics), _by_channel(metrics)),
        score=("dev_skill", "skill · 마지막 값 대비 개선"),
    )
    verdict = (
        f"{metrics.verdict}: mean squared error {metrics.model.mse:.3f} against "
        f"{metrics.repeat.mse:.3f} on {counted(metrics.windows, 'test window')}."
    )
    return dataclasses.replace(content, subtitle=f"{verdict} {content.subtitle}")


def _cards(metrics: ForecastMetrics) -> tuple[Card, ...]:
    model, repeat, test = metrics.model, metrics.repeat, metrics.against_repeat
    found = {"better": "Better", "worse": "Worse"}.get(test.verdict(), "Not better")
    return (
        Card(
            "Against the last value · 마지막 값과 비교",
            found,
            f"Over all channels: {_change(model.mse, repeat.mse)} (Diebold-Mariano test, "
            f"p {_p(test.p)}). By channel: see below.",
        ),
        Card(
            "MSE · 평균 제곱 오차",
            f"{model.mse:.3f}",
            f"Of standardised values. The last value gets {repeat.mse:.3f}, the last season "
            f"{metrics.seasonal.mse:.3f}.",
        ),
        Card(
            "MAE · 평균 절대 오차",
            f"{model.mae:.3f}",
            f"Of standardised values; the last value gets {repeat.mae:.3f}.",
        ),
        Card(
            "MASE",
            "—" if model.mase is None else f"{model.mase:.2f}",
            "The absolute error as a part of the one that repeating the last season of "
            f"{counted(metrics.season, 'step')} has one season ahead in train. It is over "
            f"{counted(metrics.horizon, 'step')} here, so it may be above 1 and still good: the "
            f"last value gets {'—' if repeat.mase is None else f'{repeat.mase:.2f}'}.",
        ),
    )


def _table(metrics: ForecastMetrics) -> Section:
    ways = {
        "this model · 모델": (metrics.model, None),
        "last value · 마지막 값": (metrics.repeat, metrics.against_repeat),
        f"last season of {metrics.season:,} · 계절 단순": (
            metrics.seasonal,
            metrics.against_seasonal,
        ),
    }
    rows = [
        (name, *_numbers(scores), "—" if test is None else f"{test.statistic:.2f}",
         "—" if test is None else _p(test.p))
        for name, (scores, test) in ways.items()
    ]  # fmt: skip
    return Section(
        "Is it of any use · 쓸모가 있는가",
        [
            "Whoever forecasts has to beat those who do nothing: repeating the last value, and "
            "repeating the last season. The Diebold-Mariano test asks whether the difference to "
            "the model is more than chance, and knows that windows overlap; below 0 the model is "
            f"better, and p below {SURE:g} is taken for more than chance.",
        ],
        tables=[
            Table(
                ("way to forecast · 방법", "MSE", "MAE", "MASE", "statistic · 통계량", "p"),
                rows,
                numeric=(1, 2, 3, 4, 5),
            )
        ],
    )


def _pictures(metrics: ForecastMetrics, shown: Sequence[ShownForecast]) -> Section:
    figures = []
    # Those that are best and worst against the last value say the most.
    gains = [
        ours / theirs if theirs else 1.0
        for ours, theirs in zip(
            metrics.model.mse_of_channels, metrics.repeat.mse_of_channels, strict=True
        )
    ]
    by_gain = sorted(range(len(gains)), key=gains.__getitem__)
    drawn = sorted({*by_gain[: _MOST_DRAWN // 2], *by_gain[-(_MOST_DRAWN // 2) :]})
    for channel in drawn:
        name = metrics.channels[channel]
        figures.append(
            Picture(
                to_png(forecast_figures.forecasts(shown, channel, name)),
                f"{name}: what came, the forecast and the last value, {len(shown)} windows.",
            )
        )
    return Section(
        "Forecasts · 예측",
        [
            f"{counted(len(shown), 'window')} of test at even distances, in the units of the data; "
            "above each the time of the first step that is forecast. Drawn are the channels that "
            "gain most and least on the last value.",
        ],
        figures,
    )


def _by_step(metrics: ForecastMetrics) -> Section:
    errors = {
        "model": metrics.model.mse_of_steps,
        "last value": metrics.repeat.mse_of_steps,
        f"last season ({metrics.season:,})": metrics.seasonal.mse_of_steps,
    }
    picture = Picture(
        to_png(forecast_figures.error_by_step(errors)),
        "; ".join(f"{name}: {of[0]:.3f} to {of[-1]:.3f}" for name, of in errors.items()),
    )
    return Section(
        "Error by distance · 시점별 오차",
        ["What is near is easier than what is far; the last value knows the near best."],
        [picture],
    )


def _by_channel(metrics: ForecastMetrics) -> Section:
    rows = [
        (name, f"{ours:.3f}", f"{theirs:.3f}", f"{mae:.3f}", _p(test.p), verdict)
        for name, ours, theirs, mae, test, verdict in zip(
            metrics.channels,
            metrics.model.mse_of_channels,
            metrics.repeat.mse_of_channels,
            metrics.model.mae_of_channels,
            metrics.channels_against_repeat,
            metrics.verdicts,
            strict=True,
        )
    ]
    tests = len(metrics.channels)
    return Section(
        "Channel by channel · 채널별",
        [
            f"The same test for each channel by itself. As there are {tests:,}, only a p below "
            f"{SURE / tests:.2g} is taken for more than chance (Bonferroni)."
            if tests > 1
            else "The channel by itself."
        ],
        tables=[
            Table(
                (
                    "channel · 채널", "MSE", "of the last value", "MAE", "p",
                    "than the last value",
                ),
                rows,
                numeric=(1, 2, 3, 4),
            )
        ],
    )  # fmt: skip


def _numbers(scores: Scores) -> tuple[str, str, str]:
    mase = "—" if scores.mase is None else f"{scores.mase:.3f}"
    return f"{scores.mse:.4f}", f"{scores.mae:.4f}", mase


def _change(ours: float, theirs: float) -> str:
    if theirs == 0:
        return "the last value makes no error"
    share = ours / theirs - 1
    return f"{abs(share):.0%} {'more' if share > 0 else 'less'} squared error"


def _p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
