"""Identity in the playground's project, spoken to by google-auth itself: tokens, metadata, signing, delegation."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import google.auth.transport.requests
import google.oauth2.credentials
import pytest
import requests
from google.auth import crypt, exceptions, jwt
from google.oauth2 import id_token, service_account

from playground.accounts import Accounts, RevokedError
from playground.google_cloud.iam_credentials import ServiceAccounts, iam_credentials
from playground.google_cloud.keys import SigningKey
from playground.google_cloud.metadata import metadata
from playground.google_cloud.oauth import TOKEN_URL, TokenEndpoint
from playground.google_cloud.oidc import Issuer
from playground.server import Server

SYNC = "sync@demo.iam.gserviceaccount.com"
AUDIENCE = "https://create-conference.example.com/"
CALENDAR = "https://www.googleapis.com/auth/calendar"
Start = Callable[..., Server]
http = google.auth.transport.requests.Request()


def test_accounts_know_their_tokens_until_they_expire_or_are_revoked() -> None:
    accounts = Accounts()
    token = accounts.issue("ada@example.com", ["calendar"])
    assert (accounts.whois(token), accounts.scopes(token)) == ("ada@example.com", {"calendar"})
    assert accounts.whois(accounts.issue("ada@example.com", ttl=-1)) is None
    assert accounts.whois("made up") is None
    accounts.revoke("ada@example.com")
    assert (accounts.whois(token), accounts.scopes(token)) == (None, set())
    with pytest.raises(RevokedError):
        accounts.issue("ada@example.com")
    accounts.restore("ada@example.com")
    assert accounts.whois(token) is None
    assert accounts.whois(accounts.issue("ada@example.com")) == "ada@example.com"


class TestIssuer:
    @pytest.fixture
    def certs_url(self, issuer: Issuer, start: Start) -> str:
        return start(issuer.app).url + "/oauth2/v1/certs"

    def test_google_auth_accepts_a_token(self, issuer: Issuer, certs_url: str) -> None:
        token = issuer.mint(SYNC, AUDIENCE, hd="example.com", extra={"nonce": "n"})
        claims = id_token.verify_token(token, http, audience=AUDIENCE, certs_url=certs_url)
        assert (claims["email"], claims["email_verified"], claims["hd"]) == (SYNC, True, "example.com")
        assert (claims["iss"], claims["nonce"]) == ("https://accounts.google.com", "n")
        assert len(claims["sub"]) == 21

    def test_google_auth_refuses_what_is_not_good(self, issuer: Issuer, certs_url: str) -> None:
        expired = issuer.mint(SYNC, AUDIENCE, expires_in=-10)
        forged = issuer.mint(SYNC, AUDIENCE, key=SigningKey("somebody else"))
        elsewhere = issuer.mint(SYNC, "https://elsewhere.example.com/")
        for token in (expired, forged, elsewhere):
            with pytest.raises(ValueError):
                id_token.verify_token(token, http, audience=AUDIENCE, certs_url=certs_url)

    def test_another_issuer_shows_in_the_claims(self, issuer: Issuer, certs_url: str) -> None:
        token = issuer.mint(SYNC, AUDIENCE, issuer="https://issuer.example.com")
        claims = id_token.verify_token(token, http, audience=AUDIENCE, certs_url=certs_url)
        assert claims["iss"] == "https://issuer.example.com"

    def test_who_is_signed_in_in_the_next_browser_is_told_by_a_control(self, start: Start) -> None:
        issuer = Issuer()
        url = start(issuer.app).url
        for email in ("ada@example.com", None):
            told = requests.put(f"{url}/_playground/browser", json={"email": email}, timeout=10)
            assert told.json() == {"email": email}
            assert issuer.browser == email
            assert requests.get(f"{url}/_playground/browser", timeout=10).json() == {"email": email}
        for body in ({}, [], {"email": 5}, {"email": "ada"}):
            assert requests.put(f"{url}/_playground/browser", json=body, timeout=10).status_code == 400
        asked = {"client_id": "c", "redirect_uri": "https://x", "nonce": "n", "scope": "openid"}
        asked |= {"response_type": "id_token", "response_mode": "form_post"}
        assert "access_denied" in requests.get(f"{url}/o/oauth2/v2/auth", params=asked, timeout=10).text
        requests.put(f"{url}/_playground/browser", json={"email": "ada@example.com"}, timeout=10)
        assert "id_token" in requests.get(f"{url}/o/oauth2/v2/auth", params=asked, timeout=10).text

    def test_keys_rotate(self, start: Start) -> None:
        issuer = Issuer()
        server = start(issuer.app)
        certs_url = server.url + "/oauth2/v1/certs"
        old = issuer.mint(SYNC, AUDIENCE)
        requests.post(server.url + "/_playground/rotate", timeout=5).raise_for_status()
        new = requests.post(
            server.url + "/_playground/mint", json={"email": SYNC, "audience": AUDIENCE}, timeout=5
        ).json()["token"]
        assert jwt.decode_header(old)["kid"] != jwt.decode_header(new)["kid"]
        for token in (old, new):
            assert id_token.verify_token(token, http, audience=AUDIENCE, certs_url=certs_url)
        requests.post(server.url + "/_playground/rotate", json={"withdraw": True}, timeout=5).raise_for_status()
        with pytest.raises(ValueError):
            id_token.verify_token(new, http, audience=AUDIENCE, certs_url=certs_url)

    def test_certificates_may_be_cached_as_googles(self, certs_url: str) -> None:
        assert "max-age=" in requests.get(certs_url, timeout=5).headers["Cache-Control"]


class TestMetadata:
    PROGRAM = """
import json, google.auth, google.auth.transport.requests
from google.oauth2 import id_token
request = google.auth.transport.requests.Request()
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/calendar"])
credentials.refresh(request)
token = id_token.fetch_id_token(request, "https://sync.example.com/")
print(json.dumps([project, credentials.service_account_email, credentials.token, credentials.universe_domain, token]))
"""

    def test_google_auth_default_finds_project_account_and_tokens(
        self, accounts: Accounts, issuer: Issuer, start: Start, tmp_path: Path
    ) -> None:
        server = start(metadata(SYNC, project="demo", accounts=accounts, issuer=issuer))
        address = server.url.removeprefix("http://")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "GCE"))}
        environment |= {"GCE_METADATA_HOST": address, "GCE_METADATA_IP": address, "CLOUDSDK_CONFIG": str(tmp_path)}
        environment["HOME"] = str(tmp_path)
        result = subprocess.run(
            [sys.executable, "-c", self.PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        project, email, token, universe, identity = json.loads(result.stdout)
        assert (project, email, universe) == ("demo", SYNC, "googleapis.com")
        assert accounts.whois(token) == SYNC
        assert accounts.scopes(token) == {CALENDAR}
        claims = jwt.decode(identity, verify=False)
        assert (claims["email"], claims["aud"]) == (SYNC, "https://sync.example.com/")

    def test_refuses_who_does_not_name_the_flavor_and_accounts_that_are_not_its_own(
        self, accounts: Accounts, issuer: Issuer, start: Start
    ) -> None:
        server = start(metadata(SYNC, project="demo", accounts=accounts, issuer=issuer))
        base = f"{server.url}/computeMetadata/v1/instance/service-accounts"
        flavor = {"Metadata-Flavor": "Google"}
        assert requests.get(f"{base}/default/email", timeout=5).status_code == 403
        assert requests.get(f"{base}/default/email", headers=flavor, timeout=5).text == SYNC
        assert requests.get(f"{base}/other@example.com/token", headers=flavor, timeout=5).status_code == 404
        assert requests.get(f"{base}/default/identity", headers=flavor, timeout=5).status_code == 400
        accounts.revoke(SYNC)
        assert requests.get(f"{base}/default/token", headers=flavor, timeout=5).status_code == 403


class TestSigning:
    @pytest.fixture
    def service_accounts(self) -> ServiceAccounts:
        service_accounts = ServiceAccounts()
        service_accounts.add(SYNC)
        return service_accounts

    def sign(
        self, server: Server, token: str, email: str = SYNC, method: str = "signBlob", payload: str = "aGk="
    ) -> requests.Response:
        return requests.post(
            f"{server.url}/v1/projects/-/serviceAccounts/{email}:{method}",
            json={"payload": payload},
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )

    def test_signatures_verify_with_the_accounts_certificate(
        self, accounts: Accounts, service_accounts: ServiceAccounts, start: Start
    ) -> None:
        server = start(iam_credentials(service_accounts, accounts))
        key = service_accounts.key(SYNC)
        assert key is not None
        token = accounts.issue(SYNC)
        answer = self.sign(server, token).json()
        assert answer["keyId"] == key.key_id
        assert crypt.verify_signature(b"hi", base64.b64decode(answer["signedBlob"]), key.certificate)
        signed = self.sign(server, token, method="signJwt", payload='{"iss": "me"}').json()["signedJwt"]
        assert jwt.decode_header(signed)["kid"] == key.key_id
        assert self.sign(server, token, payload="%%").json()["error"]["status"] == "INVALID_ARGUMENT"
        assert self.sign(server, token, method="signJwt").json()["error"]["status"] == "INVALID_ARGUMENT"

    def test_only_who_may_sign_does(self, accounts: Accounts, service_accounts: ServiceAccounts, start: Start) -> None:
        server = start(iam_credentials(service_accounts, accounts))
        other = accounts.issue("renew@demo.iam.gserviceaccount.com")
        assert self.sign(server, "bad").json()["error"]["status"] == "UNAUTHENTICATED"
        assert self.sign(server, other).json()["error"]["status"] == "PERMISSION_DENIED"
        assert self.sign(server, other, "nobody@demo.iam.gserviceaccount.com").json()["error"]["code"] == 404
        service_accounts.allow("renew@demo.iam.gserviceaccount.com", SYNC)
        assert self.sign(server, other).ok

    def test_who_may_sign_as_a_service_account_gets_its_identity_tokens(
        self, accounts: Accounts, service_accounts: ServiceAccounts, issuer: Issuer, start: Start
    ) -> None:
        server = start(iam_credentials(service_accounts, accounts, issuer))
        certs_url = start(issuer.app).url + "/oauth2/v1/certs"

        def ask(email: str, **body: object) -> requests.Response:
            url = f"{server.url}/v1/projects/-/serviceAccounts/{SYNC}:generateIdToken"
            headers = {"Authorization": f"Bearer {accounts.issue(email)}"}
            return requests.post(url, json=body, headers=headers, timeout=5)

        token = ask(SYNC, audience=AUDIENCE, includeEmail=True).json()["token"]
        claims = id_token.verify_token(token, http, audience=AUDIENCE, certs_url=certs_url)
        assert (claims["email"], claims["email_verified"]) == (SYNC, True)
        bare = jwt.decode(ask(SYNC, audience=AUDIENCE).json()["token"], verify=False)
        assert (bare["sub"], "email" in bare) == (claims["sub"], False)
        assert ask(SYNC).json()["error"]["status"] == "INVALID_ARGUMENT"
        assert ask("eve@example.com", audience=AUDIENCE).json()["error"]["status"] == "PERMISSION_DENIED"
        service_accounts.allow("eve@example.com", SYNC)
        assert ask("eve@example.com", audience=AUDIENCE).ok


class TestTokenEndpoint:
    @pytest.fixture
    def service_accounts(self) -> ServiceAccounts:
        service_accounts = ServiceAccounts()
        service_accounts.add(SYNC)
        return service_accounts

    @pytest.fixture
    def endpoint(self, accounts: Accounts, service_accounts: ServiceAccounts) -> TokenEndpoint:
        return TokenEndpoint(accounts, service_accounts)

    @pytest.fixture
    def server(self, endpoint: TokenEndpoint, start: Start) -> Server:
        return start(endpoint.app)

    def delegated(
        self, server: Server, service_accounts: ServiceAccounts, **options: object
    ) -> service_account.Credentials:
        key = service_accounts.key(SYNC)
        assert key is not None
        options = {"subject": "ada@example.com", "scopes": [CALENDAR], **options}
        return service_account.Credentials(key._signer, SYNC, server.url + "/token", **options)

    def test_a_service_account_impersonates_a_person(
        self, server: Server, service_accounts: ServiceAccounts, accounts: Accounts
    ) -> None:
        credentials = self.delegated(server, service_accounts)
        credentials.refresh(http)
        assert accounts.whois(credentials.token) == "ada@example.com"
        assert accounts.scopes(credentials.token) == {CALENDAR}

    def test_without_a_subject_it_is_itself(
        self, server: Server, service_accounts: ServiceAccounts, accounts: Accounts
    ) -> None:
        credentials = self.delegated(server, service_accounts, subject=None)
        credentials.refresh(http)
        assert accounts.whois(credentials.token) == SYNC

    def test_delegation_may_lack_scopes(self, server: Server, service_accounts: ServiceAccounts) -> None:
        requests.put(f"{server.url}/_playground/delegations/{SYNC}", json={"scopes": []}, timeout=5)
        with pytest.raises(exceptions.RefreshError, match="unauthorized_client"):
            self.delegated(server, service_accounts).refresh(http)

    @pytest.mark.parametrize(
        ("state", "message"), [("unknown", "Invalid email or User ID"), ("revoked", "expired or revoked")]
    )
    def test_a_person_may_be_gone(
        self, server: Server, service_accounts: ServiceAccounts, state: str, message: str
    ) -> None:
        address = f"{server.url}/_playground/accounts/ada@example.com"
        requests.put(address, json={"state": state}, timeout=5).raise_for_status()
        with pytest.raises(exceptions.RefreshError, match=f"invalid_grant: {message}|{message}"):
            self.delegated(server, service_accounts).refresh(http)
        requests.put(address, json={"state": "active"}, timeout=5).raise_for_status()
        self.delegated(server, service_accounts).refresh(http)
        assert requests.put(address, json={"state": "asleep"}, timeout=5).status_code == 400

    def assertion(self, key: SigningKey, **changed: object) -> str:
        now = int(time.time())
        return key.sign_jwt(
            {"iss": SYNC, "aud": TOKEN_URL, "iat": now, "exp": now + 3600, "scope": CALENDAR, **changed}
        )

    def refusal(self, server: Server, **form: str) -> tuple[int, str, str]:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", **form}
        answer = requests.post(server.url + "/token", data=form, timeout=5)
        return answer.status_code, answer.json()["error"], answer.json()["error_description"]

    def test_assertions_are_verified(self, server: Server, service_accounts: ServiceAccounts) -> None:
        key = service_accounts.key(SYNC)
        assert key is not None
        now = time.time()
        for assertion, error, message in (
            (self.assertion(SigningKey("x")), "invalid_grant", "Signature"),
            (self.assertion(key, exp=now - 100, iat=now - 200), "invalid_grant", "short-lived"),
            (self.assertion(key, exp=now + 7200), "invalid_grant", "short-lived"),
            (self.assertion(key, aud="https://elsewhere.example.com"), "invalid_grant", "audience"),
            (self.assertion(key, iss="nobody@example.com"), "invalid_grant", "account not found"),
            (self.assertion(key, scope=""), "invalid_scope", "scope"),
            ("nonsense", "invalid_grant", "Bad Request"),
        ):
            status, got, description = self.refusal(server, assertion=assertion)
            assert (status, got) == (400, error)
            assert message in description
        assert self.refusal(server, grant_type="password")[1] == "unsupported_grant_type"

    def test_a_refresh_token_lives_until_its_owner_revokes(
        self, server: Server, endpoint: TokenEndpoint, accounts: Accounts
    ) -> None:
        refresh_token = endpoint.grant("ada@example.com", [CALENDAR])
        credentials = google.oauth2.credentials.Credentials(
            None, refresh_token=refresh_token, token_uri=server.url + "/token", client_id="app", client_secret="s"
        )
        credentials.refresh(http)
        assert accounts.whois(credentials.token) == "ada@example.com"
        endpoint.set_account("ada@example.com", "revoked")
        assert accounts.whois(credentials.token) is None
        with pytest.raises(exceptions.RefreshError, match="invalid_grant"):
            credentials.refresh(http)
        endpoint.set_account("ada@example.com", "active")
        with pytest.raises(exceptions.RefreshError, match="invalid_grant"):
            credentials.refresh(http)
        assert self.refusal(server, grant_type="refresh_token")[1] == "invalid_request"
