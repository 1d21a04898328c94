"""Faults that any simulator can be told, over HTTP, to have; and the log of what it was asked.

`POST /_playground/faults` adds a fault, `GET` lists those that are left, `DELETE` removes them all.
`PUT /_playground/latency` slows every request by `{"seconds": s}`.
`GET /_playground/requests` answers the newest requests, oldest first; `DELETE` forgets them.
Requests under `/_playground/` are never faulted, slowed or logged.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import requests
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL = "/_playground/"
KEPT_REQUESTS = 20_000
Cut = Literal["before", "after"]


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `times` matching requests (None: to all), once `skip` of them were let through.

    `path` is a regular expression, searched in the path with its query string. A `status` is answered instead of
    doing the work, `latency` (seconds) comes before the work; with `after`, both come when the work is done. `cut`
    closes the connection without an answer, before or after the work. (httplib2, and so Google's API client,
    silently sends a cut request once more: `times=2` lets its caller notice.)
    """

    method: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    latency: float = 0
    cut: Cut | None = None
    after: bool = False

    def matches(self, method: str, target: str) -> bool:
        return self.method in {None, method} and (self.path is None or re.search(self.path, target) is not None)

    def response(self) -> Response | None:
        if self.status is None:
            return None
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        content = None if self.body is None else "text/plain" if isinstance(self.body, str) else "application/json"
        return Response("" if self.body is None else text, self.status, self.headers, content_type=content)


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """One request: `started` in epoch seconds, `duration` in seconds, `status` 0 if the connection was cut."""

    method: str
    path: str
    query: str
    status: int
    started: float
    duration: float
    trace: str = ""
    """The id of the trace that it named (https://www.w3.org/TR/trace-context/)."""


class FaultInjector:
    """WSGI middleware: serves the control addresses and does to every other request what the faults say."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._log: deque[LoggedRequest] = deque(maxlen=KEPT_REQUESTS)
        self._latency = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        control = _CONTROLS.get(request.path.removeprefix(CONTROL)) if request.path.startswith(CONTROL) else None
        if control is not None:
            return control(self, request)(environ, start_response)
        if request.path.startswith(CONTROL):
            return self._app(environ, start_response)
        return self._logged(request)(environ, start_response)

    def _logged(self, request: Request) -> Response:
        started, status = time.time(), 0
        try:
            response = self._faulted(request)
            status = response.status_code
            return response
        finally:
            entry = LoggedRequest(
                method=request.method,
                path=request.path,
                query=request.query_string.decode(),
                status=status,
                started=started,
                duration=time.time() - started,
                trace=request.headers.get("traceparent", "--").split("-")[1],
            )
            with self._lock:
                self._log.append(entry)

    def _faulted(self, request: Request) -> Response:
        fault = self._take(request) or Fault()
        time.sleep(self._latency + (0 if fault.after else fault.latency))
        if fault.cut == "before":
            raise ConnectionAbortedError
        answer = fault.response()
        if answer is not None and not fault.after:
            return answer
        chunks, status, headers = run_wsgi_app(self._app, request.environ, buffered=True)
        time.sleep(fault.latency if fault.after else 0)
        if fault.cut == "after":
            raise ConnectionAbortedError
        return answer or Response(b"".join(chunks), status, headers)

    def _take(self, request: Request) -> Fault | None:
        target = request.full_path.rstrip("?")
        with self._lock:
            for fault in self._faults:
                if not fault.matches(request.method, target):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                return fault
        return None

    def _control_faults(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                fault = Fault(**request.get_json())
                re.compile(fault.path or "")
            except (TypeError, re.error) as error:
                return _json({"error": f"not a fault: {error}"}, 400)
            with self._lock:
                self._faults.append(fault)
        elif request.method == "DELETE":
            with self._lock:
                self._faults.clear()
        with self._lock:
            return _json([asdict(fault) for fault in self._faults])

    def _control_requests(self, request: Request) -> Response:
        with self._lock:
            if request.method == "DELETE":
                self._log.clear()
            return _json([asdict(entry) for entry in self._log])

    def _control_latency(self, request: Request) -> Response:
        if request.method == "PUT":
            self._latency = float(request.get_json()["seconds"])
        return _json({"seconds": self._latency})


_CONTROLS = {
    "faults": FaultInjector._control_faults,
    "requests": FaultInjector._control_requests,
    "latency": FaultInjector._control_latency,
}


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


@dataclass(frozen=True)
class Faults:
    """Drive the faults of the simulator at `url` over HTTP."""

    url: str

    def add(self, **fault: Any) -> None:
        """Add a fault, with the fields of `Fault`; raise requests.HTTPError when one is unknown."""
        self._call("POST", "faults", fault)

    def left(self) -> list[Fault]:
        return [Fault(**fault) for fault in self._call("GET", "faults")]

    def clear(self) -> None:
        self._call("DELETE", "faults")

    def set_latency(self, seconds: float) -> None:
        self._call("PUT", "latency", {"seconds": seconds})

    def requests(self, *, method: str | None = None, path: str = "") -> list[LoggedRequest]:
        """Return the newest requests, oldest first, of this method whose path and query match the expression `path`."""
        log = (LoggedRequest(**entry) for entry in self._call("GET", "requests"))
        return [r for r in log if method in {None, r.method} and re.search(path, f"{r.path}?{r.query}")]

    def forget_requests(self) -> None:
        self._call("DELETE", "requests")

    def _call(self, method: str, control: str, body: object = None) -> Any:
        response = requests.request(method, self.url + CONTROL + control, json=body, timeout=10)
        response.raise_for_status()
        return response.json()
