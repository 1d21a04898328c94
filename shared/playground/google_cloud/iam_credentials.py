"""Service accounts and IAM Credentials v1, where they sign without a key file.

https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from typing import TYPE_CHECKING, Any

from flask import Flask

from playground.accounts import Accounts
from playground.google_cloud.api import GoogleError, caller, google_api, invalid, json_body, not_found
from playground.google_cloud.keys import SigningKey

if TYPE_CHECKING:
    from playground.google_cloud.oidc import Issuer

_RESOURCE = "/v1/projects/-/serviceAccounts/<email>"


class ServiceAccounts:
    """The service accounts of the project, their keys, and who may sign as whom (each as itself, others by `allow`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, SigningKey] = {}
        self._signers: set[tuple[str, str]] = set()

    def add(self, email: str) -> None:
        with self._lock:
            if email not in self._keys:
                self._keys[email] = SigningKey(email)

    def allow(self, signer: str, email: str) -> None:
        """Give `signer` the role roles/iam.serviceAccountTokenCreator on the service account `email`."""
        self._signers.add((signer, email))

    def may_sign(self, signer: str, email: str) -> bool:
        return signer == email or (signer, email) in self._signers

    def key(self, email: str) -> SigningKey | None:
        """Return the key that the account signs with, or None if there is no such account."""
        return self._keys.get(email)


def iam_credentials(service_accounts: ServiceAccounts, accounts: Accounts, issuer: Issuer | None = None) -> Flask:
    """Return the API: `signBlob`, `signJwt` and, with an issuer, `generateIdToken`."""
    app = google_api("iam-credentials", accounts)

    @app.post(f"{_RESOURCE}:signBlob")
    def sign_blob(email: str) -> dict[str, Any]:
        key = _key(service_accounts, email, "iam.serviceAccounts.signBlob")
        try:
            payload = base64.b64decode(json_body({"payload", "delegates"})["payload"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            raise invalid("Invalid value at 'payload' (TYPE_BYTES), Base64 decoding failed.") from None
        return {"keyId": key.key_id, "signedBlob": base64.b64encode(key.sign(payload)).decode()}

    @app.post(f"{_RESOURCE}:signJwt")
    def sign_jwt(email: str) -> dict[str, Any]:
        key = _key(service_accounts, email, "iam.serviceAccounts.signJwt")
        try:
            claims = json.loads(json_body({"payload", "delegates"})["payload"])
        except (KeyError, TypeError, ValueError):
            raise invalid("The payload must be the JSON-encoded JWT claims set.") from None
        return {"keyId": key.key_id, "signedJwt": key.sign_jwt(claims)}

    if issuer is not None:
        _add_identity(app, service_accounts, issuer)
    return app


def _add_identity(app: Flask, service_accounts: ServiceAccounts, issuer: Issuer) -> None:
    @app.post(f"{_RESOURCE}:generateIdToken")
    def generate_id_token(email: str) -> dict[str, str]:
        _key(service_accounts, email, "iam.serviceAccounts.getOpenIdToken")
        asked = json_body({"audience", "delegates", "includeEmail"})
        if not asked.get("audience"):
            raise invalid("Request contains an invalid argument: audience is required.")
        return {"token": issuer.mint(email, asked["audience"], with_email=bool(asked.get("includeEmail")))}


def _key(service_accounts: ServiceAccounts, email: str, permission: str) -> SigningKey:
    key = service_accounts.key(email)
    if key is None:
        raise not_found("Not found; Gaia id not found for email " + email)
    if not service_accounts.may_sign(caller(), email):
        message = f"Permission '{permission}' denied on resource (or it may not exist)."
        raise GoogleError(403, "PERMISSION_DENIED", message)
    return key
