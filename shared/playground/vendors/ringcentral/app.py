"""The account over HTTP: log in, bridges, dial-in numbers, controls."""

from typing import Any, Literal
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from playground.vendors.controls import add_settings
from playground.vendors.ringcentral.account import Account, RingCentralError, TokenRefused
from playground.vendors.ringcentral.service import RingCentralService

_EXTENSION = "account/<account>/extension/<extension>"


def create_app(ringcentral: RingCentralService) -> Flask:
    """The account as a WSGI application: `/restapi/...`, `/rcvideo/v2/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(RingCentralError)
    def refused(error: RingCentralError) -> tuple[Response, int, dict[str, str]]:
        headers = dict(error.headers)
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="RingCentral REST API", error="invalid_token"'
        return jsonify(error.body(named=ringcentral.account.named_errors)), error.status, headers

    @app.errorhandler(HTTPException)
    def no_such_call(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
        return refused(RingCentralError(error.code or 500, "CMN-120", "Invalid URI"))

    @app.errorhandler(TokenRefused)
    def token_refused(error: TokenRefused) -> tuple[Response, int]:
        return jsonify(error.body), error.status

    @app.after_request
    def tell_limits(response: Response) -> Response:
        response.headers.update(g.get("limits", {}))
        return response

    _add_access(app, ringcentral)
    _add_bridges(app, ringcentral)
    _add_controls(app, ringcentral)
    return app


def _add_access(app: Flask, ringcentral: RingCentralService) -> None:
    @app.get("/restapi/oauth/authorize")
    def authorize() -> Answer:
        uri, answer = ringcentral.authorize(request.args)
        return redirect(f"{uri}?{urlencode(answer)}")

    @app.post("/restapi/oauth/token")
    def token() -> dict[str, Any]:
        issued, g.limits = ringcentral.issue_token(_client(), request.form)
        return issued

    @app.post("/restapi/oauth/revoke")
    def revoke() -> tuple[str, int]:
        ringcentral.revoke_token(_client(), request.form)
        return "", 200


def _add_bridges(app: Flask, ringcentral: RingCentralService) -> None:
    def admit(group: str, permission: str = "Video") -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        person, g.limits = ringcentral.admit(token, group, permission)
        return person

    @app.post(f"/rcvideo/v2/{_EXTENSION}/bridges")
    def create(account: str, extension: str) -> tuple[dict[str, Any], int]:
        created = ringcentral.create(admit("Heavy"), account, extension, _body())
        return created, ringcentral.account.created_status

    @app.get(f"/rcvideo/v2/{_EXTENSION}/bridges/default")
    def default(account: str, extension: str) -> dict[str, Any]:
        return ringcentral.default(admit("Medium"), account, extension)

    @app.get("/rcvideo/v2/bridges/<bridge_id>")
    def get(bridge_id: str) -> dict[str, Any]:
        return ringcentral.get(admit("Medium"), bridge_id)

    @app.get("/rcvideo/v2/bridges/pin/<any(web, pstn):kind>/<pin>")
    def find(kind: Literal["web", "pstn"], pin: str) -> dict[str, Any]:
        return ringcentral.find(admit("Medium"), kind, pin)

    @app.patch("/rcvideo/v2/bridges/<bridge_id>")
    def update(bridge_id: str) -> dict[str, Any]:
        return ringcentral.update(admit("Medium"), bridge_id, _body())

    @app.delete("/rcvideo/v2/bridges/<bridge_id>")
    def delete(bridge_id: str) -> tuple[str, int]:
        ringcentral.delete(admit("Medium"), bridge_id)
        return "", ringcentral.account.deleted_status

    @app.get(f"/restapi/v1.0/{_EXTENSION}")
    def extension(account: str, extension: str) -> dict[str, Any]:
        return ringcentral.extension(admit("Light", "ReadAccounts"), account, extension)

    @app.get(f"/restapi/v1.0/{_EXTENSION}/conferencing")
    def conferencing(account: str, extension: str) -> dict[str, Any]:
        person = admit("Light", "ReadAccounts")
        return ringcentral.conferencing(person, account, extension, request.args.get("countryId", ""))


def _add_controls(app: Flask, ringcentral: RingCentralService) -> None:
    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(ringcentral.meetings())

    @app.get("/_playground/mails")
    def mails() -> Response:
        return jsonify(ringcentral.mails())

    @app.put("/_playground/meetings/<bridge_id>/status")
    def status(bridge_id: str) -> tuple[str, int]:
        ringcentral.set_status(bridge_id, request.get_json()["status"])
        return "", 204

    add_settings(app, Account, ringcentral.configure)

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        ringcentral.revoke_tokens(refresh=request.args.get("refresh") == "true")
        return "", 204


def _client() -> tuple[str, str] | None:
    given = request.authorization
    return (given.username or "", given.password or "") if given and given.type == "basic" else None


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise RingCentralError(400, "CMN-103", "JSON can't be parsed")
    return body
