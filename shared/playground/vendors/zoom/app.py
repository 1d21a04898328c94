"""The account over HTTP: the token endpoint, the API, the controls."""

from dataclasses import asdict, fields
from typing import Any

from flask import Flask, Response, jsonify, request

from playground.vendors.zoom.service import Account, TokenRefused, ZoomError, ZoomService


def create_app(zoom: ZoomService) -> Flask:
    """The account as a WSGI application: `/oauth/token`, `/v2/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(ZoomError)
    def refused(error: ZoomError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.errorhandler(TokenRefused)
    def token_refused(error: TokenRefused) -> tuple[Response, int]:
        return jsonify(error.body), 400

    @app.post("/oauth/token")
    def token() -> dict[str, Any]:
        given = request.authorization
        client = (given.username or "", given.password or "") if given else ("", "")
        return {**zoom.issue_token(client, request.values), "api_url": request.host_url.rstrip("/")}

    _add_meetings(app, zoom)
    _add_controls(app, zoom)
    return app


def _add_meetings(app: Flask, zoom: ZoomService) -> None:
    def admit(scope: str) -> None:
        zoom.admit(request.headers.get("Authorization", "").removeprefix("Bearer "), f"meeting:{scope}:admin")

    @app.post("/v2/users/<host>/meetings")
    def create(host: str) -> tuple[dict[str, Any], int]:
        admit("write:meeting")
        return zoom.create(host, _body()), 201

    @app.get("/v2/users/<host>/meetings")
    def list_meetings(host: str) -> dict[str, Any]:
        admit("read:list_meetings")
        size = min(int(request.args.get("page_size", 30)), 300)
        return zoom.list(host, size=size, token=request.args.get("next_page_token", ""))

    @app.get("/v2/meetings/<meeting_id>")
    def get(meeting_id: str) -> dict[str, Any]:
        admit("read:meeting")
        return zoom.get(meeting_id)

    @app.patch("/v2/meetings/<meeting_id>")
    def update(meeting_id: str) -> tuple[str, int]:
        admit("update:meeting")
        zoom.update(meeting_id, _body())
        return "", 204

    @app.delete("/v2/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        admit("delete:meeting")
        zoom.delete(meeting_id)
        return "", 204

    @app.get("/v2/meetings/<meeting_id>/invitation")
    def invitation(meeting_id: str) -> dict[str, Any]:
        admit("read:invitation")
        meeting = zoom.get(meeting_id)
        text = f"{meeting['host_email']} is inviting you to a scheduled Zoom meeting.\r\n{meeting['join_url']}"
        return {"invitation": text, "sip_links": [f"sip:{meeting_id}.{meeting['h323_password']}@zoomcrc.com"]}


def _add_controls(app: Flask, zoom: ZoomService) -> None:
    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(zoom.meetings())

    @app.put("/_playground/meetings/<meeting_id>/status")
    def status(meeting_id: str) -> tuple[str, int]:
        zoom.set_status(meeting_id, request.get_json()["status"])
        return "", 204

    @app.put("/_playground/settings")
    def settings() -> Response:
        changes = request.get_json()
        unknown = set(changes) - {f.name for f in fields(Account)}
        if unknown:
            raise ZoomError(400, 300, f"the account has no {', '.join(sorted(unknown))}")
        return jsonify(asdict(zoom.configure(**changes)))

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        zoom.revoke_tokens()
        return "", 204


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ZoomError(400, 300, "Request Body should be a valid JSON object.")
    return body
