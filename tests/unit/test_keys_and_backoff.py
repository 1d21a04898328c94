"""Document ids, and when to try again."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain import keys
from confsync.domain.backoff import next_visit, retry_time, spread

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
KEY = keys.calendar_key("alice@example.com")

ids = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=200)


@given(ids, ids, ids)
def test_keys_are_safe_document_ids(calendar_id: str, event_id: str, solution: str) -> None:
    calendar = keys.calendar_key(calendar_id)
    assert re.fullmatch(r"[0-9a-f]{40}", calendar)
    assert re.fullmatch(r"[0-9a-f]{40}", keys.link_key(calendar, event_id))
    assert re.fullmatch(r"confsync-[0-9a-f]{40}", keys.conference_id(calendar, event_id, solution))


def test_the_same_things_have_the_same_key_and_others_another() -> None:
    assert keys.calendar_key("Alice@Example.com") == KEY, "addresses have no case"
    assert keys.budget_key("zoom", "a", "Bob@example.com") == keys.budget_key("zoom", "a", "bob@example.com")
    assert keys.conference_id(KEY, "e", "zoom") == keys.conference_id(KEY, "e", "zoom")
    made = [
        KEY,
        keys.calendar_key("bob@example.com"),
        keys.link_key(KEY, "e"),
        keys.link_key(KEY, "E"),
        keys.conference_id(KEY, "e", "zoom"),
        keys.conference_id(KEY, "e", "jitsi"),
        keys.conference_id(KEY, "ez", "oom"),
        keys.conference_id(KEY, "", "ezoom"),
        keys.budget_key("zoom", "a", "bob@example.com"),
        keys.budget_key("zoom", "b", "bob@example.com"),
        keys.budget_key("zoom", "ab", "ob@example.com"),
        keys.budget_key("webex", "a", "bob@example.com"),
    ]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (keys.conference_id(KEY, "e", "zoom"), True),
        ("abc-defg-hij", False),
        ("Confsync-1", False),
        ("", False),
        (None, False),
    ],
)
def test_other_vendors_ids_are_told_apart_without_a_read(text: str | None, ours: bool) -> None:
    assert keys.is_conference_id(text) is ours


@given(st.text())
def test_the_spread_is_a_stable_fraction(key: str) -> None:
    assert 0 <= spread(key) < 1
    assert spread(key) == spread(key)


def test_the_spread_spreads() -> None:
    tenths = {int(spread(f"key-{n}") * 10) for n in range(200)}
    assert tenths == set(range(10))


@given(st.text(), st.integers(1, 11))
def test_the_backoff_doubles_with_jitter(key: str, attempts: int) -> None:
    whole = timedelta(seconds=2 * 2 ** (attempts - 1))
    assert whole / 2 <= retry_time(key, attempts, NOW) - NOW <= whole


@given(st.text(), st.integers(12, 10**9))
def test_the_backoff_is_never_more_than_an_hour(key: str, attempts: int) -> None:
    assert timedelta(minutes=30) <= retry_time(key, attempts, NOW) - NOW <= timedelta(hours=1)


@pytest.mark.parametrize("attempts", [0, -1])
def test_before_any_failure_the_backoff_is_the_first(attempts: int) -> None:
    assert timedelta(seconds=1) <= retry_time("key", attempts, NOW) - NOW <= timedelta(seconds=2)


@given(st.text(), st.integers(1, 86_400))
def test_a_visit_is_about_an_interval_away(key: str, seconds: int) -> None:
    interval = timedelta(seconds=seconds)
    away = next_visit(key, interval, NOW) - NOW
    assert 0.75 * interval <= away <= 1.25 * interval


def test_visits_made_together_drift_apart() -> None:
    visits = {next_visit(f"calendar-{n}", timedelta(hours=1), NOW) for n in range(50)}
    assert len(visits) == 50
