"""The organisation's state: tokens, meetings, mails."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playground.vendors.zoho.account import Account, ZohoError, invalid
from playground.vendors.zoho.grants import Grants
from playground.vendors.zoho.rules import Session, changed, edited, got, listed, new_session, shown

LISTS = ("all", "past", "today", "upcoming")


class ZohoService:
    """The organisation. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._hidden: set[str] = set()
        self.reset()

    # --- control ---

    def reset(self) -> None:
        """Back to an empty organisation. What was secret stays secret."""
        with self._lock:
            self.account = Account()
            self._grants = Grants(lambda: self.clock(), lambda: self.account)
            self._sessions: dict[str, Session] = {}
            self._mails: list[str] = []
            self._calls: deque[datetime] = deque(maxlen=10_000)
            self._hide()

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            if "scopes" in changes:
                self._grants.narrow()
            if "refresh_token" in changes:
                self._grants.own_token_lives = True
            self._hide()
            return self.account

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            return [{**shown(one, self.account), "status": one.status} for one in self._sessions.values()]

    def mails(self) -> list[str]:
        """What was mailed to people: to whom, about what, and the text's first line."""
        with self._lock:
            return list(self._mails)

    def hidden(self) -> frozenset[str]:
        """Every secret that was ever answered or accepted."""
        with self._lock:
            return frozenset(self._hidden)

    def tokens(self) -> list[str]:
        """Every token that was issued and not revoked."""
        with self._lock:
            return self._grants.all()

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """End all access tokens; `refresh`: the refresh tokens too."""
        with self._lock:
            self._grants.revoke(refresh=refresh)

    def consent(self, redirect_uri: str = "") -> str:
        """The user makes a code for the application; a self client has no address to be sent to."""
        with self._lock:
            if redirect_uri and redirect_uri not in self.account.redirect_uris:
                raise invalid("redirect_uri")
            code = self._grants.consent(redirect_uri)
            self._hidden.add(code)
            return code

    def set_status(self, key: str, status: str) -> None:
        """People come ("started"), go ("ended"), the end is over ("notstarted")."""
        with self._lock:
            self._sessions[key] = replace(self._session(key), status=status)

    # --- the vendor's calls ---

    def authorize(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes once its user has clicked Accept, and with what."""
        uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.account.client_id or uri not in self.account.redirect_uris:
            raise invalid("client_id or redirect_uri")
        state = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("response_type") != "code" or not asked.get("scope"):
            return uri, {"error": "invalid_request", **state}
        return uri, {"code": self.consent(uri), "location": "us", **state}

    def revoke_token(self, token: str) -> tuple[dict[str, Any], int]:
        """`POST /oauth/v2/token/revoke`; what it says of an unknown token is not documented."""
        with self._lock:
            known = self._grants.end(token)
            return ({"status": "success"}, 200) if known else ({"error": "invalid_code"}, 400)

    def issue_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """`POST /oauth/v2/token`"""
        with self._lock:
            answer = self._grants.issue(form)
            self._hidden |= {answer[name] for name in ("access_token", "refresh_token") if name in answer}
            return answer

    def whoami(self, authorization: str) -> dict[str, Any]:
        """`GET /api/v2/user.json`, whose form is known from public code only."""
        with self._lock:
            user = self._admit(authorization, "ZohoMeeting.manageOrg.READ")
            email = self.account.users.get(user, "")
            details = {"zuid": int(user), "zsoid": int(self.account.zsoid), "primaryEmail": email}
            return {"userDetails": details}

    def create(self, authorization: str, zsoid: str, body: Any) -> dict[str, Any]:
        with self._lock:
            user = self._admit(authorization, "ZohoMeeting.meeting.CREATE", zsoid)
            now, key = self.clock(), str(1_000_000_000 + secrets.randbelow(9_000_000_000))
            session = changed(new_session(key, user, self.account, now), body, self.account, now, creating=True)
            self._sessions[key] = session
            answer = shown(session, self.account)
            self._hidden |= {answer["startLink"], session.start_key}
            self._mail("Invitation", session, session.emails)
            if self.account.mails_presenter and session.presenter != user:
                self._mails.append(f"{answer['presenterEmail']}: You present: {session.topic}")
            return {"session": answer}

    def get(self, authorization: str, zsoid: str, key: str) -> dict[str, Any]:
        with self._lock:
            self._admit(authorization, "ZohoMeeting.meeting.READ", zsoid)
            return {"session": got(self._session(key), self.account)}

    def update(self, authorization: str, zsoid: str, key: str, body: Any) -> dict[str, Any]:
        with self._lock:
            self._admit(authorization, "ZohoMeeting.meeting.UPDATE", zsoid)
            before = self._session(key, writing=True)
            after = changed(before, body, self.account, self.clock())
            self._sessions[key] = after
            self._mail("Invitation", after, after.added)
            self._mail("Cancelled", after, after.removed)
            told = ("topic", "agenda", "presenter", "start", "duration", "zone")
            if any(getattr(before, name) != getattr(after, name) for name in told):
                self._mail("Updated", after, tuple(email for email in after.emails if email in before.emails))
            return {"session": edited(after, self.account)}

    def delete(self, authorization: str, zsoid: str, key: str) -> int:
        """Returns the status to answer."""
        with self._lock:
            self._admit(authorization, "ZohoMeeting.meeting.DELETE", zsoid)
            session = self._session(key, writing=True)
            del self._sessions[key]
            self._mail("Cancelled", session, session.emails)
            return self.account.delete_status

    def list(self, authorization: str, zsoid: str, args: Mapping[str, str]) -> dict[str, Any]:
        """A page of `listtype`, all three arguments required; `count` answers how many there are in all."""
        with self._lock:
            self._admit(authorization, "ZohoMeeting.meeting.READ", zsoid)
            if args.get("listtype") not in LISTS:
                raise invalid("listtype")
            for name in ("index", "count"):
                if not args.get(name, "").isdecimal():
                    raise invalid(name)
            size = min(int(args["count"]), self.account.most_listed)
            skipped = max(0, int(args["index"]) - self.account.first_index)
            first = skipped * size if self.account.index == "page" else skipped
            found = [one for one in self._sessions.values() if self._belongs(one, args["listtype"])]
            found.sort(key=lambda one: one.start)
            page = [listed(one, self.account) for one in found[first : first + size]]
            return {"session": page, "count": len(found)}

    def _belongs(self, session: Session, to: str) -> bool:
        now, zone = self.clock(), ZoneInfo(self.account.timezone)
        if session.created > now - timedelta(seconds=self.account.list_lag):
            return False
        past = session.end <= now or session.status == "ended"
        today = session.start.astimezone(zone).date() == now.astimezone(zone).date()
        return {"all": True, "past": past, "upcoming": not past, "today": today}[to]

    def _admit(self, authorization: str, scope: str, zsoid: str | None = None) -> str:
        user, now, account = self._grants.admit(authorization, scope), self.clock(), self.account
        if zsoid not in {None, account.zsoid}:
            told = "You do not have permission to access this organization account."
            raise ZohoError(401, 3001, told, "UNAUTHORIZED_USER")
        recent = sum(1 for at in self._calls if now - at < timedelta(minutes=1))
        if account.per_minute is not None and recent >= account.per_minute:
            headers = {} if account.retry_after is None else {"Retry_After": str(account.retry_after)}
            raise ZohoError(429, 1026, "Rate limit exceeded", "RATE_LIMIT_EXCEEDED", **headers)
        self._calls.append(now)
        return user

    def _session(self, key: str, *, writing: bool = False) -> Session:
        if key not in self._sessions:
            raise ZohoError(self.account.unknown_key_status, 4000, "The meeting key is invalid.", "INVALID_MEETING_KEY")
        if writing and self.account.running_locked and self._sessions[key].status == "started":
            raise ZohoError(400, 4001, "The meeting is in progress.", "MEETING_IN_PROGRESS")
        return self._sessions[key]

    def _mail(self, why: str, session: Session, to: tuple[str, ...]) -> None:
        if self.account.mails_participants:
            self._mails += [f"{email}: {why}: {session.topic} {session.link}" for email in to]

    def _hide(self) -> None:
        self._hidden |= {self.account.client_secret, self.account.refresh_token}
