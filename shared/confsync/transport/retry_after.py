"""When a service says to come back."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_WAIT = timedelta(days=1)  # daily quotas are the longest; a confused server must not park a conference for ever


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When to call again (aware UTC, within a day of `now`), None if the headers don't say.

    `Retry-After` is seconds or an HTTP date (RFC 9110 section 10.2.3), or at Zoom's daily limit an ISO 8601 time
    (https://developers.zoom.us/docs/api/rate-limits/). `X-RateLimit-Reset` is seconds since 1970.
    """
    when = _retry_after(headers.get("Retry-After", "").strip(), now)
    if when is None:
        when = _seconds_after(datetime.fromtimestamp(0, UTC), headers.get("X-RateLimit-Reset", "").strip())
    return None if when is None else min(max(when, now), now + MAX_WAIT)


def _retry_after(text: str, now: datetime) -> datetime | None:
    if (when := _seconds_after(now, text)) is not None:
        return when
    for read in (datetime.fromisoformat, _http_date):
        with suppress(ValueError):
            return _aware(read(text))
    return None


def _seconds_after(start: datetime, text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        return start + timedelta(seconds=int(text))
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime:
    return parsedate_to_datetime(text)


def _aware(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
