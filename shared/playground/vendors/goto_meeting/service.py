"""The account's state and rules: limits, meetings, and the instances that were held."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playground.vendors.goto_meeting import rules
from playground.vendors.goto_meeting.access import Access
from playground.vendors.goto_meeting.account import SCOPE, Account, GotoError, bad_request, forbidden, not_found
from playground.vendors.goto_meeting.rules import Held, Meeting


class GotoService:
    """The account's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._access = Access(lambda: self.account, lambda: self.clock())
        self._meetings: dict[str, Meeting] = {}
        self._held: list[Held] = []
        self._calls: deque[datetime] = deque(maxlen=1000)
        self._start_links: set[str] = set()

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
            for state in (self._meetings, self._held, self._calls, self._start_links):
                state.clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            account = self.account
            return [
                {**rules.by_id(each, account), **rules.created(each, account), "organizer": each.organizer}
                for each in self._meetings.values()
            ]

    def mails(self) -> list[str]:
        """None: no call on meetings has a parameter for mails."""
        return []

    def hidden(self) -> frozenset[str]:
        """Every secret that was ever answered or accepted: the client's, codes, tokens, start links."""
        with self._lock:
            return frozenset({self.account.client_secret} | self._access.issued | self._start_links)

    def tokens(self) -> list[str]:
        """Every token that was issued and not revoked."""
        return self._access.tokens.all()

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """End the access tokens; `refresh`: the refresh tokens too."""
        with self._lock:
            self._access.tokens.revoke(refresh=refresh)

    def set_status(self, meeting_id: str, status: str) -> None:
        """Somebody starts the meeting ("ACTIVE"), or the last one leaves ("INACTIVE"). Raises `GotoError`."""
        with self._lock:
            meeting, now = self._find(meeting_id), self.clock()
            if status not in {"ACTIVE", "INACTIVE"}:
                raise bad_request(f"no such status: {status}")
            if status == "INACTIVE" and meeting.since:
                key = 1_000_000 + len(self._held)
                self._held.append(Held(key=key, meeting=meeting, began=meeting.since, ended=now))
            since = (meeting.since or now) if status == "ACTIVE" else None
            self._meetings[meeting_id] = replace(meeting, since=since)

    # --- tokens ---

    def consent(self, person: str, *, scope: str = "", redirect_uri: str = "") -> str:
        """The code of a person's consent."""
        with self._lock:
            return self._access.consent(person, scope=scope, redirect_uri=redirect_uri)

    def authorize(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what. Raises `TokenError`."""
        with self._lock:
            return self._access.authorize(asked)

    def issue_token(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, Any]:
        """What the token endpoint answers. Raises `TokenError`."""
        with self._lock:
            return self._access.issue(client, form)

    def me(self, token: str) -> dict[str, Any]:
        """`GET /admin/rest/v1/me`: whose token it is. developer.goto.com: admin-api, Me"""
        with self._lock:
            email = self._admit(token)
            return {"key": rules.organizer_key(email), "email": email, "firstName": email.partition("@")[0]}

    # --- meetings ---

    def create(self, token: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A list of the one that was made."""
        with self._lock:
            organizer = self._admit(token)
            self._require_valid(body)
            number = 100_000_000 + secrets.randbelow(900_000_000)
            meeting = Meeting(id=number, organizer=organizer, **rules.asked(body))
            self._meetings[str(number)] = meeting
            return [rules.created(meeting, self.account)]

    def get(self, token: str, meeting_id: str) -> list[dict[str, Any]]:
        """A list of the one."""
        with self._lock:
            return [rules.by_id(self._own(token, meeting_id), self.account)]

    def update(self, token: str, meeting_id: str, body: Mapping[str, Any]) -> None:
        """All of the meeting anew; it keeps its id, and with it its link and access code."""
        with self._lock:
            meeting = self._own(token, meeting_id)
            self._require_valid(body)
            self._meetings[meeting_id] = replace(meeting, **rules.asked(body))

    def delete(self, token: str, meeting_id: str) -> None:
        with self._lock:
            self._own(token, meeting_id)
            del self._meetings[meeting_id]

    def start_link(self, token: str, meeting_id: str) -> dict[str, str]:
        """StartUrl: whoever has it is the host, without a login."""
        with self._lock:
            meeting = self._own(token, meeting_id)
            key = secrets.token_urlsafe(32)
            link = f"https://global.gotomeeting.com/host/{meeting.id}?authenticationToken={key}"
            self._start_links |= {key, link}
            return {"hostURL": link}

    def upcoming(self, token: str) -> list[dict[str, Any]]:
        """The organizer's meetings that are not over; a recurring one never is. There are no pages."""
        with self._lock:
            return [rules.upcoming(each, self.account) for each in self._to_come(self._admit(token))]

    def history(self, token: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The list that is deprecated: instances that started within the dates."""
        with self._lock:
            organizer, dates = self._admit(token), {"startDate", "endDate"} & set(query)
            if not dates and query.get("history") != "true" and self.account.without_range == "scheduled":
                return [rules.scheduled(each, self.account) for each in self._to_come(organizer)]
            return [rules.history(held, self.account) for held in self._within(organizer, query)]

    def _admit(self, token: str) -> str:
        """Let a call in, or not: token, calls per second, scope. Whose it is."""
        account, now = self.account, self.clock()
        grant = self._access.whose(token)
        if grant is None:
            header = (
                {"WWW_Authenticate": 'Bearer error="invalid_token"'}
                if account.bad_token_status == 401
                else {"x_amzn_ErrorType": "UnauthorizedException"}
            )
            raise GotoError(account.bad_token_status, "InvalidToken", "Invalid token passed", **header)
        recent = sum(1 for at in self._calls if now - at < timedelta(seconds=1))
        if account.per_second is not None and recent >= account.per_second:
            raise GotoError(429, "TooManyRequests", "Too many requests")
        self._calls.append(now)
        if SCOPE not in grant.scopes & set(account.scopes) or grant.account in account.suspended:
            raise forbidden()
        return grant.account

    def _own(self, token: str, meeting_id: str) -> Meeting:
        organizer = self._admit(token)
        meeting = self._find(meeting_id)
        if meeting.organizer != organizer:
            raise forbidden() if self.account.foreign_status == 403 else not_found()
        if self.account.past_meetings == "gone" and self._over(meeting):
            raise not_found()
        return meeting

    def _find(self, meeting_id: str) -> Meeting:
        meeting = self._meetings.get(meeting_id)
        if meeting is None:
            raise not_found()
        return meeting

    def _over(self, meeting: Meeting) -> bool:
        return meeting.kind != "recurring" and meeting.since is None and meeting.ends <= self.clock()

    def _to_come(self, organizer: str) -> list[Meeting]:
        return [each for each in self._meetings.values() if each.organizer == organizer and not self._over(each)]

    def _within(self, organizer: str, query: Mapping[str, str]) -> list[Held]:
        start, end = rules.instant(query.get("startDate")), rules.instant(query.get("endDate"))
        if start is None or end is None:
            raise bad_request("Invalid or missing parameter: startDate, endDate")
        return [held for held in self._held if held.meeting.organizer == organizer and start <= held.began <= end]

    def _require_valid(self, body: Mapping[str, Any]) -> None:
        refused = rules.refusal(body, self.account, self.clock())
        if refused:
            raise refused
