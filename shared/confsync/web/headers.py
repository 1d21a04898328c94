"""Request headers of the HTTP API into values."""

import re

from confsync.domain.errors import BadRequest
from confsync.web.endpoint import Values

MAX_KEY = 255
_KEY = re.compile("[!-~](?:[ -~]*[!-~])?")
_TAG = re.compile('"[!#-~]+"')


def idempotency_key(headers: Values) -> str | None:
    """The caller's name for this request, None if it has none. Raises `BadRequest`."""
    key = headers.get("Idempotency-Key")
    if key is not None and (len(key) > MAX_KEY or not _KEY.fullmatch(key)):
        raise BadRequest(f"it is 1 to {MAX_KEY} printable ASCII characters", field="Idempotency-Key")
    return key


def if_match(headers: Values) -> str | None:
    """The one state in which an event may be changed, None for any (`*`, or no header). Raises `BadRequest`.

    No lists, and no weak tags, which never match: https://www.rfc-editor.org/rfc/rfc9110#field.if-match
    """
    tag = headers.get("If-Match", "*")
    if tag == "*":
        return None
    if not _TAG.fullmatch(tag):
        raise BadRequest('it is one `ETag` that came with the event, as "3610400000000000", or *', field="If-Match")
    return tag
