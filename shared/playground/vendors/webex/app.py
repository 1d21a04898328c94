"""The site over HTTP: the token endpoint, the API, the controls."""

import json
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.webex.account import Account, WebexError, invalid
from playground.vendors.webex.listing import Query, truth, zone_asked
from playground.vendors.webex.service import WebexService


def create_app(webex: WebexService) -> Flask:
    """The site as a WSGI application: `/v1/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(WebexError)
    def refused(error: WebexError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.errorhandler(HTTPException)
    def no_such_call(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
        return refused(WebexError(error.code or 500, error.description or error.name))

    @app.before_request
    def authenticate() -> None:
        if request.path.startswith(("/v1/meetings", "/v1/people")):
            webex.require_token(_authorization())

    @app.get("/v1/authorize")
    def authorize() -> Answer:
        return redirect(webex.authorize(request.args))

    @app.post("/v1/access_token")
    def access_token() -> dict[str, Any]:
        return webex.issue_token(request.form)

    _add_meetings(app, webex)
    _add_controls(app, webex)
    return app


def _add_meetings(app: Flask, webex: WebexService) -> None:
    @app.get("/v1/people/me")
    def me() -> dict[str, Any]:
        return webex.me(_authorization())

    @app.post("/v1/meetings")
    def create() -> dict[str, Any]:
        return webex.create(_authorization(), _body("application/json"))

    @app.get("/v1/meetings")
    def list_meetings() -> Response:
        query, size, offset = Query.read(request.args, webex.clock()), _number("max", 10, 100), _number("offset", 0)
        host, zone = request.args.get("hostEmail"), zone_asked(request.headers.get("timezone"))
        found = webex.list(_authorization(), query, host_email=host, zone=zone)
        if query.number or query.link:
            return jsonify(items=found)
        answer = jsonify(items=found[offset : offset + size])
        if offset + size < len(found):  # https://developer.webex.com/docs/basics#pagination
            more = urlencode({**request.args.to_dict(), "max": size, "offset": offset + size})
            answer.headers["Link"] = f'<{request.base_url}?{more}>; rel="next"'
        return answer

    @app.get("/v1/meetings/<meeting_id>")
    def get(meeting_id: str) -> dict[str, Any]:
        current, host = truth(request.args, "current", default=False), request.args.get("hostEmail")
        zone = zone_asked(request.headers.get("timezone"))
        return webex.get(_authorization(), meeting_id, current=current, host_email=host, zone=zone)

    @app.patch("/v1/meetings/<meeting_id>")
    def update(meeting_id: str) -> dict[str, Any]:
        return webex.update(_authorization(), meeting_id, _body("application/json", "application/json-patch+json"))

    @app.delete("/v1/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        send, host = truth(request.args, "sendEmail", default=True), request.args.get("hostEmail")
        webex.delete(_authorization(), meeting_id, send_email=send, host_email=host)
        return "", 204


def _add_controls(app: Flask, webex: WebexService) -> None:
    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(webex.meetings())

    @app.get("/_playground/mails")
    def mails() -> Response:
        return jsonify(webex.mails())

    @app.put("/_playground/meetings/<meeting_id>/state")
    def state(meeting_id: str) -> dict[str, Any]:
        return {"id": webex.set_state(meeting_id, request.get_json()["state"])}

    add_settings(app, Account, webex.configure)

    @app.post("/_playground/consents")
    def consents() -> dict[str, Any]:
        return {"refresh_token": webex.consent(**request.get_json())}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        webex.revoke_tokens(refresh=truth(request.args, "refresh", default=False))
        return "", 204


def _authorization() -> str:
    return request.headers.get("Authorization", "")


def _number(name: str, default: int, most: int | None = None) -> int:
    given = request.args.get(name, str(default))
    if not given.isdecimal() or (most is not None and not 1 <= int(given) <= most):
        raise invalid(f"Parameter '{name}' is invalid.")
    return int(given)


def _body(*types: str) -> dict[str, Any]:
    if request.mimetype not in types:
        raise WebexError(415, f"The media type must be {' or '.join(types)}.")
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise WebexError(400, "The request body is not a valid JSON object.")
    return body
