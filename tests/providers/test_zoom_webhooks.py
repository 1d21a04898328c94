"""What Zoom tells by itself: signatures, challenges, meetings."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.errors import BadRequest, Forbidden
from confsync.domain.keys import meeting_key
from confsync.domain.webhook import Challenge, Happening, MeetingEvent, Parse
from confsync.providers.zoom import parse_webhook
from playground.vendors.zoom import signed_webhook

SECRET, OLD = "secret-token", "token-before"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
parse: Parse = parse_webhook


def delivered(event: str, payload: dict[str, Any], *, secret: str = SECRET, at: datetime = NOW) -> Any:
    headers, body = signed_webhook(event, payload, secret, at)
    return parse({name.lower(): value for name, value in headers.items()}, body, [SECRET, OLD], NOW)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ("meeting.updated", Happening.CHANGED),
        ("meeting.deleted", Happening.GONE),
        ("meeting.converted_to_webinar", Happening.GONE),
        ("webinar.converted_to_meeting", Happening.CHANGED),
        ("meeting.started", Happening.STARTED),
        ("meeting.ended", Happening.ENDED),
    ],
)
@pytest.mark.parametrize("meeting_id", [85746065432, "85746065432"])
def test_what_became_of_a_meeting(event: str, what: Happening, meeting_id: object) -> None:
    told = delivered(event, {"account_id": "a", "object": {"id": meeting_id, "uuid": "u"}})
    assert told == MeetingEvent(ids={"id": "85746065432"}, what=what)
    assert meeting_key("zoom", told.ids) == meeting_key("zoom", {"id": "85746065432"})


@pytest.mark.parametrize(("operation", "what"), [("all", Happening.GONE), ("single", Happening.CHANGED)])
def test_a_series_that_lost_one_of_its_times_is_there(operation: str, what: Happening) -> None:
    times = [{"occurrence_id": "1772442000000", "start_time": "2026-03-02T09:00:00Z"}]
    told = delivered("meeting.deleted", {"operation": operation, "object": {"id": 1, "type": 8, "occurrences": times}})
    assert told == MeetingEvent(ids={"id": "1"}, what=what)


@pytest.mark.parametrize("event", ["meeting.participant_joined", "user.created", ""])
def test_what_is_nothing_to_us(event: str) -> None:
    assert delivered(event, {"object": {"id": 1}}) is None


def test_a_challenge_is_answered_with_the_secret_that_signed_it() -> None:
    told = delivered("endpoint.url_validation", {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, secret=OLD)
    encrypted = hmac.new(OLD.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert told == Challenge(answer={"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": encrypted})


def test_a_strangers_is_refused() -> None:
    with pytest.raises(Forbidden):
        delivered("meeting.deleted", {"object": {"id": 1}}, secret="guessed")
    with pytest.raises(Forbidden):
        parse({}, b"{}", [SECRET], NOW)


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_one_is_refused(age: timedelta) -> None:
    with pytest.raises(Forbidden, match="old"):
        delivered("meeting.deleted", {"object": {"id": 1}}, at=NOW - age)


def test_what_is_signed_and_no_event_is_told() -> None:
    stamp = str(int(NOW.timestamp()))
    for body in (b"", b"[]", b"{", json.dumps({"payload": {}}).encode(), b"\xff"):
        signature = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        with pytest.raises(BadRequest):
            parse({"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signature}"}, body, [SECRET], NOW)


@given(st.dictionaries(st.sampled_from(["x-zm-request-timestamp", "x-zm-signature"]), st.text()), st.binary())
def test_nothing_unsigned_is_taken(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Forbidden):
        parse(headers, body, [SECRET], NOW)
