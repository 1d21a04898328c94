"""The steps of the story. Each is a method: what people do, what goes wrong, and what must be true in the end."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from playground.demo.application import Application
from playground.demo.own_account import OwnAccount
from playground.demo.telling import Teller
from playground.demo.vendors import OtherVendors
from playground.demo.view import Json, View
from playground.person import AddOnFailedError, ConferenceError
from playground.project import SWEEP_JOB, Project

ANN = "ann@example.com"
ZONE = ZoneInfo("Europe/Berlin")
SECRET_SHAPES = re.compile(r"ya29\.|eyJ[\w-]{10,}\.|zak=|/s/\d{9,}\?")


class Story:
    """One run. `tell` returns whether every promise was kept."""

    def __init__(self, project: Project, teller: Teller) -> None:
        self.project = project
        self.cloud = project.cloud
        self.teller = teller
        self.ann = project.person(ANN)
        self.view = View(project.cloud, self.ann)
        self.start = datetime.now(ZONE).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=7)
        self.foreign: list[Json] = []
        self.answers: list[object] = []

    def tell(self) -> bool:
        """Every step in order."""
        self.cloud.calendar.store.ensure_primary(ANN).time_zone = "Europe/Berlin"
        self.foreign_conferences()
        planning = self.create_and_save()
        self.rename_and_move(planning)
        self.recurrence(planning)
        self.copy(planning)
        self.expired_token(planning)
        self.lost_notification(planning)
        self.doubled_notification(planning)
        self.provider_timeout()
        self.renewal(planning)
        self.crashes(planning)
        self.trash(planning)
        OwnAccount(self.project, self.teller, self.ann, self.view, self.start).tell()
        OtherVendors(self.project, self.teller, self.ann, self.view, self.start).tell()
        self.project.sweep()  # the scheduler's, which renews channels: they live for less than the story
        application = Application(self.project, self.teller, self.ann, self.start)
        application.tell()
        self.answers += application.answers
        self.nothing_left()
        self.secrets()
        return self.teller.summary()

    # --- steps -------------------------------------------------------------------------------------------------------

    def foreign_conferences(self) -> None:
        """Conferences of others, which must be the same at the end."""
        with self.teller.step("The calendar has events with other people's conferences"):
            self.teller.person("saves an event with Google Meet, and one that another vendor's add-on filled")
            meet = {"createRequest": {"requestId": "demo", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
            other = {
                "conferenceSolution": {"key": {"type": "addOn"}, "name": "Other vendor"},
                "conferenceId": "other-123",
                "entryPoints": [{"entryPointType": "video", "uri": "https://meet.example.net/123"}],
            }
            ids = [self._save("With Meet", conferenceData=meet), self._save("With others", conferenceData=other)]
            self.teller.check(3, "both conferences are there", lambda: all(self.view.uris(each) for each in ids))
            self.foreign = [self.ann.event(each) for each in ids]

    def create_and_save(self) -> str:
        """A3, A5, A8: the event does not exist yet when its conference is made."""
        event_id = self.ann.begin_event()
        with self.teller.step("Ann opens a new event and chooses Zoom; the event is not saved yet"):
            self.teller.person('opens a new event, "Add conferencing" > "Zoom Meeting"')
            self.answers.append(self.ann.choose_conference(event_id, "zoom"))
            self.teller.person("chooses it once more, to be sure")
            self.answers.append(self.ann.choose_conference(event_id, "zoom"))
            self.teller.check(1, "both times the same conference", lambda: self.answers[0] == self.answers[1])
            self.teller.check(2, "Zoom has one meeting", lambda: len(self.cloud.zoom.meetings()) == 1)
        with self.teller.step("She saves it"):
            self.teller.person('saves it as "Planning", in a week at 10:00 Berlin time, 45 minutes')
            self.ann.save(event_id, summary="Planning", start=self.start, minutes=45)
            self._agrees(event_id)
        return event_id

    def rename_and_move(self, event_id: str) -> None:
        """B4: what changed decides."""
        with self.teller.step("She renames it"):
            self.teller.person('renames it to "Planning the spring"')
            self.ann.rename(event_id, "Planning the spring")
            self._agrees(event_id)
        with self.teller.step("She moves it"):
            self.teller.person("drags it two hours later")
            self.ann.move_in_time(event_id, timedelta(hours=2))
            self._agrees(event_id)

    def recurrence(self, event_id: str) -> None:
        """Series: the master owns the conference, instances follow it."""
        with self.teller.step("It becomes weekly"):
            self.teller.person("makes it repeat each week, eight times")
            self.ann.make_weekly(event_id, count=8)
            self._agrees(event_id)
            self.teller.check(
                1, "Zoom's meeting repeats weekly", lambda: self.view.meeting(event_id)["recurrence"]["end_times"] == 8
            )
        with self.teller.step("One instance is cancelled"):
            self.teller.person("deletes the third week only")
            self.ann.cancel_instance(self.ann.instances(event_id)[2]["id"])
            self._settle()
            self.teller.check(2, "the series keeps its one meeting", lambda: self.view.meeting(event_id)["type"] == 8)
        with self.teller.step('"This and following" splits the series'):
            self.teller.person('renames "this and following" from the fifth week on')
            fifth = self.ann.instances(event_id)[3]["id"]
            follower = self.ann.split_this_and_following(fifth, summary="Planning the summer")["id"]
            self._same_conference(event_id, follower)
            self.teller.check(
                2,
                "the meeting has no end while the later series needs it",
                lambda: self.view.meeting(event_id)["type"] == 3,
            )
            self.teller.person("deletes the later series")
            self.ann.delete(follower)
            self._settle()
            self.teller.check(
                2, "the first series keeps the meeting", lambda: len(self.view.meeting(event_id)["occurrences"]) < 8
            )

    def copy(self, event_id: str) -> None:
        """A copy shares the conference, and takes nothing with it when it goes."""
        with self.teller.step("The event is duplicated, and the copy deleted"):
            self.teller.person("duplicates the event")
            copy = self.ann.duplicate(event_id)["id"]
            self._same_conference(event_id, copy)
            self.teller.person("deletes the copy")
            self.ann.delete(copy)
            self._settle()
            self.teller.check(2, "the original keeps the meeting", lambda: bool(self.view.meeting(event_id)))

    def expired_token(self, event_id: str) -> None:
        """B3: a full list has no tombstones; what was deleted behind an expired token must be found all the same."""
        victim = self._event_with_zoom("Short lived")
        with self.teller.step("The sync token expires, and a deletion hides behind it"):
            self.teller.fault("Google drops the deletion's notification, then expires every sync token")
            self._mishap("drop")
            self.teller.person('deletes "Short lived"')
            self.ann.delete(victim)
            self._control(f"calendars/{ANN}/expire-sync-tokens")
            self.teller.person('renames "Planning": its notification is the first that arrives')
            self.ann.rename(event_id, "Planning after 410")
            self._agrees(event_id)
            self.teller.check(2, "the hidden deletion was found", lambda: len(self.cloud.zoom.meetings()) == 1)

    def lost_notification(self, event_id: str) -> None:
        """Promise 4."""
        with self.teller.step("A notification is lost; the sweep finds the change"):
            self.teller.fault("Google drops the next notification")
            self._mishap("drop")
            self.teller.person('renames it to "Found by the sweep"')
            self.ann.rename(event_id, "Found by the sweep")
            time.sleep(1.2)
            unaware = self.view.meeting(event_id)["topic"] != "Found by the sweep"
            self.teller.check(4, "nobody told us, and Zoom has the old title", lambda: unaware, wait=0)
            self.teller.person("nothing; Cloud Scheduler runs the sweep")
            self.project.sweep()
            self._agrees(event_id, promise=4)

    def doubled_notification(self, event_id: str) -> None:
        """Notifications are hints: two for one change are one update."""
        with self.teller.step("A notification comes twice"):
            self.teller.fault("Google sends the next notification twice")
            self._mishap("double")
            updates = self.view.zoom_calls("PATCH")
            self.teller.person("renames it")
            self.ann.rename(event_id, "Told twice")
            self._agrees(event_id)
            self._settle()
            self.teller.check(2, "Zoom was updated once", lambda: self.view.zoom_calls("PATCH") == updates + 1)

    def provider_timeout(self) -> None:
        """A create whose answer never came."""
        with self.teller.step("Zoom does the work and never answers"):
            self.teller.fault("Zoom makes the meeting, then cuts the connection")
            self.cloud.faults("zoom").add(method="POST", path="/meetings", cut="after")
            event_id = self.ann.begin_event()
            self.teller.person("chooses Zoom for another event, and waits")
            self.answers.append(self.ann.choose_conference(event_id, "zoom"))
            self.ann.save(event_id, summary="Made once", start=self.start + timedelta(days=1))
            self._agrees(event_id)
            self.teller.check(2, "Zoom has no second meeting for it", lambda: len(self.view.meetings(event_id)) == 1)
            self.teller.person("deletes that event")
            self.ann.delete(event_id)
            self.teller.check(2, "and its meeting goes", lambda: not self.view.meetings(event_id))

    def renewal(self, event_id: str) -> None:
        """F1, B1: the new channel is there before the old one goes."""
        with self.teller.step("The watch channel is renewed while changes happen"):
            before = self.view.live_channels()
            self.teller.person("renames the event five times a second, while Cloud Scheduler runs the sweep")
            done = threading.Event()
            busy = threading.Thread(target=self._keep_renaming, args=(event_id, done))
            busy.start()
            while not self.view.one_new_channel(before) and busy.is_alive():
                self.project.sweep()
                time.sleep(0.5)
            done.set()
            busy.join()
            self._agrees(event_id)
            self.teller.check(2, "one live channel, a new one", lambda: self.view.one_new_channel(before))
            self.teller.check(4, "the old one was stopped after the new one was open", self.view.watched_throughout)

    def crashes(self, event_id: str) -> None:
        """Promise 2, the hard way: every function dies by kill -9 while it works."""
        with self.teller.step("Each function is killed (kill -9) while it works"):
            self._crash(
                "calendar_notifications", "tasks", "POST", "/tasks", lambda: self.ann.rename(event_id, "Crash 1")
            )
            self._crash("sync_calendar", "calendar", "GET", "syncToken=", lambda: self.ann.rename(event_id, "Crash 2"))
            self._crash("reconcile_conference", "zoom", "PATCH", "/v2/", lambda: self.ann.rename(event_id, "Crash 3"))
            self._crash("renew_channels", "tasks", "POST", "/tasks", self._sweep_until_something_is_due)
            self._agrees(event_id, wait=25)
            other = self.ann.begin_event()
            self._crash("create_conference", "zoom", "POST", "/v2/", lambda: self.ann.choose_conference(other, "zoom"))
            self.teller.person("sees an error, chooses Zoom again, saves")
            self.answers.append(self._choose_until_it_works(other))
            self.ann.save(other, summary="After the crash", start=self.start + timedelta(days=2))
            self._agrees(other, wait=25)
            self.teller.check(2, "Zoom has exactly one meeting for it", lambda: len(self.view.meetings(other)) == 1)
            self.ann.delete(other)

    def trash(self, event_id: str) -> None:
        """Deleted and restored: a new meeting, and its link on the event."""
        with self.teller.step("The event goes to the trash and is restored"):
            old = self.view.uris(event_id)
            self.teller.person("deletes the event")
            self.ann.delete(event_id)
            self.teller.check(2, "its meeting goes", lambda: not self.cloud.zoom.meetings(), wait=20)
            self.teller.person("takes it out of the trash")
            self.ann.restore(event_id)
            self._agrees(event_id)
            self.teller.check(
                1, "the event shows the new meeting's link", lambda: self.view.shows_new_link(event_id, old)
            )

    def nothing_left(self) -> None:
        """B5, and promise 3."""
        with self.teller.step("Everything is deleted"):
            self.project.sweep()
            self._settle()
            kept = {event["id"] for event in self.foreign}
            for event in self.view.events():
                if event["id"] not in kept:
                    self.ann.delete(event["id"])
            self.teller.check(2, "Zoom holds no meeting any more", lambda: not self.cloud.zoom.meetings(), wait=20)
            same = [self.ann.event(event["id"]) == event for event in self.foreign]
            self.teller.check(3, "other people's conferences are untouched, to the letter", lambda: all(same), wait=0)

    def secrets(self) -> None:
        """Promise 5: tokens, keys and host links must be in no log, record or answer."""
        with self.teller.step("Logs, records and answers are searched for secrets"):
            files = [path for path in self.project.directory.iterdir() if path.suffix in {".log", ".sqlite"}]
            files += list(self.project.directory.glob("*.sqlite-wal"))
            texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in files}
            texts["answers"] = str(self.answers)
            known = [self.project.channel_keys, self.project.connection_keys, *self.cloud.zoom.hidden()]
            others = [vendor.hidden() for vendor in self.cloud.vendors.values() if hasattr(vendor, "hidden")]
            known += [secret for hidden in others for secret in hidden]
            for name, text in sorted(texts.items()):
                clean = not SECRET_SHAPES.search(text) and not any(secret in text for secret in known)
                self.teller.check(5, f"{name}: nothing", lambda clean=clean: clean, wait=0)  # type: ignore[misc]

    # --- what people and faults do -----------------------------------------------------------------------------------

    def _save(self, summary: str, **more: Any) -> str:
        event_id = self.ann.begin_event()
        self.ann.save(event_id, summary=summary, start=self.start, **more)
        return event_id

    def _event_with_zoom(self, summary: str) -> str:
        event_id = self.ann.begin_event()
        self.answers.append(self.ann.choose_conference(event_id, "zoom"))
        self.ann.save(event_id, summary=summary, start=self.start + timedelta(days=3))
        deadline = time.monotonic() + 10
        while not self.view.agree(event_id) and time.monotonic() < deadline:
            time.sleep(0.05)
        return event_id

    def _mishap(self, kind: str) -> None:
        self._control("notifications/mishaps", {"kind": kind})

    def _control(self, path: str, body: Json | None = None) -> None:
        requests.post(f"{self.cloud.url('calendar')}/_playground/{path}", json=body, timeout=10).raise_for_status()

    def _crash(self, name: str, at: str, method: str, path: str, act: Callable[[], object]) -> None:
        """Kill the function while that call of its to the simulator `at` is under way, then start it again."""
        self._settle()
        faults, function = self.cloud.faults(at), self.project.functions[name]
        faults.add(method=method, path=path, latency=1.0)
        self.teller.fault(f"kill -9 {name}, in the middle of a call to {at}")
        thread = threading.Thread(target=_suppressed(act), daemon=True)
        thread.start()
        self.teller.check(2, f"{name} is in that call when it dies", lambda: not faults.left())
        function.kill()
        function.start()
        function.wait()
        thread.join(10)

    def _keep_renaming(self, event_id: str, done: threading.Event) -> None:
        """Until it is done, and a little longer; for half a minute at most."""
        for number in range(150):
            self.ann.rename(event_id, f"Busy {number}")
            if done.wait(0.2):
                break
        self.ann.rename(event_id, "Busy no more")

    def _sweep_until_something_is_due(self) -> None:
        for _ in range(10):
            self.cloud.scheduler.run(SWEEP_JOB)
            time.sleep(0.3)

    def _choose_until_it_works(self, event_id: str) -> Json:
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.ann.choose_conference(event_id, "zoom")
            except (AddOnFailedError, ConferenceError):
                if time.monotonic() > deadline:
                    raise

    def _settle(self) -> None:
        """Wait until what was told has been worked off."""
        time.sleep(self.project.tempo.coalesce + 0.5)
        with suppress(TimeoutError):
            self.cloud.tasks.wait_idle(5, within=1)

    # --- what must be true -------------------------------------------------------------------------------------------

    def _agrees(self, event_id: str, *, promise: int = 1, wait: float = 12) -> None:
        told = "title, time and recurrence at Zoom are the event's"
        if self.teller.check(promise, told, lambda: self.view.agree(event_id), wait=wait):
            meeting = self.view.meeting(event_id)
            when = meeting.get("start_time", "no fixed time")
            self.teller.console.print(f"              Zoom holds {meeting['id']}: {meeting['topic']!r}, {when}")

    def _same_conference(self, one: str, other: str) -> None:
        self._settle()
        told = "both have the same conference, and Zoom one meeting"
        self.teller.check(2, told, lambda: self.view.share(one, other))


def _suppressed(act: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with suppress(AddOnFailedError, ConferenceError, requests.RequestException):
            act()

    return run
