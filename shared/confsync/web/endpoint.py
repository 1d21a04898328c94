"""From an HTTP request to a use case and back: what all functions have in common.

`serve` is the only place where errors become status codes. What is the caller's fault is a 4xx that names the field,
logged once; what is ours is a 500 with a trace id and nothing else. structlog is imported when there is something to
log, because the notification function's cold start has no time for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Protocol, overload
from urllib.parse import quote

from confsync import tracing
from confsync.domain import errors

MAX_BODY = 1_000_000
"""Bytes. The largest body we ever take is an event object with its attendees."""

Headers = dict[str, str | list[str]]
"""A list for a header that is there several times."""

Answer = tuple[str, int, Headers]
"""Body, status, headers: what Flask takes for a response."""

POST = frozenset({"POST"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Values(Protocol):
    """Headers or query parameters; headers are found in any case."""

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, default: str, /) -> str: ...


class Query(Values, Protocol):
    """Query parameters, which may be repeated."""

    def getlist(self, key: str, /) -> list[str]: ...


class HttpRequest(Protocol):
    """As much of a web framework's request as we use."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def environ(self) -> Mapping[str, Any]: ...
    @property
    def headers(self) -> Values: ...
    @property
    def args(self) -> Query: ...
    @property
    def content_length(self) -> int | None: ...
    def get_data(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose form was checked."""

    headers: Values
    query: Query
    body: bytes
    trace: str
    method: str = "POST"
    path: str = "/"
    """As it was sent, still percent-encoded: a calendar's id may hold a slash."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the path, decoded (see `routing`)."""


class HttpError(Exception):
    """A request of the wrong form: not worth reading further."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


Handler = Callable[[Call], Answer]

Refused = Callable[[HttpError | errors.ConfsyncError, str], Answer]
"""(error, trace) -> how the caller is told of it. What nobody expected comes as a plain `ConfsyncError`."""


def refusal(error: HttpError | errors.ConfsyncError, trace: str) -> Answer:
    """The error as most functions tell of it; `problems` has another way."""
    if isinstance(error, HttpError):
        status, code, headers = error.status, error.code, error.headers
    else:
        status, code = next((said for kind, said in STATUSES.items() if isinstance(error, kind)), (500, "internal"))
        headers = {"Retry-After": "1"} if status == 503 else {}
    if status == 500:
        return answer({"error": {"code": "internal", "message": "internal error", "trace": trace}}, status=500)
    told: dict[str, str] = {"code": code, "message": str(error) if status < 500 else "try again later"}
    if isinstance(error, errors.BadRequest) and error.field:
        told["field"] = error.field
    return answer({"error": told}, status=status, headers=headers)


def serve(
    load: Callable[[], Handler],
    request: HttpRequest,
    *,
    methods: frozenset[str] | None = POST,
    json_body: bool = True,
    refused: Refused = refusal,
) -> Answer:
    """Answer a request with what `load()` makes of it. Never raises.

    `methods`: those that are taken, None if the handler (a router) sees to that. `json_body`: whether a body has to be
    JSON. `refused`: how errors are told of. A context of its own: what is bound to the log lines of one request is on
    none of the next one in this thread.
    """
    return copy_context().run(_serve, load, request, refused, methods=methods, json_body=json_body)


def _serve(
    load: Callable[[], Handler],
    request: HttpRequest,
    refused: Refused,
    *,
    methods: frozenset[str] | None,
    json_body: bool,
) -> Answer:
    headers = request.headers
    place = headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", "")
    with tracing.request(request.method, *place) as span:
        try:
            call = _checked(request, span.trace, methods=methods, json_body=json_body)
            answered = load()(call)
        except (HttpError, errors.ConfsyncError) as error:
            answered = refused(error, span.trace)
            _log_refusal(error, answered[1], span.trace)
        except Exception:  # noqa: BLE001 - the last door: nobody outside may see what went wrong
            _log(span.trace).exception("unexpected error")
            answered = refused(errors.ConfsyncError(), span.trace)
        span.status = answered[1]
        return answered


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer; no body for None."""
    if body is None:
        return "", status, dict(headers or {})
    return json.dumps(body), status, {"Content-Type": "application/json", **(headers or {})}


def not_allowed(method: str, allowed: Iterable[str]) -> HttpError:
    """405, which says what is allowed."""
    listed = ", ".join(sorted(allowed))
    return HttpError(405, "method_not_allowed", f"{method} is not taken here; use {listed}", {"Allow": listed})


def require_json(headers: Values) -> None:
    """For handlers behind a router, which first sees whether it takes the method. Raises `HttpError` 415."""
    if content_type(headers) != "application/json":
        raise HttpError(415, "unsupported_media_type", "the body must be application/json")


def _checked(request: HttpRequest, trace: str, *, methods: frozenset[str] | None, json_body: bool) -> Call:
    if methods is not None and request.method not in methods:
        raise not_allowed(request.method, methods)
    if (request.content_length or 0) > MAX_BODY:
        raise HttpError(413, "too_large", f"the body is larger than {MAX_BODY} bytes")
    if json_body and request.method in WITH_BODY:
        require_json(request.headers)
    body = request.get_data()
    if len(body) > MAX_BODY:
        raise HttpError(413, "too_large", f"the body is larger than {MAX_BODY} bytes")
    return Call(
        headers=request.headers,
        query=request.args,
        body=body,
        trace=trace,
        method=request.method,
        path=_sent_path(request),
    )


def _sent_path(request: HttpRequest) -> str:
    """The path as it was sent. WSGI decodes it, but servers keep what came (gunicorn and werkzeug do)."""
    sent = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    return sent.partition("?")[0] if sent and sent.startswith("/") else quote(request.path)


def content_type(headers: Values) -> str:
    """The body's type, without its parameters, in small letters."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


STATUSES: Mapping[type[errors.ConfsyncError], tuple[int, str]] = {
    errors.BadRequest: (400, "bad_request"),
    errors.Unverified: (401, "unverified"),
    errors.Forbidden: (403, "forbidden"),
    errors.Busy: (503, "busy"),
    errors.StoreConflict: (503, "busy"),
    errors.NotConfigured: (500, "not_configured"),
    errors.Unexpected: (503, "unavailable"),
    errors.ServiceError: (503, "unavailable"),
}


def _log_refusal(error: HttpError | errors.ConfsyncError, status: int, trace: str) -> None:
    busy = isinstance(error, errors.Busy | errors.StoreConflict)
    level = "info" if busy else "error" if status == 500 else "warning"
    getattr(_log(trace), level)("request refused", status=status, kind=type(error).__name__, reason=str(error))


def _log(trace: str) -> Any:  # structlog is imported late
    from confsync.logs import logger

    return logger(trace)
