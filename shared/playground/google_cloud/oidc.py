"""Google as an OpenID Connect issuer: identity tokens, and the certificates at `/oauth2/v1/certs` to verify them with;
the page where people consent, and who they are at `/v1/userinfo`, which is at openidconnect.googleapis.com.

https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from html import escape
from typing import Any

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from playground.google_cloud.consent import Consents, PageError
from playground.google_cloud.keys import SigningKey

GOOGLE = "https://accounts.google.com"
GCLOUD_CLIENT = "32555940559.apps.googleusercontent.com"
"""For whom gcloud gets a person's tokens: it takes other audiences for service accounts only."""
CERTIFICATES_MAX_AGE = 20_000  # seconds; Google's own answers say between five and seven hours


class Issuer:
    """Mints identity tokens; `app` publishes the certificates, rotates on `POST /_playground/rotate`, mints on
    `POST /_playground/mint` with the arguments of `mint` as JSON, and takes `{"email": ...}`, who is signed in in the
    browser that comes next, on `PUT /_playground/browser`.

    How a test gets a token to call a function with: `cloud.identity_token(email, audience)`, for any person and any
    service account, as `gcloud auth print-identity-token` prints them (a person's are for `GCLOUD_CLIENT` there, unless
    they signed in with another client); `mint` for those that no one could have. As programs do: a function's own from
    the metadata server (`google.oauth2.id_token.fetch_id_token`), another service account's from IAM's
    `generateIdToken` (`google.auth.impersonated_credentials.IDTokenCredentials`).
    """

    def __init__(self, consents: Consents | None = None) -> None:
        self._consents = consents
        self._lock = threading.Lock()
        self._keys = [SigningKey("federated-signon.system.gserviceaccount.com")]
        self.app = Flask("oidc")
        self.browser: str | None = None
        """Who is signed in with Google in the browser that comes next; None: they say no."""
        self.app.add_url_rule("/oauth2/v1/certs", view_func=self._certs)
        self.app.add_url_rule("/o/oauth2/v2/auth", view_func=self._authorize)
        self.app.add_url_rule("/o/oauth2/v2/auth", view_func=self._decide, methods=["POST"])
        self.app.add_url_rule("/v1/userinfo", view_func=self._user)
        self.app.register_error_handler(PageError, lambda error: (str(error), 400))
        self.app.add_url_rule("/_playground/rotate", view_func=self._rotate, methods=["POST"])
        self.app.add_url_rule("/_playground/mint", view_func=self._mint, methods=["POST"])
        self.app.add_url_rule("/_playground/browser", view_func=self._browser, methods=["GET", "PUT"])

    def mint(
        self,
        email: str,
        audience: str,
        *,
        issuer: str = GOOGLE,
        with_email: bool = True,
        email_verified: bool = True,
        hd: str | None = None,
        expires_in: float = 3600,
        extra: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
    ) -> str:
        """Return an RS256 token. For tests: `expires_in` may be negative, `key` one that Google does not publish.

        `hd` is the domain of a person's Workspace; `with_email`: tokens of service accounts may lack the address.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": audience,
            "azp": subject(email),
            "sub": subject(email),
            "iat": int(min(now, now + expires_in - 1)),
            "exp": int(now + expires_in),
        }
        if with_email:
            claims |= {"email": email, "email_verified": email_verified}
        if hd is not None:
            claims["hd"] = hd
        return (key or self._current()).sign_jwt({**claims, **(extra or {})})

    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key from now on; with `withdraw`, the certificates of the old ones are gone at once."""
        key = SigningKey("federated-signon.system.gserviceaccount.com")
        with self._lock:
            self._keys = [key] if withdraw else [key, *self._keys]

    def _current(self) -> SigningKey:
        with self._lock:
            return self._keys[0]

    def _certs(self) -> Response:
        with self._lock:
            answer = jsonify({key.key_id: key.certificate for key in self._keys})
        answer.headers["Cache-Control"] = f"public, max-age={CERTIFICATES_MAX_AGE}, must-revalidate, no-transform"
        return answer

    def _authorize(self) -> Answer | tuple[str, int]:
        """The consent page, for a code; or the implicit flow: a page that sends its form back at once.

        Google takes no other than https addresses or loopback ones, and there no request without a nonce.

        https://developers.google.com/identity/openid-connect/openid-connect#authenticationuriparameters
        """
        asked = request.args
        if asked.get("response_type") == "code" and self._consents is not None:
            at_once, page = self._consents.page(asked, self.browser)
            return redirect(at_once) if at_once else (page, 200)
        needed = ("client_id", "redirect_uri", "nonce", "scope")
        if asked.get("response_type") != "id_token" or asked.get("response_mode") != "form_post":
            return "Error 400: unsupported_response_type", 400
        if missing := [name for name in needed if not asked.get(name)]:
            return f"Error 400: invalid_request. Missing required parameter: {', '.join(missing)}", 400
        answer = {"state": asked.get("state", "")}
        if self.browser is None:
            answer["error"] = "access_denied"
        else:
            name = {"name": self.browser.partition("@")[0].title()} if "profile" in asked["scope"].split() else {}
            answer["id_token"] = self.mint(self.browser, asked["client_id"], extra={"nonce": asked["nonce"], **name})
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in answer.items()
        )
        target = escape(asked["redirect_uri"])
        return f'<form method="post" action="{target}">{fields}<button>Continue</button></form>', 200

    def _decide(self) -> Answer | tuple[str, int]:
        if self._consents is None:
            return "Error 405", 405
        # the page's form is sent to the address that it has, with what was asked for in both
        return redirect(self._consents.decide(request.form))

    def _user(self) -> tuple[dict[str, Any], int]:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        user = self._consents.user(token) if self._consents is not None else None
        if user is None:
            return {"error": "invalid_request", "error_description": "Invalid Credentials"}, 401
        email, shown = user
        return {"sub": subject(email), **({"email": email, "email_verified": True} if shown else {})}, 200

    def _rotate(self) -> tuple[str, int]:
        self.rotate(withdraw=bool((request.get_json(silent=True) or {}).get("withdraw")))
        return "", 204

    def _mint(self) -> dict[str, str]:
        return {"token": self.mint(**request.get_json())}

    def _browser(self) -> tuple[dict[str, Any], int]:
        if request.method == "PUT":
            told = request.get_json()
            email = told.get("email", "") if isinstance(told, dict) else ""
            if email is not None and not (isinstance(email, str) and "@" in email):
                return {"error": 'not {"email": ...}, an address or null'}, 400
            self.browser = email
        return {"email": self.browser}, 200


def subject(email: str) -> str:
    """Return the 21-digit account id that Google would put into `sub`: always the same for one email."""
    return "1" + str(int(hashlib.sha256(email.encode()).hexdigest(), 16))[:20]
