"""People's connected accounts: which there are, one that is to go, and all tokens under another key.

No command shows a token. Those that open some need the functions' own keys.
"""

import sys
from collections.abc import Iterator

from confsync.cli import answers
from confsync.cli.answers import Facts, Say, minute, shown
from confsync.cli.deployment import Deployment, log_to_stderr
from confsync.domain import keys
from confsync.domain.conference import Conference
from confsync.domain.connection import GOOGLE, Connection, ConnectionState, Leaving
from confsync.domain.errors import BadRequest
from confsync.usecases.connecting.reseal import Reseal

SHOWN = 10
"""Conferences that are named."""
CHOICES = {
    Leaving.KEEP: "they stay as they are, and follow their events no more",
    Leaving.ANEW: "they go, and are made anew by the account that is connected next, with new links",
    Leaving.REMOVE: "they go, from their events too",
}
AT_GOOGLE = {Leaving.KEEP: "they stay at their vendors, and follow their events no more"}


# --- which there are -------------------------------------------------------------------------------------------------


def listed(
    deployment: Deployment, owner: str | None, state: ConnectionState | None, say: Say, *, as_json: bool = False
) -> int:
    """A table of connections: of that owner, or everybody's; in that state, or in any. Returns 0."""
    store = deployment.adapters.store
    found = store.find(Connection) if owner is None else iter(store.connections_of(owner))
    rows = (_row(deployment, each) for each in found if state in {None, each.state})
    nothing = "nobody has connected an account" if (owner, state) == (None, None) else "there is no such connection"
    answers.rows(rows, say, nothing=nothing, as_json=as_json)
    return 0


def _row(deployment: Deployment, connection: Connection) -> Facts:
    return {
        "owner": connection.owner,
        "vendor": connection.vendor,
        "account": connection.account_name,
        "state": connection.state,
        "connected": connection.connected_at,
        "last used": connection.used_at,
        "renewed next": connection.renew_at if connection.usable and not connection.leaving else None,
        "conferences": sum(1 for _ in _hosted(deployment, connection)),
        "why": _why(connection),
    }


def show(deployment: Deployment, owner: str, vendor: str, say: Say, *, as_json: bool = False) -> int:
    """Everything about one, but its tokens. Returns 0. Raises `BadRequest` if there is none."""
    connection = _connection(deployment, owner, vendor)
    told = {
        **_row(deployment, connection),
        "key": connection.key,
        "allowed": connection.scopes,
        "ended": connection.ended_at,
        "being left since": connection.leaving_since,
        "looked after next": connection.due_at,
        "being renewed until": connection.lease.until
        if connection.lease.taken(deployment.adapters.clock.now())
        else None,
    }
    answers.facts(told, say, as_json=as_json)
    return 0


def retry(deployment: Deployment, owner: str, vendor: str, say: Say) -> int:
    """Have the next sweep look after it. Returns 0. Raises `BadRequest`, which says why it can't be."""
    log_to_stderr()
    try:
        deployment.by_hand.retry_connection(_connection(deployment, owner, vendor).key)
    except BadRequest as error:
        raise BadRequest(f"{vendor} account of {owner}: {error}") from error
    say(f"{vendor} account of {owner}: the next sweep renews its grant or, if it is being left, goes on with that")
    return 0


def _connection(deployment: Deployment, owner: str, vendor: str) -> Connection:
    """Raises `BadRequest` if there is none."""
    found = deployment.adapters.store.get(Connection, keys.connection_key(owner, vendor))
    if found is None:
        raise BadRequest(f"{owner} has no account at {vendor} connected", field="vendor")
    return found


def _hosted(deployment: Deployment, connection: Connection) -> Iterator[Conference]:
    """The live conferences that depend on it: as `ConnectAccount` tells, but without any key."""
    found = deployment.usecases.dependents.of(connection.owner, connection.vendor)
    return (each for each in found if not each.frozen)


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
    log_to_stderr()
    connection = _connection(deployment, owner, vendor)
    name = f"{shown(connection.account_name)}, the {connection.vendor} account of {connection.owner}"
    why = _why(connection)
    say(f"{name}: {connection.state}" + (f", {shown(why)}" if why else ""))
    _tell_conferences(list(_hosted(deployment, connection)), say)
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
        say(f"{shown(connection.successor.name)} will not take its place: it has to be connected again")
    if not sure and not _confirmed():
        say("nothing was changed")
        return 1
    left = accounts.disconnect(connection.owner, vendor, then)
    say(_outcome(_connection(deployment, owner, vendor), left))
    return 0


def _tell_conferences(found: list[Conference], say: Say) -> None:
    """How many, and the first of them."""
    say(f"live conferences that depend on it: {len(found)}")
    told = [(spec.start, spec.title) for each in found if (spec := each.desired.spec or each.applied.spec)]
    for start, title in sorted(told)[:SHOWN]:
        say(f"  {minute(start)}  {shown(title) or '(no title)'}")
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
        return f"disconnected; {shown(after.account_name)} was connected meanwhile: to disconnect that, run this again"
    return "disconnected"


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
