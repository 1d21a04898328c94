"""Try a server against our HTTP contract (deploy/custom-provider.yaml): each rule that shows from outside.

Nothing is left behind, and no call is made that the server does not declare.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta
from standardwebhooks import Webhook

from confsync.adapters.system import SystemClock
from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.errors import Ambiguous, ConfsyncError, NotFound, ServiceError
from confsync.domain.fitting import fit
from confsync.domain.solution import Capabilities
from confsync.ports import Clock
from confsync.providers.custom import (
    ACTIONS,
    CONTRACT,
    Declared,
    Deleted,
    Found,
    Meeting,
    Server,
    address_of,
    capabilities,
    keys_of,
    refused,
    spec_of,
)
from confsync.transport.addresses import Reach
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Deadline, Session

Say = Callable[[str], object]
T = TypeVar("T")

ANSWER = timedelta(seconds=8)
"""By then a server has to have answered."""
TOO_OLD = timedelta(minutes=6)
AT_ONCE = 4
MAX_MESSAGE = 300
SPEC = ConferenceSpec(
    title="confsync conform",
    start=datetime(2000, 1, 1, tzinfo=UTC),
    end=datetime(2000, 1, 1, 1, tzinfo=UTC),
    time_zone="Europe/Berlin",
    description="Made to try out a server, and removed at once.",
)


NO_NAME = "the server"
"""What it is called as long as it does not say so itself."""


class _Broken(Exception):
    """A rule is not kept: what was expected, and what was seen."""


Id = Annotated[str, Meta(pattern=r"\A[ -~]{1,256}\Z")] | int
"""A meeting's name as the server wrote it, also against the contract: it is only sent back."""


class _Named(msgspec.Struct, frozen=True):
    """The least that can be read of an answer that breaks the contract."""

    id: Id | None = None


class _AllNamed(msgspec.Struct, frozen=True):
    conferences: tuple[_Named, ...]


@dataclass(kw_only=True)
class _Made:
    """What the creates with one marker came to."""

    ids: set[Id] = field(default_factory=set)
    nameless: bool = False
    """One succeeded, and its answer has no id that can be read."""
    lost: bool = False
    """One had no answer, or one that leaves open what was done."""


@dataclass(frozen=True, kw_only=True)
class _NamedServer(Server):
    """A server whose errors say its own name."""

    name: str

    def request(self, operation: str, /, **fields: Any) -> Request:
        return replace(super().request(operation, **fields), service=self.name)


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


@dataclass(kw_only=True)
class _Trial:
    """A server that is tried, and the meetings that it was asked for."""

    server: _NamedServer
    declared: Declared
    spec: ConferenceSpec
    made: dict[str, _Made] = field(default_factory=dict)
    """By marker."""
    marker: str = ""
    meeting: Meeting | None = None
    """The one that most rules are tried on."""

    # --- calls ---

    def send(self, request: Request) -> Reply:
        """The reply. What a create may have made is noted, whatever it was expected to do."""
        marker = request.headers.get("Idempotency-Key")
        if marker is None:
            return self.server.session.send(request, Deadline(ANSWER))
        made = self.made.setdefault(marker, _Made())
        try:
            reply = self.server.session.send(request, Deadline(ANSWER))
        except Ambiguous:
            made.lost = True
            raise
        named = _read(reply, _Named) if reply.ok else None
        if named is not None and named.id is not None:
            made.ids.add(named.id)
        elif reply.ok:
            made.nameless = True
        elif reply.status >= 500 and reply.status != 503:
            made.lost = True
        return reply

    def create(self, marker: str, spec: ConferenceSpec | None = None) -> tuple[Meeting, int]:
        """The meeting, and the status that it came with."""
        request = self.server.request("create", marker=marker, spec=self.asked(spec or self.spec))
        reply = self.send(request)
        return self.server.read(request, reply, Meeting), reply.status

    def find(self, marker: str) -> tuple[Meeting, ...]:
        spec = self.asked(self.spec)
        return self.server.ask("find", Found, Deadline(ANSWER), marker=marker, spec=spec).conferences

    def get(self, meeting_id: Id) -> Meeting:
        return self.server.ask("get", Meeting, Deadline(ANSWER), id=meeting_id)

    def update(self, spec: ConferenceSpec) -> Meeting:
        fields = {"id": self.the_meeting.id, "marker": self.marker, "spec": self.asked(spec)}
        return self.server.ask("update", Meeting, Deadline(ANSWER), **fields)

    def delete(self, meeting_id: Id) -> None:
        self.server.ask("delete", Deleted, Deadline(ANSWER), id=meeting_id)

    # --- values ---

    @property
    def the_meeting(self) -> Meeting:
        assert self.meeting is not None, "the rule is tried on a meeting"
        return self.meeting

    @property
    def able(self) -> Capabilities:
        return capabilities(self.declared, "")

    def asked(self, spec: ConferenceSpec) -> dict[str, object]:
        """The spec as confsync sends it to this server."""
        return spec_of(fit(spec, self.able, self.server.clock.now()), self.able.recurrence)

    def new_marker(self) -> str:
        return f"confsync-conform-{self.server.clock.new_id()}.1"

    def fields(self, operation: str) -> dict[str, object]:
        """A call about a meeting that there is not."""
        marker, spec = self.new_marker(), self.asked(self.spec)
        about: dict[str, object] = {"id": f"confsync-conform-{self.server.clock.new_id()}"}
        named: dict[str, object] = {"marker": marker, "spec": spec}
        fields = {
            "create": named,
            "find": named,
            "get": about,
            "update": {**about, **named},
            "delete": about,
        }
        return fields.get(operation, {})

    def operations(self) -> list[str]:
        """The calls that it declares."""
        undeclared = {"update": not self.declared.updates, "delete": not self.declared.deletes}
        return [each for each in ACTIONS if not undeclared.get(each)]

    # --- what is left ---

    def clean(self) -> tuple[list[str], list[str]]:
        """Remove all that was made, also by a create whose answer was lost, or could not be read.

        Returns ids of what is still there, and markers of what may be.
        """
        left, doubtful = [], []
        for marker, made in self.made.items():
            found = self._found(marker)
            ids = made.ids | (found or set())
            left += [str(each) for each in sorted(ids, key=str) if self._stays(each)]
            if (made.nameless and (found is None or not ids)) or (made.lost and found is None and not ids):
                doubtful.append(marker)
        return left, doubtful

    def _found(self, marker: str) -> set[Id] | None:
        """Ids of what has that marker; None if the answer does not tell."""
        with suppress(ConfsyncError):
            reply = self.send(self.server.request("find", marker=marker, spec=self.asked(self.spec)))
            told = _read(reply, _AllNamed) if reply.ok else None
            if told is not None and (ids := {each.id for each in told.conferences if each.id is not None}):
                return ids
            return set() if told == _AllNamed(()) else None
        return None

    def _stays(self, meeting_id: Id) -> bool:
        """Whether it is there all the same: a deletion may be confirmed and not done."""
        with suppress(ConfsyncError):
            if self.declared.deletes:
                self.delete(meeting_id)
        try:
            self.get(meeting_id)
        except NotFound:
            return False
        except ConfsyncError:  # not known, so it is told
            pass
        return True


def _read(reply: Reply, into: type[T]) -> T | None:
    """The reply's body, None if it is another."""
    try:
        return msgspec.json.decode(reply.body, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def conform(url: str, secret: str, variable: str, host: str, say: Say) -> int:
    """Try each rule; how each went is told. Returns 0 if all are kept, else 1.

    `variable` is where the secret comes from. Raises `NotConfigured` for an address or a secret that can't be used.
    """
    clock, keys = SystemClock(), keys_of(secret, variable)
    base = address_of("url", url)
    # whoever typed the address may well have the server beside them
    session = Session(Reach.configured(base, private=True))
    server = _NamedServer(name=NO_NAME, base=base, keys=lambda: keys, clock=clock, session=session)
    try:
        declared = server.ask("capabilities", Declared, Deadline(ANSWER))
    except ConfsyncError as error:
        say(f"  it says what it can do: NOT OK: {error}: asked by POST {server.base}/capabilities")
        return 1
    server = replace(server, name=declared.name or NO_NAME)
    say(f"{server.name} at {server.base}")
    say("  it says what it can do: ok")
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    spec = replace(SPEC, start=start, end=start + timedelta(hours=1), host=host)
    trial = _Trial(server=server, declared=declared, spec=spec)
    try:
        kept = [_told(rule, trial, say) for rule in RULES]
        if waiting := [rule for rule in RULES if rule.untried(trial) == NO_MEETING]:
            say(f"  {len(waiting)} more need a meeting, and were not tried")
    finally:
        clean = _tell_left(*trial.clean(), trial, say)
    return 0 if all(kept) and clean else 1


def _told(rule: "_Rule", trial: _Trial, say: Say) -> bool:
    """Whether the rule is kept, as far as it can be tried; it is told, but for those that lack a meeting."""
    if (why := rule.untried(trial)) is not None:
        if why != NO_MEETING:
            say(f"  {rule.name}: {why}")
        return True
    try:
        unseen = rule.run(trial)
    except (_Broken, ConfsyncError) as error:
        say(f"  {rule.name}: NOT OK: {error}{_hint(error, trial)}")
        return False
    say(f"  {rule.name}: {unseen or 'ok'}")
    return True


def _hint(error: Exception, trial: _Trial) -> str:
    """Who the host was, if that may be why there is no meeting."""
    if trial.meeting is not None or not isinstance(error, ServiceError) or error.status not in {403, 422}:
        return ""
    if trial.spec.host:
        return f" (the host was {trial.spec.host}, by `--host`)"
    return " (no host was named: if yours needs one, add `--host somebody@...`, an account of it)"


def _tell_left(left: Sequence[str], doubtful: Sequence[str], trial: _Trial, say: Say) -> bool:
    """Whether nothing is left that could have been removed; it is told."""
    deletes = trial.declared.deletes
    ids = f"{', '.join(left)}: remove them by hand" if deletes else f"{', '.join(left)} are left to themselves"
    perhaps = f"a meeting may be left: marker {', '.join(doubtful)}: look for it, and remove it by hand"
    told = "; ".join([*([ids] if left else []), *([perhaps] if doubtful else [])])
    kept = not told if deletes else not doubtful
    how = "ok" if not told and deletes else "not declared" if kept else "NOT OK"
    say(f"  nothing is left: {how}{f': {told}' if told else ''}")
    return kept


# --- the rules -------------------------------------------------------------------------------------------------------


def _is_refused(trial: _Trial, request: Request, status: int, error: str) -> None:
    reply = trial.send(request)
    said = refused(reply)
    if (reply.status, said.error) != (status, error):
        raise _Broken(f"expected HTTP {status} and `{error}`, saw {_seen(reply)}, when asked to {request.action}")
    if not 1 <= len(said.message) <= MAX_MESSAGE:
        raise _Broken(f"expected a `message` of 1 to {MAX_MESSAGE} characters, saw {len(said.message)}")


def _is_answered(trial: _Trial, request: Request, into: type[object]) -> None:
    trial.server.read(request, trial.send(request), into)


def _seen(reply: Reply) -> str:
    error = refused(reply).error
    return f"HTTP {reply.status} and {f'`{error[:40]}`' if error else 'no error of the contract'}"


def _same(expected: object, seen: object, what: str) -> None:
    if expected != seen:
        raise _Broken(f"expected {what}: {expected}, saw {seen}")


def _same_meeting(expected: Meeting, seen: Meeting, what: str) -> None:
    """Only names of fields are told: what stands in them may be for participants alone."""
    differing = [
        each.encode_name
        for each in msgspec.structs.fields(Meeting)
        if getattr(expected, each.name) != getattr(seen, each.name)
    ]
    if differing:
        raise _Broken(f"expected {what}, saw another {' and '.join(differing)}")


UNSEEN = "can't be seen from outside: look at your meeting's title (a `fingerprint` would tell)"


def _stranger() -> Webhook:
    return Webhook(secrets.token_bytes(32))


def _another_secret(trial: _Trial) -> None:
    server = replace(trial.server, keys=lambda: (_stranger(),))
    for operation in trial.operations():
        _is_refused(trial, server.request(operation, **trial.fields(operation)), 401, "unverified")


def _unsigned(trial: _Trial) -> None:
    request = trial.server.request("capabilities")
    bare = {name: value for name, value in request.headers.items() if not name.startswith("webhook-")}
    _is_refused(trial, replace(request, headers=bare), 401, "unverified")


def _other_body(trial: _Trial) -> None:
    request = trial.server.request("capabilities")
    _is_refused(trial, replace(request, body=b'{"contract":1, "operation":"capabilities"}'), 401, "unverified")


def _other_time(trial: _Trial, off: timedelta) -> None:
    server = replace(trial.server, clock=_OtherTime(clock=trial.server.clock, off=off))
    _is_refused(trial, server.request("capabilities"), 401, "unverified")


def _several_signatures(trial: _Trial) -> None:
    server = replace(trial.server, keys=lambda: (_stranger(), *trial.server.keys()))
    _is_answered(trial, server.request("capabilities"), Declared)


def _other_path(trial: _Trial) -> None:
    fields = {**trial.fields("find"), "operation": "capabilities"}
    _is_refused(trial, trial.server.request("find", **fields), 400, "malformed")


def _other_contract(trial: _Trial) -> None:
    _is_refused(trial, trial.server.request("capabilities", contract=CONTRACT + 1), 400, "malformed")


def _missing_field(trial: _Trial) -> None:
    for operation, missing in (("find", "marker"), ("get", "id")):
        fields = {name: value for name, value in trial.fields(operation).items() if name != missing}
        _is_refused(trial, trial.server.request(operation, **fields), 400, "malformed")


def _no_json(trial: _Trial) -> None:
    request, body = trial.server.request("capabilities"), b'{"contract":1,'
    headers = {**request.headers, **trial.server.signed(body)}
    _is_refused(trial, replace(request, body=body, headers=headers), 400, "malformed")


def _unknown_fields(trial: _Trial) -> None:
    unknown = {"confsyncConform": {"later": ["versions", "may", "add", "some"]}}
    _is_answered(trial, trial.server.request("capabilities", **unknown), Declared)
    fields = {**trial.fields("find"), "spec": {**trial.asked(trial.spec), **unknown}, **unknown}
    _is_answered(trial, trial.server.request("find", **fields), Found)


def _unknown_marker(trial: _Trial) -> None:
    _same([], [each.id for each in trial.find(trial.new_marker())], "no meetings")


def _unknown_id(trial: _Trial, operation: str) -> None:
    _is_refused(trial, trial.server.request(operation, **trial.fields(operation)), 404, "not_found")


def _create(trial: _Trial) -> None:
    marker = trial.new_marker()
    meeting, status = trial.create(marker)
    trial.meeting, trial.marker = meeting, marker
    _same(201, status, "the status of a new meeting")


def _create_again(trial: _Trial) -> None:
    meeting, status = trial.create(trial.marker)
    _same(trial.the_meeting.id, meeting.id, "the same meeting")
    _same(200, status, "the status of a meeting that was there")


def _create_other(trial: _Trial) -> str | None:
    meeting, status = trial.create(trial.marker, replace(trial.spec, title="confsync conform, asked again"))
    _same(trial.the_meeting.id, meeting.id, "the same meeting")
    _same(200, status, "the status of a meeting that was there")
    return _retitled(trial, meeting)


def _retitled(trial: _Trial, meeting: Meeting) -> str | None:
    """What can't be seen, if nothing shows that it has the new title; it is then what the meeting should be."""
    before, trial.meeting = trial.the_meeting.fingerprint, meeting
    if before is UNSET or meeting.fingerprint is UNSET:
        return UNSEEN
    if before == meeting.fingerprint:
        raise _Broken(
            "expected another `fingerprint` after the title changed, saw the same: either the title did not change,"
            " or the fingerprint does not tell, and has to be left out"
        )
    return None


def _create_at_once(trial: _Trial) -> None:
    marker = trial.new_marker()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda _: trial.create(marker), range(AT_ONCE)))
    _same(1, len({meeting.id for meeting, _ in told}), "the number of meetings")
    _same([200] * (AT_ONCE - 1) + [201], sorted(status for _, status in told), "the statuses")


def _find(trial: _Trial) -> None:
    """What is new may be missing for a while, if the server says so."""
    until = time.monotonic() + trial.declared.settle_seconds
    while not (found := trial.find(trial.marker)) and time.monotonic() < until:
        trial.server.clock.sleep(1)
    _same([trial.the_meeting.id], [each.id for each in found], "the meeting alone")


def _find_whole(trial: _Trial) -> None:
    for other in (trial.marker + "0", trial.marker[:-1], trial.marker.upper()):
        _same([], [each.id for each in trial.find(other)], f"no meetings of the marker {other}")


def _get(trial: _Trial) -> None:
    _same_meeting(trial.the_meeting, trial.get(trial.the_meeting.id), "what create answered")


def _update_title(trial: _Trial) -> str | None:
    updated = trial.update(replace(trial.spec, title="confsync conform, renamed"))
    _same(trial.the_meeting.id, updated.id, "the id that it had")
    return _retitled(trial, updated)


def _update(trial: _Trial) -> None:
    later = timedelta(days=1)
    moved = replace(
        trial.spec, title="confsync conform, moved", start=trial.spec.start + later, end=trial.spec.end + later
    )
    updated = trial.update(moved)
    _same(trial.the_meeting.id, updated.id, "the id that it had")
    trial.meeting = updated
    _same_meeting(updated, trial.get(updated.id), "of get what update answered")
    _same_meeting(updated, trial.update(moved), "the same of a second update")


def _takes(trial: _Trial, change: Callable[[ConferenceSpec], ConferenceSpec]) -> None:
    marker, spec = trial.new_marker(), change(trial.spec)
    meeting, _ = trial.create(marker, spec)
    trial.delete(meeting.id)


def _delete(trial: _Trial) -> None:
    gone = trial.the_meeting.id
    trial.delete(gone)
    _same([], [each.id for each in trial.find(trial.marker)], "no meetings of its marker")
    _is_refused(trial, trial.server.request("get", id=gone), 404, "not_found")


def _delete_again(trial: _Trial) -> None:
    _is_refused(trial, trial.server.request("delete", id=trial.the_meeting.id), 404, "not_found")


def _marker_is_free(trial: _Trial) -> None:
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
Untried = Callable[[_Trial], str | None]


def _always(trial: _Trial) -> str | None:  # noqa: ARG001
    return None


def _on_a_meeting(trial: _Trial) -> str | None:
    return NO_MEETING if trial.meeting is None else None


def _if_updates(trial: _Trial) -> str | None:
    return None if trial.declared.updates else UNDECLARED


def _if_deletes(trial: _Trial) -> str | None:
    return None if trial.declared.deletes else UNDECLARED


def _if_removable(trial: _Trial) -> str | None:
    if not trial.declared.deletes:
        return "not tried: deletes are not declared, and it would be left"
    return _on_a_meeting(trial)


def _both(one: Untried, other: Untried) -> Untried:
    return lambda trial: one(trial) or other(trial)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    name: str
    run: Callable[[_Trial], str | None]
    """Returns what is told in place of "ok". Raises `_Broken`, or what the calls raise."""
    untried: Untried = _always
    """Why it is not tried, None if it is."""


RULES: tuple[_Rule, ...] = (
    _Rule(name="a call signed with another secret is unverified", run=_another_secret),
    _Rule(name="a call without a signature is unverified", run=_unsigned),
    _Rule(name="a body that was not signed is unverified", run=_other_body),
    _Rule(name="an old timestamp is unverified", run=partial(_other_time, off=-TOO_OLD)),
    _Rule(name="a timestamp to come is unverified", run=partial(_other_time, off=TOO_OLD)),
    _Rule(name="one of several signatures is enough", run=_several_signatures),
    _Rule(name="an operation that is not the path's is malformed", run=_other_path),
    _Rule(name="another contract version is malformed", run=_other_contract),
    _Rule(name="a call without a field that it needs is malformed", run=_missing_field),
    _Rule(name="a body that is no JSON is malformed", run=_no_json),
    _Rule(name="unknown fields are ignored", run=_unknown_fields),
    _Rule(name="an unknown marker finds nothing", run=_unknown_marker),
    _Rule(name="get of an unknown id is not found", run=partial(_unknown_id, operation="get")),
    _Rule(
        name="update of an unknown id is not found", run=partial(_unknown_id, operation="update"), untried=_if_updates
    ),
    _Rule(
        name="delete of an unknown id is not found", run=partial(_unknown_id, operation="delete"), untried=_if_deletes
    ),
    _Rule(name="create makes a meeting", run=_create),
    _Rule(name="create with the same marker answers the same meeting", run=_create_again, untried=_on_a_meeting),
    _Rule(
        name="create with the same marker takes the new title",
        run=_create_other,
        untried=_both(_if_updates, _on_a_meeting),
    ),
    _Rule(name="find shows the meeting", run=_find, untried=_on_a_meeting),
    _Rule(name="find takes a marker as a whole", run=_find_whole, untried=_on_a_meeting),
    _Rule(name="get shows the meeting", run=_get, untried=_on_a_meeting),
    _Rule(name="update takes the new title", run=_update_title, untried=_both(_if_updates, _on_a_meeting)),
    _Rule(name="update keeps the id, and can be repeated", run=_update, untried=_both(_if_updates, _on_a_meeting)),
    _Rule(name="creates at the same time make one meeting", run=_create_at_once, untried=_if_removable),
    *(
        _Rule(name=f"{kind} is taken", run=partial(_takes, change=change), untried=_if_removable)
        for kind, change in KINDS.items()
    ),
    _Rule(name="delete removes the meeting", run=_delete, untried=_both(_if_deletes, _on_a_meeting)),
    _Rule(
        name="delete of a removed meeting is not found", run=_delete_again, untried=_both(_if_deletes, _on_a_meeting)
    ),
    _Rule(
        name="the marker of a removed meeting is free", run=_marker_is_free, untried=_both(_if_deletes, _on_a_meeting)
    ),
)
"""In the order in which they are tried."""
