"""The trace of the request that is being answered, which goes along with whatever we call for it.

So one trace holds a change from Calendar's push through the queue to the vendor: every function's log lines carry its
id, and each call that leaves names it. https://www.w3.org/TR/trace-context/ ·
https://cloud.google.com/trace/docs/trace-context
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from random import getrandbits

HEADER = "traceparent"
_PARENT = re.compile(r"[0-9a-f]{2}-(?P<id>(?!0{32})[0-9a-f]{32})-[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})(-.*)?")
_PLATFORM = re.compile(r"(?P<id>(?!0{32})[0-9a-f]{32})(/\d+)?(;o=(?P<sampled>[01]))?")
"""X-Cloud-Trace-Context, which Google's front door still sends."""


@dataclass(frozen=True)
class _Trace:
    id: str
    flags: str


_CURRENT: ContextVar[_Trace | None] = ContextVar("trace", default=None)


def begin(parent: str, platform: str = "") -> str:
    """The id (32 hex digits) of the trace to which a request with these two headers belongs; a new one if it names
    none. From now on `headers` tells of it, in this context.
    """
    if found := _PARENT.fullmatch(parent.lower()):
        trace = _Trace(found["id"], found["flags"])
    elif found := _PLATFORM.fullmatch(platform.lower()):
        trace = _Trace(found["id"], "00" if found["sampled"] == "0" else "01")
    else:
        trace = _Trace(f"{getrandbits(128):032x}", "01")
    _CURRENT.set(trace)
    return trace.id


def headers() -> dict[str, str]:
    """The header of one call that we make; none outside of any request."""
    trace = _CURRENT.get()
    return {HEADER: f"00-{trace.id}-{getrandbits(64) or 1:016x}-{trace.flags}"} if trace else {}
