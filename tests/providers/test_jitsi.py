"""Jitsi: the contract, rooms, and tokens that an installation (its simulator) takes or refuses."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt
import pytest

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPointType, Feature
from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider, PersonalLinks, Visitor
from confsync.providers import ProviderConfig, build
from playground.vendors.jitsi import Account
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, ProviderContract, assert_no_secret
from tests.contracts.room_tokens import ANN, BOB, Installation, RoomTokenContract
from tests.fakes.clock import FakeClock
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

KEY = "a room key of at least thirty-two characters"
ACCOUNT = Account()
KEYS = json.dumps({"room_key": KEY, "app_secret": ACCOUNT.app_secret})
WITH_TOKENS: dict[str, Any] = {"app_id": ACCOUNT.app_id}


def jitsi(
    *,
    settings: dict[str, Any] | None = None,
    key: str = KEY,
    api: str | None = "https://meet.example.com/",
    clock: FakeClock | None = None,
) -> ConferenceProvider:
    solution = Solution(id="jitsi", name="Jitsi", provider="jitsi", settings=settings or {})
    config = ProviderConfig(secret="jitsi-key", api=api, deadline=timedelta(seconds=1))
    return build(solution, config, outside(FakeSecrets({"jitsi-key": key}), clock=clock))


class TestJitsiContract(ProviderContract):
    @pytest.fixture
    def provider(self) -> ConferenceProvider:
        return jitsi()

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({KEY})


class TestJitsiContractWithTokens(ProviderContract):
    @pytest.fixture
    def provider(self) -> ConferenceProvider:
        return jitsi(settings=WITH_TOKENS, key=KEYS)

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({KEY, ACCOUNT.app_secret})


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
        ({"app_id": ""}, "app_id"),
        ({"audience": ["jitsi"]}, "audience"),
        ({"domain": None}, "domain"),
        ({"app_secret": "x"}, "app_secret"),
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


# --- an installation that asks for tokens ----------------------------------------------------------------------------


class World(Installation):
    """One that asks for tokens."""

    def provider(self, *, key: str = KEYS, **settings: Any) -> ConferenceProvider:
        return jitsi(settings={**WITH_TOKENS, **settings}, key=key, api=self.server.url, clock=self.clock)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.server.stop()


def test_only_an_installation_that_asks_for_tokens_needs_our_own_address() -> None:
    assert not jitsi().capabilities.join_redirect
    assert jitsi(settings=WITH_TOKENS, key=KEYS).capabilities.join_redirect


def test_tokens_change_no_rooms_and_an_invitation_has_none(world: World) -> None:
    provider = world.provider()
    made = provider.create(SPEC, MARKER)
    assert made.reference == jitsi().create(SPEC, MARKER).reference
    world.link()  # that somebody has a token does not let others in
    assert made.details.video_uri == f"{world.server.url}/{made.reference.ids['room']}"
    assert world.opens(made.details.video_uri) == "token required"


@pytest.mark.parametrize("moderators", ["claim", "token"])
@pytest.mark.parametrize("prefix", ["", "Team"])
def test_who_comes_in_as_what(world: World, moderators: str, prefix: str) -> None:
    """Some installations make everybody with a token a moderator."""
    world.service.configure(moderators=moderators)
    expected = ["moderator", "guest" if moderators == "claim" else "moderator"]
    assert [world.opens(world.link(visitor, prefix=prefix)) for visitor in (ANN, BOB)] == expected
    assert [(each["name"], each["email"]) for each in world.service.joins()] == [("Ann", ANN.email), ("Bob", "")]
    assert len(world.service.meetings()) == 1


def test_the_link_keeps_its_configuration(world: World) -> None:
    link = world.link(config={"startWithAudioMuted": True})
    address, _, fragment = link.partition("#")
    assert (address.count("?jwt="), fragment) == (1, "config.startWithAudioMuted=true")
    assert world.opens(link) == "moderator"


class TestJitsiTokens(RoomTokenContract):
    @pytest.fixture
    def world(self, world: World) -> World:
        return world


def test_a_token_says_what_jitsi_asks_for_and_no_more(world: World) -> None:
    token = world.link(Visitor()).rpartition("jwt=")[2]
    options: Any = {"verify_exp": False, "verify_aud": False}
    now = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp())
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.decode(token, ACCOUNT.app_secret, algorithms=["HS256"], options=options) == {
        "iss": ACCOUNT.app_id,
        "aud": "jitsi",
        "sub": "*",
        "room": jitsi().create(SPEC, MARKER).reference.ids["room"],
        "nbf": now - 30,
        "exp": now + 4 * 3600,
        "context": {"user": {"moderator": "false"}},
    }


@pytest.mark.parametrize(
    ("settings", "account", "as_what"),
    [
        ({"audience": "ours", "domain": "meet.example.com"}, {"audiences": ("ours",)}, "moderator"),
        ({"audience": "ours"}, {}, "invalid 'aud' claim"),
        ({"domain": "another.example.com"}, {}, "invalid 'sub' claim"),
        ({"app_id": "another"}, {}, "invalid 'iss' claim"),
        ({"app_id": "another"}, {"issuers": ("another",)}, "moderator"),
        ({}, {"app_secret": "another-app-secret-of-at-least-32-bytes"}, "Signature verification failed"),
        ({}, {"algorithm": "RS256"}, "Invalid or incorrect alg"),
        ({}, {"plugin": False}, "moderator"),  # tokens are not looked at: the first one is the moderator
    ],
    ids=str,
)
def test_an_installation_takes_the_tokens_that_it_expects(
    world: World, settings: dict[str, Any], account: dict[str, Any], as_what: str
) -> None:
    world.service.configure(**account)
    assert world.opens(world.link(**settings)) == as_what


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"app_secret": "short"}, r"jitsi-key\.app_secret"),
        ({"room_key": "short"}, r"jitsi-key\.room_key"),
        ({"app_secret": None}, "jitsi-key.*app_secret"),
        ({"room_key": 7}, "jitsi-key.*room_key"),
        (None, "jitsi-key is not a JSON object"),
    ],
    ids=str,
)
def test_a_secret_that_is_none_is_told_when_the_event_is_made(changes: dict[str, Any] | None, key: str) -> None:
    """Not only to those who join; and what is in it is not told."""
    secret = KEY if changes is None else json.dumps({**json.loads(KEYS), **changes})
    provider = jitsi(settings=WITH_TOKENS, key=secret)
    made = jitsi().create(SPEC, MARKER).reference
    for call in (provider.create, lambda spec, _: cast("PersonalLinks", provider).join(made, spec, ANN)):
        with pytest.raises(NotConfigured, match=key) as caught:
            call(SPEC, MARKER)
        error = caught.value
        assert_no_secret(frozenset({KEY, ACCOUNT.app_secret}), error, error.__cause__, error.__context__, provider)


def test_a_secret_for_tokens_needs_their_issuer() -> None:
    """Without it everybody would be sent to rooms that let nobody in."""
    provider = jitsi(key=KEYS)
    for call in (provider.create, lambda spec, marker: provider.find(marker, spec)):
        with pytest.raises(
            NotConfigured, match=r"jitsi-key has an app_secret.*solutions\.jitsi\.settings\.app_id"
        ) as caught:
            call(SPEC, MARKER)
        assert_no_secret(frozenset({KEY, ACCOUNT.app_secret}), caught.value)


@pytest.mark.parametrize("key", ["1" * 32, '["app_secret", "room_key", "and more"]', '{"key": "%s"}' % ("k" * 32)])
def test_a_key_may_look_like_json(key: str) -> None:
    assert jitsi(key=key).create(SPEC, MARKER).reference.ids["room"]


def test_a_new_secret_leaves_existing_rooms_as_they_are(world: World) -> None:
    made = world.provider().create(SPEC, MARKER)
    app_secret = "another-app-secret-of-at-least-32-bytes"
    world.service.configure(app_secret=app_secret)
    provider = world.provider(key=json.dumps({"room_key": KEY[::-1], "app_secret": app_secret}))
    assert provider.get(made.reference) == made
    assert world.opens(cast("PersonalLinks", provider).join(made.reference, SPEC, ANN)) == "moderator"
    assert world.service.joins()[0]["room"] == made.reference.ids["room"]


def test_another_providers_reference_has_no_link(world: World) -> None:
    with pytest.raises(NotFound, match="not a reference"):
        cast("PersonalLinks", world.provider()).join(Reference(ids={"id": "123"}), SPEC, ANN)
