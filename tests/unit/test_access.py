"""Who may do what with which calendars, and as whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.access import NOBODYS, Reach, Right, Rule, is_known, reach
from confsync.domain.caller import Caller
from confsync.domain.errors import BadRequest, Forbidden

READ, WRITE = Right.READ, Right.WRITE
ANN = Caller(email="ann@example.com", hosted_domain="example.com")
GUEST = Caller(email="ann@example.com")
"""A private Google account may have any address."""
APP = Caller(email="app@project.iam.gserviceaccount.com")
TEAM = "c_1@group.calendar.google.com"


def rule(callers: str, calendars: str, right: Right = WRITE, account: str | None = None) -> Rule:
    return Rule(callers=tuple(callers.split()), calendars=tuple(calendars.split()), right=right, account=account)


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callers", "caller", "known"),
    [
        ("ann@example.com", ANN, True),
        ("Ann@Example.com", ANN, True),
        ("ben@example.com", ANN, False),
        ("ben@example.com ann@example.com", ANN, True),
        ("@example.com", ANN, True),
        ("@EXAMPLE.com", ANN, True),
        ("@example.com", GUEST, False),
        ("ann@example.com", GUEST, True),
        ("@example.com", Caller(email="ann@other.example", hosted_domain="example.com"), True),
        ("@example.com", Caller(email="ann@sub.example.com", hosted_domain="sub.example.com"), False),
        ("@project.iam.gserviceaccount.com", APP, False),
        (APP.email, APP, True),
        ("*", ANN, False),
        ("", ANN, False),
    ],
)
def test_a_rules_callers(callers: str, caller: Caller, known: bool) -> None:
    assert is_known([rule("nobody@example.com", "*"), rule(callers, "*")], caller) is known


@pytest.mark.parametrize(
    ("calendars", "calendar", "allowed"),
    [
        ("*", "rooms@example.com", True),
        ("*", TEAM, True),
        ("rooms@example.com", "rooms@example.com", True),
        ("Rooms@example.com", "rooms@Example.com", True),
        ("rooms@example.com", "ann@example.com", False),
        ("@example.com", "rooms@example.com", True),
        ("@example.com", "rooms@sub.example.com", False),
        ("@example.com", "rooms@badexample.com", False),
        ("example.com", "rooms@example.com", False),
        ("own", "ann@example.com", True),
        ("own", "ben@example.com", False),
        ("own", "own", False),
        ("@group.calendar.google.com", TEAM, True),
        ("ben@example.com rooms@example.com", "rooms@example.com", True),
        ("", "rooms@example.com", False),
    ],
)
def test_a_rules_calendars(calendars: str, calendar: str, allowed: bool) -> None:
    assert rule(ANN.email, calendars).holds(ANN, calendar, WRITE) is allowed


@pytest.mark.parametrize(
    ("given_right", "asked", "allowed"),
    [(READ, READ, True), (READ, WRITE, False), (WRITE, WRITE, True), (WRITE, READ, True)],
)
def test_who_may_write_may_read(given_right: Right, asked: Right, allowed: bool) -> None:
    assert rule(ANN.email, "*", given_right).holds(ANN, "ben@example.com", asked) is allowed


def test_who_is_in_no_rule_is_told_what_is_lacking() -> None:
    with pytest.raises(Forbidden, match=r"ann@example.com may not write calendar ben@example.com"):
        reach([rule(ANN.email, "*", READ), rule("ben@example.com", "*")], ANN, "ben@example.com", WRITE)


# --- as whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "calendar", "account", "expected"),
    [
        (ANN, "ann@example.com", None, "ann@example.com"),
        (ANN, "ben@example.com", None, "ann@example.com"),
        (ANN, TEAM, None, "ann@example.com"),
        (ANN, "primary", None, "ann@example.com"),
        (ANN, "ben@example.com", "Rooms@example.com", "rooms@example.com"),
        (ANN, "primary", "rooms@example.com", "rooms@example.com"),
        (APP, "ben@example.com", None, "ben@example.com"),
        (APP, "Ben@Example.com", None, "ben@example.com"),
        (APP, TEAM, "rooms@example.com", "rooms@example.com"),
        (APP, "ben@example.com", "rooms@example.com", "rooms@example.com"),
        (APP, "primary", "rooms@example.com", "rooms@example.com"),
    ],
)
def test_as_whom_a_calendar_is_reached(caller: Caller, calendar: str, account: str | None, expected: str) -> None:
    found = reach([rule(caller.email, "*", account=account)], caller, calendar, WRITE)
    assert (found.calendar_id, found.account.email) == (calendar, expected)


@pytest.mark.parametrize("calendar", [f"c_1{suffix}" for suffix in NOBODYS] + ["holidays"])
def test_a_calendar_that_is_named_after_nobody_needs_an_account(calendar: str) -> None:
    with pytest.raises(BadRequest, match="needs `account`") as refused:
        reach([rule(APP.email, "*")], APP, calendar, READ)
    assert refused.value.field == "calendarId"


def test_a_service_account_has_no_calendar_of_its_own() -> None:
    with pytest.raises(BadRequest, match="has no primary calendar"):
        reach([rule(APP.email, "*")], APP, "primary", READ)


def test_primary_is_the_calendar_of_whoever_it_is_reached_as() -> None:
    """A rule that lets an application reach the rooms does not let it reach anything else by another name."""
    rooms = rule(APP.email, "@rooms.example", account="ann@example.com")
    with pytest.raises(BadRequest, match="has no primary calendar"):
        reach([rooms], APP, "primary", READ)
    with pytest.raises(Forbidden):
        reach([rule(ANN.email, "ben@example.com")], ANN, "primary", READ)


def test_the_first_rule_that_gives_the_right_says_as_whom() -> None:
    rules = [
        rule(APP.email, "rooms@example.com", READ, account="reader@example.com"),
        rule(APP.email, "@example.com", WRITE, account="writer@example.com"),
        rule(APP.email, "*"),
    ]
    told = {right: reach(rules, APP, "rooms@example.com", right).account.email for right in Right}
    assert told == {READ: "reader@example.com", WRITE: "writer@example.com"}
    assert reach(rules, APP, "zoe@elsewhere.example", WRITE).account.email == "zoe@elsewhere.example"


@pytest.mark.parametrize("workspace", [True, False])
def test_only_where_everybody_is_of_workspace_an_address_tells_the_domain(workspace: bool) -> None:
    """Whose meetings may be shared hangs on it: strangers share gmail.com."""
    other = reach([rule(APP.email, "*")], APP, "ben@example.com", READ, workspace=workspace).account
    assert other.hosted_domain == ("example.com" if workspace else None)
    assert reach([rule(ANN.email, "*")], ANN, "primary", READ, workspace=workspace).account is ANN
    assert reach([rule(GUEST.email, "*")], GUEST, "primary", READ, workspace=workspace).account is GUEST


addresses = st.sampled_from(["ann@example.com", "ben@example.com", "zoe@elsewhere.example", APP.email])
names = st.lists(addresses | st.sampled_from(["@example.com", "*", "own"]), max_size=3).map(tuple)
rules = st.builds(
    Rule, callers=names, calendars=names, right=st.sampled_from(Right), account=st.none() | st.just("ann@example.com")
)
callers = st.builds(Caller, email=addresses, hosted_domain=st.none() | st.just("example.com"))


@given(st.lists(rules, max_size=4), callers, addresses | st.just(TEAM), st.sampled_from(Right))
def test_nobody_reaches_what_no_rule_gives_them(rules: list[Rule], caller: Caller, calendar: str, right: Right) -> None:
    given_by = [each for each in rules if each.holds(caller, calendar, right)]
    try:
        found = reach(rules, caller, calendar, right)
    except (Forbidden, BadRequest):
        assert not given_by or (caller.email == APP.email and calendar == TEAM)
        return
    assert given_by
    assert found == Reach(calendar_id=calendar, account=found.account)
    assert found.account.email in {caller.email, calendar.lower(), *(each.account for each in given_by)}


@given(st.lists(rules, max_size=4), callers, addresses)
def test_who_may_write_may_read_the_same(rules: list[Rule], caller: Caller, calendar: str) -> None:
    if any(each.holds(caller, calendar, WRITE) for each in rules):
        assert reach(rules, caller, calendar, READ).calendar_id == calendar
