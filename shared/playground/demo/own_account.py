"""The chapter "Ann has no Zoom account yet": a person connects their own, loses it, and connects it again."""

from __future__ import annotations

from datetime import datetime

from playground.browser import Browser, Page
from playground.demo.telling import Teller
from playground.demo.view import View
from playground.person import ConferenceError, Person
from playground.project import Project


class OwnAccount:
    """One person. `start` is when their event begins."""

    def __init__(self, project: Project, teller: Teller, person: Person, view: View, start: datetime) -> None:
        self._cloud = project.cloud
        self._connect = f"{project.functions['connect'].url}/connect"
        self._teller = teller
        self._person = person
        self._view = view
        self._start = start
        self._browser = Browser()

    def tell(self) -> None:
        """The whole chapter; it leaves nothing behind."""
        event_id = self._person.begin_event()
        with self._teller.step("Ann has no Zoom account yet"):
            self._teller.person('chooses "My own Zoom" for a new event')
            url = self._refused(event_id)
            self._teller.check(1, "Calendar tells her to connect it first, and where", lambda: bool(url), wait=0)
            self._teller.person("follows the link, signs in with Google, and allows it at Zoom")
            self._cloud.issuer.browser = self._person.email
            done = self._allowed(self._browser.send(self._browser.open(url)))
            self._teller.check(1, "she is told to choose Zoom again", lambda: "choose Zoom again" in done.text, wait=0)
            self._teller.person("does so, and saves the event")
            self._person.choose_conference(event_id, "my-zoom")
            self._person.save(event_id, summary="At my place", start=self._start)
            self._teller.check(1, "the event shows the link of a meeting", lambda: self._view.agree(event_id))
            self._teller.check(2, "it is in her own account", self._hosted_by_her)
        with self._teller.step("Her grant is revoked at Zoom, and she connects her account again"):
            self._teller.fault("Zoom forgets that she ever allowed it")
            self._cloud.zoom.revoke_tokens(self._person.email, refresh=True)
            self._teller.person('renames the event to "Still at my place"')
            self._person.rename(event_id, "Still at my place")
            self._teller.check(4, "her page says that it has to be connected again", self._told)
            topics = [each["topic"] for each in self._view.meetings(event_id)]
            self._teller.check(4, "the change waits, and the meeting stays", lambda: topics == ["At my place"], wait=0)
            self._teller.person("connects Zoom again")
            self._allowed(self._browser.send(self._browser.open(self._connect)))
            self._teller.check(4, "what waited is made", lambda: self._view.agree(event_id))
            self._teller.person("deletes the event")
            self._person.delete(event_id)
            self._teller.check(2, "and its meeting goes", lambda: not self._view.meetings(event_id))

    def _refused(self, event_id: str) -> str:
        try:
            self._person.choose_conference(event_id, "my-zoom")
        except ConferenceError as error:
            ours = (error.authentication_url or "").startswith(self._connect)
            return str(error.authentication_url) if error.kind == "AUTHENTICATION" and ours else ""
        return ""

    def _allowed(self, consent: Page) -> Page:
        return self._browser.send(consent, decision="allow")

    def _told(self) -> bool:
        return "Has to be connected again" in self._browser.open(self._connect).text

    def _hosted_by_her(self) -> bool:
        return [each["host_email"] for each in self._cloud.zoom.meetings() if each["topic"] == "At my place"] == [
            self._person.email
        ]
