"""What Zoom tells of its meetings by itself. https://developers.zoom.us/docs/api/webhooks/"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from confsync.domain.errors import BadRequest, Forbidden
from confsync.domain.webhook import Challenge, Happening, MeetingEvent

WEBHOOK_AGE = timedelta(minutes=5)  # and as far into the future, for clocks that differ
HAPPENINGS: Mapping[str, Happening] = {
    "meeting.updated": Happening.CHANGED,
    "meeting.deleted": Happening.GONE,
    "meeting.permanently_deleted": Happening.GONE,
    "meeting.recovered": Happening.CHANGED,
    "meeting.converted_to_webinar": Happening.GONE,  # to all calls that are about meetings
    "webinar.converted_to_meeting": Happening.CHANGED,
    "meeting.started": Happening.STARTED,
    "meeting.ended": Happening.ENDED,
}


class _WebhookMeeting(msgspec.Struct, frozen=True):
    id: int | str | None = None


class _WebhookPayload(msgspec.Struct, frozen=True, rename={"plain_token": "plainToken"}):
    plain_token: str = ""
    operation: str = "all"  # "single": one time of a series
    object: _WebhookMeeting = _WebhookMeeting()


class _Webhook(msgspec.Struct, frozen=True):
    event: str
    payload: _WebhookPayload = _WebhookPayload()


def parse_webhook(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> MeetingEvent | Challenge | None:
    """What a webhook of Zoom's says (see `webhook.Parse`).

    https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events
    """
    sent, signature = headers.get("x-zm-request-timestamp", ""), headers.get("x-zm-signature", "")
    # every secret is tried, so that the time taken does not tell which one matched
    expected = [f"v0={_hmac(secret, b'v0:' + sent.encode() + b':' + body)}" for secret in secrets]
    matches = [secret for secret, each in zip(secrets, expected, strict=True) if _same(each, signature)]
    if not matches:
        raise Forbidden("zoom: the webhook is not signed with this app's secret token")
    if not (sent.isascii() and sent.isdigit()) or abs(now - datetime.fromtimestamp(int(sent), UTC)) > WEBHOOK_AGE:
        raise Forbidden("zoom: the webhook is too old, or this machine's clock is wrong")
    try:
        told = msgspec.json.decode(body, type=_Webhook)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("zoom: the webhook is no JSON object of an event", field="body") from error
    if told.event == "endpoint.url_validation":
        token = told.payload.plain_token
        return Challenge(answer={"plainToken": token, "encryptedToken": _hmac(matches[0], token.encode())})
    what, meeting = HAPPENINGS.get(told.event), told.payload.object.id
    if what is Happening.GONE and told.payload.operation == "single":
        what = Happening.CHANGED
    return MeetingEvent(ids={"id": str(meeting)}, what=what) if what is not None and meeting is not None else None


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
