"""The tenant's state: its account, its meetings and their lives."""

import re
import secrets
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from playground.vendors.teams.access import Access
from playground.vendors.teams.account import Account, GraphError, bad_request, not_found
from playground.vendors.teams.entra import Entra
from playground.vendors.teams.meeting import Asker, Meeting, shown
from playground.vendors.teams.rules import require_creatable, require_fetchable, require_patchable
from playground.vendors.teams.times import SECOND, ticks

_HOUR = 3600 * SECOND
_FILTER = re.compile(r"(joinWebUrl|joinMeetingIdSettings/joinMeetingId) eq '((?:[^']|'')+)'", re.IGNORECASE)


class TeamsService:
    """The tenant's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._entra = Entra(lambda: self.account, lambda: self.clock())
        self._access = Access(lambda: self.account, lambda: self.clock(), self._entra)
        self._meetings: dict[str, Meeting] = {}
        self._deleted: dict[tuple[str, str], Meeting] = {}
        self._lapsed: list[str] = []
        self._links: set[str] = set()

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty tenant."""
        with self._lock:
            self.account = Account()
            self._entra.reset()
            self._access.reset()
            for state in (self._meetings, self._deleted, self._lapsed, self._links):
                state.clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            self._age()
            return [shown(meeting, self.account, Asker()) for meeting in self._meetings.values()]

    def lapsed(self) -> list[str]:
        """Ids of the meetings that nobody kept alive, in that order, each as often as it happened."""
        with self._lock:
            self._age()
            return list(self._lapsed)

    def tokens(self) -> list[str]:
        """Every access and refresh token that was issued and not revoked."""
        return self._entra.tokens.all()

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """End all access tokens; `refresh`: the refresh tokens too."""
        self._entra.tokens.revoke(refresh=refresh)

    def mails(self) -> list[str]:
        """Graph mails nobody about an online meeting."""
        return []

    def hidden(self) -> frozenset[str]:
        """Every secret that was answered: tokens, codes, and the organizers' links to the options."""
        with self._lock:
            return frozenset(self._entra.issued | self._links)

    def object_id(self, address: str) -> str:
        """The id of that person, as `GET /users/{address}` tells it."""
        with self._lock:
            return self._access.object_id(address)

    def started(self, meeting_id: str) -> None:
        """People meet, which prolongs the meeting's life."""
        with self._lock:
            self._age()
            self._meeting(meeting_id).revive(self.clock())

    # --- Entra ---

    def discover(self, tenant: str) -> dict[str, Any]:
        with self._lock:
            return self._entra.discover(tenant)

    def authorize(self, tenant: str, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        with self._lock:
            return self._entra.authorize(tenant, asked)

    def consent(self, person: str, scope: str, redirect_uri: str = "") -> str:
        """A code for the token endpoint, as if that person had just consented in a browser."""
        with self._lock:
            return self._entra.consent(person, scope, {"redirect_uri": redirect_uri})

    def issue_token(self, tenant: str, form: Mapping[str, str], client: tuple[str, str]) -> dict[str, Any]:
        with self._lock:
            return self._entra.issue(tenant, form, client)

    # --- people ---

    def person(self, token: str, key: str) -> dict[str, Any]:
        with self._lock:
            return self._access.person(token, key)

    def people(self, token: str, query: str) -> list[dict[str, Any]]:
        with self._lock:
            return self._access.people(token, query)

    # --- meetings ---

    def create(self, asker: Asker, user: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            organizer = self._admit(asker, user, "ReadWrite")
            require_creatable(body)
            return self._show(self._new(organizer, body), asker)

    def create_or_get(self, asker: Asker, user: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """The meeting, and whether it is new. What is asked for is no change to a meeting that exists already:
        microsoft-graph-docs-contrib#465."""
        with self._lock:
            organizer = self._admit(asker, user, "ReadWrite")
            require_fetchable(body)
            external_id = body["externalId"]
            for meeting in self._meetings.values():
                if (meeting.organizer, meeting.external_id) == (organizer, external_id):
                    return self._show(meeting, asker), False
            meeting = self._revived(organizer, external_id) or self._new(organizer, _fetched(body), external_id)
            return self._show(meeting, asker), True

    def get(self, asker: Asker, user: str, meeting_id: str) -> dict[str, Any]:
        """The organizer's meeting, or one that the person is invited to."""
        with self._lock:
            person = self._admit(asker, user, "Read")
            meeting = self._meeting(meeting_id)
            if person != meeting.organizer and not meeting.invites(person, self._access.object_id(person)):
                raise self._mismatch(person)
            return self._show(meeting, asker)

    def find(self, asker: Asker, user: str, query: str) -> list[dict[str, Any]]:
        """The meeting of that link or meeting id. Without a filter there is no list."""
        with self._lock:
            self._access.require_effective(asker.token, user)
            person = self._admit(asker, user, "Read")
            asked = _FILTER.fullmatch(query)
            if asked is None:
                raise GraphError(400, "InvalidArgument", "Filter expression expected - /onlineMeetings?$filter=...")
            found = self._by_link(asked[2].replace("''", "'"))
            if found and found.organizer != person:  # seen verbatim in public, July 2026
                raise GraphError(403, "Forbidden", "3003: User does not have access to lookup meeting")
            if found is None and self.account.unknown_link == "not found":
                raise not_found()
            return [self._show(found, asker)] if found else []

    def update(self, asker: Asker, user: str, meeting_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            meeting = self._own(asker, user, meeting_id)
            require_patchable(body, anonymous=bool(meeting.settings.get("anonymizeIdentityForRoles")))
            meeting.apply(body)
            meeting.revive(self.clock())
            return self._show(meeting, asker)

    def delete(self, asker: Asker, user: str, meeting_id: str) -> None:
        with self._lock:
            meeting = self._own(asker, user, meeting_id)
            del self._meetings[meeting_id]
            if meeting.external_id is not None:
                self._deleted[meeting.organizer, meeting.external_id] = meeting

    def _admit(self, asker: Asker, user: str, permission: str) -> str:
        self._age()
        return self._access.organizer(asker.token, user, permission)

    def _own(self, asker: Asker, user: str, meeting_id: str) -> Meeting:
        person = self._admit(asker, user, "ReadWrite")
        meeting = self._meeting(meeting_id)
        if meeting.organizer != person:
            raise self._mismatch(person)
        return meeting

    def _meeting(self, meeting_id: str) -> Meeting:
        if meeting_id in self._meetings:
            return self._meetings[meeting_id]
        try:
            form = b64decode(meeting_id, validate=True)
        except ValueError:
            form = b""
        raise not_found() if form.startswith(b"1*") else bad_request("Meeting Id is corrupted.")

    def _mismatch(self, person: str) -> GraphError:
        return not_found(f"Organizer Id mismatch User Id: {self._access.object_id(person)}.")  # docs-contrib#716

    def _by_link(self, wanted: str) -> Meeting | None:
        tenant = self.account.tenant_id
        return next((m for m in self._meetings.values() if wanted in (m.link(tenant), m.code)), None)

    def _new(self, organizer: str, body: Mapping[str, Any], external_id: str | None = None) -> Meeting:
        self._access.count_create(organizer)
        now = ticks(self.clock())
        meeting = Meeting(
            organizer=organizer,
            organizer_id=self._access.object_id(organizer),
            start=now,
            end=now,
            active=now,
            created=now + 1 + secrets.randbelow(9),  # always a time of seven digits, as theirs are
            external_id=external_id,
            short_link=self.account.short_links,
        )
        meeting.apply(body)
        if "endDateTime" not in body:
            meeting.end = meeting.start + _HOUR
        self._meetings[meeting.id] = meeting
        return meeting

    def _revived(self, organizer: str, external_id: str) -> Meeting | None:
        """What the account does about a deleted meeting of that externalId. None: another one may be made."""
        meeting = self._deleted.get((organizer, external_id))
        if meeting is None or self.account.after_delete == "new":
            return None
        if self.account.after_delete == "refused":
            raise not_found()
        meeting.revive(self.clock())
        self._meetings[meeting.id] = self._deleted.pop((organizer, external_id))
        return meeting

    def _age(self) -> None:
        now = ticks(self.clock())
        for meeting in self._meetings.values():
            if not meeting.lapsed and meeting.expiry <= now:
                meeting.lapse()
                self._lapsed.append(meeting.id)

    def _show(self, meeting: Meeting, asker: Asker) -> dict[str, Any]:
        answer = shown(meeting, self.account, asker)
        self._links.add(answer["meetingOptionsWebUrl"])
        return answer


def _fetched(body: Mapping[str, Any]) -> dict[str, Any]:
    """What createOrGet heeds of a body."""
    return {name: body[name] for name in ("startDateTime", "endDateTime", "subject", "participants") if name in body}
