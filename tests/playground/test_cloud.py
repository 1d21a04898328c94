"""The simulators together: one token opens them all, and callers get tokens that Google's own library believes."""

from collections.abc import Iterator

import google.auth.transport.requests
import pytest
import requests
from google.oauth2 import id_token

from playground.cloud import RUNTIME, Cloud
from playground.google_drive import File

FUNCTION = "https://events.example.com"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    running = Cloud()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        (RUNTIME, None),
        ("app@other.iam.gserviceaccount.com", None),
        ("ann@example.com", "example.com"),
        ("a@gmail.com", None),
    ],
)
def test_anybody_gets_an_identity_token(cloud: Cloud, email: str, domain: str | None) -> None:
    certs = f"{cloud.url('issuer')}/oauth2/v1/certs"
    request = google.auth.transport.requests.Request()
    claims = id_token.verify_token(cloud.identity_token(email, FUNCTION), request, FUNCTION, certs)
    assert (claims["email"], claims["email_verified"], claims.get("hd")) == (email, True, domain)


def test_a_persons_token_opens_their_calendar_and_their_files(cloud: Cloud) -> None:
    file = cloud.drive.add(File(name="Agenda", owner="ann@example.com"))
    headers = {"Authorization": f"Bearer {cloud.accounts.issue('ann@example.com')}"}
    for address in (
        f"{cloud.url('calendar')}/calendar/v3/calendars/primary",
        f"{cloud.url('drive')}/drive/v3/files/{file.id}",
    ):
        assert requests.get(address, headers=headers, timeout=10).ok
