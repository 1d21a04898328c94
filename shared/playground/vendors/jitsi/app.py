"""The server over HTTP: the rooms' pages, and the controls."""

from flask import Flask, Response, abort, jsonify, request
from markupsafe import escape

from playground.vendors.controls import add_settings
from playground.vendors.jitsi.service import JitsiService
from playground.vendors.jitsi.token import Account, Refused


def create_app(jitsi: JitsiService) -> Flask:
    """The server as a WSGI application: `/{room}`, `/{AppID}/{room}` and `/_playground/...`."""
    app = Flask(__name__, static_folder=None)

    @app.errorhandler(Refused)
    def refused(refusal: Refused) -> tuple[str, int]:
        return _page("Authentication failed", f"Sorry, you're not allowed to join this call: {refusal}."), 403

    @app.get("/<room>")
    @app.get("/<tenant>/<room>")
    def enter(room: str, tenant: str = "") -> str:
        if room == "favicon.ico" or "_playground" in {tenant, room}:
            abort(404)
        if request.method == "HEAD":
            return ""
        join = jitsi.enter(tenant, room, request.args.get("jwt"))
        return _page(join["room"], f"{join['name'] or 'Somebody'} comes into {join['room']} as {join['role']}.")

    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(jitsi.meetings())

    @app.delete("/_playground/meetings")
    def leave() -> tuple[str, int]:
        jitsi.leave()
        return "", 204

    @app.get("/_playground/joins")
    def joins() -> Response:
        return jsonify(jitsi.joins())

    @app.get("/_playground/mails")
    def mails() -> Response:
        return jsonify(jitsi.mails())

    add_settings(app, Account, jitsi.configure)

    return app


def _page(title: str, text: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1><p>{escape(text)}</p></body></html>\n"
    )
