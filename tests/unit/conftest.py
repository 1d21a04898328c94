"""A Zoom account on loopback, for commands that call one."""

from collections.abc import Iterator

import pytest

from playground.faults import Faults
from playground.server import serve
from playground.vendors.zoom import ZoomService, create_app


@pytest.fixture
def zoom() -> ZoomService:
    return ZoomService()


@pytest.fixture
def faults(zoom: ZoomService) -> Iterator[Faults]:
    server = serve(create_app(zoom), name="zoom")
    yield Faults(server.url)
    server.stop()
