"""`python -m playground demo|serve [--store sqlite|firestore]`: see `make demo` and `make playground`."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playground.cloud import APPLICATION
from playground.demo.story import Story
from playground.demo.telling import Teller
from playground.firestore_emulator import EmulatorUnavailable, firestore_emulator
from playground.functions import FunctionFailed
from playground.project import Project, Tempo, running
from playground.vendors.catalogue import CATALOGUE

ANN = "ann@example.com"
HOUR = timedelta(hours=1)
SAVE = """
import datetime, json, sys
chosen = json.load(sys.stdin)["conferenceData"]
points = [{"entryPointType": each["type"].lower(), "uri": each["uri"]} for each in chosen["entryPoints"]]
data = {"conferenceId": chosen["conferenceId"], "conferenceSolution": {"key": {"type": "addOn"}}, "entryPoints": points}
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
ends = soon + datetime.timedelta(minutes=45)
when = {"start": {"dateTime": soon.isoformat()}, "end": {"dateTime": ends.isoformat()}}
print(json.dumps({"id": sys.argv[1], "summary": "Planning", **when, "conferenceData": data}))
"""
"""The add-on's answer as the event that Calendar saves with it: one that begins soon, so that links are open."""
LINK = """
import json, sys
print(json.load(sys.stdin)["conferenceData"]["entryPoints"][0]["uri"])
"""

DEMO = Tempo(ttl=40, coalesce=0.4, provider_deadline=1.5, lease=5, calendar_interval=1)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="playground", description="Your Google Cloud project on localhost.")
    parser.add_argument("what", choices=("demo", "serve"))
    parser.add_argument("--store", choices=("sqlite", "firestore"), default="sqlite")
    options = parser.parse_args(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(130))  # through every `finally`: no process of ours stays behind
    os.environ["NO_PROXY"] = "127.0.0.1"  # everything is here, whatever stands between this machine and the world
    try:
        return demo(options.store) if options.what == "demo" else serve(options.store)
    except (EmulatorUnavailable, FunctionFailed) as error:
        print(error, file=sys.stderr)
        return 2


def demo(store: str) -> int:
    """Tell the story once."""
    started = time.monotonic()
    with _project(store, DEMO) as project:
        teller = Teller(project)
        teller.console.print(
            f"{len(project.functions)} functions and {len(project.cloud.servers)} simulators are running ({store}),"
            f" logs in {project.directory}"
        )
        kept = Story(project, teller).tell()
        teller.console.print(f"{teller.steps} steps in {time.monotonic() - started:.0f} s")
        if not kept:
            teller.console.print(f"The logs are kept: {_kept(project.directory)}")
    return 0 if kept else 1


def _kept(directory: Path) -> str:
    """A copy of the project's directory that stays."""
    return shutil.copytree(directory, tempfile.mkdtemp(prefix="confsync-demo-"), dirs_exist_ok=True)


def serve(store: str) -> int:
    """Keep everything running until it is interrupted."""
    with _project(store, Tempo(sweep=60)) as project:
        project.cloud.issuer.browser = ANN
        print(guide(project), flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


@contextmanager
def _project(store: str, tempo: Tempo) -> Iterator[Project]:
    with (
        tempfile.TemporaryDirectory(prefix="confsync-playground-") as directory,
        _emulator() if store == "firestore" else nullcontext() as emulator,
        running(Path(directory), tempo=tempo, firestore=emulator) as project,
    ):
        yield project


def _emulator() -> AbstractContextManager[str]:
    """The Firestore emulator that runs already, or one of our own."""
    running_already = os.environ.get("FIRESTORE_EMULATOR_HOST")
    return nullcontext(running_already) if running_already else firestore_emulator()


def guide(project: Project) -> str:
    """What there is, and what can be tried."""
    token = project.cloud.accounts.issue(ANN)
    create = project.functions["create_conference"].url
    events = f"{project.cloud.url('calendar')}/calendar/v3/calendars/primary/events"
    issuer = project.cloud.url("issuer")
    addresses = {name: server.url for name, server in project.cloud.servers.items()}
    addresses |= {name: function.url for name, function in project.functions.items()}
    listed = "\n".join(f"  {name:<24}{url}" for name, url in addresses.items())
    client, api = project.addon().oauth_client_id, project.functions["events"].url
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return f"""\
Your Google Cloud project on localhost. Logs and records: {project.directory}

{listed}

What people choose from, and where to see what the vendor has then:

{_solutions(project)}

Try, as {ANN}, in one shell:

  # an identity token, as Apps Script would send it
  ID=$(curl -s {issuer}/_playground/mint -H 'Content-Type: application/json' \\
    -d '{{"email": "{ANN}", "audience": "{client}"}}' \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')

  # choose Zoom, or any other solution of the list, for an event that is not saved yet
  # (an id of your own has 5 or more of the characters a-v and 0-9, and no others)
  EVENT=planning$(date +%s)
  CHOSEN=$(curl -s '{create}?solution=zoom' -H "Authorization: Bearer $ID" -H 'Content-Type: application/json' \\
    -d '{{"eventData": {{"calendarId": "primary", "eventId": "'$EVENT'"}}}}'); echo "$CHOSEN"

  # save it with what was chosen, as Calendar does, to begin in five minutes; the meeting gets its title and time
  echo "$CHOSEN" | python3 -c '{SAVE}' $EVENT | curl -s '{events}?conferenceDataVersion=1' \\
    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d @-

  # rename it, and the meeting follows (DELETE instead, and it goes)
  curl -s -X PATCH {events}/$EVENT -H 'Authorization: Bearer {token}' \\
    -H 'Content-Type: application/json' -d '{{"summary": "Planning the spring"}}'

  # the API, as an application of yours: a token of its own, and what the API is (the page is the reference)
  EVENTS={api}
  TOKEN=$(curl -s {issuer}/_playground/mint -H 'Content-Type: application/json' \\
    -d '{{"email": "{APPLICATION}", "audience": "{api}"}}' \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
  python3 -m webbrowser $EVENTS/v1/

  # make an event with a Zoom meeting, or with any other provider, or Google Meet; the README has more of these
  MADE=app$(date +%s)
  curl -s $EVENTS/v1/calendars/{ANN}/events -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"id": "'$MADE'", "summary": "Made by an app",
      "start": {{"dateTime": "{start:%FT%TZ}"}}, "end": {{"dateTime": "{start + HOUR:%FT%TZ}"}},
      "conferencing": {{"provider": "Zoom Meeting", "autocreate": {{}}}}}}'

  # read it, or any other event: $EVENT in place of $MADE
  curl -s $EVENTS/v1/calendars/{ANN}/events/$MADE -H "Authorization: Bearer $TOKEN"

  # put a link of your own there instead; its meeting goes ("conferencing": null removes it)
  curl -s -X PATCH $EVENTS/v1/calendars/{ANN}/events/$MADE -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' -d '{{"conferencing": {{"details": {{"url": "https://rooms.example.com/abc"}}}}}}'

  # find the meeting in a text
  curl -s $EVENTS/v1/conferencing:detect -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"text": "Join: https://us02web.zoom.us/j/86012345678?pwd=abc"}}'

  # what Zoom holds; of the others, see the list
  curl -s {project.cloud.url("zoom")}/_playground/meetings

  # Ann's events
  curl -s '{events}' -H 'Authorization: Bearer {token}'

  # open the event's link, if you chose bigbluebutton or jaas: our own page, from which each person goes on with a link
  # of theirs (the others' links lead to the vendors' real addresses, where nothing of this is)
  LINK=$(curl -s {events}/$EVENT -H 'Authorization: Bearer {token}' | python3 -c '{LINK}'); echo "$LINK"
  python3 -m webbrowser "$LINK"

  # connect an account of your own: choose my-zoom first, and see the error with its authenticationUrl; then open this
  # page, connect Zoom, and choose it again
  python3 -m webbrowser {project.functions["connect"].url}/connect

  # who is signed in with Google in the browser that comes next: at first {ANN} (null: they say no)
  curl -s -X PUT {issuer}/_playground/browser -H 'Content-Type: application/json' -d '{{"email": "{ANN}"}}'

  # try a solution against its vendor, as you would your own: any of the list in place of zoom
  ({_exported(project)};
    {shlex.quote(sys.executable)} -m confsync check zoom --config {shlex.quote(str(project.config))} --host {ANN})

  # let the next Zoom call fail after the work was done
  curl -s {project.cloud.url("zoom")}/_playground/faults -H 'Content-Type: application/json' \\
    -d '{{"path": "/v2/", "cut": "after"}}'

Ctrl-C ends it.
"""


def _solutions(project: Project) -> str:
    """A line for each: what it is called by the add-on, and by people, and where its meetings are shown."""
    shown = {
        entry.name: f"{project.cloud.url(entry.name)}/_playground/meetings"
        + ("" if entry.creates else " (empty until somebody joins)")
        for entry in CATALOGUE
    }
    shown |= dict.fromkeys(("zoom", "zoom-recorded", "my-zoom"), f"{project.cloud.url('zoom')}/_playground/meetings")
    shown["jitsi"] = "nowhere: a room is only its address"
    return "\n".join(f"  ?solution={each.id:<16}{each.name:<24}{shown[each.id]}" for each in project.addon().solutions)


def _exported(project: Project) -> str:
    """What lets a command find this project in place of Google Cloud."""
    variables = {name: value for name, value in project.environment.items() if name != "CONFSYNC_CONFIG"}
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


if __name__ == "__main__":
    sys.exit(main())
