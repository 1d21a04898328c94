"""Where providers' calls go: what a vendor gives to people is not called, and a name that leads inside needs a word."""

import json
import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import confsync.providers
from confsync.adapters.system import SystemClock
from confsync.domain.errors import PermissionDenied, Temporary
from confsync.domain.solution import Solution
from confsync.ports import PersonalLinks, Visitor
from confsync.providers import PROVIDERS, ProviderConfig, build
from playground.custom_provider import CustomProvider
from playground.server import serve
from tests.contracts.provider import MARKER, SPEC
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets
from tests.providers.test_custom import SECRET
from tests.transport.wire import OK, listening

CALLED = [name for name in PROVIDERS if name not in {"jaas", "jitsi"}]
"""Those that are asked anything at all."""


class Luring(CustomProvider):
    """A server whose meetings are joined at another address."""

    where = ""

    def _shown(self, name: str) -> dict[str, Any]:
        points = [{"entryPointType": kind, "uri": f"{self.where}/{kind}"} for kind in ("video", "more")]
        return {**super()._shown(name), "entryPoints": points}


def test_an_address_that_a_vendor_gives_to_people_is_not_called() -> None:
    """It may lead anywhere: into our network, or to the metadata server."""
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    service = Luring(SECRET)
    server = serve(service, name="custom")
    with listening(answer, received) as service.where:
        config = ProviderConfig(deadline=timedelta(seconds=2), secret="custom", api=server.url)
        told = Solution(id="own", name="Own", provider="custom", icon_uri=f"{service.where}/icon.png")
        provider = build(told, config, outside(FakeSecrets({"custom": SECRET}), clock=SystemClock()))
        made = provider.create(SPEC, MARKER)
        assert provider.find(MARKER, SPEC) == [provider.get(made.reference)]
        provider.update(made.reference, SPEC, frozenset({"title"}), MARKER)
        provider.delete(made.reference)
    server.stop()
    assert made.details.video_uri == f"{service.where}/video"
    assert received == []


OPENS = re.compile(
    r"\bSession\(|^(?:import|from) (?:requests(?!\.auth)|urllib3|urllib\.request|http\.client|socket)\b", re.MULTILINE
)


def test_no_provider_opens_connections_of_its_own() -> None:
    """They would go where nobody checks: `ProviderConfig.session()` is the way."""
    modules = Path(confsync.providers.__file__).parent.rglob("*.py")
    assert [each.name for each in modules if OPENS.search(each.read_text(encoding="utf-8"))] == ["__init__.py"]


class AnySecret(FakeSecrets):
    """A key, or an application's credentials with every field that any vendor's has."""

    def get(self, name: str) -> str:
        if name in {"bigbluebutton", "daily", "whereby", "custom"}:
            return SECRET
        fields = ("account_id", "client_id", "client_secret", "tenant_id", "refresh_token", "jwt")
        return json.dumps(dict.fromkeys((*fields, "personal_access_token"), "11111111-2222-3333-4444-555555555555"))


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("name", CALLED)
def test_a_configured_name_that_leads_inside_needs_a_word(
    name: str, private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []

    def noted(_: socket.socket, address: Any) -> None:
        called.append(address)
        raise ConnectionRefusedError

    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [inside])
    monkeypatch.setattr(socket.socket, "connect", noted)
    config = ProviderConfig(
        deadline=timedelta(seconds=2),
        secret=name,
        api="https://rooms.example/api",
        token_url="https://rooms.example/token",
        private=private,
    )
    provider = build(Solution(id="own", name="Own", provider=name), config, outside(AnySecret()))
    with pytest.raises(Temporary if private else PermissionDenied) as caught:
        joined(provider)
    assert ("out of reach" in str(caught.value)) is not private
    assert called == ([("10.1.2.3", 443)] if private else [])


def joined(provider: Any) -> None:
    """A meeting is made, by those who make none before by somebody who comes."""
    made = provider.create(SPEC, MARKER)
    cast("PersonalLinks", provider).join(made.reference, SPEC, Visitor(name="Ann"))
