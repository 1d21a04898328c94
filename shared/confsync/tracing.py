"""The trace of the request that is being answered, which goes along with whatever we call for it.

So one trace holds a change from Calendar's push through the queue to the vendor: every function's log lines carry its
id, and each call that leaves names it. Its spans are told to whoever asked for them (`export_to`), or to nobody.
https://www.w3.org/TR/trace-context/ · https://cloud.google.com/trace/docs/trace-context
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from random import getrandbits
from typing import Literal, NamedTuple

HEADER = "traceparent"
_PARENT = re.compile(r"[0-9a-f]{2}-(?P<id>(?!0{32})[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(-.*)?")
_PLATFORM = re.compile(r"(?P<id>(?!0{32})[0-9a-f]{32})(/(?P<span>\d{1,20}))?(;o=(?P<sampled>[01]))?")
"""X-Cloud-Trace-Context, which Google's front door still sends."""

Kind = Literal["server", "client", "producer"]
"""https://opentelemetry.io/docs/specs/otel/trace/api/#spankind"""


# Named tuples, and a plain class: dataclasses take milliseconds to make, of which a cold start has none.


class Span(NamedTuple):
    """What took time within a trace. Ids are hex digits; times are nanoseconds since 1970."""

    trace: str
    id: str
    parent: str
    """The span that it is a part of; empty if nobody named one."""
    kind: Kind
    name: str
    """One of few: it holds no id, address or words of anybody's."""
    start: int
    end: int
    status: int | None
    """Of HTTP."""
    error: str | None
    """The kind of exception that ended it."""


Sink = Callable[[Span], None]


class _Place(NamedTuple):
    """Where in which trace we are."""

    trace: str
    flags: str
    span: str

    @property
    def sampled(self) -> bool:
        return bool(int(self.flags, 16) & 1)


_CURRENT: ContextVar[_Place | None] = ContextVar("trace", default=None)
_sink: Sink | None = None


def export_to(sink: Sink | None) -> None:
    """Tell this one of every span that ends in this process, of traces that are sampled. It must not raise or wait."""
    global _sink
    _sink = sink


class Timed:
    """A span that has not ended. Set `status` once there is one."""

    def __init__(self, kind: Kind, name: str, place: _Place | None, parent: str = "") -> None:
        self.kind: Kind = kind
        self.name = name
        self.place = place
        self.parent = parent
        self.status: int | None = None

    @property
    def trace(self) -> str:
        """The trace's id: 32 hex digits; empty outside of any request."""
        return self.place.trace if self.place else ""

    @property
    def headers(self) -> dict[str, str]:
        """The header for whom is called; none outside of any request."""
        place = self.place
        return {HEADER: f"00-{place.trace}-{place.span}-{place.flags}"} if place else {}


def request(name: str, parent: str, platform: str = "") -> AbstractContextManager[Timed]:
    """The block that answers a request with these two headers, in the trace that they name; else in a new one."""
    trace, flags, caller = _named(parent.lower(), platform.lower())
    return _timed(Timed("server", name, _Place(trace, flags, _new_id()), caller))


def call(name: str, kind: Kind = "client") -> AbstractContextManager[Timed]:
    """The block of one call that leaves for the request that is being answered."""
    now = _CURRENT.get()
    if now is None:
        return _timed(Timed(kind, name, None))
    return _timed(Timed(kind, name, _Place(now.trace, now.flags, _new_id()), now.span))


def _named(parent: str, platform: str) -> tuple[str, str, str]:
    """Trace, flags, and the caller's span."""
    if found := _PARENT.fullmatch(parent):
        return found["id"], found["flags"], found["span"]
    if found := _PLATFORM.fullmatch(platform):
        caller = int(found["span"] or 0)
        return found["id"], "00" if found["sampled"] == "0" else "01", f"{caller:016x}" if 0 < caller < 2**64 else ""
    return f"{getrandbits(128) or 1:032x}", "01", ""


@contextmanager
def _timed(timed: Timed) -> Iterator[Timed]:
    outer, start, error = _CURRENT.set(timed.place), time.time_ns(), None
    try:
        yield timed
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _CURRENT.reset(outer)
        _tell(timed, start, error)


def _tell(timed: Timed, start: int, error: str | None) -> None:
    place = timed.place
    if _sink is None or place is None or not place.sampled:
        return
    _sink(
        Span(
            trace=place.trace,
            id=place.span,
            parent=timed.parent,
            kind=timed.kind,
            name=timed.name,
            start=start,
            end=time.time_ns(),
            status=timed.status,
            error=error,
        )
    )


def _new_id() -> str:
    return f"{getrandbits(64) or 1:016x}"
