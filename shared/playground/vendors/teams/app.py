"""The tenant over HTTP: Entra, Graph, the controls."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.teams.account import Account, GraphError, bad_request
from playground.vendors.teams.discovery import EntraError, known_instances
from playground.vendors.teams.invitation import LANGUAGES
from playground.vendors.teams.meeting import Asker
from playground.vendors.teams.service import TeamsService

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def create_app(teams: TeamsService) -> Flask:
    """The tenant as a WSGI application: `/{tenant}/...`, `/common/...`, `/v1.0/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(GraphError)
    def refused(error: GraphError) -> tuple[Response, int, dict[str, str]]:
        body = error.body(teams.clock())
        return jsonify(body), error.status, {**error.headers, "request-id": body["error"]["innerError"]["request-id"]}

    @app.errorhandler(HTTPException)
    def no_such_call(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
        if error.code == 404:
            return refused(bad_request(f"Resource not found for the segment '{request.path.rpartition('/')[2]}'."))
        return refused(GraphError(error.code or 500, "UnknownError", ""))

    @app.errorhandler(EntraError)
    def token_refused(error: EntraError) -> tuple[Response, int]:
        return jsonify(error.body(teams.clock())), error.status

    _add_entra(app, teams)
    _add_people(app, teams)
    _add_meetings(app, teams)
    _add_controls(app, teams)
    return app


def _add_entra(app: Flask, teams: TeamsService) -> None:
    @app.get("/common/discovery/instance")
    def instance() -> dict[str, Any]:
        return known_instances("login.microsoftonline.com")

    @app.get("/<tenant>/v2.0/.well-known/openid-configuration")
    def configuration(tenant: str) -> dict[str, Any]:
        return teams.discover(tenant)

    @app.get("/<tenant>/oauth2/v2.0/authorize")
    def authorize(tenant: str) -> Answer | str:
        uri, answer = teams.authorize(tenant, request.args)
        if request.args.get("response_mode") == "form_post":
            return _posting(uri, answer)
        return redirect(f"{uri}?{urlencode(answer)}")

    @app.post("/<tenant>/oauth2/v2.0/token")
    def token(tenant: str) -> Response:
        given = request.authorization
        client = (given.username or "", given.password or "") if given else ("", "")
        answer = jsonify(teams.issue_token(tenant, request.form, client))
        answer.headers["Cache-Control"] = "no-store, no-cache"
        return answer


def _add_people(app: Flask, teams: TeamsService) -> None:
    @app.get("/v1.0/me")
    def me() -> dict[str, Any]:
        return {"@odata.context": f"{_CONTEXT}users/$entity", **_selected(teams.person(_token(), "me"))}

    @app.get("/v1.0/users/<key>")
    def person(key: str) -> dict[str, Any]:
        return {"@odata.context": f"{_CONTEXT}users/$entity", **_selected(teams.person(_token(), key))}

    @app.get("/v1.0/users")
    def people() -> dict[str, Any]:
        found = teams.people(_token(), request.args.get("$filter", ""))
        return {"@odata.context": f"{_CONTEXT}users", "value": [_selected(entry) for entry in found]}


def _add_meetings(app: Flask, teams: TeamsService) -> None:
    @app.post("/v1.0/me/onlineMeetings", defaults={"user": "me"})
    @app.post("/v1.0/users/<user>/onlineMeetings")
    def create(user: str) -> tuple[dict[str, Any], int]:
        return _one(teams.create(_asker(), user, _body())), 201

    @app.post("/v1.0/me/onlineMeetings/createOrGet", defaults={"user": "me"})
    @app.post("/v1.0/users/<user>/onlineMeetings/createOrGet")
    def create_or_get(user: str) -> tuple[dict[str, Any], int]:
        meeting, new = teams.create_or_get(_asker(), user, _body())
        return _one(meeting), 201 if new else 200

    @app.get("/v1.0/me/onlineMeetings", defaults={"user": "me"})
    @app.get("/v1.0/users/<user>/onlineMeetings")
    def find(user: str) -> dict[str, Any]:
        found = teams.find(_asker(), user, request.args.get("$filter", ""))
        return {"@odata.context": f"{_CONTEXT}users('{user}')/onlineMeetings", "value": found}

    @app.get("/v1.0/me/onlineMeetings/<meeting_id>", defaults={"user": "me"})
    @app.get("/v1.0/users/<user>/onlineMeetings/<meeting_id>")
    def get(user: str, meeting_id: str) -> dict[str, Any]:
        return _one(teams.get(_asker(), user, meeting_id))

    @app.patch("/v1.0/me/onlineMeetings/<meeting_id>", defaults={"user": "me"})
    @app.patch("/v1.0/users/<user>/onlineMeetings/<meeting_id>")
    def update(user: str, meeting_id: str) -> dict[str, Any]:
        return _one(teams.update(_asker(), user, meeting_id, _body()))

    @app.delete("/v1.0/me/onlineMeetings/<meeting_id>", defaults={"user": "me"})
    @app.delete("/v1.0/users/<user>/onlineMeetings/<meeting_id>")
    def delete(user: str, meeting_id: str) -> tuple[str, int]:
        teams.delete(_asker(), user, meeting_id)
        return "", 204


def _add_controls(app: Flask, teams: TeamsService) -> None:
    @app.get("/_playground/<any(meetings, lapsed, mails):what>")
    def state(what: str) -> Response:
        told = {"meetings": teams.meetings, "lapsed": teams.lapsed, "mails": teams.mails}
        return jsonify(told[what]())

    @app.put("/_playground/meetings/<meeting_id>/started")
    def started(meeting_id: str) -> tuple[str, int]:
        teams.started(meeting_id)
        return "", 204

    add_settings(app, Account, teams.configure)

    @app.post("/_playground/consents")
    def consents() -> dict[str, str]:
        asked = request.get_json()
        return {"code": teams.consent(asked["person"], asked["scope"], asked.get("redirect_uri", ""))}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        teams.revoke_tokens(refresh=request.args.get("refresh") == "true")
        return "", 204


def _posting(uri: str, answer: Mapping[str, str]) -> str:
    """A page that has the browser post the answer, which msal recommends."""
    inputs = [f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in answer.items()]
    form = f'<form method="POST" action="{escape(uri)}">{"".join(inputs)}</form>'
    return f"<html><body>{form}<script>document.forms[0].submit();</script></body></html>"


def _one(meeting: Mapping[str, Any]) -> dict[str, Any]:
    organizer = meeting["participants"]["organizer"]["identity"]["user"]["id"]
    return {"@odata.context": f"{_CONTEXT}users('{organizer}')/onlineMeetings/$entity", **meeting}


def _selected(entry: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in request.args.get("$select", "").split(",") if name]
    return {name: value for name, value in entry.items() if not names or name in names}


def _token() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _asker() -> Asker:
    return Asker(
        token=_token(),
        language=request.accept_languages.best_match(LANGUAGES) or "en-US",
        newer_values="include-unknown-enum-members" in request.headers.get("Prefer", ""),
    )


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid"
            " JSON format."
        )
    return body
