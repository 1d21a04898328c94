"""The domain over HTTP: rooms, meeting tokens, the controls."""

from typing import Any

from flask import Flask, Response, jsonify, request

from playground.vendors.daily.service import DailyError, DailyService
from playground.vendors.keyed import add_controls


def create_app(daily: DailyService) -> Flask:
    """The domain as a WSGI application: `/v1/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(DailyError)
    def refused(error: DailyError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.before_request
    def admit() -> None:
        if request.path.startswith("/v1/"):
            slow = request.method == "DELETE" or (request.endpoint == "list_rooms" and daily.account.slow_lists)
            daily.admit(request.headers.get("Authorization", ""), slow=slow)

    @app.post("/v1/rooms/", strict_slashes=False)
    def create() -> dict[str, Any]:
        return daily.create(_body())

    @app.get("/v1/rooms")
    def list_rooms() -> dict[str, Any]:
        given = request.args
        limit = int(given["limit"]) if given.get("limit", "").isdecimal() else 0 if "limit" in given else 100
        after, before = given.get("starting_after", ""), given.get("ending_before", "")
        return daily.page(limit=limit, after=after, before=before)

    @app.get("/v1/rooms/<name>")
    def get(name: str) -> dict[str, Any]:
        return daily.get(name)

    @app.post("/v1/rooms/<name>")
    def update(name: str) -> dict[str, Any]:
        return daily.update(name, _body())

    @app.delete("/v1/rooms/<name>")
    def delete(name: str) -> dict[str, Any]:
        return daily.delete(name)

    @app.post("/v1/meeting-tokens")
    def create_token() -> dict[str, Any]:
        return daily.create_token(_body())

    add_controls(app, daily)
    return app


def _body() -> dict[str, Any]:
    """The request's object; none at all is as good as an empty one, since every parameter is optional."""
    body = request.get_json(silent=True) if request.get_data() else {}
    if not isinstance(body, dict):
        raise DailyError(400, "json-parsing-error", "the body is not a JSON object")
    return body
