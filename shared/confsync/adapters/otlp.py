"""OpenTelemetry's own exporter, and our spans as it takes them. Slow to import: that is done when nobody waits."""

import os
from collections.abc import Callable, Sequence

from google.auth.transport.requests import AuthorizedSession
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from confsync.adapters.google_credentials import runtime_credentials
from confsync.adapters.span_export import Send
from confsync.tracing import Span

TIMEOUT = 5
"""Seconds, tries again included."""
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "producer": SpanKind.PRODUCER}
_FAILED = {"server": 500, "client": 400, "producer": 400}
"""From which status on a span counts as failed. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status"""


def open_exporter(url: str, *, project: str, access_token: Callable[[], str] | None = None) -> Send:
    """What sends spans to `url`, the whole address. What it can't send the exporter logs, and drops.

    `access_token`: for Google; others get the headers in `OTEL_EXPORTER_OTLP_HEADERS`, if any.
    https://opentelemetry.io/docs/specs/otel/protocol/exporter/ · for Cloud Trace, which wants `gcp.project_id`:
    https://docs.cloud.google.com/stackdriver/docs/instrumentation/migrate-to-otlp-endpoints
    """
    session = AuthorizedSession(runtime_credentials(access_token)) if access_token else None
    exporter = OTLPSpanExporter(endpoint=url, session=session, timeout=TIMEOUT)
    resource = Resource({"service.name": os.environ.get("K_SERVICE", "confsync"), "gcp.project_id": project})

    def send(spans: Sequence[Span]) -> None:
        exporter.export([readable(each, resource) for each in spans])

    return send


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """The span as OpenTelemetry has it. A request's name is its method, and so it is named after the function too."""
    told = {"http.response.status_code": span.status, "error.type": span.error}
    failed = span.error is not None or (span.status is not None and span.status >= _FAILED[span.kind])
    return ReadableSpan(
        name=f"{resource.attributes['service.name']!s}: {span.name}" if span.kind == "server" else span.name,
        context=_context(span.trace, span.id, remote=False),
        parent=_context(span.trace, span.parent, remote=span.kind == "server") if span.parent else None,
        resource=resource,
        attributes={key: value for key, value in told.items() if value is not None},
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=span.start,
        end_time=span.end,
    )


def _context(trace: str, span: str, *, remote: bool) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=remote, trace_flags=_SAMPLED)
