"""The simulated Jitsi Meet and JaaS check tokens as their pages say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from playground.server import serve
from playground.vendors.jitsi import Account, JitsiService, create_app

NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ACCOUNT = Account()
APP_ID = ACCOUNT.jaas_app_id
KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ENCODED = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
PEM = KEY.public_key().public_bytes(*ENCODED).decode()
ANN = {"id": "u1", "name": "Ann <A>", "email": "ann@example.com", "moderator": "true"}
COMMON: dict[str, Any] = {"aud": "jitsi", "room": "daily", "exp": SECONDS + 60}
OWN = {**COMMON, "iss": ACCOUNT.app_id, "sub": ACCOUNT.domain, "context": {"user": ANN}}
FEATURES = {"recording": "true", "livestreaming": "false"}
JAAS = {**COMMON, "iss": "chat", "sub": APP_ID, "nbf": SECONDS, "context": {"user": ANN, "features": FEATURES}}


class Web:
    """A browser."""

    def __init__(self, url: str, service: JitsiService) -> None:
        self.url, self.service, self.now = url, service, NOW

    def __call__(self, path: str, token: str | None = None) -> tuple[int, str]:
        """The status, and as what one came in or why not."""
        answer = requests.get(self.url + path, params={"jwt": token} if token else None, timeout=5)
        assert answer.headers["Content-Type"].startswith("text/html")
        return answer.status_code, answer.text.rsplit("<p>")[-1].split("</p>")[0]

    def own(self, path: str = "/daily", key: str = ACCOUNT.app_secret, **claims: Any) -> tuple[int, str]:
        return self(path, jwt.encode(_claims(OWN, claims), key, "HS256"))

    def jaas(self, key: Any = KEY, kid: str | None = f"{APP_ID}/4f4910", **claims: Any) -> tuple[int, str]:
        headers = {"kid": kid} if kid else None
        return self(f"/{APP_ID}/daily", jwt.encode(_claims(JAAS, claims), key, "RS256", headers=headers))


def _claims(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


@pytest.fixture
def web() -> Iterator[Web]:
    service = JitsiService(lambda: NOW)
    service.configure(jaas_keys={"4f4910": PEM})
    server = serve(create_app(service), name="jitsi")
    client = Web(server.url, service)
    service.clock = lambda: client.now
    yield client
    server.stop()


def test_who_comes_as_what(web: Web) -> None:
    assert web.own() == (200, "Ann &lt;A&gt; comes into daily as moderator.")
    assert web.own("/Daily", context={"user": {"name": "Bob", "moderator": "false"}})[1].endswith("as guest.")
    assert web.jaas()[1].endswith("as moderator.")
    assert web.jaas(context={"user": {}, "features": {"recording": "true"}})[1] == "Somebody comes into daily as guest."
    joins = requests.get(f"{web.url}/_playground/joins", timeout=5).json()
    assert [each["role"] for each in joins] == ["moderator", "guest"] * 2
    assert [each["features"] for each in joins] == [[], [], ["recording"], []]
    assert {(each["tenant"], each["room"]) for each in joins} == {("", "daily"), (APP_ID, "daily")}
    assert joins[0] == {**joins[0], "id": "u1", "name": "Ann <A>", "email": "ann@example.com"}
    rooms = f"{web.url}/_playground/meetings"
    assert {room["tenant"]: len(room["people"]) for room in requests.get(rooms, timeout=5).json()} == {"": 2, APP_ID: 2}
    assert requests.delete(rooms, timeout=5).status_code == 204
    assert (web.service.meetings(), len(web.service.joins())) == ([], 4)


def test_without_a_token(web: Web) -> None:
    assert web("/daily") == (403, "Sorry, you&#39;re not allowed to join this call: token required.")
    assert web(f"/{APP_ID}/daily")[0] == 403
    web.service.configure(guests=True)
    assert web("/daily") == (200, "Somebody comes into daily as guest.")
    assert (web("/daily", "nonsense")[0], web(f"/{APP_ID}/daily")[0]) == (403, 403)
    web.service.configure(jaas_guests=True, plugin=False)
    assert web(f"/{APP_ID}/daily")[1].endswith("as guest.")
    assert [web("/new", token)[1].split()[-1] for token in ("nonsense", None)] == ["moderator.", "guest."]
    assert web("/vpaas-magic-cookie-unknown/daily")[0] == 403


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"exp": SECONDS}, "exp"),
    ({"exp": str(SECONDS + 60)}, "exp must be number"),
    ({"nbf": SECONDS + 1}, "nbf"),
    *[({name: "x"}, "invalid") for name in ("iss", "aud", "sub")],
    *[({name: None}, "missing") for name in ("iss", "aud", "sub", "room", "exp")],
    ({"aud": ["jitsi"]}, "invalid"),
    *[({"room": room}, "mismatched") for room in ("other", "dai.*", 7)],
    *[({"context": {"user": {"name": name}}}, "user.name") for name in (None, 7)],
    ({"context": {"user": {"moderator": True}}}, "user.moderator"),
    ({"context": {"user": {}, "features": {"recording": True}}}, "recording"),
    ({"context": "x"}, "context"),
]


def test_wrong_claims_are_refused(web: Web) -> None:
    for claims, why in WRONG:
        for status, text in (web.own(**claims), web.jaas(**claims)):
            assert (status, why in text) == (403, True), (claims, text)


def test_what_each_takes_besides(web: Web) -> None:
    assert web.own(room="*", sub="*")[0] == web.own("/Tenant1/daily", sub="tenant1")[0] == 200
    assert (web.own("/tenant1/daily")[0], web.jaas(sub="*")[0], web.jaas(room="*")[0]) == (403, 403, 200)
    assert (web.jaas(nbf=None)[0], web.jaas(context=None)[0], web.jaas(iss=APP_ID)[0]) == (403, 403, 403)
    regex: dict[str, Any] = {"room": "dai.*", "context": {"user": {}, "room": {"regex": True}}}
    assert [web.jaas(**{**regex, "room": room})[0] for room in ("dai.*", "d", "(")] == [200, 403, 403]
    web.service.configure(audiences=("*",), issuers=("a", "b"), required=("room",), moderators="token", booleans=True)
    assert web.own(iss="b", aud="any", exp=None, sub=None, context=None)[1].endswith("as moderator.")
    assert web.jaas(context={"user": {"moderator": True}})[1].endswith("as moderator.")
    web.now += timedelta(seconds=60)
    assert web.jaas()[0] == 403


def test_wrong_signatures_are_refused(web: Web) -> None:
    assert web.own(key="another-app-secret-of-at-least-32-bytes")[0] == web.jaas(key=OTHER)[0] == 403
    assert [web.jaas(kid=kid)[0] for kid in ("4f4910", f"{APP_ID}/other", None)] == [403, 403, 403]
    secret, path, kid = ACCOUNT.app_secret, f"/{APP_ID}/daily", {"kid": f"{APP_ID}/4f4910"}
    assert web(path, jwt.encode(JAAS, secret, "HS256", headers=kid)) == web(path, jwt.encode(JAAS, "", "none"))
    for token in (jwt.encode(OWN, secret * 2, "HS512"), jwt.encode(OWN, secret, headers={"typ": "x"}), "a.b.c"):
        assert web("/daily", token)[0] == 403
    web.service.configure(algorithm="RS256", public_keys={"jitsi/mine": PEM})
    assert (web.own()[0], web("/daily", jwt.encode(OWN, KEY, "RS256", headers={"kid": "jitsi/mine"}))[0]) == (403, 200)


def test_what_is_hidden_and_the_controls(web: Web) -> None:
    token = jwt.encode(OWN, ACCOUNT.app_secret)
    web("/daily", token)
    control = f"{web.url}/_playground"
    assert requests.put(f"{control}/settings", json={"app_secret": "new"}, timeout=5).json()["app_secret"] == "new"
    assert requests.put(f"{control}/settings", json={"x": 1}, timeout=5).status_code == 400
    assert {token, ACCOUNT.app_secret, "new"} <= web.service.hidden()
    assert requests.get(f"{control}/mails", timeout=5).json() == []
    requests.head(f"{web.url}/daily", timeout=5)
    assert requests.get(f"{web.url}/favicon.ico", timeout=5).status_code == 404
    assert len(web.service.joins()) == 1
    web.service.reset()
    assert (web.service.meetings(), web.service.joins(), web.service.account) == ([], [], ACCOUNT)
    assert token in web.service.hidden()
