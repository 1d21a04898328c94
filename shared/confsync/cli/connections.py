"""People's connected accounts: which there are, one that is to go, and all tokens under another key.

No command shows a token. Those that open some need the functions' own keys.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import structlog

from confsync import bootstrap, config
from confsync.domain import keys
from confsync.domain.conference import Conference
from confsync.domain.connection import GOOGLE, Connection, ConnectionState, Leaving
from confsync.domain.errors import BadRequest, NotConfigured
from confsync.once import lazy
from confsync.usecases.connecting.reseal import Reseal

COLUMNS = ("owner", "vendor", "account", "state", "connected", "last used", "conferences", "why")
PAGE = 100
"""So many rows are in memory, and share the widths of their columns."""
SHOWN = 10
"""Conferences that are named."""
CHOICES = {
    Leaving.KEEP: "they stay as they are, and follow their events no more",
    Leaving.ANEW: "they go, and are made anew by the account that is connected next, with new links",
    Leaving.REMOVE: "they go, from their events too",
}
AT_GOOGLE = {Leaving.KEEP: "they stay at their vendors, and follow their events no more"}
Say = Callable[[str], object]


class Deployment(bootstrap.Process):
    """What the functions work on, by this file, or by the one that the environment names."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @lazy
    def settings(self) -> config.Settings:
        """Raises `NotConfigured`."""
        return config.load() if self._path is None else config.load({config.CONFIG_VARIABLE: str(self._path)})

    def needs_keys(self) -> None:
        """Raises `NotConfigured` without keys that can seal tokens."""
        try:
            self.adapters.sealer  # noqa: B018 - it is built of them
        except NotConfigured as error:
            named = "" if config.CONNECTION_KEYS_VARIABLE in str(error) else f"{config.CONNECTION_KEYS_VARIABLE}: "
            raise NotConfigured(f"{named}{error}; give this command the same as the functions") from error

    def connection(self, owner: str, vendor: str) -> Connection:
        """Raises `BadRequest` if there is none."""
        found = self.adapters.store.get(Connection, keys.connection_key(owner, vendor))
        if found is None:
            raise BadRequest(f"{owner} has no account at {vendor} connected", field="vendor")
        return found

    def hosted(self, connection: Connection) -> Iterator[Conference]:
        """The live conferences that depend on it: as `ConnectAccount` tells, but without any key."""
        found = self.usecases.dependents.of(connection.owner, connection.vendor)
        return (each for each in found if not each.frozen)


# --- which there are -------------------------------------------------------------------------------------------------


def listed(deployment: Deployment, owner: str | None, state: ConnectionState | None, say: Say) -> int:
    """A table of connections: of that owner, or everybody's; in that state, or in any. Returns 0."""
    store = deployment.adapters.store
    found = store.find(Connection) if owner is None else iter(store.connections_of(owner))
    rows = (_row(deployment, each) for each in found if state in {None, each.state})
    lines: list[Sequence[str]] = [COLUMNS]
    widths = [0] * len(COLUMNS)
    while page := list(islice(rows, PAGE)):
        lines += page
        widths = [max(width, *(len(cells[n]) for cells in lines)) for n, width in enumerate(widths)]
        for cells in lines:
            say("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
        lines = []
    if lines:
        say("there is no such connection")
    return 0


def _row(deployment: Deployment, connection: Connection) -> Sequence[str]:
    cells = (
        connection.owner,
        connection.vendor,
        connection.account_name,
        connection.state,
        _minute(connection.connected_at),
        _minute(connection.used_at),
        str(sum(1 for _ in deployment.hosted(connection))),
        _why(connection),
    )
    return [_shown(each) for each in cells]


def _why(connection: Connection) -> str:
    """Why it stopped, and what else is going on."""
    told = [connection.reason] if connection.reason else []
    if connection.leaving:
        told.append(f"is being disconnected ({connection.leaving})")
    if connection.successor:
        told.append(f"{connection.successor.name} is to take its place")
    return "; ".join(told)


# --- one that is to go -----------------------------------------------------------------------------------------------


def disconnect(deployment: Deployment, owner: str, vendor: str, then: Leaving | None, *, sure: bool, say: Say) -> int:
    """Have it go as its person would, after a question on the terminal unless `sure`; what depends on it is told first.

    Returns 0, 1 if the answer was no, and 2 if `then` was not said, or can't be had. Raises `BadRequest` and
    `NotConfigured`, before anything was changed, and what the use case raises.
    """
    _log_to_stderr()
    connection = deployment.connection(owner, vendor)
    name = f"{_shown(connection.account_name)}, the {connection.vendor} account of {connection.owner}"
    why = _why(connection)
    say(f"{name}: {connection.state}" + (f", {_shown(why)}" if why else ""))
    _tell_conferences(list(deployment.hosted(connection)), say)
    choices = AT_GOOGLE if vendor == GOOGLE else CHOICES
    if then not in choices:
        say("nothing was changed: say what becomes of them")
        for choice, meaning in choices.items():
            say(f"  --then {choice.ljust(6)}  {meaning}")
        return 2
    deployment.needs_keys()
    accounts = deployment.usecases.connect_account
    accounts.name(vendor)
    say(f"--then {then}: {choices[then]}")
    if then is not Leaving.KEEP and not connection.usable:
        say("its tokens are good no more: meetings stay at the vendor, where nobody can reach them from here")
    if connection.successor:
        say(f"{_shown(connection.successor.name)} will not take its place: it has to be connected again")
    if not sure and not _confirmed():
        say("nothing was changed")
        return 1
    left = accounts.disconnect(connection.owner, vendor, then)
    say(_outcome(deployment.connection(owner, vendor), left))
    return 0


def _tell_conferences(found: list[Conference], say: Say) -> None:
    """How many, and the first of them."""
    say(f"live conferences that depend on it: {len(found)}")
    shown = [(spec.start, spec.title) for each in found if (spec := each.desired.spec or each.applied.spec)]
    for start, title in sorted(shown)[:SHOWN]:
        say(f"  {_minute(start)}  {_shown(title) or '(no title)'}")
    if len(found) > SHOWN:
        say(f"  and {len(found) - SHOWN} more")


def _confirmed() -> bool:
    """Whether somebody says yes. Raises `BadRequest` if there is nobody to ask."""
    if not sys.stdin.isatty():
        raise BadRequest("nobody can be asked here whether to disconnect it: say --yes", field="yes")
    try:
        return input("Disconnect it? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _outcome(after: Connection, left: int) -> str:
    if left:
        return f"meetings that are still to be removed: {left}. The functions go on with it; then it is disconnected"
    if after.usable:  # its person has connected one meanwhile
        return f"disconnected; {_shown(after.account_name)} was connected meanwhile: to disconnect that, run this again"
    return "disconnected"


def _log_to_stderr() -> None:
    """What use cases log is for whoever runs the command, and no part of its answer; a trace shows no values."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


# --- another key -----------------------------------------------------------------------------------------------------


def reseal(deployment: Deployment, say: Say) -> int:
    """Seal every token by the first key. Returns 1 if some can't be opened, which are named, else 0."""
    deployment.needs_keys()
    ports = deployment.adapters
    found = Reseal(store=ports.store, sealer=ports.sealer)()
    for each in found.unreadable:
        say(f"no key opens the tokens of {each.owner} at {each.vendor}: they have to connect that account again")
    say(f"sealed anew: {found.done}; skipped: {found.skipped}; unreadable: {len(found.unreadable)}")
    return 1 if found.unreadable else 0


# --- words -----------------------------------------------------------------------------------------------------------


def _minute(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") if at else "never"


def _shown(text: str) -> str:
    """Without what could steer a terminal: names come from vendors, and titles from anybody."""
    return "".join(each if each.isprintable() else "?" for each in text)
