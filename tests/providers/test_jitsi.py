"""Jitsi: the contract, and rooms."""

import re
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPointType, Feature
from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider
from confsync.providers import ProviderConfig, build
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, ProviderContract
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

KEY = "a room key of at least thirty-two characters"


def jitsi(
    *, settings: dict[str, Any] | None = None, key: str = KEY, api: str | None = "https://meet.example.com/"
) -> ConferenceProvider:
    solution = Solution(id="jitsi", name="Jitsi", provider="jitsi", settings=settings or {})
    config = ProviderConfig(secret="jitsi-key", api=api, deadline=timedelta(seconds=1))
    return build(solution, config, outside(FakeSecrets({"jitsi-key": key})))


class TestJitsiContract(ProviderContract):
    @pytest.fixture
    def provider(self) -> ConferenceProvider:
        return jitsi()

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({KEY})


def test_a_room_is_unguessable_and_safe_in_any_address() -> None:
    room = jitsi().create(SPEC, MARKER).reference.ids["room"]
    assert re.fullmatch(r"[a-z2-7]{32}", room)  # 160 bits


def test_creating_again_gives_the_same_room_and_another_key_another() -> None:
    room = jitsi().create(SPEC, MARKER)
    assert jitsi().create(SPEC, MARKER) == room
    assert jitsi().create(SPEC, OTHER_MARKER) != room
    assert jitsi(key=KEY[::-1]).create(SPEC, MARKER) != room


def test_a_new_key_leaves_existing_conferences_as_they_are() -> None:
    made = jitsi().create(SPEC, MARKER)
    assert jitsi(key=KEY[::-1]).get(made.reference) == made


def test_the_link_has_prefix_and_configuration() -> None:
    provider = jitsi(settings={"prefix": "Team", "config": {"startWithAudioMuted": True, "subject": "a & b"}})
    conference = provider.create(SPEC, MARKER)
    room = conference.reference.ids["room"]
    assert room.startswith("Team-")
    assert conference.details.video_uri == (
        f"https://meet.example.com/{room}#config.startWithAudioMuted=true&config.subject=%22a%20%26%20b%22"
    )
    assert conference.details.entry_points[0].label == f"meet.example.com/{room}"


def test_dial_in_numbers_become_phone_entry_points() -> None:
    german_number = {"number": "+49 69 12345678", "pin": "4711", "country": "DE", "cost": "toll"}
    numbers = [german_number, {"number": "+18005550123"}]
    _, german, other = jitsi(settings={"dial_in": numbers}).create(SPEC, MARKER).details.entry_points
    assert german.type is EntryPointType.PHONE
    assert (german.uri, german.label, german.pin) == ("tel:+496912345678,,4711#", "+49 69 12345678", "4711")
    assert (german.region_code, german.features) == ("DE", (Feature.TOLL,))
    assert (other.uri, other.pin) == ("tel:+18005550123", None)


def test_an_extension_is_dialled_and_shown() -> None:
    number = {"number": "+1 613 555 1212 ext. 27777", "pin": "4711"}
    _, phone = jitsi(settings={"dial_in": [number]}).create(SPEC, MARKER).details.entry_points
    assert (phone.uri, phone.label) == ("tel:+16135551212,,27777,,4711#", "+1 613-555-1212 ext. 27777")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"prefx": "a"}, "prefx"),
        ({"prefix": "a b"}, "prefix"),
        ({"config": {"a=b": True}}, "config"),
        ({"config": {"a": []}}, "config"),
        ({"dial_in": [{"number": "none"}]}, r"solutions\.jitsi.*dial_in"),
        ({"dial_in": [{"number": "069 12345678"}]}, r"solutions\.jitsi.*dial_in"),
        ({"dial_in": [{"number": "+18005550123", "pin": "abc"}]}, "pin"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(NotConfigured, match=key):
        jitsi(settings=settings)


def test_missing_and_impossible_addresses_are_refused_at_once() -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.jitsi\.api"):
        jitsi(api=None)
    with pytest.raises(NotConfigured, match=r"solutions\.jitsi"):
        jitsi(api="meet.example.com")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(NotConfigured, match="jitsi-key"):
        jitsi(key="short").create(SPEC, MARKER)


def test_a_missing_secret_is_named() -> None:
    solution = Solution(id="jitsi", name="Jitsi", provider="jitsi")
    config = ProviderConfig(secret="forgotten", api="https://meet.example.com", deadline=timedelta(seconds=1))
    with pytest.raises(NotConfigured, match="forgotten"):
        build(solution, config, outside(FakeSecrets())).create(SPEC, MARKER)


def test_another_providers_reference_is_no_room() -> None:
    with pytest.raises(NotFound):
        jitsi().get(Reference(ids={"id": "123"}))
