"""From an HTTP request to a use case and back: what all functions have in common.

`serve` is the only place where errors become status codes. What is the caller's fault is a 4xx that names the field,
logged once; what is ours is a 500 with a trace id and nothing else. structlog is imported when there is something to
log, because the notification function's cold start has no time for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from random import getrandbits
from typing import Any, Protocol

from confsync.domain import errors

MAX_BODY = 1_000_000
"""Bytes. The largest body we ever take is an event object with its attendees."""

Answer = tuple[str, int, dict[str, str]]
"""Body, status, headers: what Flask takes for a response."""


class Values(Protocol):
    """Headers or query parameters; headers are found in any case."""

    def get(self, key: str, default: str, /) -> str: ...


class HttpRequest(Protocol):
    """As much of a web framework's request as we use."""

    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> Values: ...
    @property
    def args(self) -> Values: ...
    @property
    def content_length(self) -> int | None: ...
    def get_data(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose form was checked: its headers, query, body, and trace id."""

    headers: Values
    query: Values
    body: bytes
    trace: str


class HttpError(Exception):
    """A request of the wrong form: not worth reading further."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


Handler = Callable[[Call], Answer]


def serve(load: Callable[[], Handler], request: HttpRequest, *, json_body: bool = True) -> Answer:
    """Answer a POST with what `load()` makes of it. Never raises.

    A context of its own: what is bound to the log lines of one request is on none of the next one in this thread.
    """
    return copy_context().run(_serve, load, request, json_body=json_body)


def _serve(load: Callable[[], Handler], request: HttpRequest, *, json_body: bool) -> Answer:
    trace = _trace_id(request.headers)
    try:
        call = _checked(request, trace, json_body=json_body)
        return load()(call)
    except (HttpError, errors.ConfsyncError) as error:
        return _refusal(error, trace)
    except Exception:  # noqa: BLE001 - the last door: nobody outside may see what went wrong
        _log(trace).exception("unexpected error")
        return _internal(trace)


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer; no body for None."""
    if body is None:
        return "", status, dict(headers or {})
    return json.dumps(body), status, {"Content-Type": "application/json", **(headers or {})}


def _checked(request: HttpRequest, trace: str, *, json_body: bool) -> Call:
    if request.method != "POST":
        raise HttpError(405, "method_not_allowed", f"{request.method} is not taken here; use POST", {"Allow": "POST"})
    if (request.content_length or 0) > MAX_BODY:
        raise HttpError(413, "too_large", f"the body is larger than {MAX_BODY} bytes")
    if json_body and _content_type(request.headers) != "application/json":
        raise HttpError(415, "unsupported_media_type", "the body must be application/json")
    body = request.get_data()
    if len(body) > MAX_BODY:
        raise HttpError(413, "too_large", f"the body is larger than {MAX_BODY} bytes")
    return Call(headers=request.headers, query=request.args, body=body, trace=trace)


def _content_type(headers: Values) -> str:
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


def _refusal(error: HttpError | errors.ConfsyncError, trace: str) -> Answer:
    if isinstance(error, HttpError):
        status, code, headers = error.status, error.code, error.headers
    else:
        status, code = next((said for kind, said in STATUSES.items() if isinstance(error, kind)), (500, "internal"))
        headers = {"Retry-After": "1"} if status == 503 else {}
    level = "info" if code == "busy" else "error" if status == 500 else "warning"
    getattr(_log(trace), level)("request refused", status=status, code=code, reason=str(error))
    if status == 500:
        return _internal(trace)
    told: dict[str, str] = {"code": code, "message": str(error) if status < 500 else "try again later"}
    if isinstance(error, errors.BadRequest) and error.field:
        told["field"] = error.field
    return answer({"error": told}, status=status, headers=headers)


def _internal(trace: str) -> Answer:
    return answer({"error": {"code": "internal", "message": "internal error", "trace": trace}}, status=500)


def _trace_id(headers: Values) -> str:
    """The platform's trace id, so that our lines stand with its own. https://cloud.google.com/trace/docs/trace-context"""
    parent = headers.get("traceparent", "").split("-")
    found = parent[1] if len(parent) > 2 else headers.get("X-Cloud-Trace-Context", "").partition("/")[0]
    return found if re.fullmatch(r"[0-9a-fA-F]{32}", found) else f"{getrandbits(128):032x}"


def _log(trace: str) -> Any:  # structlog is imported late
    from confsync.logs import logger

    return logger(trace)
