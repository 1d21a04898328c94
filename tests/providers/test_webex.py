"""Webex: the contract against the simulator, and what is Webex's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from confsync.domain.entry_point import EntryPointType, Feature
from confsync.domain.errors import (
    Invalid,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
)
from confsync.domain.fitting import fit, notes
from confsync.ports import ConferenceProvider
from playground.vendors.webex import WebexService, create_app
from tests.contracts.provider import MARKER, SPEC
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

ADMINISTRATOR = "admin@example.com"


class WebexVendor(SimulatedVendor):
    provider_name = "webex"
    title = "title"
    path = "/v1"
    token_path = "/v1/access_token"
    api = "/v1/meetings"
    token = "/v1/access_token"
    deny: Mapping[str, Any] = {"status": 403, "body": {"message": "missing required scopes", "trackingId": "ROUTER_1"}}
    invalid: Mapping[str, Any] = {"status": 400, "body": {"message": "invalid items", "trackingId": "ROUTER_1"}}

    def secret(self) -> str:
        account = self.service.account
        refresh_token = self.service.consent(ADMINISTRATOR)
        told = {"client_id": account.client_id, "client_secret": account.client_secret}
        return json.dumps({**told, "refresh_token": refresh_token})

    def time_of(self, meeting: Mapping[str, Any]) -> tuple[datetime, timedelta]:
        start, end = (datetime.fromisoformat(meeting[name]) for name in ("start", "end"))
        return start.astimezone(UTC), end - start

    def occurrences(self) -> list[list[datetime]]:
        return [[each.start for each in series.occurrences()] for series in self.service._series.values()]


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = WebexService(lambda: NOW)
    service.configure(admin_per_host=10_000)
    yield from running(WebexVendor(service, create_app))


class TestWebexContract(SimulatedContract):
    @pytest.fixture
    def secrets(self, vendor: SimulatedVendor) -> frozenset[str]:
        return frozenset({vendor.service.account.client_secret})
