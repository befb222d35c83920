"""What the service counts of itself, for Prometheus."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMESPACE = "podledger"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One registry an app, so that two apps in one process do not add up."""

    def __init__(self) -> None:
        """All counters at zero."""
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests by route and status.", "method", "route", "status")
        self.seconds = self._seconds("request_seconds", "Time to the answer's head.", "route")
        self.records = self._counter("sync_records", "Synced records by what was answered.", "result")
        self.batches = self._counter("log_batches", "Batches made durable, by dialect.", "dialect")
        self.refused = self._counter("log_refused", "Batches turned away: nowhere to keep them.", "why")
        self.fsyncs = self._seconds("log_sync_seconds", "Time of one fdatasync.")
        self.sealed = self._counter("log_sealed_files", "Files sealed into the landing folder.")
        self.seal_failures = self._counter("log_seal_failures", "Attempts to seal that failed and are repeated.")

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A gauge that asks when it is read."""
        Gauge(name, about, namespace=NAMESPACE, registry=self.registry).set_function(value)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace=NAMESPACE, registry=self.registry)

    def _seconds(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(name, about, labels, namespace=NAMESPACE, registry=self.registry, buckets=SECONDS)


class CountRequests:
    """Middleware that counts answers by the route's pattern, never by the path: paths hold ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Counts into ``metrics``."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "(none)")
                method = scope["method"] if route != "(none)" else "(any)"
                self.metrics.requests.labels(method, route, message["status"]).inc()
                self.metrics.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, counted)
