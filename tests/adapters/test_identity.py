"""Identity tokens, from a simulated Google that signs, rotates its keys and goes down."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confsync.adapters.identity import REFETCH_AFTER, GoogleIdentity
from confsync.domain.caller import Caller
from confsync.domain.errors import Temporary, Unverified
from playground.faults import Faults
from playground.google_cloud.keys import SigningKey
from playground.google_cloud.oidc import Issuer
from tests.adapters.conftest import GoogleCloud
from tests.fakes.clock import FakeClock

ADDON = "service-1@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
URL = "https://create-conference.example.com/"
OTHER_URL = "https://other.example.com/"


class Google:
    """An issuer of one's own: rotating is nobody else's business."""

    def __init__(self, cloud: GoogleCloud) -> None:
        self.issuer = Issuer()
        self.server = cloud.serve(self.issuer.app, "oidc")
        self.faults = Faults(self.server.url)
        self.clock = FakeClock()
        self.identity = GoogleIdentity(f"{self.server.url}/oauth2/v1/certs", clock=self.clock)

    def verify(self, token: str) -> Caller:
        return self.identity.verify(token, [OTHER_URL, URL])

    def fetches(self) -> int:
        return len(self.faults.requests(path="/certs"))


@pytest.fixture
def google(cloud: GoogleCloud) -> Google:
    return Google(cloud)


def test_a_good_token_tells_who_calls(google: Google) -> None:
    token = google.issuer.mint(ADDON, URL, hd="example.com")
    assert google.verify(token) == Caller(email=ADDON, hosted_domain="example.com")


def test_an_address_is_told_in_small_letters(google: Google) -> None:
    assert google.verify(google.issuer.mint("Ann@Example.com", URL)).email == "ann@example.com"


def test_both_spellings_of_the_issuer_are_googles(google: Google) -> None:
    token = google.issuer.mint(ADDON, URL, issuer="accounts.google.com")
    assert google.verify(token).hosted_domain is None


BAD: dict[str, Callable[[Issuer], str]] = {
    "issuer": lambda google: google.mint(ADDON, URL, issuer="https://accounts.example.com"),
    "audience is 'https://stranger.example.com/'": lambda google: google.mint(ADDON, "https://stranger.example.com/"),
    "audience is None": lambda google: google.mint(ADDON, URL, extra={"aud": None}),
    r"audience is \['https": lambda google: google.mint(ADDON, URL, extra={"aud": [URL]}),
    "no verified email": lambda google: google.mint(ADDON, URL, email_verified=False),
    "verified email": lambda google: google.mint(ADDON, URL, extra={"email": ""}),
    "Token expired": lambda google: google.mint(ADDON, URL, expires_in=-31),
    "used too early": lambda google: google.mint(ADDON, URL, extra={"iat": 4_000_000_000, "exp": 4_000_003_600}),
    "can't be parsed|not found": lambda google: google.mint(ADDON, URL, key=SigningKey("mallory@example.com")),
    "signature": lambda google: _forged(google.mint(ADDON, URL)),
    "not good": lambda _google: "no.token.at-all",
    "is not good": lambda _google: "",
}


def _forged(token: str) -> str:
    head, _, _ = token.rpartition(".")
    return f"{head}.{'A' * 342}"


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_token_is_refused_with_its_reason_but_not_repeated(google: Google, reason: str) -> None:
    token = BAD[reason](google.issuer)
    with pytest.raises(Unverified, match=f"(?i){reason}") as caught:
        google.verify(token)
    assert not any(len(part) > 6 and part in str(caught.value) for part in token.split("."))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), inner),
)


def _segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(header=json_values, claims=json_values)
def test_anything_that_looks_like_a_token_is_merely_refused(google: Google, header: Any, claims: Any) -> None:
    with pytest.raises(Unverified):
        google.verify(f"{_segment(header)}.{_segment(claims)}.{_segment('signature')}")


def test_clocks_may_differ_by_half_a_minute(google: Google) -> None:
    assert google.verify(google.issuer.mint(ADDON, URL, expires_in=-25)).email == ADDON


def test_certificates_are_fetched_once(google: Google) -> None:
    for _ in range(5):
        google.verify(google.issuer.mint(ADDON, URL))
    assert google.fetches() == 1


def test_a_rotated_key_is_found_at_once(google: Google) -> None:
    google.verify(google.issuer.mint(ADDON, URL))
    google.issuer.rotate(withdraw=True)
    assert google.verify(google.issuer.mint(ADDON, URL)).email == ADDON
    assert google.fetches() == 2


def test_unknown_keys_dont_make_us_ask_again_and_again(google: Google) -> None:
    forged: Any = google.issuer.mint(ADDON, URL, key=SigningKey("mallory@example.com"))
    for _ in range(5):
        with pytest.raises(Unverified):
            google.verify(forged)
    assert google.fetches() == 2
    google.clock.advance(REFETCH_AFTER + timedelta(seconds=1))
    with pytest.raises(Unverified):
        google.verify(forged)
    assert google.fetches() == 3


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"cut": "before"}, {"status": 200, "body": "<html>"}, {"status": 200, "body": []}]
)
def test_certificates_that_cant_be_had_are_temporary(google: Google, fault: dict[str, Any]) -> None:
    token = google.issuer.mint(ADDON, URL)
    google.faults.add(path="/certs", times=None, **fault)
    with pytest.raises(Temporary, match="certificates"):
        google.verify(token)
    google.faults.clear()
    assert google.verify(token).email == ADDON
