"""A collector of spans that speaks OTLP over HTTP. https://opentelemetry.io/docs/specs/otlp/#otlphttp-request"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from werkzeug.wrappers import Request, Response

from playground import server


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A span as it came. Ids are hex digits, and the parent's is empty if there is none."""

    service: str
    project: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    failed: bool
    attributes: dict[str, Any]


@dataclass(kw_only=True)
class Collector:
    """`url` is the whole address. `headers` are those of the last request; `status` is what it answers."""

    url: str = ""
    spans: list[Collected] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def wait(self, enough: Callable[[list[Collected]], bool], seconds: float = 30) -> list[Collected]:
        """All spans, once there are enough of them."""
        deadline = time.monotonic() + seconds
        while not enough(self.spans):
            assert time.monotonic() < deadline, [f"{each.service} {each.name}" for each in self.spans]
            time.sleep(0.05)
        return self.spans

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        assert (request.method, request.path) == ("POST", "/v1/traces")
        assert request.mimetype == "application/x-protobuf"
        self.headers = dict(request.headers)
        if self.status == 200:
            self.spans += _read(request.get_data())
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, self.status, content_type="application/x-protobuf")(environ, start_response)


@contextmanager
def collecting() -> Iterator[Collector]:
    """One that runs as long as the block does."""
    collector = Collector()
    running = server.serve(collector, name="collector")
    collector.url = f"{running.url}/v1/traces"
    try:
        yield collector
    finally:
        running.stop()


def _read(body: bytes) -> Iterator[Collected]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        who = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert span.start_time_unix_nano <= span.end_time_unix_nano
                yield Collected(
                    service=who["service.name"],
                    project=who["gcp.project_id"],
                    name=span.name,
                    kind=span.kind,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    failed=span.status.code == span.status.STATUS_CODE_ERROR,
                    attributes=_attributes(span.attributes),
                )


def _attributes(told: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in told}
