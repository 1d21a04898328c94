"""What an HTTP answer, or its absence, means: the only place where providers' statuses become errors of our tree."""

import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3

from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Conflict,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ServiceError,
    Temporary,
)
from confsync.transport.addresses import Refused
from confsync.transport.messages import Reply, Request
from confsync.transport.retry_after import retry_at

STATUSES: dict[int, type[ServiceError]] = {
    401: AuthExpired,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: PreconditionFailed,
    429: RateLimited,
    503: Temporary,  # refused at the door
}
_OPAQUE = re.compile(r"https?://\S+|[\w~+/=-]{20,}")
_QUOTED = re.compile(r"""(?<!\w)(["'])(?!\1)[^"'\s]+\s[^"']*\1(?!\w)""")
"""More than a word in quotes: a title, not the name of a field."""
_CODE = re.compile(r"[a-z_]{1,40}|[A-Z_]{1,40}|(?=.{1,40}\Z)[A-Z]?[a-z]{2,}(?:_?[A-Z][a-z]{2,})*")
"""A vendor's name of an error, `invalid_client_secret` or `InvalidAuthenticationToken`: words, not chance."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a body as JSON raises; the last is for one that is nested without end."""
ASKED = "asked: "
"""So begins an error's note of the scheme and host that were asked: of an address no more, as queries hold secrets."""
_MAX_DETAIL = 300
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a vendor's error body adds to the status: `kind` if its own code tells more, and words for people."""

    kind: type[ServiceError] | None = None
    detail: str = ""


def from_reply(request: Request, reply: Reply, refusal: Refusal, now: datetime) -> ServiceError:
    """The error that a reply outside 2xx means."""
    kind = refusal.kind or _of_status(reply.status, repeatable=request.repeatable)
    message = f"{request.service} would not {request.action}: HTTP {reply.status}"
    if refusal.detail:
        message += f", {refusal.detail}"
    when = retry_at(reply.headers, now)
    if kind is RateLimited or (kind is Temporary and when is not None):
        limited = RateLimited(message, service=request.service, status=reply.status, retry_at=when)
        return _noted(limited, request)
    return _noted(kind(message, service=request.service, status=reply.status), request)


def unreadable(request: Request, reply: Reply, reason: str) -> ServiceError:
    """The error that a success with a body we can't use means: for a create, the thing may well be there."""
    kind = Temporary if request.repeatable else Ambiguous
    message = f"{request.service} answered the request to {request.action} with HTTP {reply.status}, but {reason}"
    return _noted(kind(message, service=request.service, status=reply.status), request)


def is_page(reply: Reply) -> bool:
    """Whether it is a web page, of a proxy or to sign in, though JSON or nothing was expected."""
    return reply.body[:64].lstrip(b"\xef\xbb\xbf\t\n\r ").startswith(b"<")


def from_exception(request: Request, error: Exception) -> ServiceError:
    """The error that no answer means: `Temporary` if nothing can have been done, or doing it twice does no harm."""
    message = f"{request.service} gave no answer to the request to {request.action} ({_reason(error)})"
    if isinstance(error, ValueError):  # how requests says that an address or header is malformed
        return _noted(Invalid(message, service=request.service), request)
    kind = Temporary if request.repeatable or _never_sent(error) else Ambiguous
    return _noted(kind(message, service=request.service), request)


def out_of_reach(request: Request, refused: Refused) -> ServiceError:
    """The error that an address means to which calls may not go: nothing was sent, and a person has to mend it."""
    where = origin(request.url)
    message = f"{request.service} was not asked to {request.action}: {where} is out of reach, as {refused}"
    return _noted(PermissionDenied(message, service=request.service), request)


def asked(error: BaseException | None) -> str | None:
    """The scheme and host that were asked when it, or what it was made of, came about; None if that is not known."""
    while error is not None:
        for note in getattr(error, "__notes__", ()):
            if note.startswith(ASKED):
                return str(note.removeprefix(ASKED))
        error = error.__cause__
    return None


def origin(url: str) -> str | None:
    """Its scheme and host, None if it has none."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.scheme and parts.hostname else None


def _noted(error: ServiceError, request: Request) -> ServiceError:
    if where := origin(request.url):
        error.add_note(f"{ASKED}{where}")
    return error


def _of_status(status: int, *, repeatable: bool) -> type[ServiceError]:
    if status in STATUSES:
        return STATUSES[status]
    if status >= 500 or status in {408, 425}:
        return Temporary if repeatable else Ambiguous
    return Invalid


def _cause(error: Exception) -> object:
    """The socket's own complaint, inside what requests and urllib3 wrap around it."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    if isinstance(reason, urllib3.exceptions.SSLError) and reason.args:
        return reason.args[0]
    return reason


def _never_sent(error: Exception) -> bool:
    return isinstance(error, requests.ConnectTimeout) or isinstance(_cause(error), _NEVER_SENT)


def _reason(error: Exception) -> str:
    # class names only: the texts hold addresses with their queries
    cause = _cause(error)
    return type(cause if isinstance(cause, Exception) else error).__name__


def safe(text: str) -> str:
    """A service's words, without addresses, anything that could be a token, and what it quotes of people's own words;
    cut to a line."""
    return _OPAQUE.sub(_shown, _QUOTED.sub(r"\1…\1", " ".join(text.split())))[:_MAX_DETAIL]


def _shown(found: re.Match[str]) -> str:
    return found[0] if _CODE.fullmatch(found[0]) else "…"
