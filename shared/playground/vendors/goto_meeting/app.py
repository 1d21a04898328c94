"""The account over HTTP: the token endpoint, the API, the controls."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, make_response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.goto_meeting.account import Account, GotoError, bad_request
from playground.vendors.goto_meeting.service import GotoService
from playground.vendors.tokens import TokenError


def create_app(goto: GotoService) -> Flask:
    """The account as a WSGI application: `/oauth/...`, `/G2M/rest/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(GotoError)
    def refused(error: GotoError) -> Response:
        body = error.body(goto.account)
        return make_response("" if body is None else jsonify(body), error.status, error.headers)

    @app.errorhandler(HTTPException)
    def no_such_call(error: HTTPException) -> Response:
        return refused(GotoError(error.code or 500, error.name.replace(" ", ""), error.name))

    @app.errorhandler(TokenError)
    def token_refused(error: TokenError) -> tuple[Response, int]:
        status = 401 if error.error == "invalid_client" else 400
        return jsonify({"error": error.error, "error_description": error.description}), status

    _add_access(app, goto)
    _add_meetings(app, goto)
    _add_lists(app, goto)
    _add_controls(app, goto)
    return app


def _add_access(app: Flask, goto: GotoService) -> None:
    @app.get("/oauth/authorize")
    def authorize() -> Answer:
        uri, answer = goto.authorize(request.args)
        return redirect(f"{uri}?{urlencode(answer)}")

    @app.post("/oauth/token")
    def token() -> dict[str, Any]:
        given = request.authorization
        client = (given.username or "", given.password or "") if given and given.type == "basic" else ("", "")
        return goto.issue_token(client, request.form)

    @app.get("/admin/rest/v1/me")
    def me() -> dict[str, Any]:
        return goto.me(_token())


def _add_meetings(app: Flask, goto: GotoService) -> None:
    @app.post("/G2M/rest/meetings")
    def create() -> tuple[Response, int]:
        return jsonify(goto.create(_token(), _body())), 201

    @app.get("/G2M/rest/meetings/<meeting_id>")
    def get(meeting_id: str) -> Response:
        return jsonify(goto.get(_token(), meeting_id))

    @app.put("/G2M/rest/meetings/<meeting_id>")
    def update(meeting_id: str) -> tuple[str, int]:
        goto.update(_token(), meeting_id, _body())
        return "", 204

    @app.delete("/G2M/rest/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        goto.delete(_token(), meeting_id)
        return "", 204

    @app.get("/G2M/rest/meetings/<meeting_id>/start")
    def start(meeting_id: str) -> dict[str, str]:
        return goto.start_link(_token(), meeting_id)


def _add_lists(app: Flask, goto: GotoService) -> None:
    @app.get("/G2M/rest/meetings")
    def history() -> Response:
        return jsonify(goto.history(_token(), request.args))

    @app.get("/G2M/rest/upcomingMeetings")
    def upcoming() -> Response:
        return jsonify(goto.upcoming(_token()))


def _add_controls(app: Flask, goto: GotoService) -> None:
    @app.get("/_playground/<any(meetings, mails):what>")
    def state(what: str) -> Response:
        return jsonify(goto.meetings() if what == "meetings" else goto.mails())

    @app.put("/_playground/meetings/<meeting_id>/status")
    def status(meeting_id: str) -> tuple[str, int]:
        goto.set_status(meeting_id, _body().get("status", ""))
        return "", 204

    add_settings(app, Account, goto.configure)

    @app.post("/_playground/consents")
    def consents() -> dict[str, str]:
        asked = _body()
        code = goto.consent(asked["person"], scope=asked.get("scope", ""), redirect_uri=asked.get("redirect_uri", ""))
        return {"code": code}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        goto.revoke_tokens(refresh=request.args.get("refresh") == "true")
        return "", 204


def _token() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise bad_request("The request's body is not a JSON object")
    return body
