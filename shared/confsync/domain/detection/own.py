"""Servers of one's own, as rows of the table of services."""

import re
from collections.abc import Sequence

from confsync.domain.detection.service import Form, Service
from confsync.domain.own_service import CODE, REST, OwnService


def services(own: Sequence[OwnService]) -> tuple[Service, ...]:
    """The rows that they are."""
    return tuple(map(_service, own))


def _service(own: OwnService) -> Service:
    parts = own.parts
    whole, rest = parts.path.removesuffix(REST), ".*" if parts.path.endswith(REST) else ""
    segments = (r"(?P<code>[^/]+)" if each == CODE else re.escape(each) for each in whole.split("/"))
    host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    form = Form(hosts=(host,), path="/".join(segments) + rest)
    return Service(name=own.name, forms=(form,), joins={}, local=True)
