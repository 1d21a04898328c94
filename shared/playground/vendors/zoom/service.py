"""The account's state and rules: meetings, and who may do what with them."""

import secrets
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playground.vendors.zoom import mails, occurrences
from playground.vendors.zoom.access import Access, Caller
from playground.vendors.zoom.account import Account, ZoomError, invalid
from playground.vendors.zoom.limits import Limits
from playground.vendors.zoom.rules import schedule, utc_text, wrong_fields
from playground.vendors.zoom.settings import applied, no_alternative_host, wrong_settings
from playground.vendors.zoom.views import listed, made, relinked, user

APP = Caller()
"""The account's own application, to which "me" is nobody whom an event could mean."""


class ZoomService:
    """The account's state. Every method is atomic. `clock` tells the time; the account's app calls by default."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._meetings: dict[str, dict[str, Any]] = {}
        self._changes: dict[str, occurrences.Changes] = {}
        self._access = Access(lambda: self.account, lambda: self.clock())
        self._limits = Limits()
        self._pages: dict[str, int] = {}
        self._mails: list[str] = []
        self._secrets: set[str] = set()

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty account."""
        with self._lock:
            self.account = Account()
            self._access.reset()
            self._limits.reset()
            for state in (self._meetings, self._changes, self._pages, self._mails, self._secrets):
                state.clear()

    def tokens(self) -> list[str]:
        """Every token that was issued and not revoked."""
        return self._access.tokens.all()

    def revoke_tokens(self, person: str | None = None, *, refresh: bool = False) -> None:
        """End every access token, or that person's; `refresh`: the refresh tokens too."""
        self._access.tokens.revoke(person, refresh=refresh)

    def hidden(self) -> frozenset[str]:
        """Every token, code, client secret, start link and host key that was ever answered or accepted."""
        with self._lock:
            return frozenset({*self._access.issued, *self.tokens(), *self._secrets})

    def mails(self) -> list[str]:
        """What Zoom has written to people, oldest first."""
        with self._lock:
            return list(self._mails)

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            return deepcopy(list(self._meetings.values()))

    def writes(self) -> int:
        """How many creates and updates were counted, of all hosts and days."""
        with self._lock:
            return self._limits.writes.total()

    def set_status(self, meeting_id: str, status: str) -> None:
        """Somebody joins ("started"), the last one leaves ("ended"), Zoom has done with the end of it ("waiting")."""
        with self._lock:
            self._meeting(meeting_id)["status"] = status

    # --- access ---

    def revoke(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, str]:
        """Answer `POST /oauth/revoke`."""
        with self._lock:
            return self._access.revoke(client, form)

    def authorize(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
        """Where the browser goes at once, and with what; None if its person is to be asked."""
        with self._lock:
            return self._access.authorize(asked)

    def decide(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes after the person's decision, and with what."""
        with self._lock:
            return self._access.decide(asked)

    def consent(self, person: str, *, scope: str = "", redirect_uri: str = "") -> str:
        """An authorization code, as if that person had just consented in a browser."""
        with self._lock:
            return self._access.consent(person, scope=scope, redirect_uri=redirect_uri)

    def issue_token(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, Any]:
        """Answer the token endpoint."""
        with self._lock:
            return self._access.issue(client, form)

    def admit(self, token: str, scope: str) -> Caller:
        """Let a call in, or not: token, scope (without its `:admin`), and calls per second."""
        with self._lock:
            caller = self._access.caller(token, scope)
            self._limits.count_call(self.account, self.clock())
            return caller

    def user(self, name: str, caller: Caller = APP) -> dict[str, Any]:
        """ "Get a user": with the host key, and with `me` for the token's owner."""
        with self._lock:
            told = user(self._host(name, caller, "user:read:user"), self.account)
            self._secrets.add(told["host_key"])
            return told

    # --- meetings ---

    def create(self, host: str, body: Mapping[str, Any], caller: Caller = APP) -> dict[str, Any]:
        with self._lock:
            host = self._host(host, caller, "meeting:write:meeting")
            self._require_valid(host, body, creating=True)
            self._limits.count_write(self.account, host, self.clock())
            meeting = made(host, body, self.clock())
            self._apply(meeting, body, creating=True)
            self._secrets |= {meeting["start_url"], meeting["dynamic_host_key"]}
            self._meetings[str(meeting["id"])] = meeting
            self._mails += mails.invitations(None, meeting, self.account)
            return deepcopy(meeting)

    def get(
        self, meeting_id: str, caller: Caller = APP, *, occurrence_id: str | None = None, previous: bool = False
    ) -> dict[str, Any]:
        """The meeting; of a series, what is still to come (`previous`: and what was); or one occurrence of it."""
        with self._lock:
            meeting = deepcopy(self._meeting(meeting_id, caller))
            changes, account, now = self._changes.get(meeting_id, {}), self.account, self.clock()
            only = self._occurrence(meeting, occurrence_id) if occurrence_id is not None else None
            if meeting["type"] == 8:
                coming = occurrences.shown(meeting, changes, account, after=now)
                before = occurrences.past(meeting, changes, account, now) if previous else []
                starts = (each["start_time"] for each in coming if each["status"] == "available")
                meeting |= {"occurrences": before + coming, "start_time": next(starts, meeting["start_time"])}
            return {**meeting, **only.told(meeting, account)} if only else meeting

    def update(
        self, meeting_id: str, body: Mapping[str, Any], caller: Caller = APP, *, occurrence_id: str | None = None
    ) -> None:
        with self._lock:
            meeting = self._meeting(meeting_id, caller, writing=True)
            if meeting["status"] == "started":
                raise ZoomError(400, 3000, "You cannot update or delete meetings that have started using this method.")
            if occurrence_id is not None:
                self._update_occurrence(meeting, body, occurrence_id)
                return
            self._require_valid(meeting["host_email"], body, creating=False)
            self._limits.count_write(self.account, meeting["host_email"], self.clock())
            before = deepcopy(meeting)
            self._apply(meeting, body, creating=False)
            self._mails += mails.invitations(before, meeting, self.account)

    def delete(
        self,
        meeting_id: str,
        caller: Caller = APP,
        *,
        occurrence_id: str | None = None,
        reminder: bool | None = None,
    ) -> None:
        """End the meeting, or one occurrence of it. `reminder` is `schedule_for_reminder`."""
        with self._lock:
            meeting = self._meeting(meeting_id, caller, writing=True)
            if meeting["status"] == "started":
                raise ZoomError(400, 3002, "Sorry, you cannot delete this meeting since it is in progress.")
            if meeting["status"] == "ended":
                raise ZoomError(400, 3007, "Sorry, you cannot delete this meeting since it has ended.")
            if occurrence_id is not None:
                self._delete_occurrence(meeting, occurrence_id, reminder)
                return
            self._forget(meeting_id)
            self._mails += mails.cancellations(meeting, self.account, asked=reminder)

    def list(self, host: str, caller: Caller = APP, *, size: int, token: str) -> dict[str, Any]:
        """A page, without passcodes and dial-in numbers, and with the agenda cut."""
        with self._lock:
            host = self._host(host, caller, "meeting:read:list_meetings")
            before = utc_text(self.clock() - timedelta(seconds=self.account.list_lag))
            mine = [m for m in self._meetings.values() if m["host_email"] == host and m["created_at"] <= before]
            if token and token not in self._pages:
                raise ZoomError(400, 300, "The next page token is invalid or expired.")
            start = self._pages[token] if token else 0
            more = ""
            if start + size < len(mine):
                more = secrets.token_urlsafe(16)
                self._pages[more] = start + size
            page = [listed(meeting) for meeting in mine[start : start + size]]
            return {"page_size": size, "total_records": len(mine), "next_page_token": more, "meetings": page}

    # --- who, and what ---

    def _meeting(self, meeting_id: str, caller: Caller = APP, *, writing: bool = False) -> dict[str, Any]:
        found = self._meetings.get(meeting_id)
        if found is not None and caller.person not in (None, found["host_email"].lower()):
            if writing or self.account.others_meeting == 3003:
                raise ZoomError(400, 3003, "You are not the meeting host.")
            found = None
        if found is None:
            raise ZoomError(404, 3001, f"Meeting does not exist: {meeting_id}.")
        self._require_user(found["host_email"])
        return found

    def _host(self, named: str, caller: Caller, scope: str) -> str:
        """Whose meetings those are. A person's token is good for that person only, as others take an admin's scope."""
        if caller.person is None:
            self._require_user(named)
            return named
        if named.lower() not in ("me", caller.person):
            raise ZoomError(400, 4711, f"Invalid access token, does not contain scopes:[{scope}:admin].")
        self._require_user(caller.person)
        return caller.person

    def _require_user(self, host: str) -> None:
        if host == "me" or host in self.account.missing:
            raise ZoomError(404, 1001, f"User does not exist: {host}.")
        if host in self.account.elsewhere:
            raise ZoomError(400, 1010, f"User does not belong to this account: {self.account.account_id}.")

    def _require_valid(self, host: str, body: Mapping[str, Any], *, creating: bool) -> None:
        wrong = [*wrong_fields(body, creating=creating), *wrong_settings(body.get("settings") or {}, self.account)]
        if body.get("timezone") in self.account.unknown_zones:
            wrong.append("timezone")
        if wrong:
            raise invalid(*wrong)
        if body.get("schedule_for", host).lower() != host.lower():  # devforum 88501 and 129457
            raise ZoomError(400, 3000, f"You cannot schedule a meeting for {body['schedule_for']}.")
        nobody = no_alternative_host(body.get("settings") or {}, self.account)
        if nobody is not None:
            code, text = self.account.alternative_host_code, f"{nobody} cannot be an alternative host."
            raise ZoomError(400, code, text, fields={"settings.alternative_hosts": text})

    def _apply(self, meeting: dict[str, Any], body: Mapping[str, Any], *, creating: bool) -> None:
        before = {name: meeting.get(name) for name in ("type", "timezone", "start_time")}
        scheduled = schedule(meeting, body, self.clock(), creating=creating)
        for name in ("start_time", "recurrence", "occurrences"):  # a recurrence on any type but 8 is ignored
            meeting.pop(name, None)
        kept = ("topic", "agenda", "password", "duration", "pre_schedule", "tracking_fields")
        meeting |= {**{name: body[name] for name in kept if name in body}, **scheduled}
        meeting["settings"] = applied(meeting["settings"], body.get("settings") or {}, self.account)
        relinked(meeting)
        key = str(meeting["id"])
        self._changes[key] = occurrences.left(
            self._changes.get(key, {}), before, meeting, body, self.account, self.clock()
        )
        self._spread(meeting)

    # --- occurrences ---

    def _occurrence(
        self, meeting: Mapping[str, Any], occurrence_id: str, *, usual: int = 3001
    ) -> occurrences.Occurrence:
        changes = self._changes.get(str(meeting["id"]), {})
        found = occurrences.find(meeting, changes, self.account, occurrence_id)
        if found is not None:
            return found
        if (self.account.unknown_occurrence or usual) == 3000:
            raise ZoomError(400, 3000, f"Invalid occurrence_id: {occurrence_id}.")
        raise ZoomError(404, 3001, f"Meeting {meeting['id']} is not found or has expired.")

    def _update_occurrence(self, meeting: dict[str, Any], body: Mapping[str, Any], occurrence_id: str) -> None:
        found = self._occurrence(meeting, occurrence_id)
        self._require_valid(meeting["host_email"], body, creating=False)
        changed = occurrences.change(meeting, body, self.clock(), self.account)
        self._limits.count_write(self.account, meeting["host_email"], self.clock())
        own = {**found.changed.get("settings", {}), **changed["settings"]}
        self._changes[str(meeting["id"])][found.original] = {**found.changed, **changed, "settings": own}
        self._spread(meeting)

    def _delete_occurrence(self, meeting: dict[str, Any], occurrence_id: str, reminder: bool | None) -> None:
        key, account = str(meeting["id"]), self.account
        found = self._occurrence(meeting, occurrence_id, usual=3000)
        self._changes[key][found.original] = {**found.changed, "deleted": True}
        self._mails += mails.cancellations({**meeting, **found.listed()}, account, asked=reminder)
        self._spread(meeting)
        left = occurrences.to_come(meeting, self._changes[key], account, self.clock())
        if account.last_deleted == "gone" and not left:
            self._forget(key)

    def _spread(self, meeting: dict[str, Any]) -> None:
        if meeting["type"] == 8:
            meeting["occurrences"] = occurrences.shown(meeting, self._changes[str(meeting["id"])], self.account)

    def _forget(self, meeting_id: str) -> None:
        del self._meetings[meeting_id], self._changes[meeting_id]
