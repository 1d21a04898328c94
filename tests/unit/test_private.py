"""A solution whose server is in a private network: what has to be configured for it, and that it is enough."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from confsync import bootstrap, config
from confsync.domain.errors import NotConfigured, PermissionDenied, Temporary
from tests.contracts.provider import MARKER, SPEC
from tests.unit.test_config import with_lines

INSIDE = "rooms.example.internal"


@pytest.mark.parametrize("key", ["api", "token_url", "login_url"])
@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://10.0.0.5", "http://rooms.example", "http://127.0.0.2", "http://2130706433"]
)
def test_without_tls_only_this_machine_itself_by_its_address(key: str, url: str) -> None:
    for lines in ([f'{key} = "{url}"'], [f'{key} = "{url}"', "private = true"]):
        with pytest.raises(NotConfigured, match=f"`{key}`"):
            config.parse(with_lines("solutions.zoom", *lines))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080", "https://10.0.0.5", "https://localhost"])
def test_what_is_accepted_there(url: str) -> None:
    """Whether calls may go there is found when they do: a name tells nothing of where it leads."""
    assert config.parse(with_lines("solutions.zoom", f'api = "{url}"')).solutions["zoom"].api == url


class Secrets:
    """Every secret there is."""

    def get(self, name: str) -> str:
        fields = ("account_id", "client_id", "client_secret")
        return json.dumps(dict.fromkeys(fields, "11111111-2222-3333-4444-555555555555"))


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were made to, in a network in which every name leads inside."""
    addresses: list[Any] = []

    def noted(_: socket.socket, address: Any) -> None:
        addresses.append(address)
        raise ConnectionRefusedError

    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [inside])
    monkeypatch.setattr(socket.socket, "connect", noted)
    return addresses


@pytest.mark.parametrize("private", [False, True])
def test_calls_and_consents_go_inside_only_if_the_solution_says_so(
    private: bool, called: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.Adapters, "secrets", Secrets())
    urls = [f'{key} = "https://{INSIDE}/{key}"' for key in ("api", "token_url")]
    word = f"private = {str(private).lower()}"
    own = [f'login.token_url = "https://{INSIDE}/token"', "personal = true"]
    solution, person = (with_lines("solutions.zoom", *lines, word) for lines in (urls, own))
    expected = Temporary if private else PermissionDenied
    with pytest.raises(expected):
        bootstrap.Adapters(config.parse(solution)).providers.provider("zoom").create(SPEC, MARKER)
    with pytest.raises(expected):
        bootstrap.Adapters(config.parse(person)).logins.renew("zoom", "refresh-token")
    assert called == ([("10.1.2.3", 443)] * 2 if private else [])


def test_the_example_says_it_of_nobody() -> None:
    example = Path(__file__).parents[2] / "deploy" / "config" / "example.toml"
    assert not any(each.private for each in config.parse(example.read_text()).solutions.values())
