"""The contract of the HTTP API for whoever asks: as a file, and as a page.

openapi.yaml beside this module is the contract, wherever the package is installed; deploy/openapi.yaml is a link to it.
"""

from importlib.resources import files

from confsync.web.endpoint import Answer, Call, Handler

CONTRACT = files("confsync.web") / "openapi.yaml"
KEPT = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
"""It changes only with a deployment."""


def file(call: Call) -> Answer:  # noqa: ARG001 - a handler
    """The contract. https://www.rfc-editor.org/rfc/rfc9512"""
    return CONTRACT.read_text(encoding="utf-8"), 200, {"Content-Type": "application/yaml", **KEPT}


def page(call: Call) -> Answer:
    """The contract for people. It needs no script."""
    from confsync.web.reference_page import render  # YAML, Markdown and templates, which no other route needs

    # relative, as the platform takes a function's name off the path: of the page's folder, with its slash or without
    body, status, headers = render("" if call.path.endswith("/") else call.path.rpartition("/")[2] + "/")
    return body, status, {**headers, **KEPT}


def style(call: Call) -> Answer:
    """The page's stylesheet."""
    from confsync.web.rendering import stylesheet

    return stylesheet(call)


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/v1/"): page,
    ("GET", "/v1/openapi.yaml"): file,
    ("GET", "/v1/style.css"): style,
}
"""For nobody in particular: they take no token."""
