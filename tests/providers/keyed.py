"""A simulated vendor that knows one API key behind the provider contract: there is no token endpoint."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask

from confsync.adapters.system import SystemClock
from confsync.domain.errors import NotConfigured, ReauthorizationRequired
from confsync.domain.solution import Solution
from confsync.ports import Clock, ConferenceProvider
from confsync.providers import ProviderConfig, build
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC
from tests.fakes.clock import FakeClock
from tests.fakes.grants import FakeGrants
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor

ANOTHER_KEY = "another-key-of-the-same-account-00000000000000000000"


class KeyedVendor(SimulatedVendor):
    """Its solution's secret is the key, as it is; `secrets` is where the provider reads it."""

    path = "/v1"
    token_path = ""
    token = "^there is no token endpoint$"
    credentials: ClassVar[tuple[str, ...]] = ("api_key",)

    def __init__(self, service: Any, create_app: Callable[[Any], Flask]) -> None:
        super().__init__(service, create_app)
        self.clock = FakeClock(NOW)
        self.service.clock = self.clock.now
        self.secrets = FakeSecrets({self.provider_name: service.account.api_key})

    def secret(self) -> str:
        return str(self.service.account.api_key)

    def provider(
        self,
        *,
        url: str = "",
        personal: bool = False,
        grants: FakeGrants | None = None,
        secret: str | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> ConferenceProvider:
        """By the simulator's clock, unless told otherwise."""
        name = self.provider_name
        config = ProviderConfig(deadline=timedelta(seconds=2), secret=name, api=f"{url or self.url}{self.path}")
        solution = Solution(id=name, name="Our meeting", provider=name, settings=settings, personal=personal)
        secrets = self.secrets if secret is None else FakeSecrets({name: secret})
        return build(solution, config, outside(secrets, clock=clock or self.clock, grants=grants))

    def refuse_credentials(self) -> None:
        self.service.configure(api_key=ANOTHER_KEY)


class KeyedContract(SimulatedContract):
    """The contract without what is about tokens."""

    @pytest.fixture
    def provider(self, vendor: KeyedVendor) -> ConferenceProvider:
        """By the system's clock, as the contract's limits are."""
        return vendor.provider(clock=SystemClock())

    def test_no_token_is_temporary(self, provider: ConferenceProvider, vendor: Any) -> None:
        """A key is not fetched: without one nothing is sent, and the secret is named."""
        for secrets in ({}, {"other": "x"}):
            vendor.secrets._secrets = secrets
            with pytest.raises(NotConfigured, match=vendor.provider_name):
                provider.create(SPEC, MARKER)
        assert vendor.faults.requests() == []

    def test_a_token_that_ended_early_is_replaced_unseen(self, provider: ConferenceProvider, vendor: Any) -> None:
        """A key that was revoked is replaced by a person, in the secret, and used from then on."""
        provider.create(SPEC, MARKER)
        vendor.revoke_tokens()
        with pytest.raises(ReauthorizationRequired):
            provider.create(SPEC, OTHER_MARKER)
        vendor.service.configure(api_key=ANOTHER_KEY)
        vendor.secrets.put(vendor.provider_name, ANOTHER_KEY)
        provider.create(SPEC, OTHER_MARKER)
        assert len(vendor.titles()) == 2
