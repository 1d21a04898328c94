"""Deliberate bugs, one at a time: does the simulation notice each?

`python -m tests.simulation.mutations` tries them all (or those whose numbers are given) on copies of the sources, and
prints the table that stands in README.md; `--write` keeps it there. Exit code 1 if one goes unnoticed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = Path(__file__).with_name("README.md")
TABLE = re.compile(r"(<!-- mutations -->\n).*?(<!-- end of mutations -->)", re.DOTALL)
BUDGET = {"RUNS": "400"}


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """`old` stands once in `shared/confsync/<file>`, and becomes `new`."""

    name: str
    file: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The file's text with the bug. Raises `ValueError` if its place is not there any more."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its place stands {source.count(self.old)} times in {self.file}")
        return source.replace(self.old, self.new)


MUTATIONS = [
    Mutation(
        name="the sync token is stored before what it is past",
        file="usecases/syncing/apply_events.py",
        old="        self.store.commit(ledgers.writes(ledger, *calendars.values()))\n",
        new="        self.store.commit(ledgers.writes(ledgers.Ledger(), *calendars.values()))\n"
        "        self.store.commit(ledgers.writes(ledger))\n",
    ),
    Mutation(
        name="a late worker's commit is taken (no fencing of conferences)",
        file="domain/lease.py",
        old="        return self.epoch == mine.epoch and self.holder == mine.holder and self.taken(now)\n",
        new="        return True\n",
    ),
    Mutation(
        name="an unconfirmed creation is made again, and not looked for",
        file="domain/step.py",
        old="        yield Step.LOOK if verify or conference.creating_since is not None else Step.CREATE\n",
        new="        yield Step.CREATE\n",
    ),
    Mutation(
        name="it is not recorded that a creation begins",
        file="domain/transitions.py",
        old="        creating_since=now if creates else conference.creating_since,\n",
        new="",
    ),
    Mutation(
        name="it is not recorded that a change begins",
        file="domain/transitions.py",
        old="        applied=replace(conference.applied, spec=None) if step in CHANGING else conference.applied,\n",
        new="",
    ),
    Mutation(
        name="a process that stood still uses its old lease",
        file="usecases/reconciling/conference_lease.py",
        old="        if clock.now() - now > ttl / 2:\n",
        new="        if False:\n",
    ),
    Mutation(
        name="a meeting that is gone at the vendor is updated for ever",
        file="usecases/reconciling/provider_steps.py",
        old="            return self._lost(step)\n",
        new="            raise\n",
    ),
    Mutation(
        name="a meeting that is deleted already can't be deleted",
        file="usecases/reconciling/provider_steps.py",
        old="        with suppress(NotFound):  # what we want is so already\n"
        "            self.provider.delete(reference)\n",
        new="        self.provider.delete(reference)\n",
    ),
    Mutation(
        name="own writes are answered by another update",
        file="usecases/reconcile_conference.py",
        old="            if step is Step.UPDATE and self._agrees():\n",
        new="            if False:\n",
    ),
    Mutation(
        name="the fingerprint ignores the time zone",
        file="domain/conference.py",
        old="if known.get(name, ...) != value)\n",
        new='if known.get(name, ...) != value and name != "time_zone")\n',
    ),
    Mutation(
        name="the last word of two changes is lost (the version is not raised)",
        file="domain/transitions.py",
        old="        desired=Desired(version=conference.desired.version + 1, spec=spec),\n",
        new="        desired=Desired(version=max(conference.desired.version, 1), spec=spec),\n",
    ),
    Mutation(
        name="after a 410 what the list lacks is not looked for",
        file="usecases/syncing/event_pages.py",
        old="    missing = linked.keys() - page.ids\n",
        new="    missing = set[str]()\n",
    ),
    Mutation(
        name="after a 410 a fresh token is taken and nothing listed",
        file="usecases/syncing/event_pages.py",
        old="    page = _listed(google, calendar_id, None, since)\n",
        new="    page = _listed(google, calendar_id, None, since)\n"
        "    page = EventPage(events=(), page_token=page.page_token, sync_token=page.sync_token)\n",
    ),
    Mutation(
        name="only the first page of changes is read",
        file="usecases/syncing/event_pages.py",
        old="        page = google.list_events(calendar_id, sync_token=sync_token, page_token=page.page_token)\n",
        new="        page = google.list_events(calendar_id, sync_token=sync_token, page_token=page.page_token)\n"
        "        page = EventPage(events=(), page_token=page.page_token, sync_token=page.sync_token)\n",
    ),
    Mutation(
        name="the old channel is stopped before the new one is open",
        file="usecases/channels/watch_channels.py",
        old="        try:\n            self._register(channel)\n        except Unwatchable",
        new="        if calendar.channel_id and (before := self.store.get(Channel, calendar.channel_id)):\n"
        "            self.retire(before)\n"
        "        try:\n            self._register(channel)\n        except Unwatchable",
    ),
    Mutation(
        name="the old channel is not stopped",
        file="usecases/channels/watch_channels.py",
        old="        if over and (before := self.store.get(Channel, over)):\n",
        new="        if False:\n",
    ),
    Mutation(
        name="the sweep looks at no calendar",
        file="usecases/renew_channels.py",
        old="        self.queue.sync_calendar(calendar.key, at=at)\n",
        new="        pass\n",
    ),
    Mutation(
        name="the sweep looks at no conference",
        file="usecases/renew_channels.py",
        old="        self.queue.reconcile_conference(conference.id, at=at)\n",
        new="        pass\n",
    ),
    Mutation(
        name="the first link that goes takes the meeting with it",
        file="domain/plan.py",
        old="    left = tuple(key for key in conference.links if key != link.key)\n",
        new="    left = ()\n",
    ),
    Mutation(
        name="a moved event is not looked for",
        file="usecases/syncing/apply_events.py",
        old="            for link in lost\n            if link.event_id not in over\n",
        new="            for link in list[Link]()\n            if link.event_id not in over\n",
    ),
    Mutation(
        name="choices are given up after an hour",
        file="domain/link.py",
        old="COLLECT_AFTER = timedelta(hours=24)\n",
        new="COLLECT_AFTER = timedelta(hours=1)\n",
    ),
    Mutation(
        name="details are written over whatever the event shows",
        file="usecases/reconciling/publish_conference.py",
        old="                if not event.cancelled and _has(event, link, shown):\n",
        new="                if not event.cancelled:\n",
    ),
    Mutation(
        name="a paused calendar goes on from its old token, on its old channel",
        file="usecases/syncing/lost_calendar.py",
        old="        if owner := self._other_owner(calendar):\n",
        new="        return calendar\n        if owner := self._other_owner(calendar):\n",
    ),
    Mutation(
        name="the vendor's daily limit is not counted",
        file="usecases/reconciling/budgets.py",
        old="        if limit is None or step not in COUNTED:\n",
        new="        if True:\n",
    ),
    Mutation(
        name="a repeated request makes another event",
        file="usecases/writing/repeats.py",
        old="            event_id=own_id or event_id(record_key),\n",
        new="            event_id=own_id or self.clock.new_id(),\n",
    ),
    Mutation(
        name="what a request that died asked for is never put on its event",
        file="usecases/records/ledgers.py",
        old="    return chosen is not None and chosen.put_at is not None and chosen.put_at <= now\n",
        new="    return False\n",
    ),
    Mutation(
        name="a refused request takes back nothing",
        file="usecases/making/choose_conference.py",
        old="            let_go(ledger, link, chosen.conference_id, self.clock.now())\n",
        new="            return\n",
    ),
    Mutation(
        name="an event is changed whatever became of it since it was read",
        file="usecases/change_event.py",
        old="conference=shown, etag=etag, send_updates=send)\n",
        new="conference=shown, send_updates=send)\n",
    ),
    Mutation(
        name="tokens that nobody uses are left to their end",
        file="domain/connection.py",
        old="        return self.usable and self.leaving is None and (self.renew_at is None or self.renew_at <= now)\n",
        new="        return False\n",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`by` names the test that noticed; None: nobody did."""

    mutation: Mutation
    by: str | None
    said: str
    seconds: float


def judge(mutation: Mutation) -> Verdict:
    """Run the simulation on sources with this bug, until the first test fails."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        sources = Path(directory) / "shared"
        shutil.copytree(ROOT / "shared" / "confsync", sources / "confsync")
        file = sources / "confsync" / mutation.file
        file.write_text(mutation.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/simulation",
            "-qx",
            "--no-header",
            "--show-capture=no",
            "--tb=native",
            "-p",
            "no:cacheprovider",
            "--deselect",
            "tests/simulation/test_mutations.py",
        ]
        environment = {**os.environ, **BUDGET, "PYTHONPATH": str(sources)}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    failed = re.search(r"^FAILED \S+::(\S.*?)(?: - (.*))?$", run.stdout, re.MULTILINE)
    if run.returncode not in {0, 1} or (run.returncode == 1 and failed is None):
        raise RuntimeError(f"{mutation.name}: the simulation could not run\n{run.stdout[-3000:]}{run.stderr[-1000:]}")
    return Verdict(
        mutation=mutation,
        by=failed[1] if failed else None,
        said=(failed[2] or "") if failed else "",
        seconds=time.monotonic() - started,
    )


def row(number: int, verdict: Verdict) -> str:
    noticed = f"`{verdict.by}`" if verdict.by else "**nobody**"
    return f"| {number} | {verdict.mutation.name} | `{verdict.mutation.file}` | {noticed} |"


def main(arguments: list[str]) -> int:
    wanted = {int(argument) for argument in arguments if argument.isdigit()}
    rows, unnoticed = ["| | deliberate bug | in | noticed first by |", "| --- | --- | --- | --- |"], 0
    print("\n".join(rows), flush=True)
    for number, mutation in enumerate(MUTATIONS, start=1):
        if wanted and number not in wanted:
            continue
        verdict = judge(mutation)
        unnoticed += verdict.by is None
        rows.append(row(number, verdict))
        print(rows[-1], f"{verdict.seconds:.0f} s: {verdict.said[:100]}", flush=True)
    if "--write" in arguments:
        text = README.read_text(encoding="utf-8")
        README.write_text(TABLE.sub(lambda m: m[1] + "\n".join(rows) + "\n" + m[2], text), encoding="utf-8")
    print(f"{len(rows) - 2 - unnoticed} of {len(rows) - 2} noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
