"""What is wrong with the configured solutions, told without the network: by each vendor's own module."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from confsync import config
from confsync.config import SolutionSettings
from confsync.providers import PROVIDERS
from confsync.vendors import problems

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config" / "example.toml"
SETTINGS = config.parse(EXAMPLE.read_text(encoding="utf-8"))


def told(
    *, join: str | None = "https://join.example.com/join", connect: str | None = None, **solution: Any
) -> list[str]:
    """The problems of a configuration with this solution alone."""
    each = SolutionSettings(**{"name": "Ours", "secret": "confsync-ours", **solution})
    sections = {"join": config.Join(url=join), "connect": config.Connect(url=connect)}
    return list(problems(msgspec.structs.replace(SETTINGS, solutions={"ours": each}, **sections)))


def test_the_example_is_without_any() -> None:
    assert list(problems(SETTINGS)) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_can_be_asked_without_the_network(provider: str) -> None:
    assert told(provider=provider, api="https://server.example.com/") == []
    assert told(provider=provider, api="https://server.example.com/", settings={"nonsense": 1}) == [
        "solutions.ours.settings: Object contains unknown field `nonsense`"
    ]
    assert told(provider=provider, api="https://server.example.com/", secret=None) == [
        "solutions.ours.secret is missing"
    ]


@pytest.mark.parametrize("provider", ["bigbluebutton", "custom", "jitsi"])
def test_a_server_of_ones_own_has_an_address(provider: str) -> None:
    assert told(provider=provider) == ["solutions.ours.api is missing"]


def test_a_provider_that_there_is_not_is_named() -> None:
    (problem,) = told(provider="zoomm")
    assert problem.startswith("solutions.ours.provider: no provider 'zoomm', there are bigbluebutton, ")


def test_a_secrets_name_is_one_that_secret_manager_takes() -> None:
    said = "'bad name!' is not a secret's name: letters, digits, - and _"
    assert told(provider="zoom", secret="bad name!") == [f"solutions.ours.secret: {said}"]
    google = msgspec.structs.replace(SETTINGS.google, oauth_secret="bad name!")
    assert list(problems(msgspec.structs.replace(SETTINGS, google=google))) == [f"google.oauth_secret: {said}"]


@pytest.mark.parametrize(
    ("provider", "settings"), [("bigbluebutton", {}), ("jaas", {}), ("jitsi", {"app_id": "ours"})], ids=str
)
def test_links_of_peoples_own_need_an_address_that_leads_to_them(provider: str, settings: dict[str, Any]) -> None:
    (problem,) = told(provider=provider, api="https://server.example.com/", settings=settings, join=None)
    assert problem.startswith("join.url is missing: people join solutions.ours ")


def test_accounts_of_peoples_own_need_a_client_and_a_page_to_connect_them() -> None:
    lacking = told(provider="zoom", personal=True, secret=None)
    assert [each.partition(":")[0] for each in lacking] == [
        "solutions.ours.secret is missing",
        "connect.url is missing",
    ]
    assert told(provider="zoom", personal=True, connect="https://connect.example.com/connect") == []
