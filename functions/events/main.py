"""Events with their conferences, for applications: the HTTP API."""

import flask
import functions_framework

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve
from confsync.web.events import refused


def handle(request: flask.Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.events, request, methods=None, json_body=False, refused=refused)


@functions_framework.errorhandler(404)
def unknown(_: Exception) -> Answer:
    """Paths that the framework takes for none, as they hold a line break: this API tells of errors in its own way."""
    return handle(flask.request)
