"""The rules of our HTTP contract (deploy/custom-provider.yaml) that show from outside, each as it is tried."""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
from msgspec import UNSET
from standardwebhooks import Webhook

from confsync.cli.contract_trial import Trial
from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.ports import Clock
from confsync.providers.custom import CONTRACT, Declared, Found, Meeting, refused
from confsync.transport.messages import Reply, Request

TOO_OLD = timedelta(minutes=6)
AT_ONCE = 4
MAX_MESSAGE = 300


class Broken(Exception):
    """A rule is not kept: what was expected, and what was seen."""


@dataclass(frozen=True, kw_only=True)
class _OtherTime:
    """The clock of somebody whose time is that much off."""

    clock: Clock
    off: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.off

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def new_id(self) -> str:
        return self.clock.new_id()


def _is_refused(trial: Trial, request: Request, status: int, error: str) -> None:
    reply = trial.send(request)
    said = refused(reply)
    if (reply.status, said.error) != (status, error):
        raise Broken(f"expected HTTP {status} and `{error}`, saw {_seen(reply)}, when asked to {request.action}")
    if not 1 <= len(said.message) <= MAX_MESSAGE:
        raise Broken(f"expected a `message` of 1 to {MAX_MESSAGE} characters, saw {len(said.message)}")


def _is_answered(trial: Trial, request: Request, into: type[object]) -> None:
    trial.server.read(request, trial.send(request), into)


def _seen(reply: Reply) -> str:
    error = refused(reply).error
    return f"HTTP {reply.status} and {f'`{error[:40]}`' if error else 'no error of the contract'}"


def _same(expected: object, seen: object, what: str) -> None:
    if expected != seen:
        raise Broken(f"expected {what}: {expected}, saw {seen}")


def _same_meeting(expected: Meeting, seen: Meeting, what: str) -> None:
    """Only names of fields are told: what stands in them may be for participants alone."""
    differing = [
        each.encode_name
        for each in msgspec.structs.fields(Meeting)
        if getattr(expected, each.name) != getattr(seen, each.name)
    ]
    if differing:
        raise Broken(f"expected {what}, saw another {' and '.join(differing)}")


UNSEEN = "can't be seen from outside: look at your meeting's title (a `fingerprint` would tell)"


def _stranger() -> Webhook:
    return Webhook(secrets.token_bytes(32))


def _another_secret(trial: Trial) -> None:
    server = replace(trial.server, keys=lambda: (_stranger(),))
    for operation in trial.operations():
        _is_refused(trial, server.request(operation, **trial.fields(operation)), 401, "unverified")


def _unsigned(trial: Trial) -> None:
    request = trial.server.request("capabilities")
    bare = {name: value for name, value in request.headers.items() if not name.startswith("webhook-")}
    _is_refused(trial, replace(request, headers=bare), 401, "unverified")


def _other_body(trial: Trial) -> None:
    request = trial.server.request("capabilities")
    _is_refused(trial, replace(request, body=b'{"contract":1, "operation":"capabilities"}'), 401, "unverified")


def _other_time(trial: Trial, off: timedelta) -> None:
    server = replace(trial.server, clock=_OtherTime(clock=trial.server.clock, off=off))
    _is_refused(trial, server.request("capabilities"), 401, "unverified")


def _several_signatures(trial: Trial) -> None:
    server = replace(trial.server, keys=lambda: (_stranger(), *trial.server.keys()))
    _is_answered(trial, server.request("capabilities"), Declared)


def _other_path(trial: Trial) -> None:
    fields = {**trial.fields("find"), "operation": "capabilities"}
    _is_refused(trial, trial.server.request("find", **fields), 400, "malformed")


def _other_contract(trial: Trial) -> None:
    _is_refused(trial, trial.server.request("capabilities", contract=CONTRACT + 1), 400, "malformed")


def _missing_field(trial: Trial) -> None:
    for operation, missing in (("find", "marker"), ("get", "id")):
        fields = {name: value for name, value in trial.fields(operation).items() if name != missing}
        _is_refused(trial, trial.server.request(operation, **fields), 400, "malformed")


def _no_json(trial: Trial) -> None:
    request, body = trial.server.request("capabilities"), b'{"contract":1,'
    headers = {**request.headers, **trial.server.signed(body)}
    _is_refused(trial, replace(request, body=body, headers=headers), 400, "malformed")


def _unknown_fields(trial: Trial) -> None:
    unknown = {"confsyncConform": {"later": ["versions", "may", "add", "some"]}}
    _is_answered(trial, trial.server.request("capabilities", **unknown), Declared)
    fields = {**trial.fields("find"), "spec": {**trial.asked(trial.spec), **unknown}, **unknown}
    _is_answered(trial, trial.server.request("find", **fields), Found)


def _unknown_marker(trial: Trial) -> None:
    _same([], [each.id for each in trial.find(trial.new_marker())], "no meetings")


def _unknown_id(trial: Trial, operation: str) -> None:
    _is_refused(trial, trial.server.request(operation, **trial.fields(operation)), 404, "not_found")


def _create(trial: Trial) -> None:
    marker = trial.new_marker()
    meeting, status = trial.create(marker)
    trial.meeting, trial.marker = meeting, marker
    _same(201, status, "the status of a new meeting")


def _create_again(trial: Trial) -> None:
    meeting, status = trial.create(trial.marker)
    _same(trial.the_meeting.id, meeting.id, "the same meeting")
    _same(200, status, "the status of a meeting that was there")


def _create_other(trial: Trial) -> str | None:
    meeting, status = trial.create(trial.marker, replace(trial.spec, title="confsync conform, asked again"))
    _same(trial.the_meeting.id, meeting.id, "the same meeting")
    _same(200, status, "the status of a meeting that was there")
    return _retitled(trial, meeting)


def _retitled(trial: Trial, meeting: Meeting) -> str | None:
    """What can't be seen, if nothing shows that it has the new title; it is then what the meeting should be."""
    before, trial.meeting = trial.the_meeting.fingerprint, meeting
    if before is UNSET or meeting.fingerprint is UNSET:
        return UNSEEN
    if before == meeting.fingerprint:
        raise Broken(
            "expected another `fingerprint` after the title changed, saw the same: either the title did not change,"
            " or the fingerprint does not tell, and has to be left out"
        )
    return None


def _create_at_once(trial: Trial) -> None:
    marker = trial.new_marker()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda _: trial.create(marker), range(AT_ONCE)))
    _same(1, len({meeting.id for meeting, _ in told}), "the number of meetings")
    _same([200] * (AT_ONCE - 1) + [201], sorted(status for _, status in told), "the statuses")


def _find(trial: Trial) -> None:
    """What is new may be missing for a while, if the server says so."""
    until = time.monotonic() + trial.declared.settle_seconds
    while not (found := trial.find(trial.marker)) and time.monotonic() < until:
        trial.server.clock.sleep(1)
    _same([trial.the_meeting.id], [each.id for each in found], "the meeting alone")


def _find_whole(trial: Trial) -> None:
    for other in (trial.marker + "0", trial.marker[:-1], trial.marker.upper()):
        _same([], [each.id for each in trial.find(other)], f"no meetings of the marker {other}")


def _get(trial: Trial) -> None:
    _same_meeting(trial.the_meeting, trial.get(trial.the_meeting.id), "what create answered")


def _update_title(trial: Trial) -> str | None:
    updated = trial.update(replace(trial.spec, title="confsync conform, renamed"))
    _same(trial.the_meeting.id, updated.id, "the id that it had")
    return _retitled(trial, updated)


def _update(trial: Trial) -> None:
    later = timedelta(days=1)
    moved = replace(
        trial.spec, title="confsync conform, moved", start=trial.spec.start + later, end=trial.spec.end + later
    )
    updated = trial.update(moved)
    _same(trial.the_meeting.id, updated.id, "the id that it had")
    trial.meeting = updated
    _same_meeting(updated, trial.get(updated.id), "of get what update answered")
    _same_meeting(updated, trial.update(moved), "the same of a second update")


def _takes(trial: Trial, change: Callable[[ConferenceSpec], ConferenceSpec]) -> None:
    marker, spec = trial.new_marker(), change(trial.spec)
    meeting, _ = trial.create(marker, spec)
    trial.delete(meeting.id)


def _delete(trial: Trial) -> None:
    gone = trial.the_meeting.id
    trial.delete(gone)
    _same([], [each.id for each in trial.find(trial.marker)], "no meetings of its marker")
    _is_refused(trial, trial.server.request("get", id=gone), 404, "not_found")


def _delete_again(trial: Trial) -> None:
    _is_refused(trial, trial.server.request("delete", id=trial.the_meeting.id), 404, "not_found")


def _marker_is_free(trial: Trial) -> None:
    meeting, status = trial.create(trial.marker)
    _same(201, status, "the status of a new meeting")
    trial.delete(meeting.id)


# --- kinds of events -------------------------------------------------------------------------------------------------

DAY = timedelta(days=1)


def _whole_day(spec: ConferenceSpec) -> ConferenceSpec:
    start = spec.start.replace(hour=0)
    return replace(spec, start=start, end=start + DAY, time_zone="UTC", all_day=True)


def _begun(spec: ConferenceSpec) -> ConferenceSpec:
    now = datetime.now(UTC).replace(microsecond=0)
    return replace(spec, start=now - timedelta(minutes=30), end=now + timedelta(minutes=30))


def _with_lines(spec: ConferenceSpec, *lines: str) -> ConferenceSpec:
    return replace(spec, recurrence=lines)


def _with_other_times(spec: ConferenceSpec) -> ConferenceSpec:
    start = spec.start
    moved = Occurrence(
        original=start + 2 * DAY, start=start + 2 * DAY + DAY / 24, end=start + 2 * DAY + DAY / 12, title="Later"
    )
    return replace(
        spec,
        time_zone="UTC",
        recurrence=("RRULE:FREQ=DAILY;COUNT=4",),
        occurrences=(Occurrence(original=start + DAY), moved),
    )


KINDS: Mapping[str, Callable[[ConferenceSpec], ConferenceSpec]] = {
    "an event without a title": lambda spec: replace(spec, title=""),
    "a title of any length, in any script": lambda spec: replace(spec, title="日本語, Ünïcödé 🎉\n" * 100),
    "a long description": lambda spec: replace(spec, description="<p>日本語 🎉 &amp; <b>more</b></p>" * 200),
    "a time zone that it can't know": lambda spec: replace(spec, time_zone="Nowhere/Else"),
    "an event without length": lambda spec: replace(spec, end=spec.start),
    "a whole day": _whole_day,
    "an event that has begun": _begun,
    "a simple series": lambda spec: _with_lines(spec, "RRULE:FREQ=WEEKLY;COUNT=4"),
    "a series for ever": lambda spec: _with_lines(spec, "RRULE:FREQ=WEEKLY"),
    "any other series": lambda spec: _with_lines(spec, "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,-1;COUNT=9"),
    "a series with other times": _with_other_times,
    "a list of guests": lambda spec: replace(spec, attendees=("guest@example.com", "another@example.com")),
}
"""Events as people have them; a server is sent what is left of each by what it declares."""


# --- the list --------------------------------------------------------------------------------------------------------

UNDECLARED = "not declared"
NO_MEETING = "not tried: there is no meeting to try it on"
Untried = Callable[[Trial], str | None]


def _always(trial: Trial) -> str | None:  # noqa: ARG001
    return None


def _on_a_meeting(trial: Trial) -> str | None:
    return NO_MEETING if trial.meeting is None else None


def _if_updates(trial: Trial) -> str | None:
    return None if trial.declared.updates else UNDECLARED


def _if_deletes(trial: Trial) -> str | None:
    return None if trial.declared.deletes else UNDECLARED


def _if_removable(trial: Trial) -> str | None:
    if not trial.declared.deletes:
        return "not tried: deletes are not declared, and it would be left"
    return _on_a_meeting(trial)


def _both(one: Untried, other: Untried) -> Untried:
    return lambda trial: one(trial) or other(trial)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a server has to do, as it is told."""

    name: str
    run: Callable[[Trial], str | None]
    """Returns what is told in place of "ok". Raises `Broken`, or what the calls raise."""
    untried: Untried = _always
    """Why it is not tried, None if it is."""


RULES: tuple[Rule, ...] = (
    Rule(name="a call signed with another secret is unverified", run=_another_secret),
    Rule(name="a call without a signature is unverified", run=_unsigned),
    Rule(name="a body that was not signed is unverified", run=_other_body),
    Rule(name="an old timestamp is unverified", run=partial(_other_time, off=-TOO_OLD)),
    Rule(name="a timestamp to come is unverified", run=partial(_other_time, off=TOO_OLD)),
    Rule(name="one of several signatures is enough", run=_several_signatures),
    Rule(name="an operation that is not the path's is malformed", run=_other_path),
    Rule(name="another contract version is malformed", run=_other_contract),
    Rule(name="a call without a field that it needs is malformed", run=_missing_field),
    Rule(name="a body that is no JSON is malformed", run=_no_json),
    Rule(name="unknown fields are ignored", run=_unknown_fields),
    Rule(name="an unknown marker finds nothing", run=_unknown_marker),
    Rule(name="get of an unknown id is not found", run=partial(_unknown_id, operation="get")),
    Rule(
        name="update of an unknown id is not found", run=partial(_unknown_id, operation="update"), untried=_if_updates
    ),
    Rule(
        name="delete of an unknown id is not found", run=partial(_unknown_id, operation="delete"), untried=_if_deletes
    ),
    Rule(name="create makes a meeting", run=_create),
    Rule(name="create with the same marker answers the same meeting", run=_create_again, untried=_on_a_meeting),
    Rule(
        name="create with the same marker takes the new title",
        run=_create_other,
        untried=_both(_if_updates, _on_a_meeting),
    ),
    Rule(name="find shows the meeting", run=_find, untried=_on_a_meeting),
    Rule(name="find takes a marker as a whole", run=_find_whole, untried=_on_a_meeting),
    Rule(name="get shows the meeting", run=_get, untried=_on_a_meeting),
    Rule(name="update takes the new title", run=_update_title, untried=_both(_if_updates, _on_a_meeting)),
    Rule(name="update keeps the id, and can be repeated", run=_update, untried=_both(_if_updates, _on_a_meeting)),
    Rule(name="creates at the same time make one meeting", run=_create_at_once, untried=_if_removable),
    *(
        Rule(name=f"{kind} is taken", run=partial(_takes, change=change), untried=_if_removable)
        for kind, change in KINDS.items()
    ),
    Rule(name="delete removes the meeting", run=_delete, untried=_both(_if_deletes, _on_a_meeting)),
    Rule(name="delete of a removed meeting is not found", run=_delete_again, untried=_both(_if_deletes, _on_a_meeting)),
    Rule(
        name="the marker of a removed meeting is free", run=_marker_is_free, untried=_both(_if_deletes, _on_a_meeting)
    ),
)
"""In the order in which they are tried."""
