"""What Webex's errors mean to us. https://developer.webex.com/docs/basics"""

from collections.abc import Mapping

import msgspec

from confsync.domain.errors import AuthExpired, NotFound, ServiceError, Temporary
from confsync.providers.webex.settings import ADMIN_SCOPES, SCOPES
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply


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
    kinds: Mapping[int, type[ServiceError]] = {
        401: AuthExpired,
        404: NotFound if said.tracking_id else Temporary,  # not from a stranger between us
        423: Temporary,  # locked: with Retry-After it is a limit
    }
    hint = f" (scopes: {' '.join(SCOPES)}, and for other hosts {' '.join(ADMIN_SCOPES)})" if reply.status == 403 else ""
    return Refusal(kind=kinds.get(reply.status), detail=safe(words) + hint)
