"""Events with their conferences, for applications: the HTTP API."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve
from confsync.web.events import refused


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.events, request, methods=None, json_body=False, refused=refused)
