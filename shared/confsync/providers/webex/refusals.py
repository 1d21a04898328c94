"""What Webex's errors mean to us. https://developer.webex.com/docs/basics"""

import re

import msgspec

from confsync.domain.errors import AuthExpired, NotFound, PermissionDenied, ServiceError, Temporary
from confsync.providers.webex.settings import ADMIN_SCOPES, SCOPES
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply

_GONE = re.compile(
    r"\bno such meeting\b"
    r"|(?<![@.\w])meeting(?: id)?(?: \S*\d\S*)? (?:is |was |could |does )?not (?:be )?(?:found|exist)",
    re.IGNORECASE,
)
"""What is said of a meeting, as in webex-meeting.json, POST /meetings/reassignHost: "The meeting is not found." """
_SCOPES = f"scopes: {' '.join(SCOPES)}, and for other hosts {' '.join(ADMIN_SCOPES)}"
_HOST = "the host must be a user of the organisation, with a licence for meetings"


class _Description(msgspec.Struct, frozen=True):
    description: str = ""


class _Error(msgspec.Struct, frozen=True, rename="camel"):
    message: str = ""
    errors: tuple[_Description, ...] = ()
    tracking_id: str = ""


def refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. https://developer.webex.com/docs/basics"""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of Webex's")
    words = " ".join(dict.fromkeys([said.message, *(each.description for each in said.errors)]))
    kind, hint = _meaning(reply.status, words, own=bool(said.tracking_id))
    return Refusal(kind=kind, detail=f"{safe(words)} ({hint})" if hint else safe(words))


def _meaning(status: int, words: str, *, own: bool) -> tuple[type[ServiceError] | None, str]:
    """What it is (None: what the status says), and what to do about it. `own`: these are Webex's words."""
    match status:
        case 401:
            return AuthExpired, ""
        case 403:
            return None, _SCOPES
        case 404 if not own:
            return Temporary, ""  # from a stranger between us
        case 404 if _GONE.search(words):
            return NotFound, ""
        case 404:  # "the resource requested, such as a user, does not exist", while the meeting may well be there
            return PermissionDenied, _HOST
        case 423:
            return Temporary, ""  # locked: with Retry-After it is a limit
        case _:
            return None, ""
