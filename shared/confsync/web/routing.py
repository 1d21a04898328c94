"""Several handlers behind one function, by method and path: for functions that are APIs or have pages."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from confsync.web.endpoint import Answer, Call, Handler, HttpError, not_allowed

Routes = Mapping[tuple[str, str], Handler]
"""By method and path: `("GET", "/v1/calendars/{calendarId}/events/{eventId}")`. A parameter is one segment."""


def router(routes: Routes) -> Handler:
    """A handler that finds the right one, and gives it the path's parameters, decoded.

    404 for a path that there is not, 405 for a method that it does not take. HEAD is GET without a body, OPTIONS tells
    the methods.
    """
    patterns = {path: _segments(path) for _, path in routes}

    def handle(call: Call) -> Answer:
        segments = _segments(call.path)
        for path, pattern in patterns.items():
            parameters = _matched(pattern, segments)
            if parameters is not None:
                return _answered(path, replace(call, parameters=parameters))
        raise HttpError(404, "not_found", f"there is nothing at {unquote(call.path)}")

    def _answered(path: str, call: Call) -> Answer:
        taken = {method: handler for (method, each), handler in routes.items() if each == path}
        allowed = {*taken, "OPTIONS", *({"HEAD"} if "GET" in taken else set())}
        if call.method in taken:
            return taken[call.method](call)
        if call.method == "OPTIONS":
            return "", 204, {"Allow": ", ".join(sorted(allowed))}
        if call.method == "HEAD" and "GET" in taken:
            _, status, headers = taken["GET"](call)
            return "", status, headers
        raise not_allowed(call.method, allowed)

    return handle


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _matched(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    """The parameters, None if the path is another. Decoded only here: an encoded slash separates nothing."""
    if len(pattern) != len(segments):
        return None
    parameters: dict[str, str] = {}
    for expected, sent in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            value = _decoded(sent)
            if value is None:
                return None
            parameters[expected.strip("{}")] = value
        elif expected != sent:
            return None
    return parameters


def _decoded(segment: str) -> str | None:
    """None for what names nothing: emptiness, a step up, control characters, bytes that are no text."""
    try:
        value = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
    return value if value not in {"", ".", ".."} and value.isprintable() else None
