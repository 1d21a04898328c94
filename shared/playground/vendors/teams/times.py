"""Times as Graph takes and answers them: in ticks of 100 ns, because it keeps seven digits."""

import re
from datetime import UTC, datetime, timedelta

SECOND = 10_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)")


def is_time(value: object) -> bool:
    """Whether it is a date, a time and an offset: Edm.DateTimeOffset needs all three."""
    if not isinstance(value, str) or not (form := _FORM.fullmatch(value)):
        return False
    try:
        datetime.fromisoformat(form[1] + form[3])
    except ValueError:
        return False
    return True


def ticks(given: str | datetime) -> int:
    """The ticks of a time in a request, or of the clock's."""
    if isinstance(given, datetime):
        return (given - _EPOCH) // timedelta(microseconds=1) * 10
    form = _FORM.fullmatch(given)
    assert form
    whole = datetime.fromisoformat(form[1] + form[3])
    return (whole - _EPOCH) // timedelta(seconds=1) * SECOND + int((form[2] or "").ljust(7, "0"))


def time_text(at: int, *, seven_digits: bool) -> str:
    """A time in UTC, with the digits that it has or with seven."""
    seconds, rest = divmod(at, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest:07}" if seven_digits else f"{rest:07}".rstrip("0")
    return f"{text}.{digits}Z" if digits else f"{text}Z"
