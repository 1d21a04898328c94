"""The server over HTTP: the API, the client's page, the controls."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from flask import Flask, Response, jsonify, redirect, request

from playground.vendors.bigbluebutton.account import Account, BigBlueButtonError, check_checksum, query_of
from playground.vendors.bigbluebutton.service import BigBlueButtonService
from playground.vendors.controls import add_settings

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def create_app(server: BigBlueButtonService) -> Flask:
    """The server as a WSGI application: `/bigbluebutton/api/...`, `/html5client/` and `/_playground/...`."""
    app = Flask(__name__, static_folder=None)
    calls: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
        "create": server.create,
        "join": server.join,
        "end": server.end,
        "isMeetingRunning": server.is_running,
        "getMeetingInfo": server.info,
        "getMeetings": server.all,
    }

    @app.errorhandler(BigBlueButtonError)
    def refused(error: BigBlueButtonError) -> Response:
        told = {"key": error.key, "message": error.message}
        if error.listed:
            return _answer({"returncode": "FAILED", "errors": {"error": told}})
        if request.path.endswith("/join") and error.key != "Params required":
            return _away(server.logout_url(request.values) or request.host_url, [told])
        return _answer({"returncode": "FAILED", "messageKey": error.key, "message": error.message})

    @app.route(f"/bigbluebutton/api/<any({','.join(calls)}):call>", methods=["GET", "POST"])
    def api(call: str) -> Response:
        given = _admitted(server.account, call)
        told = {"returncode": "SUCCESS", **calls[call](given)}
        if call != "join":
            return _answer(told)
        page = "html5client/" if told["guestStatus"] == "ALLOW" else "html5client/guestWait"
        url = f"{request.host_url}{page}?sessionToken={told['session_token']}"
        if given.get("redirect", "").lower() in {"", "true"}:
            return _uncached(redirect(url))
        return _answer({**told, "url": url})

    @app.get("/html5client/")
    @app.get("/html5client/guestWait")
    def client() -> str:
        return "<!doctype html>\n<title>BigBlueButton</title><p>The client, or the room where guests wait.</p>\n"

    _add_controls(app, server)
    return app


def _admitted(account: Account, call: str) -> dict[str, str]:
    """The call's parameters, if its checksum is right.

    Those of a form count only when there is no query string ("POST request": never both); then they are signed sorted.
    Control characters, which "API Data Types" forbids, are stripped.
    """
    query = request.environ["QUERY_STRING"]
    form = request.form if request.mimetype in _FORMS else {}
    given = request.form.to_dict() if form and not query else request.args.to_dict()
    if form and query:
        raise BigBlueButtonError("checksumError", "Checksums do not match")
    signed = "&".join(part for part in query.split("&") if not part.startswith("checksum=")) or query_of(given)
    check_checksum(account, call, signed, given.pop("checksum", ""))
    if request.content_length and call == "create" and request.mimetype not in (*_FORMS, "application/xml", "text/xml"):
        raise BigBlueButtonError("unsupportedContentType", "POST request Content-Type is missing or unsupported")
    return {name: "".join(char for char in value if char >= " ").strip() for name, value in given.items()}


def _add_controls(app: Flask, server: BigBlueButtonService) -> None:
    for name in ("meetings", "joins", "mails"):
        shown: Callable[[], list[Any]] = getattr(server, name)
        app.add_url_rule(f"/_playground/{name}", name, lambda shown=shown: jsonify(shown()))

    @app.delete("/_playground/attendees")
    def leave() -> tuple[str, int]:
        server.leave(request.args["meetingID"], request.args.get("userID"))
        return "", 204

    add_settings(app, Account, server.configure)


def _away(url: str, errors: list[dict[str, str]]) -> Response:
    """A redirect that carries what is wrong, for the person's browser."""
    parts = urlsplit(url)
    told = f"errors={quote(json.dumps(errors, separators=(',', ':')))}"
    return _uncached(redirect(parts._replace(query=f"{parts.query}&{told}" if parts.query else told).geturl()))


def _answer(told: Mapping[str, Any]) -> Response:
    xml = "".join(_elements({"response": told}))
    return _uncached(Response(xml, content_type="text/xml;charset=utf-8"))


def _uncached(response: Any) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    answer: Response = response
    return answer


def _elements(told: Mapping[str, Any]) -> Iterator[str]:
    """XML of these; a list is so many elements of that name."""
    for name, value in told.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping):
                yield f"<{name}>{''.join(_elements(each))}</{name}>"
            else:
                yield f"<{name}>{escape(str(each).lower() if isinstance(each, bool) else str(each))}</{name}>"
