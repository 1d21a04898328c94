"""Commands for operators and vendors: `python -m confsync --help`."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from confsync.domain.connection import ConnectionState, Leaving
from confsync.domain.errors import ConfsyncError, NotConfigured

NAME_OF_VARIABLE = "the name of the environment variable that holds its secret (whsec_...), not the secret itself"
OF_HOST = "who is to host the meetings: needed if your server asks that hosts have an account; by default nobody"
OF_CONFIG = "the environment's TOML file"
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
    return parser


def _add_connections(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What can be done with people's accounts."""
    listing = commands.add_parser("list", help="whose they are, how they are, and how many conferences depend on each")
    listing.add_argument("--owner", help="only this Google account's")
    listing.add_argument("--state", choices=[each.value for each in ConnectionState], help="only those")
    listing.set_defaults(run=_list_connections)
    leaving = commands.add_parser("disconnect", help="one of them, in the place of a person who has left")
    leaving.add_argument("owner", help="the Google account whose it is")
    leaving.add_argument("vendor", help="the provider's name")
    leaving.add_argument("--then", choices=[each.value for each in Leaving], help=OF_LEAVING)
    leaving.add_argument("--yes", action="store_true", help="do not ask")
    leaving.set_defaults(run=_disconnect)
    sealing = commands.add_parser("reseal", help="seal all their tokens by the first key, so that the others can go")
    sealing.set_defaults(run=_reseal)
    for each in (listing, leaving, sealing):
        each.add_argument("--config", type=Path, help=f"{OF_CONFIG}; by default $CONFSYNC_CONFIG")


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


def _list_connections(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import Deployment, listed

    state = ConnectionState(asked.state) if asked.state else None
    return listed(Deployment(asked.config), asked.owner, state, print)


def _disconnect(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import Deployment, disconnect

    then = Leaving(asked.then) if asked.then else None
    return disconnect(Deployment(asked.config), asked.owner, asked.vendor, then, sure=asked.yes, say=print)


def _reseal(asked: argparse.Namespace) -> int:
    from confsync.cli.connections import Deployment, reseal

    return reseal(Deployment(asked.config), print)
