"""The provider: Zoom's calls, and what is sent with them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import Ambiguous, NotConfigured, NotFound, ServiceError
from confsync.domain.instances import Differences, Instance, differences
from confsync.domain.passcode import passcode as passcode_of
from confsync.domain.solution import CallLimit, Capabilities, Solution
from confsync.domain.text import cut, line, plain
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import Access
from confsync.providers.zoom.entry_points import entry_points
from confsync.providers.zoom.refusals import UnknownZone, refusal
from confsync.providers.zoom.replies import (
    Invitation,
    Listed,
    Meeting,
    Page,
    fingerprint,
    has_series,
    instances,
    listed_until,
)
from confsync.providers.zoom.schedule import FIXED_TIME, SCHEDULE, TIME, minutes, schedule, without_zone
from confsync.providers.zoom.settings import SCOPES, Credentials, MeetingSettings, Settings
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

TOKEN_URL = "https://zoom.us/oauth/token"  # noqa: S105 - an address
API = "https://api.zoom.us/v2"
DAILY_CALLS = 100  # to create and update, per host and UTC day: https://developers.zoom.us/docs/api/rate-limits/
MAX_TOPIC = 200
MAX_AGENDA = 2000
LIFETIME = timedelta(days=365)
"""A series that nobody started for so long expires, and of one without end Zoom keeps some two years of times since its
last change. https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196, cornellh4i/ithaca-recovery#508
"""
PAGE_SIZE = 300
MINUTE = timedelta(minutes=1)
QUIETLY = {"schedule_for_reminder": "false"}
"""Else a deletion is mailed to the host and the alternative hosts."""

T = TypeVar("T")


VENDOR = Vendor(
    name="Zoom",
    capabilities=Capabilities(settle=timedelta(seconds=5), occurrences=True, past_starts=False, lifetime=LIFETIME),
    addresses={"api": API, "token_url": TOKEN_URL},
    accounts=("the organisation's, by a server-to-server app", "people's own"),
    marker="a line in the agenda, in the host's list",
    series="days, weeks, months up to 50 times; others are one meeting without times",
    dial_in="yes",
    scopes=SCOPES,
    limits=f"{DAILY_CALLS} creations and changes per host and UTC day",
)


class Zoom:
    """Meetings of one Zoom account."""

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self._clock = outside.clock
        self._access = Access("zoom", solution, config, outside, api=API, refusal=refusal, token=_token, base=_base)
        limit = CallLimit(calls=DAILY_CALLS, account=self._access.secret or "personal")
        self.capabilities = replace(VENDOR.capabilities, limit=limit)

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline, host = self._access.deadline(), self._host(spec.host)
        body = {"topic": self._topic(spec), "agenda": _agenda(spec, marker), **schedule(spec), **self._options()}

        def post(body: dict[str, Any]) -> Meeting:
            api, path = self._access.of(host), self._meetings_of(host)
            return api.fetch("create a meeting", "POST", path, into=Meeting, deadline=deadline, body=body)

        meeting = _in_a_known_zone(post, body, spec)
        try:
            if spec.occurrences:
                self._keep_instances(meeting, spec, host, deadline)
            return self._conference(meeting, host, deadline)
        except ServiceError as error:
            raise Ambiguous(f"zoom created meeting {meeting.id}, but then: {error}", service="zoom") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        told, kept = schedule(spec), spec.occurrences
        instances = [(each.original, each.start, each.end, each.title) for each in kept] if _is_series(told) else []
        return {"topic": self._topic(spec), "agenda": _agenda(spec, ""), "schedule": told, "instances": instances}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        deadline, host = self._access.deadline(), self._host(spec.host)
        carriers = [meeting for meeting in self._list(host, deadline) if _tag(marker) in (meeting.agenda or "")]
        found = []
        for listed in sorted(carriers, key=lambda meeting: meeting.created_at or ""):
            try:
                found.append(self._read(str(listed.id), host, deadline))
            except NotFound:
                continue  # deleted since it was listed
        return found

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference.ids["id"], reference.host, self._access.deadline())

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        deadline, body = self._access.deadline(), self._changes(spec, changed, marker)
        meeting_id, host = reference.ids["id"], reference.host
        if spec.occurrences and "schedule" in changed:
            body = self._without_schedule(body, self._fetch(meeting_id, host, deadline))
        if body:
            self._patch(meeting_id, body, spec, host, deadline)
        # the answer to a PATCH is empty, and a new passcode is a new link
        meeting = self._fetch(meeting_id, host, deadline)
        if "instances" in changed or ("schedule" in changed and spec.occurrences):
            self._keep_instances(meeting, spec, host, deadline)
        return self._conference(meeting, host, deadline)

    def delete(self, reference: Reference) -> None:
        self._access.remove("delete a meeting", _meeting(reference.ids["id"]), reference.host, QUIETLY)

    # --- whose ---

    def _meetings_of(self, host: str) -> str:
        return f"/users/{'me' if self._solution.personal else quote(host, safe='@')}/meetings"

    def _host(self, asked: str) -> str:
        if asked in {"", "me"}:  # to a server-to-server app, "me" is whoever owns the app
            raise NotConfigured(f"solutions.{self._solution.id}.hosts: name a Zoom user, {asked!r} is none")
        return asked

    # --- calls ---

    def _read(self, meeting_id: str, host: str, deadline: Deadline) -> ProviderConference:
        return self._conference(self._fetch(meeting_id, host, deadline), host, deadline)

    def _fetch(self, meeting_id: str, host: str, deadline: Deadline) -> Meeting:
        api, path = self._access.of(host), _meeting(meeting_id)
        return api.fetch("read a meeting", "GET", path, into=Meeting, deadline=deadline)

    def _patch(
        self, meeting_id: str, body: dict[str, Any], spec: ConferenceSpec, host: str, deadline: Deadline
    ) -> None:
        def patch(body: dict[str, Any]) -> None:
            self._access.of(host).send("update a meeting", "PATCH", _meeting(meeting_id), deadline=deadline, body=body)

        _in_a_known_zone(patch, body, spec)

    def _without_schedule(self, body: dict[str, Any], meeting: Meeting) -> dict[str, Any]:
        """Without the schedule that the meeting has: sent again, it would undo what differs from it.

        So an attempt that ran out of time goes on where it stopped.
        """
        if not has_series(meeting, body):
            return body
        return {name: value for name, value in body.items() if name not in SCHEDULE}

    def _keep_instances(self, meeting: Meeting, spec: ConferenceSpec, host: str, deadline: Deadline) -> None:
        """Cancel, move and rename those times of a series that differ, and no others.

        Zoom has one topic for all of them: another name is told in that time's agenda.
        """
        told, meeting_id = schedule(spec), str(meeting.id)
        if not _is_series(told):
            return
        found = self._differences(meeting, spec)
        if found.missing:  # only the whole recurrence brings a time back, and takes all changes from the others
            self._patch(meeting_id, told, spec, host, deadline)
            found = self._differences(self._fetch(meeting_id, host, deadline), spec)
        api, path = self._access.of(host), _meeting(meeting_id)
        for instance_id in found.cancel:
            query = {"occurrence_id": instance_id, **QUIETLY}
            with suppress(NotFound):
                api.send("cancel a time", "DELETE", path, deadline=deadline, query=query)
        for each in found.change:
            query = {"occurrence_id": each.id}
            api.send("change a time", "PATCH", path, deadline=deadline, query=query, body=_changed(each, spec))

    def _differences(self, meeting: Meeting, spec: ConferenceSpec) -> Differences:
        now = self._clock.now()
        until = listed_until(meeting)
        return differences(spec, instances(meeting), now, until + MINUTE if until else now, as_kept=_as_kept)

    def _list(self, host: str, deadline: Deadline) -> Iterator[Listed]:
        query = {"type": "scheduled", "page_size": str(PAGE_SIZE)}
        while True:
            api, path = self._access.of(host), self._meetings_of(host)
            page = api.fetch("list a host's meetings", "GET", path, into=Page, deadline=deadline, query=query)
            yield from page.meetings
            if not page.next_page_token:
                return
            query["next_page_token"] = page.next_page_token

    def _sip(self, meeting: Meeting, host: str, deadline: Deadline) -> str | None:
        if not self._settings.sip:
            return None
        path = f"{_meeting(str(meeting.id))}/invitation"
        api = self._access.of(host)
        invitation = api.fetch("read an invitation", "GET", path, into=Invitation, deadline=deadline)
        return next(iter(invitation.sip_links or ()), None)

    # --- our values to Zoom's ---

    def _topic(self, spec: ConferenceSpec) -> str:
        return line(spec.title, MAX_TOPIC) or self._solution.name

    def _options(self) -> dict[str, Any]:
        names = MeetingSettings.__struct_fields__
        chosen = {name: value for name in names if (value := getattr(self._settings, name)) is not None}
        length = self._settings.passcode_length
        only = self._settings.passcode_digits
        passcode = {"password": passcode_of(length, self._clock.new_id(), digits_only=only)} if length else {}
        return {**passcode, **({"settings": chosen} if chosen else {})}

    def _changes(self, spec: ConferenceSpec, changed: frozenset[str], marker: str) -> dict[str, Any]:
        """The fields to PATCH. The schedule goes as a whole: each of its parts decides the meeting's type."""
        topic = {"topic": self._topic(spec)} if "topic" in changed else {}
        agenda = {"agenda": _agenda(spec, marker)} if "agenda" in changed else {}
        return {**topic, **agenda, **(schedule(spec) if "schedule" in changed else {})}

    # --- Zoom's values to ours ---

    def _conference(self, meeting: Meeting, host: str, deadline: Deadline) -> ProviderConference:
        points = entry_points(meeting, self._sip(meeting, host, deadline))
        return ProviderConference(
            reference=Reference(ids={"id": str(meeting.id)}, host=host),
            details=ConferenceDetails(entry_points=points),
            fingerprint=fingerprint(meeting),
        )


def _is_series(told: Mapping[str, Any]) -> bool:
    return bool(told["type"] == FIXED_TIME)


def _as_kept(instance: Instance) -> Instance:
    """In whole minutes, as many as Zoom takes."""
    return replace(instance, end=instance.start + minutes(instance.end - instance.start) * MINUTE)


def _changed(instance: Instance, spec: ConferenceSpec) -> dict[str, Any]:
    """One time of a series as it should be."""
    text = plain(description_block.strip(spec.description))
    name = f"{instance.title}\n\n" if instance.title and instance.title != spec.title else ""
    return {
        "start_time": f"{instance.start.astimezone(UTC):{TIME}}Z",
        "duration": minutes(instance.end - instance.start),
        "agenda": cut(f"{name}{text}", MAX_AGENDA),
    }


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": "account_credentials", "account_id": app.account_id}
    return access.token(TOKEN_URL, Client(id=app.client_id, secret=app.client_secret, grant=grant), deadline)


def _base(token: Token) -> str | None:
    return f"{token.api_url.rstrip('/')}/v2" if token.api_url else None


def _in_a_known_zone(send: Callable[[dict[str, Any]], T], body: dict[str, Any], spec: ConferenceSpec) -> T:
    """Send it; once more with other times, if Zoom does not know the time zone."""
    try:
        return send(body)
    except UnknownZone:
        return send(without_zone(body, spec))


def _meeting(meeting_id: str) -> str:
    return f"/meetings/{quote(meeting_id, safe='')}"


def _tag(marker: str) -> str:
    # the brackets keep the marker of generation 1 from being found in that of generation 10
    return f"[{marker}]"


def _agenda(spec: ConferenceSpec, marker: str) -> str:
    """The marker comes first: lists show no more than 250 characters of an agenda."""
    text = plain(description_block.strip(spec.description))
    return cut(f"{_tag(marker)}\n\n{text}".strip(), MAX_AGENDA)
