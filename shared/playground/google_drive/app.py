"""The wire: `files.get` and the controls as a Flask app.

https://developers.google.com/workspace/drive/api/reference/rest/v3/files/get,
https://developers.google.com/workspace/drive/api/guides/handle-errors
"""

from typing import Any, TypeVar

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from playground.google_api.callers import bearer, caller, check_scopes
from playground.google_api.errors import ApiError, invalid
from playground.google_api.fields import select
from playground.google_drive.files import DriveService, File, Settings

API = "drive.v3"
DEFAULT_FIELDS = "kind,id,name,mimeType"
"""What is answered to who names no fields: https://developers.google.com/workspace/drive/api/guides/fields-parameter"""
T = TypeVar("T")


def create_app(service: DriveService) -> Flask:
    """Drive under `/drive/v3/`, its controls under `/_playground/`."""
    app = Flask("playground.google_drive")
    _add_files(app, service)
    _add_controls(app, service)
    app.register_error_handler(ApiError, ApiError.response)
    app.register_error_handler(HTTPException, _no_such_method)
    return app


def _add_files(app: Flask, service: DriveService) -> None:
    @app.get("/drive/v3/files/<file_id>")
    def get_file(file_id: str) -> Response:
        token = bearer()
        user, scopes = caller(service.accounts, token), service.accounts.scopes(token)
        check_scopes(
            scopes, API, "files.get", service="drive.googleapis.com", called="google.apps.drive.v3.DriveFiles.Get"
        )
        if request.args.get("alt", "json") != "json":
            raise ApiError(403, "fileNotDownloadable", "No file of the playground has content.", location="alt")
        shared = "true" in (request.args.get("supportsAllDrives"), request.args.get("supportsTeamDrives"))
        body = msgspec.json.encode(service.get(user, scopes, file_id, shared_drives=shared))
        return _json(select(body, request.args.get("fields") or DEFAULT_FIELDS, API))


def _add_controls(app: Flask, service: DriveService) -> None:
    @app.route("/_playground/files", methods=["GET", "POST"])
    def files() -> Response:
        if request.method == "POST":
            return _shown(service.add(_read(File)))
        return _shown({"files": list(service.files.values())})

    @app.route("/_playground/files/<file_id>", methods=["PATCH", "DELETE"])
    def file(file_id: str) -> Response:
        if file_id not in service.files:
            raise ApiError(404, "notFound", "No such file.")
        if request.method == "DELETE":
            del service.files[file_id]
            return Response(status=204)
        return _shown(service.add(_changed(service.files[file_id])))

    @app.route("/_playground/settings", methods=["GET", "PATCH"])
    def settings() -> Response:
        if request.method == "PATCH":
            service.settings = _changed(service.settings)
        return _shown(service.settings)


def _read(kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise invalid(str(error)) from error


def _changed(old: T) -> T:
    """The same with what the request's body says. Raises 400."""
    try:
        return msgspec.convert(msgspec.to_builtins(old) | _read(dict[str, Any]), type(old))
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error


def _shown(value: Settings | File | dict[str, Any]) -> Response:
    return _json(msgspec.json.encode(value))


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json; charset=UTF-8")


def _no_such_method(error: HTTPException) -> Response:
    return ApiError(error.code or 500, "notFound", str(error.description)).response()
