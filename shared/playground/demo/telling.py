"""Telling the story and keeping count of the promises."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from playground.project import Project
from playground.vendors.catalogue import CATALOGUE

PROMISES = {
    1: "A live event has exactly one conference, and they agree",
    2: "Nothing is lost, doubled or left behind",
    3: "What is not ours is never changed",
    4: "Every change is found, also without a notification",
    5: "Nothing secret is logged, stored in clear, or returned",
}
PARTIES = ("Calendar", "functions", "Zoom")
"""Of whom a step tells also that they did nothing."""
PATIENCE = 12.0
"""Seconds that something may take to become true."""


@dataclass
class Teller:
    """Prints the steps, and remembers every check by the promise it belongs to."""

    project: Project
    console: Console = field(default_factory=lambda: Console(highlight=False, width=118))
    kept: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    steps: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step; at its end what every party did in it."""
        self.steps += 1
        self.console.print(f"\n[bold]{self.steps:2}. {title}[/bold]")
        before, started = self._seen(), time.monotonic()
        yield
        self._quiet()
        took = time.monotonic() - started
        did = {name: counts - before[name] for name, counts in self._seen().items()}
        for name, counts in did.items():
            if not counts and name not in PARTIES:
                continue
            told = ", ".join(f"{what} x{n}" if n > 1 else what for what, n in sorted(counts.items()))
            self.console.print(f"    [cyan]{name:<9}[/cyan] {told or '-'}")
        self.console.print(f"    [dim]{took:.1f} s[/dim]")

    def person(self, what: str) -> None:
        """What a person did."""
        self.console.print(f"    [magenta]person   [/magenta] {what}")

    def application(self, what: str) -> None:
        """What a program asked of the API."""
        self.console.print(f"    [magenta]app      [/magenta] {what}")

    def fault(self, what: str) -> None:
        """What goes wrong on purpose."""
        self.console.print(f"    [yellow]fault    [/yellow] {what}")

    def check(self, promise: int, what: str, holds: Callable[[], bool], *, wait: float = PATIENCE) -> bool:
        """Wait until it holds, print and count it. False: it never did."""
        deadline = time.monotonic() + wait
        while not (good := _quietly(holds)) and time.monotonic() < deadline:
            time.sleep(0.05)
        (self.kept if good else self.broken)[promise] += 1
        mark = "[green]ok[/green]    " if good else "[bold red]BROKEN[/bold red]"
        self.console.print(f"    {mark}    {what}")
        return good

    def summary(self) -> bool:
        """The table of promises. Whether all were kept."""
        table = Table(title="\nPromises")
        for heading in ("", "promise", "kept", "broken"):
            table.add_column(heading, justify="left" if heading == "promise" else "right")
        for number, text in PROMISES.items():
            table.add_row(str(number), text, str(self.kept[number]), str(self.broken[number]))
        self.console.print(table)
        return not self.broken and all(self.kept[number] for number in PROMISES)

    def _quiet(self) -> None:
        """Let what is under way end, so that it counts for this step."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            try:
                self.project.cloud.tasks.wait_idle(0.5, within=1)
            except TimeoutError:
                continue
            return

    def _seen(self) -> dict[str, Counter[str]]:
        cloud = self.project.cloud
        functions = {function.url: name for name, function in self.project.functions.items()}
        called: Counter[str] = Counter()
        for stats in (*cloud.tasks.stats().values(), {"by_url": cloud.scheduler.stats()}):
            for url, statuses in stats["by_url"].items():
                for status, count in statuses.items():
                    called[f"{functions.get(url, 'renew_channels')} {status}"] += count
        told = {"Calendar": Counter(cloud.calendar.push.outcomes), "functions": called, "Zoom": self._calls("zoom")}
        return told | {entry.title: self._calls(entry.name) for entry in CATALOGUE}

    def _calls(self, vendor: str) -> Counter[str]:
        """Calls that the vendor has had, but for those of tokens and for what people open."""
        requests = self.project.cloud.faults(vendor).requests()
        return Counter(
            f"{request.method} {_shape(request.path)} {request.status or 'cut'}"
            for request in requests
            if "/oauth" not in request.path and "token" not in request.path
        )


def _shape(path: str) -> str:
    parts = ["{id}" if any(c.isdigit() for c in part) or "@" in part else part for part in path.split("/")[2:]]
    return "/" + "/".join(parts)


def _quietly(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except (LookupError, ValueError):
        return False  # what is asked about is not there (yet)
