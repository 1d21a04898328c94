"""A vendor's simulator on loopback behind the provider contract: what is the same for every vendor."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask

from confsync.adapters.system import SystemClock
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider
from confsync.providers import ProviderConfig, build
from playground.faults import Faults
from playground.server import serve
from tests.contracts.provider import RemoteProviderContract
from tests.fakes.grants import FakeGrants
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

NOW = datetime(2027, 2, 20, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


class SimulatedVendor:
    """The vendor as its maker sees it (`tests.contracts.provider.Vendor`), and the provider that talks to it."""

    provider_name: ClassVar[str]
    title: ClassVar[str]
    """Under which name its meetings have their title."""
    path: ClassVar[str] = ""
    """What stands between the server's address and the API's paths."""
    token_path: ClassVar[str]
    api: str
    token: str
    deny: Mapping[str, Any]
    invalid: Mapping[str, Any]
    credentials: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "refresh_token")
    """The account's fields that are in the secret, a JSON object."""

    def __init__(self, service: Any, create_app: Callable[[Any], Flask]) -> None:
        self.service = service
        self.server = serve(create_app(service), name=self.provider_name)
        self.url = self.server.url
        self.faults = Faults(self.url)

    def secret(self) -> str:
        """The solution's secret."""
        return json.dumps({name: getattr(self.service.account, name) for name in self.credentials})

    def provider(
        self,
        *,
        url: str = "",
        personal: bool = False,
        grants: FakeGrants | None = None,
        secret: str | None = None,
        **settings: Any,
    ) -> ConferenceProvider:
        """The provider of a solution with these settings."""
        base, name = url or self.url, self.provider_name
        config = ProviderConfig(
            deadline=timedelta(seconds=2),
            secret=name,
            api=f"{base}{self.path}",
            token_url=f"{base}{self.token_path}",
        )
        solution = Solution(id=name, name="Our meeting", provider=name, settings=settings, personal=personal)
        secrets = FakeSecrets({name: self.secret() if secret is None else secret})
        return build(solution, config, outside(secrets, clock=SystemClock(), grants=grants))

    @property
    def meeting(self) -> dict[str, Any]:
        """The only one."""
        (only,) = self.service.meetings()
        return dict(only)

    def titles(self) -> list[str]:
        return [meeting[self.title] for meeting in self.service.meetings()]

    def times(self) -> list[tuple[datetime, timedelta] | None]:
        return [self.time_of(meeting) for meeting in self.service.meetings()]

    def time_of(self, meeting: Mapping[str, Any]) -> tuple[datetime, timedelta] | None:
        """Start and length of a meeting."""
        raise NotImplementedError

    def occurrences(self) -> list[list[datetime]]:
        return [[] for _ in self.service.meetings()]

    def revoke_tokens(self) -> None:
        self.service.revoke_tokens()

    def refuse_credentials(self) -> None:
        self.service.configure(client_secret="another")

    def hidden(self) -> frozenset[str]:
        return frozenset(self.service.hidden())


def running(vendor: SimulatedVendor) -> Iterator[SimulatedVendor]:
    """For a fixture: the vendor, until the test is over. Nobody was written to."""
    yield vendor
    assert vendor.service.mails() == []
    vendor.server.stop()


class SimulatedContract(RemoteProviderContract):
    """The contract with a `vendor` fixture that is a `SimulatedVendor`."""

    @pytest.fixture
    def provider(self, vendor: SimulatedVendor) -> ConferenceProvider:
        return vendor.provider()

    @pytest.fixture
    def vendor(self, vendor: SimulatedVendor) -> SimulatedVendor:
        return vendor

    @pytest.fixture
    def unreachable(self, vendor: SimulatedVendor) -> ConferenceProvider:
        return vendor.provider(url=NOWHERE)

    @pytest.fixture
    def secrets(self, vendor: SimulatedVendor) -> frozenset[str]:
        account = vendor.service.account
        return frozenset(getattr(account, name) for name in vendor.credentials if name != "client_id")
