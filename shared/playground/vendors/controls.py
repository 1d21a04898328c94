"""What the controls of every vendor have alike."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from flask import Flask, Response, abort, jsonify, request


def add_settings(app: Flask, account: type[Any], configure: Callable[..., Any]) -> None:
    """`PUT /_playground/settings` changes fields of the account, and answers it. 400 for a field that it has not."""

    @app.put("/_playground/settings")
    def settings() -> Response:
        changes = request.get_json()
        if unknown := set(changes) - {each.name for each in fields(account)}:
            abort(400, f"the account has no {', '.join(sorted(unknown))}")
        return jsonify(asdict(configure(**changes)))
