"""The organisation over HTTP: the token endpoint, the API, the controls."""

import json
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.zoho.account import Account, TokenRefused, ZohoError
from playground.vendors.zoho.service import ZohoService


def create_app(zoho: ZohoService) -> Flask:
    """The organisation as a WSGI application: `/oauth/v2/...`, `/api/v2/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(ZohoError)
    def refused(error: ZohoError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.errorhandler(TokenRefused)
    def token_refused(error: TokenRefused) -> tuple[Response, int]:
        return jsonify(error.body), error.http_status

    @app.get("/oauth/v2/auth")
    def authorize() -> Answer:
        uri, answer = zoho.authorize(request.args)
        return redirect(f"{uri}?{urlencode(answer)}")

    @app.post("/oauth/v2/token/revoke")
    def revoke() -> tuple[dict[str, Any], int]:
        return zoho.revoke_token(request.values.get("token", ""))

    @app.post("/oauth/v2/token")
    def token() -> dict[str, Any]:
        return zoho.issue_token(request.values)

    _add_meetings(app, zoho)
    _add_controls(app, zoho)
    return app


def _add_meetings(app: Flask, zoho: ZohoService) -> None:
    @app.get("/api/v2/user.json")
    def whoami() -> dict[str, Any]:
        return zoho.whoami(_authorization())

    @app.post("/api/v2/<zsoid>/sessions.json")
    def create(zsoid: str) -> tuple[dict[str, Any], int]:
        return zoho.create(_authorization(), zsoid, _body()), 201

    @app.get("/api/v2/<zsoid>/sessions.json")
    def list_meetings(zsoid: str) -> dict[str, Any]:
        return zoho.list(_authorization(), zsoid, request.args)

    @app.get("/api/v2/<zsoid>/sessions/<key>.json")
    def get(zsoid: str, key: str) -> dict[str, Any]:
        return zoho.get(_authorization(), zsoid, key)

    @app.put("/api/v2/<zsoid>/sessions/<key>.json")
    def update(zsoid: str, key: str) -> dict[str, Any]:
        return zoho.update(_authorization(), zsoid, key, _body())

    @app.delete("/api/v2/<zsoid>/sessions/<key>.json")
    def delete(zsoid: str, key: str) -> tuple[str, int]:
        return "", zoho.delete(_authorization(), zsoid, key)


def _add_controls(app: Flask, zoho: ZohoService) -> None:
    @app.get("/_playground/<any(meetings, mails):what>")
    def state(what: str) -> Response:
        return jsonify(zoho.meetings() if what == "meetings" else zoho.mails())

    @app.put("/_playground/meetings/<key>/status")
    def status(key: str) -> tuple[str, int]:
        zoho.set_status(key, request.get_json()["status"])
        return "", 204

    add_settings(app, Account, zoho.configure)

    @app.post("/_playground/consents")
    def consents() -> dict[str, str]:
        return {"code": zoho.consent(request.get_json().get("redirect_uri", ""))}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        zoho.revoke_tokens(refresh=request.args.get("refresh") == "true")
        return "", 204


def _authorization() -> str:
    return request.headers.get("Authorization", "")


def _body() -> Any:
    """The JSON text; the pages' examples write `JSONString=` before it. None: not JSON."""
    try:
        return json.loads(request.get_data(as_text=True).removeprefix("JSONString="))
    except ValueError:
        return None
