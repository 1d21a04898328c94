"""Query parameters and headers into typed values: what is wrong is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers, MultiDict

from confsync.domain.errors import BadRequest
from confsync.web.headers import idempotency_key, if_match
from confsync.web.query import Query
from tests.unit.http import call

NAMES = ("q", "flag", "count", "at", "order")


def query(*given: tuple[str, str]) -> Query:
    return Query(replace(call(), query=MultiDict(given)), NAMES)


def number(read: Query) -> int:
    return read.number("count", low=1, high=2500, default=250)


READ: dict[str, Callable[[Query], Any]] = {
    "q": lambda read: read.text("q"),
    "flag": lambda read: read.flag("flag"),
    "count": number,
    "at": lambda read: read.time("at"),
    "order": lambda read: read.one_of("order", ("startTime", "updated")),
}


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("q", "two words", "two words"),
        ("q", "", None),
        ("flag", "true", True),
        ("flag", "false", False),
        ("count", "1", 1),
        ("count", "2500", 2500),
        ("order", "updated", "updated"),
        ("at", "2027-03-01T10:00:00Z", datetime(2027, 3, 1, 10, tzinfo=UTC)),
        ("at", "2027-03-01t10:00:00z", datetime(2027, 3, 1, 10, tzinfo=UTC)),
        ("at", "2027-03-01T10:00:00.5-01:30", datetime(2027, 3, 1, 11, 30, 0, 500_000, UTC)),
        ("at", "2027-03-01T10:00:00.123456789Z", datetime(2027, 3, 1, 10, 0, 0, 123_456, UTC)),
    ],
)
def test_what_is_taken(name: str, sent: str, value: Any) -> None:
    assert READ[name](query((name, sent))) == value


def test_what_is_not_there() -> None:
    assert [read(query()) for read in READ.values()] == [None, False, 250, None, None]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("flag", ""),
        ("flag", "True"),
        ("flag", "1"),
        ("count", ""),
        ("count", "0"),
        ("count", "2501"),
        ("count", "-1"),
        ("count", "+1"),
        ("count", "1.0"),
        ("count", " 1"),
        ("count", "1_000"),
        ("count", "\u0661"),  # a digit, elsewhere
        ("count", "9" * 5000),
        ("order", ""),
        ("order", "starttime"),
        ("at", ""),
        ("at", "2027-03-01"),
        ("at", "2027-03-01T10:00:00"),
        ("at", "2027-03-01 10:00:00Z"),
        ("at", "2027-03-01T10:00Z"),
        ("at", "20270301T100000Z"),
        ("at", "2027-W09-1T10:00:00Z"),
        ("at", "2027-02-29T10:00:00Z"),
        ("at", "2027-03-01T10:00:60Z"),
        ("at", "2027-03-01T10:00:00+24:00"),
        ("at", "\u0662027-03-01T10:00:00Z"),
    ],
)
def test_what_is_not_is_named(name: str, sent: str) -> None:
    with pytest.raises(BadRequest) as refused:
        READ[name](query((name, sent)))
    assert refused.value.field == name


@pytest.mark.parametrize("given_names", [("Q",), ("q", "timemin"), ("q", "q"), ("",)])
def test_each_name_is_known_and_there_once(given_names: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest) as refused:
        query(*((name, "x") for name in given_names))
    assert refused.value.field == given_names[-1]


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))))
def test_any_time_with_an_offset_is_taken(time: datetime) -> None:
    assert query(("at", time.isoformat())).time("at") == time


@given(st.sampled_from(NAMES), st.text())
def test_any_text_is_a_value_or_refused_by_its_name(name: str, sent: str) -> None:
    field = name
    try:
        READ[name](query((name, sent)))
    except BadRequest as refused:
        field = refused.field
    assert field == name


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "a", '"8e03978e"', "two words", "~" * 255])
def test_idempotency_keys(key: str | None) -> None:
    assert idempotency_key(Headers({"idempotency-key": key} if key else {})) == key


@pytest.mark.parametrize("sent", ["", "a" * 256, "\t", "a\x7f", "\u00e9", " a", "a ", "a\n"])
def test_what_is_no_idempotency_key(sent: str) -> None:
    with pytest.raises(BadRequest) as refused:
        idempotency_key({"Idempotency-Key": sent})
    assert refused.value.field == "Idempotency-Key"


@pytest.mark.parametrize(("sent", "tag"), [(None, None), ("*", None), ('"1"', '"1"'), ('"!#~\\"', '"!#~\\"')])
def test_tags(sent: str | None, tag: str | None) -> None:
    assert if_match(Headers({"if-match": sent} if sent else {})) == tag


@pytest.mark.parametrize("sent", ["", '""', "1", 'W/"1"', '"1", "2"', '"1","2"', '"1"\n', "**", '"\u00e9"', ' "1"'])
def test_what_is_no_single_strong_tag(sent: str) -> None:
    with pytest.raises(BadRequest) as refused:
        if_match({"If-Match": sent})
    assert refused.value.field == "If-Match"
