"""Every form in which a service says when to come back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.transport.retry_after import MAX_WAIT, retry_at

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "300"}, SOON),
        ({"Retry-After": " 300 "}, SOON),
        ({"Retry-After": "0"}, NOW),
        ({"Retry-After": "Mon, 01 Mar 2027 12:05:00 GMT"}, SOON),
        ({"Retry-After": "2027-03-01T12:05:00Z"}, SOON),
        ({"Retry-After": "2027-03-01T13:05:00+01:00"}, SOON),
        ({"Retry-After": "2027-03-01T12:05:00"}, SOON),
        ({"X-RateLimit-Reset": str(int(SOON.timestamp()))}, SOON),
        ({"Retry-After": "300", "X-RateLimit-Reset": "1"}, SOON),
        ({"Retry-After": "later", "X-RateLimit-Reset": str(int(SOON.timestamp()))}, SOON),
        ({"Retry-After": "2020-01-01T00:00:00Z"}, NOW),
        ({"Retry-After": "9" * 30}, NOW + MAX_WAIT),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "later"}, None),
        ({"X-RateLimit-Reset": "soon"}, None),
    ],
)
def test_forms(headers: dict[str, str], expected: datetime | None) -> None:
    assert retry_at(headers, NOW) == expected


@given(st.text(max_size=40), st.text(max_size=20))
def test_nothing_a_server_says_can_hurt(retry_after: str, reset: str) -> None:
    when = retry_at({"Retry-After": retry_after, "X-RateLimit-Reset": reset}, NOW)
    assert when is None or NOW <= when <= NOW + MAX_WAIT
