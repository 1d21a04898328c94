"""What Graph's errors mean to us. https://learn.microsoft.com/graph/errors"""

import msgspec

from confsync.domain.errors import AuthExpired, NotFound, PermissionDenied, ServiceError, Temporary
from confsync.providers.teams.settings import APPLICATION
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply

_POLICY = (
    "the host needs an application access policy: New-CsApplicationAccessPolicy, then Grant-CsApplicationAccessPolicy; "
    "it takes up to 30 minutes"
)
_PERMISSION = f"the application needs the permissions {' and '.join(APPLICATION)}, with an administrator's consent"
_HOST = "the host must be a user of the tenant with a Teams licence"
FRESH = "1026"
"""A policy that is not effective yet, on looking for a meeting (Teams-Transcript-Summariser-Open-AI#2)."""


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Body(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status."""
    try:
        said = msgspec.json.decode(reply.body, type=_Body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of Graph's")
    kind, hint = _meaning(said, reply.status)
    words = f"{said.code}: {safe(said.message)}"
    return Refusal(kind=kind, detail=f"{words} ({hint})" if hint else words)


def _meaning(said: _Error, status: int) -> tuple[type[ServiceError] | None, str]:
    """What it is (None: what the status says), and what to do about it."""
    if status == 401:
        return AuthExpired, ""
    if status == 403:
        return PermissionDenied, _POLICY if "access policy" in said.message.lower() else _PERMISSION
    if status == 404:
        return _of_404(said)
    if status == 400 and FRESH in said.message:
        return Temporary, _POLICY
    return None, ""


def _of_404(said: _Error) -> tuple[type[ServiceError], str]:
    """Only Graph's own word about a meeting makes it gone: a wrong address, or a proxy, must not."""
    if said.code == "NotFound":
        return NotFound, ""
    if said.code in {"Request_ResourceNotFound", "UnknownError"}:
        return PermissionDenied, _HOST
    return Temporary, ""
