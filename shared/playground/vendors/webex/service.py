"""The site's state: who may do what to which meeting. The specification's page of each call is its authority."""

import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

from playground.vendors.webex.access import Access, Caller
from playground.vendors.webex.account import ADMIN, PEOPLE, READ, WRITE, Account, WebexError, forbidden, invalid
from playground.vendors.webex.limits import Limits
from playground.vendors.webex.listing import Query
from playground.vendors.webex.rules import FIELDS, require_valid, schedule
from playground.vendors.webex.series import (
    Instance,
    Occurrence,
    Series,
    links,
    merged,
    new_facts,
    occurrence_id,
)
from playground.vendors.webex.views import View

UNPATCHABLE = ("invitees", "scheduledType", "siteUrl")


class WebexService:
    """The site. Every public method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._clear()

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty site."""
        with self._lock:
            self.account = Account()
            self._clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living series in full, oldest first, with everybody's tags, its changed and its deleted occurrences."""
        with self._lock:
            return [
                {
                    **self._own_view(series, "").of(series, series),
                    "integrationTags": [tag for tags in series.tags.values() for tag in tags],
                    "invitees": list(series.invitees),
                    "scheduledMeetings": [
                        self._own_view(series, "").of(series, each) for each in series.changed.values()
                    ],
                    "cancelled": [occurrence_id(series.id, key) for key in sorted(series.cancelled)],
                }
                for series in self._series.values()
            ]

    def occurrences(self, limit: int = 100) -> list[list[tuple[datetime, str]]]:
        """Start and title of so many occurrences of each meeting, as the rule has them."""
        with self._lock:
            return [
                [
                    (each.start, str((each.changes or series.facts).get("title", series.facts["title"])))
                    for each in islice(series.occurrences(), limit)
                ]
                for series in self._series.values()
            ]

    def mails(self) -> list[str]:
        """What Webex would have mailed to hosts and invitees."""
        with self._lock:
            return list(self._mails)

    def hidden(self) -> frozenset[str]:
        """Every secret that was ever answered or accepted: tokens, codes, client secrets, host keys."""
        with self._lock:
            return frozenset(self._access.issued | set(self._host_keys.values()))

    def tokens(self) -> list[str]:
        """Every token of either kind that is still known."""
        return self._access.tokens.all()

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        self._access.tokens.revoke(refresh=refresh)

    def consent(self, email: str, scopes: Iterable[str] | None = None, client_id: str | None = None) -> str:
        """A refresh token, as if that person (or, for a service app, the administrator) had just consented."""
        with self._lock:
            client = self.account.client_id if client_id is None else client_id
            return self._access.consent(client, email, self.account.scopes if scopes is None else scopes)

    def set_state(self, meeting_id: str, state: Literal["inProgress", "ended"]) -> str:
        """Somebody joins the occurrence (or the series' current one), or the last one leaves. The instance's id."""
        with self._lock:
            series, found = self._found(meeting_id)
            occurrence = found if isinstance(found, Occurrence) else series.current(self.clock())
            assert occurrence
            instance = series.instance(occurrence.key, running=True)
            if instance is None:
                number = 10**17 + secrets.randbelow(10**17)
                instance = Instance(f"{series.id}_I_{number}", occurrence.key, self.clock())
                series.instances.append(instance)
            if state == "ended":
                instance.end = self.clock()
            return instance.id

    # --- tokens ---

    def authorize(self, query: Mapping[str, str]) -> str:
        with self._lock:
            return self._access.authorize(query)

    def issue_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        with self._lock:
            return self._access.issue(form)

    def require_token(self, authorization: str) -> None:
        """Raise 401 before anything else is looked at."""
        with self._lock:
            self._access.caller(authorization)

    def me(self, authorization: str) -> dict[str, Any]:
        """`GET /v1/people/me`. https://developer.webex.com/docs/api/v1/people/get-my-own-details"""
        with self._lock:
            caller = self._access.caller(authorization)
            self._limits.count_call(caller, self.account, self.clock())
            if PEOPLE not in caller.scopes:
                raise forbidden(f"The access token has not the scope {PEOPLE}.")
            email = caller.email
            id = urlsafe_b64encode(f"ciscospark://us/PEOPLE/{uuid5(NAMESPACE_URL, email)}".encode()).decode()
            return {"id": id.rstrip("="), "emails": [email], "displayName": email.partition("@")[0], "type": "person"}

    # --- meetings ---

    def create(self, authorization: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            caller = self._admit(authorization, WRITE)
            host = self._acting(caller, body.get("hostEmail"), WRITE)
            self._limits.count_create(caller, host, self.account, self.clock())
            if host in self.account.unlicensed:
                raise forbidden(f"The user {host} has no license to host meetings.")
            body = {name: body[name] for name in body if name in FIELDS}
            require_valid(body, self.account, creating=True)
            if body.get("siteUrl", self.account.site) != self.account.site:
                raise forbidden(f"The user {host} has no access to the site {body['siteUrl']}.")
            times = schedule(body, self.account, self.clock())
            key = self._host_keys.setdefault(host, str(100_000 + secrets.randbelow(900_000)))
            invitees = [each["email"] for each in body.get("invitees", ())]
            series = Series(uuid4().hex, host, new_facts(self.account, body, host, key), times, invitees)
            series.tags[caller.client] = list(body.get("integrationTags", ()))
            self._series[series.id] = series
            self._mail(series, "invitation", body.get("sendEmail", True))
            return self._own_view(series, caller.client).of(series, series)

    def get(
        self, authorization: str, meeting_id: str, *, current: bool, host_email: str | None, zone: str
    ) -> dict[str, Any]:
        with self._lock:
            caller = self._admit(authorization, READ)
            series, found = self._visible(meeting_id, self._acting(caller, host_email, READ))
            if isinstance(found, Series) and current:
                found = series.current(self.clock()) or series
            return self._view(caller.client, zone).of(series, found)

    def list(self, authorization: str, query: Query, *, host_email: str | None, zone: str) -> list[dict[str, Any]]:
        """All that the query asks for; the pages are the app's."""
        with self._lock:
            caller = self._admit(authorization, READ)
            viewer = self._acting(caller, host_email, READ)
            if query.series_id is not None and not isinstance(self._visible(query.series_id, viewer)[1], Series):
                raise WebexError(404, "The meetingSeriesId is not that of a series.")
            theirs = [s for s in self._series.values() if viewer == s.host or viewer in s.invitees]
            view = self._view(caller.client, zone, current=query.current)
            found = [
                view.of(series, each)
                for series in theirs
                for each in query.matches(series, caller.client, self.clock())
            ]
            return [each for each in found if query.state in {None, each["state"]}]

    def update(self, authorization: str, meeting_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            caller = self._admit(authorization, WRITE)
            series, found = self._changeable(meeting_id, self._acting(caller, body.get("hostEmail"), WRITE))
            if series.id in self.account.connector_made:
                raise forbidden("A meeting created via a calendar connector cannot be updated.")
            body = {name: body[name] for name in body if name in FIELDS and name not in UNPATCHABLE}
            require_valid(body, self.account, creating=False)
            if isinstance(found, Series):
                self._update_series(series, caller, body)
            else:
                found = self._changed(series, found, body)
            self._mail(series, "update", body.get("sendEmail", True))
            return self._own_view(series, caller.client).of(series, found)

    def delete(self, authorization: str, meeting_id: str, *, send_email: bool, host_email: str | None) -> None:
        with self._lock:
            caller = self._admit(authorization, WRITE)
            series, found = self._changeable(meeting_id, self._acting(caller, host_email, WRITE))
            if isinstance(found, Occurrence):
                series.changed.pop(found.key, None)
                series.cancelled.add(found.key)
            if isinstance(found, Series) or next(series.occurrences(), None) is None:
                del self._series[series.id]
            self._mail(series, "cancellation", send_email)

    def _clear(self) -> None:
        self._access = Access(lambda: self.account, lambda: self.clock())
        self._series: dict[str, Series] = {}
        self._mails: list[str] = []
        self._host_keys: dict[str, str] = {}
        self._limits = Limits()

    def _admit(self, authorization: str, scope: str) -> Caller:
        caller = self._access.caller(authorization)
        self._limits.count_call(caller, self.account, self.clock())
        if not {scope, ADMIN[scope]} & caller.scopes:
            raise forbidden(f"The access token has none of the scopes {scope}, {ADMIN[scope]}.")
        return caller

    def _acting(self, caller: Caller, host_email: str | None, scope: str) -> str:
        """Whose meetings the call is about. `hostEmail` is for those with admin-level scopes."""
        if host_email is None:
            return caller.email
        if ADMIN[scope] not in caller.scopes:
            raise forbidden("The parameter 'hostEmail' needs an admin-level scope.")
        if host_email in self.account.missing:
            raise WebexError(404, f"The user {host_email} could not be found.")
        return host_email

    def _found(self, meeting_id: str) -> tuple[Series, Series | Occurrence | Instance]:
        series_id, _, rest = str(meeting_id).partition("_")
        series = self._series.get(series_id)
        found: Series | Occurrence | Instance | None = series if not rest else None
        if series and rest.startswith("I_"):
            found = next((each for each in series.instances if each.id == meeting_id), None)
        elif series and rest:
            try:
                found = series.at(datetime.strptime(rest, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
            except ValueError:
                found = None
        if series is None or found is None:
            raise WebexError(404, "Meeting is not found.")
        return series, found

    def _visible(self, meeting_id: str, viewer: str) -> tuple[Series, Series | Occurrence | Instance]:
        series, found = self._found(meeting_id)
        if viewer != series.host and viewer not in series.invitees:
            raise WebexError(404, "Meeting is not found.")
        return series, found

    def _changeable(self, meeting_id: str, host: str) -> tuple[Series, Series | Occurrence]:
        series, found = self._visible(meeting_id, host)
        now = self.clock()
        if host != series.host:
            raise forbidden("Only the host can change the meeting.")
        if series.id in self.account.locked or meeting_id in self.account.locked:
            raise WebexError(423, "The requested resource is temporarily unavailable.", retry_after=5)
        if (
            isinstance(found, Instance)
            or (isinstance(found, Series) and (series.state(now) == "inProgress" or series.has_ended(now)))
            or (isinstance(found, Occurrence) and any(i.key == found.key for i in series.instances))
        ):
            raise WebexError(self.account.busy_status, "The meeting is in progress or has ended.")
        return series, found

    def _update_series(self, series: Series, caller: Caller, body: Mapping[str, Any]) -> None:
        times = series.times
        if body.keys() & {"start", "end", "timezone", "recurrence"}:
            times = schedule(body, self.account, self.clock(), times)
        if times != series.times:  # its exceptions are cancelled: the specification, PATCH
            series.changed.clear()
            if not self.account.deletions_survive:
                series.cancelled.clear()
        series.times = times
        series.facts = merged(series.facts, body)
        if "integrationTags" in body:
            series.tags[caller.client] = list(body["integrationTags"] or ())

    def _changed(self, series: Series, old: Occurrence, body: Mapping[str, Any]) -> Occurrence:
        refused = [name for name in ("recurrence", "integrationTags") if name in body]
        if refused:
            raise invalid(*(f"Parameter '{name}' is not for a scheduled meeting." for name in refused))
        times = replace(series.times, start=old.start, end=old.end, rule=None)
        if body.keys() & {"start", "end", "timezone"}:
            times = schedule(body, self.account, self.clock(), times)
        own = links(series.facts["siteUrl"]) if self.account.own_links and old.changes is None else {}
        facts = {**series.facts, **(old.changes or {}), **own}
        said = merged(facts, body)
        changes = {name: said[name] for name in said if said[name] != series.facts.get(name)}
        series.changed[old.key] = Occurrence(key=old.key, start=times.start, end=times.end, changes=changes)
        return series.changed[old.key]

    def _view(self, client: str, zone: str, *, current: bool = False) -> View:
        return View(account=self.account, now=self.clock(), client=client, zone=zone, current=current)

    def _own_view(self, series: Series, client: str) -> View:
        """Creates and updates are answered in the meeting's own zone: the specification's examples."""
        return self._view(client, series.times.zone)

    def _mail(self, series: Series, kind: str, send: bool) -> None:
        if send:
            people = dict.fromkeys((series.host, *series.invitees))
            self._mails += [f"To {person}: {kind}: {series.facts['title']}" for person in people]
