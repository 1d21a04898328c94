"""`python -m confsync calendars`, `conferences` and `channels`: through the command line, on a real store."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from confsync.adapters.sqlite import SqliteStore
from confsync.adapters.system import SystemClock
from confsync.cli import main
from confsync.domain import keys
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import (
    BY_AN_OPERATOR,
    Applied,
    CallKind,
    Conference,
    ConferenceSpec,
    ConferenceState,
    Desired,
    Reference,
)
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.event import UnreadableEvent
from confsync.domain.link import Link
from confsync.ports import Record, Save

ANN, BOB = "ann@example.com", "bob@example.com"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONFIG = """\
[google]
project = "p"
[store]
kind = "sqlite"
path = "{directory}/confsync.sqlite"
[queue]
location = "l"
name = "n"
sync_url = "https://a"
reconcile_url = "https://b"
service_account = "s"
[channels]
notifications_url = "https://c"
[callers]
[solutions.zoom]
provider = "zoom"
name = "Zoom"
secret = "zoom"
"""
HIDDEN = ("s3cret", "token-of-google", "zoom.example/j/")
"""Passcode, sync token, link: of those no command says a word."""

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that the environment names. Nobody is signed in at Google: no task can be queued."""
    path = tmp_path / "confsync.toml"
    path.write_text(CONFIG.format(directory=tmp_path))
    monkeypatch.setenv("CONFSYNC_CONFIG", str(path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    yield path
    structlog.reset_defaults()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "confsync.sqlite")
    yield store
    store.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], store: SqliteStore) -> Run:
    """Run the command: its exit code, and all that it said."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(arguments)
        out, log = capsys.readouterr()
        assert not [each for each in HIDDEN if each in out + log]
        return code, log + out

    return run


def calendar(calendar_id: str = ANN, **more: Any) -> Calendar:
    told = {"owner": calendar_id, "tenant": "example.com", "created_at": NOW, "sync_token": "token-of-google"}
    return Calendar(key=keys.calendar_key(calendar_id), calendar_id=calendar_id, **(told | more))


def conference(number: int = 0, **more: Any) -> Conference:
    start = NOW + timedelta(hours=number)
    spec = ConferenceSpec(title=f"Meeting {number}", start=start, end=start + timedelta(hours=1), time_zone="UTC")
    told = {"solution": "zoom", "tenant": "example.com", "host": ANN, "created_at": NOW}
    return Conference(id=f"confsync-{number}", desired=Desired(version=1, spec=spec), **(told | more))


def held(**more: Any) -> Conference:
    """One whose meeting is at the vendor."""
    uri = "https://zoom.example/j/123?pwd=s3cret"
    video = EntryPoint(type=EntryPointType.VIDEO, uri=uri, passcode="s3cret")
    planned = conference()
    applied = Applied(
        version=1,
        spec=planned.desired.spec,
        reference=Reference(ids={"id": "123"}, host="ann@zoom.example"),
        details=ConferenceDetails(entry_points=(video,)),
    )
    return replace(planned, applied=applied, state=ConferenceState.ACTIVE, **more)


def channel(key: str = "channel", **more: Any) -> Channel:
    told = {"calendar_key": keys.calendar_key(ANN), "calendar_id": ANN, "owner": ANN, "created_at": NOW}
    return Channel(key=key, **(told | more))


def save(store: SqliteStore, *records: Record) -> None:
    store.commit([Save(record=each) for each in records])


def lines(told: str) -> list[list[str]]:
    """The cells of each line."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in told.splitlines()]


# --- lists -----------------------------------------------------------------------------------------------------------


def test_calendars_are_listed(store: SqliteStore, run: Run) -> None:
    bad = UnreadableEvent(id="e", reason="start: not a date")
    save(
        store,
        calendar(last_success=NOW, due_at=NOW + timedelta(minutes=15)),
        calendar(BOB, state=CalendarState.PAUSED, reason="no access", failures=3, quarantined=(bad,)),
        calendar("c@example.com", channel_id="x", unheard=3),
    )
    code, told = run("calendars", "list")
    head, *rows = lines(told)
    assert (code, head) == (0, ["calendar", "state", "owner", "last read", "due", "failures", "why"])
    assert sorted(rows) == [
        [ANN, "active", ANN, "2026-03-02 09:30Z", "2026-03-02 09:45Z", "0"],
        [BOB, "paused", BOB, "never", "never", "3", "no access; events that can't be read: 1"],
        ["c@example.com", "active", "c@example.com", "never", "never", "0", "its channel tells nothing of changes"],
    ]


def test_conferences_and_channels_are_listed(store: SqliteStore, run: Run) -> None:
    failed = {"state": ConferenceState.FAILED, "last_error": "PermissionDenied: no licence"}
    save(store, conference(1, **failed), held(), channel(expiration=NOW))
    rows = sorted(lines(run("conferences", "list")[1])[1:])
    assert [row[1:] for row in rows] == [
        ["active", "zoom", ANN, "Meeting 0", "2026-03-02 09:30Z", "never"],
        ["failed", "zoom", ANN, "Meeting 1", "2026-03-02 10:30Z", "never", failed["last_error"]],
    ]
    assert lines(run("channels", "list")[1])[1] == [
        "channel", "registering", ANN, ANN, "2026-03-02 09:30Z", "2026-03-02 09:30Z", "never",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((), "0123"),
        (("--state", "failed"), "13"),
        (("--owner", "Bob@example.com"), "23"),
        (("--owner", BOB, "--state", "failed"), "3"),
        (("--due",), "12"),
        (("--due", "--state", "failed"), "1"),
        (("--due", "--owner", BOB), "2"),
        (("--state", "unconfirmed"), ""),
    ],
    ids=lambda value: " ".join(sorted(value)) or "all" if isinstance(value, set) else " ".join(value) or "no option",
)
def test_some_of_them(store: SqliteStore, run: Run, asked: tuple[str, ...], found: str) -> None:
    failed = ConferenceState.FAILED
    save(
        store,
        conference(0, due_at=NOW + timedelta(minutes=1)),
        conference(1, state=failed, due_at=NOW),
        conference(2, host=BOB, due_at=NOW - timedelta(hours=1)),
        conference(3, host=BOB, state=failed),
    )
    code, told = run("conferences", "list", *asked)
    assert code == 0
    assert {row[0].removeprefix("confsync-") for row in lines(told)[1:]} == set(found)
    if not found:
        assert told == "there is no such conference\n"


def test_what_is_due_comes_in_its_order(store: SqliteStore, run: Run) -> None:
    save(store, *(conference(n, due_at=NOW - timedelta(hours=n)) for n in range(4)))
    assert [row[0][-1] for row in lines(run("conferences", "list", "--due")[1])[1:]] == ["3", "2", "1", "0"]


def test_a_long_list_comes_page_by_page(store: SqliteStore, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confsync.cli.answers.PAGE", 2)
    monkeypatch.setattr("confsync.adapters.records.PAGE", 2)
    save(store, *(conference(n) for n in range(5)))
    told = lines(run("conferences", "list")[1])
    assert [row[0] for row in told] == ["conference", *(f"confsync-{n}" for n in range(5))]


def test_lists_for_programs(store: SqliteStore, run: Run) -> None:
    save(store, calendar(last_success=NOW, reason="odd"), calendar(BOB))
    told = [json.loads(line) for line in run("calendars", "list", "--json")[1].splitlines()]
    (ann,) = [each for each in told if each["calendar"] == ANN]
    assert (len(told), ann["last_read"], ann["due"], ann["why"]) == (2, NOW.isoformat(), None, ["odd"])
    assert run("channels", "list", "--json") == (0, "")


# --- one -------------------------------------------------------------------------------------------------------------


def facts(told: str) -> dict[str, list[str]]:
    """What is told, by name; lines without a name go on with the one before."""
    found: dict[str, list[str]] = {}
    for name, _, rest in (line.partition("  ") for line in told.splitlines()):
        if name:
            found[last := name] = [rest.strip()]
        else:
            found[last].append(rest.strip())
    return found


def test_everything_about_a_calendar(store: SqliteStore, run: Run) -> None:
    links = [
        Link(
            key=f"link{n}",
            calendar_key=keys.calendar_key(ANN),
            calendar_id=ANN,
            event_id=f"event{n}",
            owner=ANN,
            spec=held().desired.spec,  # type: ignore[arg-type]
            created_at=NOW,
            conference_id="confsync-0",
        )
        for n in range(21)
    ]
    bad = UnreadableEvent(id="e\x1b", reason="start: not a date")
    found = calendar(
        channel_id="x", retry_at=NOW, quarantined=(bad,), lease=calendar().lease.take("w", NOW, timedelta(1))
    )
    save(store, found, *links)
    code, told = run("calendars", "show", ANN)
    known = facts(told)
    assert (code, known["calendar"], known["channel"]) == (0, [ANN], ["x"])
    assert known["next time"] == ["only what changed"]
    assert known["being read until"] == ["2026-03-03 09:30Z"]
    assert known["unreadable events"] == ["e?: start: not a date"]
    assert (known["events"][0], len(known["events"]), known["events"][-1]) == ("event0: confsync-0", 21, "and more")
    assert "gone since" not in known
    assert run("calendars", "show", keys.calendar_key(ANN)) == (code, told)


def test_everything_about_a_conference(store: SqliteStore, run: Run) -> None:
    link = Link(
        key="link",
        calendar_key="c",
        calendar_id=ANN,
        event_id="event",
        owner=ANN,
        spec=conference().desired.spec,  # type: ignore[arg-type]
        created_at=NOW,
        conference_id="confsync-0",
    )
    until = NOW + timedelta(hours=1)
    save(store, held(links=("link", "lost"), pauses={CallKind.UPDATE: until}, kept_by=BY_AN_OPERATOR), link)
    code, told = run("conferences", "show", "confsync-0")
    known = facts(told)
    assert (code, known["title"], known["meeting"], known["joined by"]) == (0, ["Meeting 0"], ["id: 123"], ["video"])
    assert known["hosted by"] == ["ann@zoom.example"]
    assert known["is"] == ["there, as it should be"]
    assert known["waits"] == ["to update until 2026-03-02 10:30Z"]
    assert known["events"] == ["event on ann@example.com: not known to show it"]
    assert known["why"] == ["its meeting is kept as it is: an operator paused it"]
    assert json.loads(run("conferences", "show", "confsync-0", "--json")[1])["meeting"] == ["id: 123"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "not there"),
        ({"creating_since": NOW}, "perhaps there: a create gave no answer"),
        ({"applied": replace(held().applied, version=0)}, "there, with changes to make"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_how_a_meeting_is(store: SqliteStore, run: Run, changes: dict[str, Any], told: str) -> None:
    save(store, conference(**changes))
    assert facts(run("conferences", "show", "confsync-0")[1])["is"] == [told]


@pytest.mark.parametrize("current", [True, False])
def test_everything_about_a_channel(store: SqliteStore, run: Run, current: bool) -> None:
    save(store, calendar(channel_id="channel" if current else "other", unheard=3))
    save(store, channel(state=ChannelState.ACTIVE, expiration=NOW + timedelta(days=1)))
    known = facts(run("channels", "show", "channel")[1])
    assert known["open"] == ["yes"]
    assert ("its calendar" in known["serves"], known.get("tells of changes")) == (
        current,
        ["no"] if current else None,
    )


@pytest.mark.parametrize("kind", ["calendars", "conferences", "channels"])
@pytest.mark.parametrize("action", ["show", "retry"])
def test_what_is_not_there_is_told(run: Run, kind: str, action: str) -> None:
    code, told = run(kind, action, "nobody@example.com")
    assert (code, "there is no such" in told or "there is no" in told) == (2, True)


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_a_calendar_is_paused_and_resumed(store: SqliteStore, run: Run) -> None:
    save(store, calendar(due_at=NOW))
    code, told = run("calendars", "pause", ANN, "--why", "she asked for it")
    assert (code, told) == (0, f"{ANN}: nobody reads it until it is resumed; its conferences stay as they are\n")
    paused = store.get(Calendar, keys.calendar_key(ANN))
    assert paused is not None
    assert (paused.state, paused.on_hold, paused.due_at) == (CalendarState.PAUSED, True, None)
    assert "paused by an operator: she asked for it" in run("calendars", "list", "--state", "paused")[1]
    code, told = run("calendars", "retry", ANN)
    assert (code, "resume it first" in told) == (2, True)
    code, told = run("calendars", "resume", ANN)
    assert (code, told.endswith("it is read now, from the beginning\n")) == (0, True)
    assert "left to the sweep" in told, "nobody is signed in at Google here"
    resumed = store.get(Calendar, keys.calendar_key(ANN))
    assert resumed is not None
    assert (resumed.on_hold, resumed.due_at, resumed.sync_token) == (False, NOW, None)


def test_why_a_calendar_is_paused_has_to_be_said(run: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        run("calendars", "pause", ANN)
    assert ended.value.code == 2


def test_a_conference_is_paused_resumed_and_retried(store: SqliteStore, run: Run) -> None:
    save(store, held())
    assert run("conferences", "pause", "confsync-0")[0] == 0
    assert run("conferences", "retry", "confsync-0")[0] == 2
    assert run("conferences", "resume", "confsync-0")[0] == 0
    assert run("conferences", "resume", "confsync-0")[0] == 2
    failed = store.get(Conference, "confsync-0")
    assert failed is not None
    assert not failed.frozen
    pauses = {CallKind.UPDATE: NOW + timedelta(hours=1)}
    save(store, replace(failed, state=ConferenceState.FAILED, pauses=pauses, due_at=NOW + timedelta(hours=1)))
    assert run("conferences", "retry", "confsync-0")[0] == 0
    again = store.get(Conference, "confsync-0")
    assert again is not None
    assert (again.state, again.pauses, again.due_at) == (ConferenceState.PENDING, {}, NOW)


def test_a_channel_is_retried(store: SqliteStore, run: Run) -> None:
    save(store, channel(state=ChannelState.ACTIVE, due_at=NOW + timedelta(days=3)))
    assert run("channels", "retry", "channel")[0] == 0
    assert [each.key for each in store.due(Channel, NOW, limit=9)] == ["channel"]
    with pytest.raises(SystemExit):
        run("channels", "pause", "channel")
