"""Vendors as a deployment has configured them: the ports `Providers` and `Logins`, by its settings.

A vendor's module is imported when it is needed: most functions need one or none.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from inspect import getattr_static
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol

from confsync import config
from confsync.domain.connection import GOOGLE
from confsync.domain.errors import NotConfigured, NotFound
from confsync.once import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync import ports
    from confsync.domain.connection import Account, Granted, Tokens
    from confsync.domain.solution import Solution
    from confsync.transport.login import Login, LoginClient


MOST_BUILT = 1000
"""Providers that are kept: one for each solution, and for each set of settings that single conferences have."""


class Uses(Protocol):
    """The adapters that vendors need."""

    @property
    def secrets(self) -> ports.Secrets: ...
    @property
    def grants(self) -> ports.Grants: ...
    @property
    def clock(self) -> ports.Clock: ...


class _Nobody:
    """For providers that are built, and not asked for anything."""

    secrets: Any = None
    grants: Any = None
    clock: Any = None


def problems(settings: config.Settings) -> Iterator[str]:
    """What is wrong with the solutions, as far as their vendors' modules can tell without the network. Each names the
    key."""
    for key, name in _secrets(settings):
        yield from _name_problem(key, name)
    from confsync.domain.solution import Capabilities

    vendors = Vendors(settings, _Nobody())
    for solution_id, solution in settings.solutions.items():
        try:
            provider = vendors.provider(solution_id)
        except NotConfigured as error:
            yield str(error)
            continue
        told = getattr_static(provider, "capabilities")  # where it is a property, its server would be asked
        if isinstance(told, Capabilities) and told.join_redirect and not settings.join.url:
            yield f"join.url is missing: people join solutions.{solution_id} by links of their own, which it leads to"
        if solution.personal and not solution.secret:
            yield f"solutions.{solution_id}.secret is missing: it holds the OAuth client by which people connect"
        if solution.personal and not settings.connect.url:
            yield f"connect.url is missing: people connect their accounts for solutions.{solution_id} there"


def _secrets(settings: config.Settings) -> Iterator[tuple[str, str]]:
    """The keys that name secrets, and the names."""
    named = {f"solutions.{name}.secret": each.secret for name, each in settings.solutions.items()}
    named["google.oauth_secret"] = settings.google.oauth_secret
    yield from ((key, name) for key, name in named.items() if name is not None)


def _name_problem(key: str, name: str) -> Iterator[str]:
    from confsync.adapters.secret_names import require_name

    try:
        require_name(name, service="secrets")
    except NotFound as error:
        yield f"{key}: {error}"


class Vendors:
    """The `Providers` port: the configured solutions; each provider is built when it is first asked for."""

    def __init__(self, settings: config.Settings, adapters: Uses) -> None:
        self._settings = settings
        self._adapters = adapters
        self._built: OrderedDict[tuple[str, str | None], ports.ConferenceProvider] = OrderedDict()
        self._lock = RLock()

    def solution(self, solution_id: str) -> Solution:
        return self._configured(solution_id).solution(solution_id)

    def offered(self) -> list[Solution]:
        return [self.solution(each) for each in self._settings.solutions]

    def provider(self, solution_id: str, settings: str | None = None) -> ports.ConferenceProvider:
        key = solution_id, settings
        with self._lock:
            if key not in self._built:
                self._built[key] = self._build(solution_id, settings)
                if len(self._built) > MOST_BUILT:
                    self._built.popitem(last=False)
            return self._built[key]

    def _build(self, solution_id: str, settings: str | None) -> ports.ConferenceProvider:
        from confsync.providers import Outside, ProviderConfig, build

        each = self._configured(solution_id)
        deadline = timedelta(seconds=self._settings.limits.provider_deadline)
        reached = ProviderConfig(
            secret=each.secret, api=each.api, token_url=each.token_url, private=each.private, deadline=deadline
        )
        uses = self._adapters
        outside = Outside(secrets=uses.secrets, grants=LazyGrants(uses), clock=uses.clock)
        solution = each.solution(solution_id)
        return build(
            solution if settings is None else replace(solution, settings=json.loads(settings)), reached, outside
        )

    def _configured(self, solution_id: str) -> config.SolutionSettings:
        if solution_id not in self._settings.solutions:
            raise NotConfigured(f"solutions.{solution_id} is not in the configuration; it may have been removed")
        return self._settings.solutions[solution_id]


class LazyGrants:
    """The `Grants` port, built when somebody's own account is needed: few deployments have its keys."""

    def __init__(self, adapters: Uses) -> None:
        self._adapters = adapters

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        return self._adapters.grants.token(owner, vendor, refused=refused)


class Applications:
    """The `Logins` port: one application at each vendor that has a personal solution, by the first of these; and one at
    Google, if calendars are reached by people's own grants."""

    def __init__(self, settings: config.Settings, adapters: Uses) -> None:
        self._settings = settings
        self._adapters = adapters

    @lazy
    def _clients(self) -> dict[str, LoginClient]:
        from confsync.providers import login

        clients: dict[str, LoginClient] = {}
        if self._settings.google.credentials == "user":
            clients[GOOGLE] = self._google()
        for solution_id, each in self._settings.solutions.items():
            found = login(each.provider) if each.personal else None
            if found is not None and each.provider not in clients:
                clients[each.provider] = self._vendor(solution_id, each, found)
        return clients

    def _google(self) -> LoginClient:
        from confsync.adapters.google_login import LOGIN

        google = self._settings.google
        login = replace(LOGIN, token_url=google.oauth_token_url)
        return self._client(GOOGLE, login, google.login, config.required("google.oauth_secret", google.oauth_secret))

    def _vendor(self, solution_id: str, solution: config.SolutionSettings, login: Login) -> LoginClient:
        secret = config.required(f"solutions.{solution_id}.secret", solution.secret)
        return self._client(solution.provider, login, solution.login, secret, private=solution.private)

    def _client(
        self, service: str, login: Login, told: config.Login, secret: str, *, private: bool = False
    ) -> LoginClient:
        from confsync.providers import credentials
        from confsync.transport.addresses import Reach
        from confsync.transport.login import ClientCredentials, LoginClient
        from confsync.transport.session import Session

        otherwise: dict[str, Any] = {name: address for name, address in told.addresses.items() if address is not None}
        if told.idle_days is not None:
            otherwise["idle"] = timedelta(days=told.idle_days)
        login = replace(login, **otherwise)
        return LoginClient(
            service=service,
            login=login,
            credentials=lambda: credentials(self._adapters.secrets, secret, ClientCredentials),
            clock=self._adapters.clock,
            session=Session(Reach.configured(login.token_url, login.account_url, login.revoke_url, private=private)),
            allowance=timedelta(seconds=self._settings.limits.provider_deadline),
        )

    def _of(self, vendor: str) -> LoginClient:
        if vendor not in self._clients:
            raise NotConfigured(f"no solution of {vendor} is `personal`: nobody can connect an account there")
        return self._clients[vendor]

    def vendors(self) -> dict[str, str]:
        return {name: self._name(name) for name in self._clients}

    @staticmethod
    def _name(name: str) -> str:
        if name == GOOGLE:
            from confsync.adapters.google_login import NAME

            return NAME
        from confsync.providers import vendor

        return vendor(name).name

    def scopes(self, vendor: str) -> tuple[str, ...]:
        return self._of(vendor).login.scopes

    def issuer(self, vendor: str) -> str | None:
        return self._of(vendor).login.issuer

    def start(self, vendor: str, *, state: str, challenge: str, redirect_uri: str, hint: str) -> str:
        return self._of(vendor).start(state=state, challenge=challenge, redirect_uri=redirect_uri, hint=hint)

    def finish(self, vendor: str, *, code: str, verifier: str, redirect_uri: str) -> Granted:
        return self._of(vendor).finish(code=code, verifier=verifier, redirect_uri=redirect_uri)

    def renew(self, vendor: str, refresh: str) -> Granted:
        return self._of(vendor).renew(refresh)

    def account(self, vendor: str, access: str) -> Account:
        return self._of(vendor).account(access)

    def revokes(self, vendor: str) -> bool:
        return self._of(vendor).login.revoke_url is not None

    def revoke(self, vendor: str, tokens: Tokens) -> None:
        self._of(vendor).revoke(tokens)
