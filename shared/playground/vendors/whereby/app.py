"""The organisation over HTTP: meetings and the controls."""

from typing import Any

from flask import Flask, Response, g, jsonify, request

from playground.vendors.keyed import add_controls
from playground.vendors.whereby.service import EXTRAS, WherebyError, WherebyService, WherebyThrottle


def create_app(whereby: WherebyService) -> Flask:
    """The organisation as a WSGI application: `/v1/meetings` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(WherebyError)
    def refused(error: WherebyError) -> tuple[Response, int]:
        if isinstance(error, WherebyThrottle):
            g.limits = error.headers
        return jsonify(error.body), error.status

    @app.before_request
    def admit() -> None:
        if request.path.startswith("/v1/"):
            g.limits = whereby.admit(request.headers.get("Authorization", ""), request.method)

    @app.after_request
    def tell_limits(response: Response) -> Response:
        response.headers.update(g.get("limits", {}))
        return response

    @app.post("/v1/meetings")
    def create() -> tuple[dict[str, Any], int]:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise WherebyError(400, "The body must be a JSON object")
        return whereby.create(body), 201

    @app.get("/v1/meetings")
    def list_meetings() -> dict[str, Any]:
        given = request.args
        limit = given.get("limit", "50")
        return whereby.page(
            limit=int(limit) if limit.isdecimal() else 0,
            cursor=given.get("cursor", ""),
            starts=given.get("roomName[startsWith]", ""),
            extras=_extras(),
        )

    @app.get("/v1/meetings/<meeting_id>")
    def get(meeting_id: str) -> dict[str, Any]:
        return whereby.get(meeting_id, _extras())

    @app.delete("/v1/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        whereby.delete(meeting_id)
        return "", 204

    add_controls(app, whereby)
    return app


def _extras() -> tuple[str, ...]:
    """The fields that the query asks for, separated by commas (style form, not exploded)."""
    extras = tuple(each for each in request.args.get("fields", "").split(",") if each)
    if not set(extras) <= set(EXTRAS):
        raise WherebyError(400, "Invalid value for fields")
    return extras
