"""The provider: Webex's calls, and what is sent with them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.errors import Ambiguous, NotFound, ServiceError
from confsync.domain.instances import Differences, Instance, differences
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.text import cut, line, plain
from confsync.domain.zones import whole_minute
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import SLOW, Access
from confsync.providers.webex.refusals import refusal
from confsync.providers.webex.replies import Instances, ListedInstance, Meeting, Page, conference, original
from confsync.providers.webex.schedule import MINUTE, own_series, schedule, times, utc
from confsync.providers.webex.settings import ADMIN_SCOPES, SCOPES, Credentials, MeetingSettings
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

API = "https://webexapis.com/v1"
TOKEN_URL = f"{API}/access_token"
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)
MAX_TITLE, MAX_AGENDA = 128, 1300
PAGE_SIZE = 100
AROUND = timedelta(days=1)
"""How far from its start a meeting is looked for: without a window, Webex lists those of the next seven days."""
MANY = timedelta(days=365)

VENDOR = Vendor(
    name="Webex",
    capabilities=Capabilities(
        settle=SLOW, occurrences=True, shortest=SHORTEST, longest=LONGEST, all_day=False, past_starts=False
    ),
    addresses={"api": API, "token_url": TOKEN_URL},
    accounts=("the organisation's, by a service app or an integration", "people's own"),
    marker="an integration tag",
    series="days, weeks, months for five years; of others, a meeting every day as long as they last",
    dial_in="yes",
    scopes=(*SCOPES, *ADMIN_SCOPES),
    limits="100 meetings per person and day",
)


class Webex:
    """Meetings of one Webex organisation, or of people's own accounts."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, MeetingSettings)
        self._access = Access("webex", solution, config, outside, api=API, refusal=refusal, token=_token)

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        body = {
            "title": self._title(spec),
            "agenda": _agenda(spec),
            **schedule(spec),
            **self._for(spec.host),
            **msgspec.to_builtins(self._settings),
            "integrationTags": [marker],
            "sendEmail": False,
        }
        body = {name: value for name, value in body.items() if value is not None}
        api = self._access.of(spec.host)
        deadline = self._access.deadline()
        made = api.fetch("create a meeting", "POST", "/meetings", into=Meeting, deadline=deadline, body=body)
        try:
            if spec.occurrences:
                self._keep_instances(made.id, spec, deadline)
        except ServiceError as error:
            raise Ambiguous(f"webex created meeting {made.id}, but then: {error}", service="webex") from error
        return conference(made, spec.host)

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        instances = spec.occurrences if own_series(spec) else ()
        return {
            "title": self._title(spec),
            "agenda": _agenda(spec),
            "schedule": schedule(spec),
            "instances": [(each.original, each.start, each.end, each.title) for each in instances],
        }

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        query = {
            "integrationTag": marker,
            "meetingType": "meetingSeries",
            "from": utc(spec.start - AROUND),
            "to": utc(spec.end + MANY if spec.recurrence or spec.open_ended else spec.end + AROUND),
            "max": str(PAGE_SIZE),
            **self._for(spec.host),
        }
        api, deadline = self._access.of(spec.host), self._access.deadline()
        page = api.fetch("list meetings", "GET", "/meetings", into=Page, deadline=deadline, query=query)
        return [self._read(each.id, spec.host, deadline) for each in page.items]

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference.ids["id"], reference.host, self._access.deadline())

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - the tag stays
    ) -> ProviderConference:
        deadline = self._access.deadline()
        said = {"title": self._title(spec), "agenda": _agenda(spec)}
        body = {name: value for name, value in said.items() if name in changed}
        body |= schedule(spec) if "schedule" in changed else {}
        meeting_id = reference.ids["id"]
        if body:
            self._patch(meeting_id, body, reference.host, deadline)
        if "instances" in changed or ("schedule" in changed and spec.occurrences):
            self._keep_instances(meeting_id, replace(spec, host=reference.host), deadline)
        return self._read(meeting_id, reference.host, deadline)

    def delete(self, reference: Reference) -> None:
        quietly = {"sendEmail": "false", **self._for(reference.host)}
        self._access.remove("delete a meeting", _meeting(reference.ids["id"]), reference.host, quietly)

    def _patch(self, meeting_id: str, body: Mapping[str, Any], host: str, deadline: Deadline) -> None:
        api, quietly = self._access.of(host), {**self._for(host), "sendEmail": False}
        api.send("update a meeting", "PATCH", _meeting(meeting_id), deadline=deadline, body={**body, **quietly})

    # --- single times of a series ---

    def _keep_instances(self, meeting_id: str, spec: ConferenceSpec, deadline: Deadline) -> None:
        """Cancel, move and rename those times that differ, and no others."""
        if not own_series(spec):
            return
        now = self._access.outside.clock.now()
        until = max([now + MANY, *(each.original + AROUND for each in spec.occurrences)])

        def compared() -> Differences:
            listed = self._instances(meeting_id, spec.host, now, until, deadline)
            return differences(spec, listed, now, until, as_kept=self._as_kept)

        found = compared()
        if found.missing:  # only a changed schedule brings a time back, and takes all changes from the others
            by = -MINUTE if spec.end - spec.start >= LONGEST else MINUTE
            for end in (spec.end + by, spec.end):
                self._patch(meeting_id, schedule(replace(spec, end=end)), spec.host, deadline)
            found = compared()
        for instance_id in found.cancel:
            self._cancel(instance_id, spec.host, deadline)
        for each in found.change:
            body = {"title": each.title, **times(each.start, each.end, spec.time_zone)}
            self._patch(each.id, body, spec.host, deadline)

    def _instances(
        self, meeting_id: str, host: str, since: datetime, until: datetime, deadline: Deadline
    ) -> list[Instance]:
        api, found = self._access.of(host), list[ListedInstance]()
        query = {
            "meetingSeriesId": meeting_id,
            "meetingType": "scheduledMeeting",
            "from": utc(since),
            "to": utc(until),
            "max": str(PAGE_SIZE),
            **self._for(host),
        }
        action, full = "list the times of a series", True
        while full:
            query["offset"] = str(len(found))
            page = api.fetch(action, "GET", "/meetings", into=Instances, deadline=deadline, query=query).items
            found += page
            full = len(page) == PAGE_SIZE
        return [
            Instance(id=each.id, original=original(each), start=each.start, end=each.end, title=each.title)
            for each in found
        ]

    def _cancel(self, instance_id: str, host: str, deadline: Deadline) -> None:
        api, quietly = self._access.of(host), {"sendEmail": "false", **self._for(host)}
        with suppress(NotFound):
            api.send("cancel a time", "DELETE", _meeting(instance_id), deadline=deadline, query=quietly)

    def _read(self, meeting_id: str, host: str, deadline: Deadline) -> ProviderConference:
        api, path = self._access.of(host), _meeting(meeting_id)
        query = self._for(host)
        return conference(api.fetch("read a meeting", "GET", path, into=Meeting, deadline=deadline, query=query), host)

    def _for(self, host: str) -> dict[str, str]:
        """Whose meeting it is, which only an administrator's application may choose."""
        return {"hostEmail": host} if host and not self._access.personal else {}

    def _title(self, spec: ConferenceSpec) -> str:
        return self._titled(spec.title)

    def _titled(self, title: str) -> str:
        return line(title, MAX_TITLE) or self._solution.name

    def _as_kept(self, instance: Instance) -> Instance:
        """In whole minutes, and with a title that Webex takes."""
        start = whole_minute(instance.start)
        length = -(-(instance.end - instance.start) // MINUTE) * MINUTE
        return replace(instance, start=start, end=start + length, title=self._titled(instance.title or ""))


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": "refresh_token", "refresh_token": app.refresh_token}
    client = Client(id=app.client_id, secret=app.client_secret, grant=grant, in_form=True)
    return access.token(TOKEN_URL, client, deadline)


def _meeting(meeting_id: str) -> str:
    return f"/meetings/{quote(meeting_id, safe='')}"


def _agenda(spec: ConferenceSpec) -> str | None:
    """None, not an empty text, takes an agenda away."""
    return cut(plain(description_block.strip(spec.description)), MAX_AGENDA) or None
