"""Chapters of the story with other vendors: each is chosen like Zoom, and differs in what it keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playground.browser import Browser
from playground.demo.telling import Teller
from playground.demo.view import Json, View
from playground.person import Person
from playground.project import Project
from playground.vendors.catalogue import CATALOGUE

Meetings = Callable[[], list[Json]]


class OtherVendors:
    """Microsoft Teams, Webex and BigBlueButton. `start` is when events begin that are not on at once."""

    def __init__(self, project: Project, teller: Teller, person: Person, view: View, start: datetime) -> None:
        self._cloud = project.cloud
        self._join = project.functions["join"].url
        self._teller = teller
        self._person = person
        self._view = view
        self._start = start

    def tell(self) -> None:
        """Every chapter; each leaves nothing behind."""
        self.teams()
        self.webex()
        self.bigbluebutton()

    def teams(self) -> None:
        """A vendor that takes our marker as the meeting's own id: asking twice makes one."""
        teams = self._cloud.vendors["teams"]
        with self._teller.step("Microsoft Teams: the answer is lost, and asking again gives the same meeting"):
            self._teller.fault("Graph makes the meeting, then cuts the connection")
            self._cloud.faults("teams").add(method="POST", path="createOrGet", cut="after")
            event_id = self._chosen("teams", "Budget", self._start)
            self._shows_only(event_id, "Budget", teams.meetings, "subject", "joinWebUrl")
            self._teller.person('renames it to "Budget of the year" and moves it to the next day')
            self._person.rename(event_id, "Budget of the year")
            self._person.move_in_time(event_id, timedelta(days=1))
            self._shows_only(event_id, "Budget of the year", teams.meetings, "subject", "joinWebUrl")
            self._deleted(event_id, "Teams", teams.meetings)

    def webex(self) -> None:
        """A vendor that keeps series: a single time of one is cancelled there, too."""
        webex = self._cloud.vendors["webex"]
        with self._teller.step("Webex: one week of a series is cancelled, another moved, and Webex mails nobody"):
            event_id = self._chosen("webex", "Design review", self._start)
            self._person.make_weekly(event_id, count=6)
            self._teller.person("deletes the second week only, and moves the fourth by an hour")
            weeks = self._person.instances(event_id)
            self._person.cancel_instance(weeks[1]["id"])
            self._person.move_instance(weeks[3]["id"], timedelta(hours=1))
            expected = [self._start + timedelta(weeks=week) for week in (0, 2, 3, 4, 5)]
            expected[2] += timedelta(hours=1)
            starts = [at.astimezone(UTC) for at in expected]
            self._teller.check(
                2,
                "Webex has the five others, one of them later",
                lambda: [[start for start, _ in each] for each in webex.occurrences()] == [starts],
            )
            self._shows_only(event_id, "Design review", webex.meetings, "title", "webLink")
            self._teller.check(3, "nobody had a mail from Webex", lambda: webex.mails() == [], wait=0)
            self._deleted(event_id, "Webex", webex.meetings)

    def bigbluebutton(self) -> None:
        """A vendor that has a meeting only while people are in it, and a link for each of them."""
        server = self._cloud.vendors["bigbluebutton"]
        with self._teller.step("BigBlueButton: the event shows one address, and each person gets a link of their own"):
            event_id = self._chosen("bigbluebutton", "Stand-up", datetime.now(UTC) + timedelta(minutes=5))
            self._teller.check(1, "the event shows our address", lambda: self._link(event_id).startswith(self._join))
            self._teller.check(2, "nothing is on the server yet", lambda: server.meetings() == [])
            guest, own, link = Browser(), Browser(), self._link(event_id)
            self._teller.check(1, "it opens, as the event is about to begin", lambda: bool(guest.open(link).forms))
            self._teller.person("Cara, a guest, follows the link and says her name")
            guest.send(guest.open(link), name="Cara")
            self._teller.person("follows the link too, and signs in with Google")
            self._cloud.issuer.browser = self._person.email
            own.send(own.send(own.open(f"{link}/sign-in")), name="Ann")
            came = [(each["fullName"], each["role"]) for each in server.joins()]
            self._teller.check(2, "one meeting was made", lambda: len(server.meetings()) == 1)
            expected = [("Cara", "VIEWER"), ("Ann", "MODERATOR")]
            self._teller.check(1, "Cara came as a viewer, Ann as the moderator", lambda: came == expected, wait=0)
            self._deleted(event_id, "BigBlueButton", server.meetings)
            self._teller.check(2, "the link is of no use any more", lambda: guest.open(link).status == 410)

    # --- what they share ---------------------------------------------------------------------------------------------

    def _chosen(self, solution: str, summary: str, start: datetime) -> str:
        event_id = self._person.begin_event()
        name = next(entry.title for entry in CATALOGUE if entry.name == solution)
        self._teller.person(f'chooses {name} for "{summary}", and saves it')
        self._person.choose_conference(event_id, solution)
        self._person.save(event_id, summary=summary, start=start)
        return event_id

    def _shows_only(self, event_id: str, title: str, meetings: Meetings, titled: str, linked: str) -> None:
        def holds() -> bool:
            (meeting,) = meetings()
            return meeting[titled] == title and meeting[linked] in self._view.uris(event_id)

        self._teller.check(1, f"there is one meeting, {title!r}, and the event shows its link", holds)

    def _deleted(self, event_id: str, vendor: str, meetings: Meetings) -> None:
        self._teller.person("deletes the event")
        self._person.delete(event_id)
        self._teller.check(2, f"{vendor} holds no meeting any more", lambda: not meetings())

    def _link(self, event_id: str) -> str:
        return next(uri for uri in self._view.uris(event_id) if uri.startswith("http"))
