"""Spans on their way to a collector, over real HTTP."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from confsync.adapters.otlp import open_exporter
from confsync.adapters.span_export import KEPT, Send, SpanExport
from confsync.tracing import Span
from tests.fakes.collector import Collector, collecting

CALL = Span(
    trace="0af7651916cd43dd8448eb211c80319c",
    id="b7ad6b7169203331",
    parent="00f067aa0ba902b7",
    kind="client",
    name="zoom: create a meeting",
    start=1_700_000_000_000_000_000,
    end=1_700_000_000_250_000_000,
    status=201,
    error=None,
)
ANSWER = CALL._replace(id="00f067aa0ba902b7", parent="", kind="server", name="POST", status=200)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def opening(collector: Collector) -> Any:
    return lambda: open_exporter(collector.url, project="example-project")


def test_spans_are_sent_together_some_time_later(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SERVICE", "confsync-reconcile-conference")
    export = SpanExport(opening(collector), delay=0.2)
    export(CALL)
    export(ANSWER)
    assert not collector.spans
    call, answer = collector.wait(lambda spans: len(spans) == 2)
    assert (call.service, call.project) == ("confsync-reconcile-conference", "example-project")
    assert (call.name, call.kind, call.trace, call.id, call.parent) == (CALL.name, 3, CALL.trace, CALL.id, CALL.parent)
    assert call.attributes == {"http.response.status_code": 201}
    assert (answer.name, answer.kind, answer.parent) == ("confsync-reconcile-conference: POST", 2, "")
    assert [call.failed, answer.failed] == [False, False]


def test_what_ends_after_a_batch_went_is_sent_by_the_next_one(collector: Collector) -> None:
    export = SpanExport(opening(collector), delay=0.05)
    export(CALL)
    collector.wait(lambda spans: len(spans) == 1)
    export(ANSWER)
    collector.wait(lambda spans: len(spans) == 2)


@pytest.mark.parametrize(
    ("kind", "status", "error", "failed"),
    [
        ("client", 404, None, True),
        ("producer", 409, None, True),
        ("client", None, "Temporary", True),
        ("client", None, None, False),
        ("server", 404, None, False),
        ("server", 503, None, True),
    ],
)
def test_what_counts_as_failed(
    collector: Collector, kind: Any, status: int | None, error: str | None, failed: bool
) -> None:
    export = SpanExport(opening(collector), delay=60)
    export(CALL._replace(kind=kind, status=status, error=error))
    export.flush()
    (span,) = collector.spans
    assert span.failed == failed
    assert span.attributes.get("error.type") == error


def test_a_collector_of_ones_own_gets_its_headers_and_no_token_of_ours(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=of-the-collector")
    export = SpanExport(opening(collector), delay=60)
    export(CALL)
    export.flush()
    assert collector.headers["X-Api-Key"] == "of-the-collector"
    assert "Authorization" not in collector.headers


def test_google_is_told_who_we_are(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr("confsync.adapters.otlp.OTLPSpanExporter", lambda **told: made.update(told))
    url = "https://telemetry.googleapis.com/v1/traces"
    open_exporter(url, project="example-project", access_token=lambda: "a-token")
    assert made["endpoint"] == url
    made["session"].post(collector.url, headers={"Content-Type": "application/x-protobuf"})
    assert collector.headers["Authorization"] == "Bearer a-token"


def test_nobody_hears_of_a_collector_that_refuses(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    collector.status = 400
    export = SpanExport(opening(collector), delay=60)
    export(CALL)
    export.flush()
    assert caplog.records
    collector.status = 200
    export(ANSWER)
    export.flush()
    assert [each.id for each in collector.spans] == [ANSWER.id]


def test_nobody_hears_of_credentials_that_fail(caplog: pytest.LogCaptureFixture) -> None:
    def without_credentials() -> Send:
        raise PermissionError("nobody knows us")

    export = SpanExport(without_credentials, delay=60)
    export(CALL)
    export.flush()
    assert "1 spans not sent: nobody knows us" in caplog.text


def test_the_oldest_go_if_there_are_too_many() -> None:
    sent: list[Sequence[Span]] = []
    export = SpanExport(lambda: sent.append, delay=60)
    for number in range(KEPT + 10):
        export(CALL._replace(start=number))
    export.flush()
    assert [each.start for each in sent[0]] == list(range(10, KEPT + 10))
