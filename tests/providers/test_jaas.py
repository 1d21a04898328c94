"""JaaS: the contract, and tokens that 8x8 (its simulator) takes or refuses."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from confsync.domain.conference import Reference
from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider, PersonalLinks, Visitor
from confsync.providers import ProviderConfig, build
from playground.vendors.jitsi import Account
from tests.contracts.provider import MARKER, SPEC, ProviderContract, assert_no_secret
from tests.contracts.room_tokens import ANN, BOB, Installation, RoomTokenContract
from tests.fakes.clock import FakeClock
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

APP_ID = Account().jaas_app_id
PEM, PKCS8, NO_PASSWORD = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
PRIVATE = KEY.private_bytes(PEM, PKCS8, NO_PASSWORD).decode()
SECRET = {"app_id": APP_ID, "key_id": "4f4910", "private_key": PRIVATE}


def public(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def lines(pem: str) -> frozenset[str]:
    """What of a key must never be seen: any whole line of it."""
    return frozenset(line for line in pem.splitlines() if len(line) > 40)


def jaas(
    *,
    api: str | None = None,
    secret: Any = SECRET,
    clock: FakeClock | None = None,
    **settings: Any,
) -> ConferenceProvider:
    solution = Solution(id="jaas", name="JaaS", provider="jaas", settings=settings)
    config = ProviderConfig(secret="jaas-key", api=api, deadline=timedelta(seconds=1))
    text = secret if isinstance(secret, str) else json.dumps(secret)
    return build(solution, config, outside(FakeSecrets({"jaas-key": text}), clock=clock))


class World(Installation):
    """8x8's."""

    def __init__(self) -> None:
        super().__init__()
        self.service.configure(jaas_keys={"4f4910": public(KEY)})

    def provider(self, **how: Any) -> ConferenceProvider:
        return jaas(api=self.server.url, clock=self.clock, **how)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.server.stop()


class TestJaaSContract(ProviderContract):
    @pytest.fixture
    def provider(self) -> ConferenceProvider:
        return jaas()

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return lines(PRIVATE)


# --- the link in the invitation --------------------------------------------------------------------------------------


def test_an_invitation_has_the_rooms_address_and_no_token(world: World) -> None:
    (video,) = jaas().create(SPEC, MARKER).details.entry_points
    _, tenant, room = video.uri.removeprefix("https://").split("/")
    assert (tenant, video.label) == (APP_ID, f"8x8.vc/{room}")
    assert (len(room), room.isalnum()) == (32, True)
    world.link()  # that somebody has a token does not let others in
    bare = jaas(api=world.server.url).create(SPEC, MARKER).details.video_uri
    assert bare is not None
    assert "?" not in bare
    assert world.opens(bare) == "token required"


def test_another_key_gives_other_rooms_and_leaves_existing_ones_as_they_are(world: World) -> None:
    made = jaas(api=world.server.url).create(SPEC, MARKER)
    private = OTHER_KEY.private_bytes(PEM, PKCS8, NO_PASSWORD).decode()
    provider = jaas(api=world.server.url, clock=world.clock, secret={**SECRET, "key_id": "new", "private_key": private})
    assert provider.create(SPEC, MARKER).reference != made.reference
    assert provider.get(made.reference) == made
    link = cast("PersonalLinks", provider).join(made.reference, SPEC, ANN)
    assert world.opens(link) == "could not obtain public key"
    world.service.configure(jaas_keys={"new": public(OTHER_KEY)})
    assert world.opens(link) == "moderator"
    assert world.service.joins()[0]["room"] == made.reference.ids["room"]


# --- who comes in ----------------------------------------------------------------------------------------------------

FEATURES = ("recording", "livestreaming", "transcription", "outbound-call")


@pytest.mark.parametrize("settings", [{}, *({name: True} for name in FEATURES), dict.fromkeys(FEATURES, True)], ids=str)
def test_who_comes_in_as_what(world: World, settings: dict[str, bool]) -> None:
    """Only moderators have the features."""
    assert [world.opens(world.link(visitor, **settings)) for visitor in (ANN, BOB)] == ["moderator", "guest"]
    ann, bob = world.service.joins()
    assert (ann["name"], ann["email"], set(ann["features"])) == ("Ann", "ann@example.com", set(settings))
    assert (bob["name"], bob["email"], bob["features"]) == ("Bob", "", [])
    (room,) = world.service.meetings()
    assert (room["tenant"], len(room["people"])) == (APP_ID, 2)


class TestJaaSTokens(RoomTokenContract):
    @pytest.fixture
    def world(self, world: World) -> World:
        return world


def test_a_token_says_what_8x8_asks_for_and_no_more(world: World) -> None:
    token = world.link(Visitor()).rpartition("jwt=")[2]
    claims = jwt.decode(token, public(KEY), algorithms=["RS256"], options={"verify_exp": False, "verify_aud": False})
    now = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp())
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": f"{APP_ID}/4f4910", "typ": "JWT"}
    assert claims == {
        "aud": "jitsi",
        "iss": "chat",
        "sub": APP_ID,
        "room": jaas().create(SPEC, MARKER).reference.ids["room"],
        "nbf": now - 30,
        "exp": now + 4 * 3600,
        "context": {"user": {"moderator": "false"}, "features": dict.fromkeys(FEATURES, "false")},
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key_id": "other"}, "could not obtain public key"),
        ({"private_key": OTHER_KEY.private_bytes(PEM, PKCS8, NO_PASSWORD).decode()}, "Signature verification failed"),
        ({"app_id": "vpaas-magic-cookie-another"}, "there is no such AppID"),
    ],
    ids=["key id", "private key", "app id"],
)
def test_8x8_refuses_what_is_signed_otherwise(world: World, changes: dict[str, str], why: str) -> None:
    assert world.opens(world.link(secret={**SECRET, **changes})) == why


# --- the secret ------------------------------------------------------------------------------------------------------

TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL


@pytest.mark.parametrize(
    "private",
    [
        KEY.private_bytes(PEM, TRADITIONAL, NO_PASSWORD).decode(),
        PRIVATE.replace("\n", "\r\n"),
        f"\n{PRIVATE}\n",
        PRIVATE.strip(),
    ],
    ids=["traditional", "Windows", "blank lines", "no last line break"],
)
def test_forms_of_a_private_key(world: World, private: str) -> None:
    assert world.opens(world.link(secret={**SECRET, "private_key": private})) == "moderator"


BAD_KEYS = {
    "empty": "",
    "text": "a private key of more than thirty-two characters",
    "half": PRIVATE[: len(PRIVATE) // 2],
    "escaped line breaks": PRIVATE.replace("\n", "\\n"),
    "public": public(KEY),
    "SSH's public": KEY.public_key()
    .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    .decode(),
    "SSH's": KEY.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, NO_PASSWORD).decode(),
    "encrypted": KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"password")).decode(),
    "of a curve": ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, NO_PASSWORD).decode(),
}
BAD_SECRETS: dict[str, tuple[Any, str]] = {
    **{name: ({**SECRET, "private_key": key}, "private_key") for name, key in BAD_KEYS.items()},
    "the whole key's name": ({**SECRET, "key_id": f"{APP_ID}/4f4910"}, "key_id"),
    "a line break": ({**SECRET, "key_id": "4f4910\n"}, "key_id"),
    "no key id": ({**SECRET, "key_id": ""}, "key_id"),
    "a number": ({**SECRET, "key_id": 4910}, "key_id"),
    "another product's": ({**SECRET, "app_id": "my-application"}, "app_id"),
    "the app id's beginning": ({**SECRET, "app_id": "vpaas-magic-cookie-"}, "app_id"),
    "an address": ({**SECRET, "app_id": f"https://8x8.vc/{APP_ID}"}, "app_id"),
    **{f"without {name}": ({n: v for n, v in SECRET.items() if n != name}, name) for name in SECRET},
    "the key alone": (PRIVATE, "JSON object"),
    "a list": ([PRIVATE], "object"),
}


@pytest.mark.parametrize(("secret", "key"), BAD_SECRETS.values(), ids=BAD_SECRETS)
def test_a_secret_that_is_none_is_told_when_the_event_is_made(secret: Any, key: str) -> None:
    """Not only to those who join; and what is in it is not told."""
    provider = jaas(secret=secret)
    made = jaas().create(SPEC, MARKER).reference
    hidden = lines(PRIVATE) | {line for pem in BAD_KEYS.values() for line in lines(pem)}
    for call in (provider.create, lambda spec, _: cast("PersonalLinks", provider).join(made, spec, ANN)):
        with pytest.raises(NotConfigured, match=f"jaas-key.*{key}") as caught:
            call(SPEC, MARKER)
        assert_no_secret(hidden, caught.value, caught.value.__cause__, caught.value.__context__, provider)


def test_an_existing_room_is_known_without_the_secret() -> None:
    made = jaas().create(SPEC, MARKER)
    assert jaas(secret="{}").get(made.reference) == made


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"recrding": True}, "recrding"),
        ({"outbound_call": True}, "outbound_call"),
        ({"moderator": True}, "moderator"),
        ({"recording": "true"}, "recording"),
        ({"livestreaming": 1}, "livestreaming"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.jaas\.settings.*{key}"):
        jaas(**settings)


@pytest.mark.parametrize(("personal", "secret", "key"), [(True, "jaas-key", "personal"), (False, None, "secret")])
def test_what_is_missing_is_named(personal: bool, secret: str | None, key: str) -> None:
    solution = Solution(id="jaas", name="JaaS", provider="jaas", personal=personal)
    with pytest.raises(NotConfigured, match=rf"solutions\.jaas\.{key}"):
        build(solution, ProviderConfig(secret=secret, deadline=timedelta(seconds=1)), outside())


@pytest.mark.parametrize("ids", [{"room": "r"}, {"app": "a"}, {"meeting": "m"}], ids=str)
def test_another_providers_reference_is_no_room(ids: dict[str, str]) -> None:
    provider = cast("Any", jaas())
    for call in (provider.get, lambda reference: provider.join(reference, SPEC, ANN)):
        with pytest.raises(NotFound, match="not a reference"):
            call(Reference(ids=ids))
