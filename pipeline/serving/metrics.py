"""Metrics for Prometheus: requests, latency, batches, queues, memory."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The metrics of one server. Memory is `process_resident_memory_bytes`."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "serving_requests",
            "Requests that were answered or refused",
            ["model", "verb", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "serving_request_seconds",
            "From the last byte of a request's head to the last of its answer",
            ["model", "verb"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = Histogram(
            "serving_batch_rows",
            "Rows in a call of a model",
            ["model", "signature"],
            buckets=_ROWS,
            registry=self._registry,
        )
        self._call_seconds = Histogram(
            "serving_call_seconds",
            "A call of a model",
            ["model", "signature"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._waiting = Gauge(
            "serving_waiting_requests",
            "Requests that wait or are computed",
            ["model", "signature"],
            registry=self._registry,
        )
        # Looking a child up by its labels takes longer than counting.
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, model: str, verb: str, status: int, seconds: float) -> None:
        """Counts a finished request.

        Args:
            model: one that is served, or "" where there is no such.
        """
        key = (model, verb, status)
        if key not in self._answered:
            self._answered[key] = (
                self._requests.labels(model, verb, str(status)),
                self._seconds.labels(model, verb),
            )
        count, histogram = self._answered[key]
        count.inc()
        histogram.observe(seconds)

    def of_signature(self, model: str, signature: str) -> SignatureMetrics:
        """The metrics of a signature of a model."""
        return SignatureMetrics(
            self._rows.labels(model, signature),
            self._call_seconds.labels(model, signature),
            self._waiting.labels(model, signature),
        )

    def page(self) -> bytes:
        """All metrics in the format of Prometheus."""
        return generate_latest(self._registry)


class SignatureMetrics:
    """Counts the events of a queue (`pipeline.serving.lanes.Observer`)."""

    def __init__(self, rows: Histogram, seconds: Histogram, waiting: Gauge):
        self._rows, self._seconds, self._waiting = rows, seconds, waiting

    def called(self, rows: int, seconds: float) -> None:
        self._rows.observe(rows)
        self._seconds.observe(seconds)

    def waiting(self, requests: int) -> None:
        self._waiting.set(requests)
