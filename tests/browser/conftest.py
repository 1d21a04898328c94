"""A chromium, and one project whose pages it opens. Tests keep apart by their people, each in a fresh browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from playground.cloud import OWN_ZOOM_SECRET
from playground.project import ICON, Project, Tempo
from tests.browser.visitor import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # it refuses to run as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REQUIRED = ("REQUIRE_BROWSER", "CI")
INSTALL = f"none of {', '.join(NAMES)} is on the PATH: `apt-get install chromium`"
SECOND_VENDOR = f"""
[solutions.my-teams]
provider = "teams"
name = "My own Teams"
icon_url = "{ICON}"
secret = "{OWN_ZOOM_SECRET}"
personal = true
"""
"""So that people see more than one account. Nobody gets as far as its consent page."""


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Without one the test is skipped, but fails where it is required."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        give_up = pytest.fail if any(os.environ.get(name) in ("1", "true") for name in REQUIRED) else pytest.skip
        give_up(f"Pages were not tried in a browser: {INSTALL}")
    return path


# not for the session: as long as playwright runs, no other test of this worker can run an event loop
@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def project(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Google is another site than ours, as in the world: `localhost` is another one than 127.0.0.1."""
    project = Project(directory=tmp_path_factory.mktemp("project"), tempo=Tempo(coalesce=0.2))
    issuer = project.cloud.url("issuer")
    elsewhere = issuer.replace("127.0.0.1", "localhost")
    config = project.config.read_text(encoding="utf-8")
    config = config.replace(f'authorize_url = "{issuer}', f'authorize_url = "{elsewhere}')
    project.config.write_text(config + SECOND_VENDOR, encoding="utf-8")
    with ExitStack() as ending:
        ending.callback(project.stop)
        project.start()
        yield project


class Visitors:
    """Opens browsers, each with nothing kept."""

    def __init__(self, chromium: Browser, project: Project, ending: ExitStack) -> None:
        self.chromium, self.project, self._ending = chromium, project, ending
        self.opened: list[Visitor] = []

    def __call__(self, email: str | None, **browser: Any) -> Visitor:
        """Somebody, who is signed in with Google as `email`; None: with nobody. `browser`: options of its context."""
        context = self.chromium.new_context(**{"locale": "en-GB", **browser})
        self._ending.enter_context(closing(context))
        context.set_default_timeout(10_000)
        visitor = Visitor(project=self.project, page=context.new_page(), email=email)
        self.opened.append(visitor)
        return visitor


@pytest.fixture
def visitors(chromium: Browser, project: Project) -> Iterator[Visitors]:
    """Their browsers had nothing to complain of: no refused script or style, no file that is not there."""
    with ExitStack() as ending:
        made = Visitors(chromium, project, ending)
        yield made
        assert [each for visitor in made.opened for each in visitor.complaints] == []
