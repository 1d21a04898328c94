"""Several handlers behind one function, by method and path: for functions that are APIs or have pages."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from confsync.web.endpoint import Answer, Call, Handler, HttpError, not_allowed

Routes = Mapping[tuple[str, str], Handler]
"""By method and path: `("GET", "/v1/calendars/{calendarId}/events/{eventId}")`. A parameter is one segment, or what a
segment has before or after some letters: `{eventId}.ics`, which goes before `{eventId}`."""

PARAMETER = r"\{(\w+)\}"


def router(routes: Routes) -> Handler:
    """A handler that finds the right one, and gives it the path's parameters, decoded.

    404 for a path that there is not, 405 for a method that it does not take. HEAD is GET without a body, OPTIONS tells
    the methods.
    """
    # the most literal first
    paths = sorted(dict.fromkeys(path for _, path in routes), key=lambda path: -len(re.sub(PARAMETER, "", path)))
    patterns = {path: _pattern(path) for path in paths}

    def handle(call: Call) -> Answer:
        for path, pattern in patterns.items():
            parameters = _matched(pattern, call.path)
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


def _pattern(path: str) -> re.Pattern[str]:
    # of a split by a pattern with a group, every second part is what the group had
    parts = re.split(PARAMETER, path.strip("/"))
    return re.compile("".join(f"(?P<{each}>[^/]+)" if n % 2 else re.escape(each) for n, each in enumerate(parts)))


def _matched(pattern: re.Pattern[str], path: str) -> dict[str, str] | None:
    """The parameters, None if the path is another. Decoded only here: an encoded slash separates nothing."""
    match = pattern.fullmatch(path.strip("/"))
    if match is None:
        return None
    parameters = {name: _decoded(sent) for name, sent in match.groupdict().items()}
    told = {name: value for name, value in parameters.items() if value is not None}
    return told if len(told) == len(parameters) else None


def _decoded(segment: str) -> str | None:
    """None for what names nothing: emptiness, a step up, control characters, bytes that are no text."""
    try:
        value = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
    return value if value not in {"", ".", ".."} and value.isprintable() else None
