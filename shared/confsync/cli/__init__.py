"""Commands for operators and vendors: `python -m confsync --help`."""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from confsync.domain.calendar import CalendarState
from confsync.domain.channel import ChannelState
from confsync.domain.conference import ConferenceState
from confsync.domain.connection import ConnectionState, Leaving
from confsync.domain.errors import ConfsyncError, NotConfigured

NAME_OF_VARIABLE = "the name of the environment variable that holds its secret (whsec_...), not the secret itself"
OF_HOST = "who is to host the meetings: needed if your server asks that hosts have an account; by default nobody"
OF_CONFIG = "the environment's TOML file"
OF_ENVIRONMENT = f"{OF_CONFIG}; by default $CONFSYNC_CONFIG"
OF_JSON = "a JSON object for each, on a line of its own"
OF_ACCOUNT = "as whom to try Google; by default somebody whose calendar is followed"
OF_WHY = "why, for whoever looks at it next"
RECORDS: Mapping[str, tuple[str, type[StrEnum], str]] = {
    "calendars": ("calendars that are followed", CalendarState, "the calendar's id"),
    "conferences": ("meetings and their state", ConferenceState, "the conference's id"),
    "channels": ("watch channels, by which Calendar tells of changes", ChannelState, "the channel's id"),
}
"""Commands for records: what they are, which states they have, and by what one is named."""
ACTIONS: Mapping[str, str] = {
    "retry": "have it looked after now",
    "pause": "have it left alone until it is resumed",
    "resume": "have it looked after again",
}
"""What can be done to one; channels can only be retried."""
OF_LEAVING = "what becomes of its conferences; without it they are only told"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE | re.ASCII)


def main(arguments: Sequence[str]) -> int:
    """Run a command. Returns the exit code: 0 if all is well, 1 if something it looked at is not, 2 if it could not."""
    asked = _parser().parse_args(arguments)
    try:
        code: int = asked.run(asked)
    except ConfsyncError as error:
        print(f"confsync: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m confsync", description="confsync's commands")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("providers", help="the vendors, and what each of them can do")
    listing.add_argument("--markdown", action="store_true", help="as the table in the README")
    listing.set_defaults(run=_providers)
    trying = commands.add_parser("check", help="try a solution against its vendor, and leave no meeting behind")
    trying.add_argument("solution", help="its id in the configuration")
    trying.add_argument("--config", type=Path, required=True, help=OF_CONFIG)
    trying.add_argument("--host", help="who is to host the meeting; by default all of the solution's hosts")
    trying.set_defaults(run=_check)
    conforming = commands.add_parser("conform", help="try a server against the contract for systems of your own")
    conforming.add_argument("url", help="the address to which the names of the calls are appended")
    conforming.add_argument("--secret-from", metavar="VARIABLE", required=True, help=NAME_OF_VARIABLE)
    conforming.add_argument("--host", default="", help=OF_HOST)
    conforming.set_defaults(run=_conform)
    detecting = commands.add_parser("detect", help="the meeting in an event, an invitation or a file: standard input")
    detecting.add_argument("--config", type=Path, help=f"{OF_CONFIG}, for `detection.services`; by default none")
    detecting.set_defaults(run=_detect)
    connecting = commands.add_parser("connections", help="the accounts that people have connected")
    _add_connections(connecting.add_subparsers(required=True, metavar="COMMAND"))
    examining = commands.add_parser("doctor", help="whether a deployment is well, and what would mend it")
    examining.add_argument("--config", type=Path, help=OF_ENVIRONMENT)
    examining.add_argument("--account", help=OF_ACCOUNT)
    examining.add_argument("--json", action="store_true", help="one JSON object with all findings")
    examining.set_defaults(run=_doctor)
    for name, (what, _, _) in RECORDS.items():
        recorded = commands.add_parser(name, help=what)
        _add_records(recorded.add_subparsers(required=True, metavar="COMMAND"), name)
    return parser


def _add_records(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """What can be done with records of that kind."""
    _, states, named = RECORDS[name]
    listing = commands.add_parser("list", help="a row each")
    listing.add_argument("--state", choices=[each.value for each in states], help="only those")
    listing.add_argument("--owner", help="only this Google account's")
    listing.add_argument("--due", action="store_true", help="only those that are due, the longest due first")
    listing.set_defaults(run=_list_records)
    showing = commands.add_parser("show", help="everything about one")
    showing.set_defaults(run=_show_record)
    for each in (listing, showing):
        each.add_argument("--json", action="store_true", help=OF_JSON)
    acting = {
        action: commands.add_parser(action, help=words)
        for action, words in ACTIONS.items()
        if action == "retry" or name != "channels"
    }
    for action, each in acting.items():
        each.set_defaults(run=_act_on_record, action=action, why="")
    if name == "calendars":
        acting["pause"].add_argument("--why", required=True, help=OF_WHY)
    for each in (showing, *acting.values()):
        each.add_argument("named", metavar="ID", help=named)
    for each in (listing, showing, *acting.values()):
        each.set_defaults(kind=name)
        each.add_argument("--config", type=Path, help=OF_ENVIRONMENT)


def _add_connections(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What can be done with people's accounts."""
    listing = commands.add_parser("list", help="whose they are, how they are, and how many conferences depend on each")
    listing.add_argument("--owner", help="only this Google account's")
    listing.add_argument("--state", choices=[each.value for each in ConnectionState], help="only those")
    listing.add_argument("--json", action="store_true", help=OF_JSON)
    listing.set_defaults(run=_list_connections)
    showing = commands.add_parser("show", help="everything about one, but its tokens")
    showing.add_argument("--json", action="store_true", help=OF_JSON)
    showing.set_defaults(run=_show_connection)
    retrying = commands.add_parser("retry", help="have the next sweep renew it")
    retrying.set_defaults(run=_retry_connection)
    leaving = commands.add_parser("disconnect", help="one of them, in the place of a person who has left")
    leaving.add_argument("--then", choices=[each.value for each in Leaving], help=OF_LEAVING)
    leaving.add_argument("--yes", action="store_true", help="do not ask")
    leaving.set_defaults(run=_disconnect)
    sealing = commands.add_parser("reseal", help="seal all their tokens by the first key, so that the others can go")
    sealing.set_defaults(run=_reseal)
    for each in (showing, retrying, leaving):
        each.add_argument("owner", help="the Google account whose it is")
        each.add_argument("vendor", help="the provider's name")
    for each in (listing, showing, retrying, leaving, sealing):
        each.add_argument("--config", type=Path, help=OF_ENVIRONMENT)


def _providers(asked: argparse.Namespace) -> int:
    from confsync.cli.listing import markdown, table

    print(markdown() if asked.markdown else table())
    return 0


def _check(asked: argparse.Namespace) -> int:
    from confsync.cli.checking import check

    return check(asked.config, asked.solution, asked.host, print)


def _conform(asked: argparse.Namespace) -> int:
    from confsync.cli.conforming import conform

    variable = asked.secret_from
    if variable.startswith("whsec_") or not _VARIABLE.fullmatch(variable):
        raise NotConfigured("--secret-from: give the variable's name, not the secret")
    if variable not in os.environ:
        # not in capitals it may be a secret all the same
        named = variable if variable.isupper() else "the variable of --secret-from"
        raise NotConfigured(f"{named} is not set: it is the environment variable that holds the server's secret")
    return conform(asked.url, os.environ[variable], variable, asked.host, print)


def _detect(asked: argparse.Namespace) -> int:
    from confsync.cli.detecting import detect

    return detect(sys.stdin.buffer, asked.config, print)


def _doctor(asked: argparse.Namespace) -> int:
    from confsync.cli.deployment import Deployment
    from confsync.cli.doctor import doctor

    return doctor(Deployment(asked.config), asked.account, print, as_json=asked.json)


def _list_records(asked: argparse.Namespace) -> int:
    from confsync.cli.deployment import Deployment
    from confsync.cli.records import KINDS, Asked, listed

    which = Asked(state=asked.state, owner=asked.owner, due=asked.due)
    return listed(Deployment(asked.config), KINDS[asked.kind], which, print, as_json=asked.json)


def _show_record(asked: argparse.Namespace) -> int:
    from confsync.cli.deployment import Deployment
    from confsync.cli.records import KINDS, shown

    return shown(Deployment(asked.config), KINDS[asked.kind], asked.named, print, as_json=asked.json)


def _act_on_record(asked: argparse.Namespace) -> int:
    from confsync.cli.deployment import Deployment
    from confsync.cli.records import KINDS, done

    return done(Deployment(asked.config), KINDS[asked.kind], asked.action, asked.named, asked.why, print)


def _list_connections(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import listed
    from confsync.cli.deployment import Deployment

    state = ConnectionState(asked.state) if asked.state else None
    return listed(Deployment(asked.config), asked.owner, state, print, as_json=asked.json)


def _show_connection(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import show
    from confsync.cli.deployment import Deployment

    return show(Deployment(asked.config), asked.owner, asked.vendor, print, as_json=asked.json)


def _retry_connection(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import retry
    from confsync.cli.deployment import Deployment

    return retry(Deployment(asked.config), asked.owner, asked.vendor, print)


def _disconnect(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import disconnect
    from confsync.cli.deployment import Deployment

    then = Leaving(asked.then) if asked.then else None
    return disconnect(Deployment(asked.config), asked.owner, asked.vendor, then, sure=asked.yes, say=print)


def _reseal(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import reseal
    from confsync.cli.deployment import Deployment

    return reseal(Deployment(asked.config), print)
