"""Whose access tokens calendars are reached with."""

import threading
from typing import Any

import httplib2
import pytest
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google_auth_httplib2 import AuthorizedHttp

from confsync.adapters import google_credentials
from confsync.adapters.google_calendar import GoogleCalendars
from confsync.adapters.google_credentials import (
    CALENDAR_SCOPES,
    SETTINGS_SCOPE,
    AccountCredentials,
    ApplicationDefault,
    Delegation,
    OwnGrants,
    Purpose,
    SharedCredentials,
)
from confsync.domain.errors import AuthExpired, PermissionDenied, ReauthorizationRequired
from confsync.ports import CalendarApi
from playground.faults import Faults
from tests.adapters.conftest import RUNTIME, Canned, GoogleCloud
from tests.fakes.clock import FakeClock

ANN = "ann@example.com"


def delegation(cloud: GoogleCloud, service_account: str = RUNTIME) -> Delegation:
    return Delegation(
        service_account=service_account, token_url=f"{cloud.oauth.url}/token", iam_api=f"{cloud.iam.url}/"
    )


def token(credentials: SharedCredentials) -> str:
    headers: dict[str, str] = {}
    credentials.before_request(None, "GET", "https://example.com/", headers)
    return headers["authorization"].removeprefix("Bearer ")


def test_delegation_acts_as_the_account_with_calendar_scopes_only(cloud: GoogleCloud) -> None:
    got = token(delegation(cloud).of(ANN))
    assert cloud.accounts.whois(got) == ANN
    assert cloud.accounts.scopes(got) == set(CALENDAR_SCOPES)
    assert cloud.accounts.scopes(token(delegation(cloud).of(ANN, Purpose.SETTINGS))) == {SETTINGS_SCOPE}


def test_application_default_is_the_runtime_whoever_is_asked_for(cloud: GoogleCloud) -> None:
    credentials = ApplicationDefault()
    assert cloud.accounts.whois(token(credentials.of(ANN))) == RUNTIME
    assert credentials.of(ANN) is credentials.of("bob@example.com")


@pytest.mark.parametrize("kind", ["delegation", "application-default"])
def test_threads_share_one_token(cloud: GoogleCloud, kind: str) -> None:
    source: AccountCredentials = delegation(cloud) if kind == "delegation" else ApplicationDefault()
    tokens: set[str] = set()
    threads = [threading.Thread(target=lambda: tokens.add(token(source.of(ANN)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 1


def test_accounts_have_their_own_tokens_and_old_ones_are_forgotten(
    cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_credentials, "MAX_ACCOUNTS", 2)
    source = delegation(cloud)
    first = source.of(ANN)
    assert source.of("bob@example.com") is not first
    assert source.of(ANN) is first
    source.of("cem@example.com")
    assert source.of(ANN) is first, "bob was used least recently"


def test_a_token_that_google_refuses_is_replaced_once(cloud: GoogleCloud, canned: Canned) -> None:
    canned.answer(401)
    canned.answer(200)
    http = AuthorizedHttp(delegation(cloud).of(ANN), http=httplib2.Http(timeout=5))
    response, _ = http.request(f"{canned.url}/calendar/v3/x")
    assert response.status == 200
    first, second = (headers["authorization"] for _, _, headers, _ in canned.seen)
    assert first != second


@pytest.mark.parametrize("state", ["revoked", "unknown"])
def test_withdrawn_access_says_so_for_good(cloud: GoogleCloud, state: str) -> None:
    cloud.tokens.set_account("gone@example.com", state)
    with pytest.raises(RefreshError, match="invalid_grant") as caught:
        token(delegation(cloud).of("gone@example.com"))
    assert not caught.value.retryable


def test_a_service_account_that_we_may_not_sign_as_is_named_with_the_missing_role(cloud: GoogleCloud) -> None:
    cloud.service_accounts.add("other@example-project.iam.gserviceaccount.com")
    for account in ("other@example-project.iam.gserviceaccount.com", "nosuch@example-project.iam.gserviceaccount.com"):
        with pytest.raises(PermissionDenied, match=rf"{account}.*roles/iam\.serviceAccountTokenCreator"):
            token(delegation(cloud, account).of(ANN))


@pytest.mark.parametrize("fault", [{"status": 500}, {"cut": "before"}])
def test_an_iam_that_is_down_is_a_matter_of_time(cloud: GoogleCloud, fault: dict[str, Any]) -> None:
    Faults(cloud.iam.url).add(path="signBlob", times=None, **fault)
    try:
        with pytest.raises((TransportError, OSError)) as caught:
            token(delegation(cloud).of(ANN))
    finally:
        Faults(cloud.iam.url).clear()
    assert not isinstance(caught.value, RefreshError)
    assert isinstance(caught.value, GoogleAuthError | OSError)


# --- people's own grants ---------------------------------------------------------------------------------------------


class Renewing:
    """The `Grants` port: another token whenever the last one is refused. `asked` holds (owner, vendor, refused)."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.renewals = 0
        self.error = error

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        self.asked.append((owner, vendor, refused))
        if self.error is not None:
            raise self.error
        self.renewals += refused == f"token {self.renewals}"
        return f"token {self.renewals}"


def own_calendar(canned: Canned, grants: Renewing) -> CalendarApi:
    return GoogleCalendars(
        api=f"{canned.url}/calendar/v3",
        credentials=OwnGrants(grants),
        notifications_url="https://example.com/notifications",
        clock=FakeClock(),
        retries=0,
    ).acting_as(ANN)


def carried(canned: Canned) -> list[str]:
    return [headers["authorization"].removeprefix("Bearer ") for _, _, headers, _ in canned.seen]


def test_each_call_carries_the_owners_token(canned: Canned) -> None:
    grants = Renewing()
    calendar = own_calendar(canned, grants)
    for _ in range(2):
        canned.answer(200, {"id": ANN})
        assert calendar.resolve("primary") == ANN, "as themselves, and not limited to one calendar"
    assert carried(canned) == ["token 0", "token 0"]
    assert grants.asked == [(ANN, "google", None)] * 2


def test_a_refused_token_is_told_and_its_successor_used(canned: Canned) -> None:
    grants = Renewing()
    canned.answer(401)
    canned.answer(200, {"id": ANN})
    assert own_calendar(canned, grants).resolve("primary") == ANN
    assert carried(canned) == ["token 0", "token 1"]
    assert grants.asked == [(ANN, "google", None), (ANN, "google", "token 0")]


def test_it_is_renewed_once_and_then_google_has_the_last_word(canned: Canned) -> None:
    grants = Renewing()
    for _ in range(3):
        canned.answer(401)
    with pytest.raises(AuthExpired):
        own_calendar(canned, grants).resolve("primary")
    assert grants.renewals == 1


def test_without_a_grant_nothing_is_sent_and_the_reason_is_its_own(canned: Canned) -> None:
    grants = Renewing(ReauthorizationRequired("ann has to connect again", service="google"))
    with pytest.raises(ReauthorizationRequired, match="connect again") as caught:
        own_calendar(canned, grants).list_events(ANN)
    assert caught.value.service == "google"
    assert canned.seen == []
