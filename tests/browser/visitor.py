"""Somebody at a browser: what they do on our pages, at Google and at Zoom."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from playwright.sync_api import ConsoleMessage, Page

from playground.person import ConferenceError, Person
from playground.project import Project


@dataclass(kw_only=True)
class Visitor:
    """`email`: as whom they are signed in with Google, None if they decline to say."""

    project: Project
    page: Page
    email: str | None
    complaints: list[str] = field(default_factory=list)
    """What the browser wrote to its console."""

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        told = f"{message.text} ({message.location['url']})"
        # each browser asks each host for an icon by itself; a status is what a page is told with
        if "favicon.ico" not in told and "Failed to load resource: the server responded" not in told:
            self.complaints.append(told)

    # --- where they are ----------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """All that can be read."""
        return self.page.locator("main").inner_text()

    def state(self, vendor: str = "zoom") -> str:
        """What the overview says of the account there."""
        return self.page.locator(f"#{vendor} .state").inner_text()

    def address(self, *parts: str) -> str:
        """Of one of our pages."""
        return "/".join([self.project.functions["connect"].url, "connect", *parts])

    # --- what they do ------------------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        """Follow a link; Google says who they are if it is asked."""
        self.project.cloud.issuer.browser = self.email
        self.page.goto(url)
        if "/o/oauth2/" in self.page.url:
            self.click("Continue")

    def overview(self) -> None:
        """See which accounts there are."""
        self.open(self.address())

    def click(self, name: str) -> None:
        """A button or a link."""
        button = self.page.get_by_role("button", name=name, exact=True)
        button.or_(self.page.get_by_role("link", name=name, exact=True)).click()

    def consent(self, decision: str = "Allow", zoom: str | None = None) -> None:
        """Decide at Zoom, as whoever they are there; by their Google address unless told."""
        assert self.email is not None
        self.page.get_by_label("You are signed in at Zoom as").fill(zoom or self.email)
        self.click(decision)

    def connect(self, zoom: str | None = None) -> None:
        """Connect Zoom, from the overview on."""
        self.overview()
        self.click("Connect Zoom")
        self.consent(zoom=zoom)

    # --- their calendar ----------------------------------------------------------------------------------------------

    @property
    def calendar(self) -> Person:
        """Their Google Calendar, in another tab."""
        assert self.email is not None
        self.project.cloud.calendar.store.ensure_primary(self.email).time_zone = "Europe/Berlin"
        return self.project.person(self.email)

    def meet(self, title: str, solution: str = "my-zoom", *, begins: timedelta = timedelta(days=7)) -> str:
        """An event with a conference. Its id."""
        calendar = self.calendar
        event_id = calendar.begin_event()
        calendar.choose_conference(event_id, solution)
        calendar.save(event_id, summary=title, start=datetime.now(UTC).replace(microsecond=0) + begins)
        return event_id

    def asked_to_connect(self) -> str:
        """They choose Zoom for an event, and have no account there yet: the link that Calendar shows then."""
        calendar = self.calendar
        try:
            calendar.choose_conference(calendar.begin_event(), "my-zoom")
        except ConferenceError as error:
            return str(error.authentication_url)
        raise AssertionError("there is an account")

    def link(self, event_id: str) -> str | None:
        """By which the event says that it takes place."""
        points = self.calendar.event(event_id).get("conferenceData", {}).get("entryPoints", [])
        return str(points[0]["uri"]) if points else None

    def meetings(self, zoom: str | None = None) -> list[str]:
        """Titles of what Zoom holds for them."""
        host = zoom or self.email
        return [str(each["topic"]) for each in self.project.cloud.zoom.meetings() if each["host_email"] == host]
