"""The metadata server, from which code on Google Cloud learns who it is and gets its tokens.

google-auth finds it by GCE_METADATA_HOST and GCE_METADATA_IP (both `127.0.0.1:<port>`); one server is one service
account. https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from playground.accounts import Accounts, RevokedError
from playground.google_cloud.oidc import Issuer

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LIFETIME = 3599  # seconds
PROJECT_NUMBER = 123456789012
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/<account>"


def metadata(email: str, *, project: str, accounts: Accounts, issuer: Issuer) -> Flask:
    """Return the metadata server of a function that runs as the service account `email` of `project`."""
    app = Flask("metadata")
    _add_flavor(app)
    _add_project(app, project)
    _add_account(app, email, accounts, issuer)
    return app


def _add_flavor(app: Flask) -> None:
    """The header that tells this server from any other, on both sides; `/` answers without, so that it can be found."""

    @app.before_request
    def require_flavor() -> Response | None:
        if request.path != "/" and request.headers.get("Metadata-Flavor") != "Google":
            return Response("Missing Metadata-Flavor:Google header.", 403)
        return None

    @app.after_request
    def add_flavor(response: Response) -> Response:
        response.headers["Metadata-Flavor"] = "Google"
        return response

    @app.get("/")
    def ping() -> Response:
        return Response("computeMetadata/\n", content_type="application/text")


def _add_project(app: Flask, project: str) -> None:
    def text(path: str, value: str) -> None:
        rule = f"/computeMetadata/v1/{path}"
        app.add_url_rule(rule, rule, lambda: Response(value, content_type="application/text"))

    text("project/project-id", project)
    text("project/numeric-project-id", str(PROJECT_NUMBER))
    text("universe/universe-domain", "googleapis.com")
    text("instance/region", f"projects/{PROJECT_NUMBER}/regions/europe-west1")


def _add_account(app: Flask, email: str, accounts: Accounts, issuer: Issuer) -> None:
    def mine(account: str) -> bool:
        return account in {"default", email}

    @app.get(f"{_ACCOUNT}/")
    def account_info(account: str) -> dict[str, Any] | tuple[str, int]:
        return {"aliases": ["default"], "email": email, "scopes": list(SCOPES)} if mine(account) else ("Not Found", 404)

    @app.get(f"{_ACCOUNT}/email")
    def account_email(account: str) -> Response:
        return Response(
            email if mine(account) else "Not Found", 200 if mine(account) else 404, content_type="text/plain"
        )

    @app.route(f"{_ACCOUNT}/token", methods=["GET", "POST"])
    def token(account: str) -> dict[str, Any] | tuple[str, int]:
        if not mine(account):
            return "Not Found", 404
        scopes = [scope for scope in request.args.get("scopes", "").split(",") if scope]
        try:
            access_token = accounts.issue(email, scopes or SCOPES, ttl=LIFETIME)
        except RevokedError:
            return "Service account is disabled.", 403
        return {"access_token": access_token, "expires_in": LIFETIME, "token_type": "Bearer"}

    @app.route(f"{_ACCOUNT}/identity", methods=["GET", "POST"])
    def identity(account: str) -> Response | tuple[str, int]:
        audience = request.args.get("audience")
        if not mine(account) or not audience:
            return ("non-empty audience parameter required", 400) if mine(account) else ("Not Found", 404)
        return Response(issuer.mint(email, audience), content_type="text/html")
