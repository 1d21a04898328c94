"""Deploy confsync into a Google Cloud project: from one table of functions and one file per environment, with gcloud.

    python deploy/deploy.py init --env prod       ask what only you know, and write deploy/config/prod.toml
    python deploy/deploy.py plan --env prod       what exists, what would change, who may do what, what a month costs
    python deploy/deploy.py apply --env prod      do it; again after a failure goes on there
    python deploy/deploy.py status --env prod     whether everything is as it should be, and answers
    python deploy/deploy.py rollback --env prod   the release before gets the requests
    python deploy/deploy.py destroy --env prod    take it down; records and secrets stay, unless --data

README.md says what is made, and why.
"""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf

from deployment import DeployError, applying, cost, delegation, report, setup, smoke, status
from deployment.environment import Environment, config_file, load
from deployment.gcloud import Gcloud
from deployment.planning import Stage, demolition
from deployment.resources import stages
from deployment.rollback import rollbacks
from deployment.source import source_of


def say(text: str) -> None:
    """Print at once: some steps take minutes."""
    print(text, flush=True)


def everything(environment: Environment, gcloud: Gcloud) -> list[Stage]:
    """What there should be, of this checkout's source."""
    return stages(environment, source_of(environment, gcloud))


# --- commands --------------------------------------------------------------------------------------------------------


def init(options: argparse.Namespace) -> int:
    """Write the environment's file."""
    if config_file(options.env).exists():
        raise DeployError(f"{config_file(options.env)} is there already: change it, or remove it first")
    given = {name: getattr(options, name) for name in ("project", "region", "domain", "solution", "server")}
    answers = setup.questions(_asked, Gcloud(project=options.project or ""), given, options.email)
    say(f"Enabling gsuiteaddons.googleapis.com in {answers.project}: it tells who will call for Calendar. It is free.")
    try:
        setup.write(options.env, answers, Gcloud(project=answers.project))
    except DeployError as error:
        flags = [f"--{key}={answer}" for key, answer in vars(answers).items() if key in given]
        again = shlex.join(["init", "--env", options.env, *flags, *(f"--email={email}" for email in options.email)])
        raise DeployError(f"{error}\nThe same again: python deploy/deploy.py {again}") from error
    say(f"{config_file(options.env)} is written. Next: python deploy/deploy.py apply --env {options.env}")
    return 0


def plan(options: argparse.Namespace) -> int:
    """Print what would be done."""
    environment = load(options.env)
    gcloud = Gcloud(project=environment.project)
    planned = applying.planned(gcloud, everything(environment, gcloud))
    _print(report.plan_lines(planned, environment.project, commands=options.commands))
    _print(report.shared_lines(environment))
    _print(report.role_lines(environment))
    _print(cost.lines(environment, cost.Load(calendars=options.calendars, changes=options.changes)))
    _print(report.by_hand_lines(planned))
    return 0


def apply(options: argparse.Namespace) -> int:
    """Do what the plan says, then see whether the functions answer."""
    environment = load(options.env)
    gcloud = Gcloud(project=environment.project)
    wanted = everything(environment, gcloud)
    planned = applying.planned(gcloud, wanted)
    say(report.summary(planned))
    _print(report.shared_lines(environment))
    applying.apply(gcloud, planned, say)
    say("\nWhether each function answers, and refuses a request that nobody signed")
    well = _tell((well, f"{name}: {words}") for name, well, words in smoke.smoke_test(environment))
    _print(report.by_hand_lines(applying.planned(gcloud, wanted)))
    _print(_reaching_calendars(environment, gcloud))
    return 0 if well else 1


def show_status(options: argparse.Namespace) -> int:
    """Print how the deployment is."""
    environment = load(options.env)
    gcloud = Gcloud(project=environment.project)
    planned = applying.planned(gcloud, everything(environment, gcloud))
    _print(report.plan_lines(planned, environment.project))
    _print(report.by_hand_lines(planned))
    say("")
    functions = _tell(status.functions(environment, gcloud))
    people = _tell(status.people(environment, gcloud, options.person))
    return 0 if functions and people and not planned else 1


def rollback(options: argparse.Namespace) -> int:
    """Give the requests to the release before."""
    environment = load(options.env)
    gcloud = Gcloud(project=environment.project)
    prefix, known = environment.table.name_prefix, environment.functions
    names = [each.removeprefix(prefix).replace("-", "_") for each in options.functions] or list(known)
    if unknown := [each for each in names if each not in known]:
        raise DeployError(f"{', '.join(unknown)}: no function of this environment, which are {', '.join(known)}")
    for words, command in list(rollbacks(environment, gcloud, names)):
        if command:
            gcloud.do(command)
        say(words)
    say("`deploy.py apply` gives the requests to the latest revisions again.")
    return 0


def destroy(options: argparse.Namespace) -> int:
    """Take the deployment down, once it is confirmed."""
    environment = load(options.env)
    gcloud = Gcloud(project=environment.project)
    wanted = everything(environment, gcloud)
    planned = applying.planned(gcloud, demolition(wanted, everything=options.data))
    _print(report.plan_lines(planned, environment.project))
    _print(report.shared_lines(environment))
    if not options.data:
        kept = [each for stage in wanted for each in stage.resources if each.kept]
        reasons = dict.fromkeys(f"{each.title.partition(' ')[0]}: {each.kept}" for each in kept)
        _print(["\nStays:", *(f"  {reason}" for reason in reasons)])
    if options.yes or _asked(f"Type {environment.project} to go on", "") == environment.project:
        applying.apply(gcloud, planned, say)
        if planned and environment.settings.google.credentials == "delegation":
            say("\nAfter another `apply` the client ID is a new one: the administrator allows that one, too.")
        return 0
    say("Nothing was done.")
    return 1


def _reaching_calendars(environment: Environment, gcloud: Gcloud) -> Iterator[str]:
    """Whether it works; if it doesn't, or that can't be tried, what an administrator does once for this account."""
    yield "\nWhether calendars can be reached"
    if environment.settings.google.credentials != "delegation":
        yield "  by what each person allows"
        return
    try:
        well, words = delegation.check(environment, gcloud, gcloud.account())
    except DeployError:
        well, words = False, "not tried: `deploy.py status` says what that takes. Unless it is done:"
    yield f"  {words}"
    if not well:
        yield delegation.instructions(environment, gcloud)


def _asked(words: str, default: str) -> str:
    """Raises `DeployError` if there is nobody to answer."""
    try:
        return input(f"{words}{f' [{default}]' if default else ''}: ").strip() or default
    except EOFError as error:
        raise DeployError(f"nobody answers {words!r}: give it as an option, see --help") from error


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def _tell(lines: Iterable[tuple[bool, str]]) -> bool:
    """Print each; whether all are well."""
    told = list(lines)
    _print(f"  {'ok' if well else '!!'}  {words}" for well, words in told)
    return all(well for well, _ in told)


# --- the command line ------------------------------------------------------------------------------------------------

COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": init,
    "plan": plan,
    "apply": apply,
    "status": show_status,
    "rollback": rollback,
    "destroy": destroy,
}


def _env(text: str) -> str:
    """The name of a file, without its ending. Raises `ValueError`, of which argparse tells."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an environment: letters, digits, hyphens, like prod")
    return text


def _number(kind: type[int | float]) -> Callable[[str], int | float]:
    def number(text: str) -> int | float:
        told = kind(text)
        if not 0 <= told < inf:
            raise argparse.ArgumentTypeError(f"{text} is less than nothing, or no number")
        return told

    return number


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description="Deploy confsync into a Google Cloud project, with gcloud.")
    commands = top.add_subparsers(dest="command", required=True)
    of = {name: commands.add_parser(name, help=(do.__doc__ or "").strip()) for name, do in COMMANDS.items()}
    for each in of.values():
        each.add_argument("--env", required=True, type=_env, help="the environment: deploy/config/<env>.toml")
    for name in ("project", "region", "domain", "solution", "server"):
        of["init"].add_argument(f"--{name}", help="the answer to that question")
    of["init"].add_argument("--email", action="append", default=[], help="whom alerts are mailed; may be repeated")
    of["plan"].add_argument("--commands", action="store_true", help="print every gcloud command")
    of["plan"].add_argument(
        "--calendars", type=_number(int), default=cost.Load.calendars, help="for the cost (%(default)s)"
    )
    of["plan"].add_argument(
        "--changes",
        type=_number(float),
        default=cost.Load.changes,
        help="a day and calendar, for the cost (%(default)s)",
    )
    of["status"].add_argument("--person", help="as whom to try a calendar (default: gcloud's own account)")
    of["rollback"].add_argument("functions", nargs="*", help="which (default: all)")
    of["destroy"].add_argument("--data", action="store_true", help="records, secrets and the queue, too")
    of["destroy"].add_argument("--yes", action="store_true", help="do not ask")
    return top


INTERRUPTED = 130
"""As shells tell it: 128 and the number of SIGINT."""


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except DeployError as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndeploy.py: stopped. What is done stays done: run this again to go on.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who read what is said has seen enough, and Python would tell so again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
