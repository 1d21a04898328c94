"""What Zoom's errors mean to us."""

from collections.abc import Mapping, Sequence

import msgspec

from confsync.domain.errors import (
    AuthExpired,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.providers.zoom.settings import SCOPES
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply

INVALID_FIELDS = 300

# What the code in an error body means to us, where it tells more than the status. Zoom lists its codes with each
# endpoint (https://developers.zoom.us/docs/api/meetings/: create, get, update, delete, list); [seen] are in no list of
# these, and others met them. What a person can mend, or time, is tried again; a meeting is gone only if Zoom says so of
# the meeting. A code that is not here means what its status says: as to a 400 of a removal, see `Zoom.delete`.
CODES: Mapping[int | str, type[ServiceError]] = {
    124: AuthExpired,  # invalid or expired access token
    200: PermissionDenied,  # only for paid accounts, or an administrator has forbidden it
    1000: PermissionDenied,  # [seen] a user who was invited to the account and has not joined it (moodle-mod_zoom#131)
    1001: PermissionDenied,  # all: no such user. What becomes of their meetings, it does not say
    1010: PermissionDenied,  # get, update, delete, and [seen] create: the host is of another account
    1120: PermissionDenied,  # [seen] like 1000
    3000: PermissionDenied,  # create, update: not this user's to schedule, a blocked domain; else see PHRASES
    3001: NotFound,  # get, update, delete: no such meeting, or one that has expired
    3002: Temporary,  # delete: people are in it
    3003: PermissionDenied,  # update, delete: not its host
    3007: Temporary,  # delete: it has just ended; in the end it expires, which is 3001
    3018: PermissionDenied,  # delete: somebody's personal room
    3037: PermissionDenied,  # delete: somebody's personal audio conference
    3161: PermissionDenied,  # all: the user may not host
    4700: PermissionDenied,  # the token lacks a scope, or is of another kind of app
    4711: PermissionDenied,  # the same, of a server-to-server app
    4735: ReauthorizationRequired,
    4738: ReauthorizationRequired,
    4741: ReauthorizationRequired,
}
DAILY_LIMIT = "meetings can be created/updated for a single user in one day"
PHRASES: Sequence[tuple[int, str, type[ServiceError]]] = (
    (3000, "meetings that have started", Temporary),  # update
    (3000, "Cannot access", Temporary),  # get, update, delete: while it is being made, moved, or turned into a webinar
    (INVALID_FIELDS, DAILY_LIMIT, RateLimited),  # create, update: besides the 429 with its headers
)
"""Codes that mean several things, which Zoom's words tell apart."""
_USER = "add this user to the Zoom account, or set the solution's `hosts`"
HINTS: Mapping[int, str] = {
    1000: _USER,
    1001: _USER,
    1010: _USER,
    1120: _USER,
    4711: f"the app needs the scopes {', '.join(SCOPES)}",
}
"""What to do about it."""


class _FieldError(msgspec.Struct, frozen=True):
    field: str = ""
    message: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    errors: tuple[_FieldError, ...] | None = None


class UnknownZone(Invalid):
    """The one thing wrong with the request is a time zone that Zoom does not know."""


def refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status."""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of Zoom's")
    words = "; ".join([said.message, *(f"{e.field}: {e.message}" for e in said.errors or ())])
    hint = f" ({HINTS[said.code]})" if said.code in HINTS else ""
    return Refusal(kind=_kind(said, reply.status), detail=f"code {said.code}: {safe(words)}{hint}")


def _kind(said: _Error, status: int) -> type[ServiceError] | None:
    """None: what the status says."""
    if said.code == INVALID_FIELDS and {error.field for error in said.errors or ()} == {"timezone"}:
        return UnknownZone
    for code, phrase, kind in PHRASES:
        if said.code == code and phrase in said.message:
            return kind
    # a 404 without Zoom's own code is a wrong address or a proxy's, and must not pass for a deleted meeting
    return CODES.get(said.code, Temporary if status == 404 else None)
