"""Vendors that ask people for their consent, in a dictionary, with refresh tokens that are good for one use."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from confsync.domain.connection import Account, Granted, Tokens
from confsync.domain.errors import NotConfigured, NotFound, ReauthorizationRequired
from confsync.ports import Clock

LASTS = timedelta(hours=1)
SECRET = "-secret-"
"""What stands in every code and token."""
SCOPES = ("meetings", "offline_access")


@dataclass(kw_only=True)
class _Consent:
    """What a person allowed once. `refreshes`: every refresh token of it, the newest last, with when it was used.

    `good_since`: when each began to lie idle.
    """

    account: Account
    scopes: tuple[str, ...]
    live: bool = True
    refreshes: dict[str, datetime | None] = field(default_factory=dict)
    good_since: dict[str, datetime] = field(default_factory=dict)
    accesses: dict[str, datetime] = field(default_factory=dict)


class FakeLogins:
    """The `Logins` port. Safe for many threads.

    `rotates`: each renewal brings another refresh token, and the old one is good for `grace` more. `reuse_ends`: one
    that is used again ends the whole consent, as RFC 9700 asks for. One that nobody uses for `idle` ends; `tells_idle`:
    its answers say so. `calls` counts by method.
    """

    def __init__(
        self,
        clock: Clock,
        *vendors: str,
        rotates: bool = True,
        grace: timedelta = timedelta(0),
        reuse_ends: bool = False,
    ) -> None:
        self.clock = clock
        self.names = {vendor: vendor.title() for vendor in vendors or ("fake",)}
        self.rotates = rotates
        self.grace = grace
        self.reuse_ends = reuse_ends
        self.needed = SCOPES
        self.tells_scopes = True
        self.idle: timedelta | None = timedelta(days=7)
        self.tells_idle = True
        self.gives_refresh = True
        self.revocable = True
        self.lasts = LASTS
        self.calls: Counter[str] = Counter()
        self.consents: list[_Consent] = []
        self._codes: dict[str, _Consent] = {}
        self._issued = 0
        self._lock = threading.RLock()
        self._before: dict[str, deque[Callable[[], None]]] = {}
        self._after: dict[str, deque[Callable[[], None]]] = {}

    # --- what tests do

    def consent(self, account: str = "ann", *, scopes: tuple[str, ...] = SCOPES) -> str:
        """A person allows it: a code."""
        with self._lock:
            consent = _Consent(account=Account(id=f"id-{account}", name=f"{account}@vendor.example"), scopes=scopes)
            self.consents.append(consent)
            code = self._new("code")
            self._codes[code] = consent
            return code

    def fail(self, method: str, *errors: Exception) -> None:
        """The next calls of `method` raise these errors, one each, and do nothing."""
        self._before.setdefault(method, deque()).extend(_raising(error) for error in errors)

    def lose_answer(self, method: str, *errors: Exception) -> None:
        """The next calls of `method` do their work, and raise these errors all the same."""
        self._after.setdefault(method, deque()).extend(_raising(error) for error in errors)

    def during(self, method: str, action: Callable[[], None]) -> None:
        """What happens elsewhere between the work of the next call of `method` and its answer."""
        self._after.setdefault(method, deque()).append(action)

    def ahead_of(self, method: str, action: Callable[[], None]) -> None:
        """What happens elsewhere before the next call of `method` arrives."""
        self._before.setdefault(method, deque()).append(action)

    def withdraw(self, account: str | None = None) -> None:
        """The person takes back what they allowed, at the vendor: all of it, or for one account."""
        for consent in self.consents:
            consent.live = consent.live and account is not None and consent.account.id != f"id-{account}"

    def expire_access(self) -> None:
        """No access token is taken any more, though its time is not over."""
        for consent in self.consents:
            consent.accesses.clear()

    def takes(self, access: str) -> str | None:
        """The id of the account whose token that is, None if it is no good."""
        consent = next((each for each in self.consents if access in each.accesses), None)
        if consent is None or not consent.live or consent.accesses[access] <= self.clock.now():
            return None
        return consent.account.id

    def renewable(self, refresh: str | None) -> bool:
        """Whether the refresh token would be taken now."""
        return any(self._good(each, refresh) for each in self.consents if refresh in each.refreshes)

    def secrets(self) -> set[str]:
        """Every code and token that ever was."""
        return {
            *self._codes,
            *(token for each in self.consents for token in (*each.refreshes, *each.accesses)),
        }

    # --- what use cases see

    def vendors(self) -> Mapping[str, str]:
        return self.names

    def scopes(self, vendor: str) -> tuple[str, ...]:
        return self.needed

    def issuer(self, vendor: str) -> str | None:
        return None

    def start(self, vendor: str, *, state: str, challenge: str, redirect_uri: str, hint: str) -> str:
        return f"https://{vendor}.example/authorize?{state=!s}&{challenge=!s}&{redirect_uri=!s}&{hint=!s}"

    def finish(self, vendor: str, *, code: str, verifier: str, redirect_uri: str) -> Granted:
        with self._during("finish"):
            consent = self._codes.pop(code, None)
            if consent is None:
                raise ReauthorizationRequired("the code is no good", service=vendor)
            return self._granted(consent, rotates=self.gives_refresh)

    def renew(self, vendor: str, refresh: str) -> Granted:
        with self._during("renew"):
            consent = next((each for each in self.consents if refresh in each.refreshes), None)
            if consent is None or not self._good(consent, refresh):
                if consent is not None and self.reuse_ends:
                    consent.live = False
                raise ReauthorizationRequired("invalid_grant", service=vendor)
            consent.good_since[refresh] = self.clock.now()
            if self.rotates and consent.refreshes[refresh] is None:
                consent.refreshes[refresh] = self.clock.now()
            return self._granted(consent, rotates=self.rotates)

    def account(self, vendor: str, access: str) -> Account:
        with self._during("account"):
            for consent in self.consents:
                if access in consent.accesses and self.takes(access) is not None:
                    return consent.account
            raise NotFound("no such account", service=vendor)

    def revokes(self, vendor: str) -> bool:
        return self.revocable

    def revoke(self, vendor: str, tokens: Tokens) -> None:
        with self._during("revoke"):
            for consent in self.consents:
                if tokens.access in consent.accesses or tokens.refresh in consent.refreshes:
                    consent.live = False

    def _good(self, consent: _Consent, refresh: str | None) -> bool:
        now, used = self.clock.now(), consent.refreshes.get(refresh or "")
        idle = self.idle is not None and consent.good_since.get(refresh or "", now) + self.idle <= now
        return consent.live and not idle and (used is None or now < used + self.grace)

    def _granted(self, consent: _Consent, *, rotates: bool) -> Granted:
        access, refresh = self._new("access"), self._new("refresh") if rotates else None
        ends = self.clock.now() + self.lasts
        consent.accesses[access] = ends
        if refresh is not None:
            consent.refreshes[refresh] = None
            consent.good_since[refresh] = self.clock.now()
        told = tuple(each for each in consent.scopes if each != "offline_access") if self.tells_scopes else None
        tokens = Tokens(access=access, refresh=refresh, expires_at=ends)
        return Granted(tokens=tokens, scopes=told, idle=self.idle if self.tells_idle else None)

    def _new(self, kind: str) -> str:
        self._issued += 1
        return f"{kind}{SECRET}{self._issued}-"

    def _during(self, method: str) -> "_Call":
        return _Call(self, method)


class _Call:
    """One call: what is planned before it, its work under the lock, and what is planned after it."""

    def __init__(self, logins: FakeLogins, method: str) -> None:
        self._logins = logins
        self._method = method

    def __enter__(self) -> None:
        self._logins.calls[self._method] += 1
        _next(self._logins._before, self._method)
        self._logins._lock.acquire()

    def __exit__(self, kind: object, *_: object) -> None:
        self._logins._lock.release()
        if kind is None:
            _next(self._logins._after, self._method)


class FakeSealer:
    """The `Sealer` port, as quick as a test wants it: the same text never looks the same, and nobody reads it."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}
        self._numbers = count(1)

    def seal(self, text: str) -> str:
        sealed = f"sealed-{next(self._numbers)}"
        self._kept[sealed] = text
        return sealed

    def open(self, sealed: str) -> str:
        if sealed not in self._kept:
            raise NotConfigured("no key opens it")
        return self._kept[sealed]

    def reseal(self, sealed: str) -> str:
        self.open(sealed)
        return sealed


def _raising(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def _next(planned: dict[str, deque[Callable[[], None]]], method: str) -> None:
    if actions := planned.get(method):
        actions.popleft()()
