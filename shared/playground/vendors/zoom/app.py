"""The account over HTTP: consents and tokens, the API, the controls."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, render_template_string, request
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.zoom.access import Caller
from playground.vendors.zoom.account import Account, TokenRefused, ZoomError
from playground.vendors.zoom.service import ZoomService

CONSENT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Zoom (simulated)</title>
<body style="font: 1rem/1.5 system-ui; max-width: 28rem; margin: 3rem auto; padding: 0 1rem">
<h1>An app wants to use your Zoom account</h1>
<form method="post">
{% for name, value in asked.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
<p><label>You are signed in at Zoom as <input name="person" value="{{ person }}"></label></p>
<button name="decision" value="allow">Allow</button> <button name="decision" value="decline">Decline</button>
</form>
"""
"""What a person sees who is sent here: in the playground they say themselves who they are at Zoom."""


def create_app(zoom: ZoomService) -> Flask:
    """The account as a WSGI application: `/oauth/...`, `/v2/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(ZoomError)
    def refused(error: ZoomError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.errorhandler(TokenRefused)
    def token_refused(error: TokenRefused) -> tuple[Response, int]:
        return jsonify(error.body), error.status

    _add_access(app, zoom)
    _add_meetings(app, zoom)
    _add_controls(app, zoom)
    return app


def _add_access(app: Flask, zoom: ZoomService) -> None:
    @app.get("/oauth/authorize")
    def authorize() -> Answer | str:
        if (at_once := zoom.authorize(request.args)) is not None:
            return redirect(f"{at_once[0]}?{urlencode(at_once[1])}")
        return render_template_string(CONSENT, asked=request.args, person=zoom.account.signed_in)

    @app.post("/oauth/authorize")
    def decide() -> Answer:
        uri, answer = zoom.decide(request.form)
        return redirect(f"{uri}?{urlencode(answer)}")

    def client() -> tuple[str, str]:
        given = request.authorization
        return (given.username or "", given.password or "") if given else ("", "")

    @app.post("/oauth/token")
    def token() -> dict[str, Any]:
        return {**zoom.issue_token(client(), request.values), "api_url": request.host_url.rstrip("/")}

    @app.post("/oauth/revoke")
    def revoke() -> dict[str, str]:
        return zoom.revoke(client(), request.values)


def _add_meetings(app: Flask, zoom: ZoomService) -> None:
    def admitted(scope: str) -> Caller:
        return zoom.admit(request.headers.get("Authorization", "").removeprefix("Bearer "), scope)

    @app.get("/v2/users/<name>")
    def user(name: str) -> dict[str, Any]:
        return zoom.user(name, admitted("user:read:user"))

    @app.post("/v2/users/<host>/meetings")
    def create(host: str) -> tuple[dict[str, Any], int]:
        return zoom.create(host, caller=admitted("meeting:write:meeting"), body=_body()), 201

    @app.get("/v2/users/<host>/meetings")
    def list_meetings(host: str) -> dict[str, Any]:
        caller = admitted("meeting:read:list_meetings")
        size = min(int(request.args.get("page_size", 30)), 300)
        return zoom.list(host, caller, size=size, token=request.args.get("next_page_token", ""))

    @app.get("/v2/meetings/<meeting_id>")
    def get(meeting_id: str) -> dict[str, Any]:
        caller = admitted("meeting:read:meeting")
        previous = _switch("show_previous_occurrences") or False
        return zoom.get(meeting_id, caller, occurrence_id=request.args.get("occurrence_id"), previous=previous)

    @app.patch("/v2/meetings/<meeting_id>")
    def update(meeting_id: str) -> tuple[str, int]:
        caller = admitted("meeting:update:meeting")
        zoom.update(meeting_id, _body(), caller, occurrence_id=request.args.get("occurrence_id"))
        return "", 204

    @app.delete("/v2/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        caller = admitted("meeting:delete:meeting")
        _switch("cancel_meeting_reminder")  # registrants, whom nobody is here
        reminder = _switch("schedule_for_reminder")
        zoom.delete(meeting_id, caller, occurrence_id=request.args.get("occurrence_id"), reminder=reminder)
        return "", 204

    @app.get("/v2/meetings/<meeting_id>/invitation")
    def invitation(meeting_id: str) -> dict[str, Any]:
        meeting = zoom.get(meeting_id, admitted("meeting:read:invitation"))
        text = f"{meeting['host_email']} is inviting you to a scheduled Zoom meeting.\r\n{meeting['join_url']}"
        return {"invitation": text, "sip_links": [f"sip:{meeting_id}.{meeting['h323_password']}@zoomcrc.com"]}


def _add_controls(app: Flask, zoom: ZoomService) -> None:
    @app.get("/_playground/<any(meetings, mails):what>")
    def state(what: str) -> Response:
        return jsonify(zoom.meetings() if what == "meetings" else zoom.mails())

    @app.put("/_playground/meetings/<meeting_id>/status")
    def status(meeting_id: str) -> tuple[str, int]:
        zoom.set_status(meeting_id, request.get_json()["status"])
        return "", 204

    add_settings(app, Account, zoom.configure)

    @app.post("/_playground/consents")
    def consents() -> dict[str, str]:
        asked = _body()
        code = zoom.consent(asked["person"], scope=asked.get("scope", ""), redirect_uri=asked.get("redirect_uri", ""))
        return {"code": code}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        zoom.revoke_tokens(refresh=request.args.get("refresh") == "true")
        return "", 204


def _switch(name: str) -> bool | None:
    """A query parameter that is `true` or `false`, None without."""
    given = request.args.get(name)
    if given not in (None, "true", "false"):
        raise ZoomError(400, 300, f"Invalid parameter: {name}.")
    return None if given is None else given == "true"


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ZoomError(400, 300, "Request Body should be a valid JSON object.")
    return body
