"""The way to a vendor's JSON API: by the organisation's own credentials, or as the person who hosts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import msgspec

from confsync.domain.errors import Invalid, PermissionDenied
from confsync.domain.solution import Solution
from confsync.providers import ApiKey, Outside, ProviderConfig, credentials, required
from confsync.transport.errors import Refusal
from confsync.transport.json_api import JsonApi
from confsync.transport.messages import Reply
from confsync.transport.oauth import Client, GrantTokens, Token, TokenCache, fetch_token
from confsync.transport.session import Deadline

S = TypeVar("S", bound=msgspec.Struct)

SLOW = timedelta(seconds=10)
"""So long after we stopped waiting a vendor may still be making a meeting, where a second create makes a second one."""


class Access:
    """One solution's way to its vendor.

    `service` is the provider's name; `token` fetches an access token for the organisation's application (None: the
    solution's secret is an API key, and every request's token); `base` says where the API is, if an access token tells.
    """

    def __init__(
        self,
        service: str,
        solution: Solution,
        config: ProviderConfig,
        outside: Outside,
        *,
        api: str,
        refusal: Callable[[Reply], Refusal],
        token: Callable[["Access", Deadline], Token] | None = None,
        base: Callable[[Token], str | None] = lambda _: None,
        scheme: str = "Bearer",
    ) -> None:
        self.service = service
        self.personal = solution.personal
        self.secret = "" if solution.personal else required(solution, "secret", config.secret)
        self.session = config.session()
        self.config = config
        self.outside = outside
        fetch = token
        self._organisation = JsonApi(
            service=service,
            session=self.session,
            tokens=TokenCache(lambda deadline: fetch(self, deadline), outside.clock)
            if fetch
            else ApiKey(outside, self.secret),
            clock=outside.clock,
            base=lambda found: (config.api or base(found) or api).rstrip("/"),
            refusal=refusal,
            scheme=scheme,
        )

    def deadline(self) -> Deadline:
        """By when one call of the port has to be over."""
        return Deadline(self.config.deadline)

    def of(self, host: str) -> JsonApi:
        """The API, for meetings of that host: with their own account, if the solution is personal."""
        if not self.personal:
            return self._organisation
        own = GrantTokens(self.outside.grants, host, self.service, self.outside.clock)
        return replace(self._organisation, tokens=own)

    def remove(
        self,
        action: str,
        path: str,
        host: str,
        query: Mapping[str, str] | None = None,
        *,
        deadline: Deadline | None = None,
    ) -> None:
        """DELETE it. A refusal is never `Invalid`: as long as it may exist, something has to become of it.

        `deadline`: of the port's call, if that asked for something before.
        """
        try:
            self.of(host).send(action, "DELETE", path, deadline=deadline or self.deadline(), query=query)
        except Invalid as error:
            raise PermissionDenied(str(error), service=error.service, status=error.status) from error

    def credentials(self, kind: type[S]) -> S:
        """The solution's secret, a JSON object. Raises `NotConfigured`, which names what is missing."""
        return credentials(self.outside.secrets, self.secret, kind)

    def token(self, url: str, client: Client, deadline: Deadline) -> Token:
        """A fresh token of that client, from the configured token endpoint or that of `url`."""
        return fetch_token(
            self.session,
            self.outside.clock,
            service=self.service,
            url=self.config.token_url or url,
            client=client,
            deadline=deadline,
        )
