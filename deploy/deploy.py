"""Deploy confsync with gcloud: every function, the queue between them and the schedule, from one table.

    python deploy/deploy.py --env=prod --dry-run     print the commands, as a shell script
    python deploy/deploy.py --env=prod --apply       run them in order, stop at the first that fails

The table is `functions.toml`; the project, the region and the queue's name are those of `config/<env>.toml`, unless
`--project` and `--region` say otherwise. Applying twice changes nothing: `gcloud functions deploy` and the IAM binding
create or update by themselves; for the queue and the schedule, `describe` decides which of the two it is.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from confsync import config
from plan import ROOT, DeployError, Function, Plan, Schedule, load

# Cloud Functions' build puts the uploaded source here, whatever directory the process is started in.
SOURCE_IN_THE_CLOUD = "/workspace"

Command = list[str]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to bring about. With `exists` (a question) and `create`, `command` is how it is updated."""

    title: str
    command: Command
    exists: Command | None = None
    create: Command | None = None


def steps(plan: Plan) -> list[Step]:
    """Everything to do, in order: what a function calls comes before it, what calls a function after it."""
    functions = plan.table.functions.items()
    return [
        _queue(plan),
        *(_deploy(plan, name, function) for name, function in functions),
        *(step for name, function in functions if function.callers == "configured" for step in _invokers(plan, name)),
        *(_schedule(plan, name, function.schedule) for name, function in functions if function.schedule),
    ]


def _gcloud(plan: Plan, *arguments: str) -> Command:
    return ["gcloud", *arguments, f"--project={plan.project}", "--quiet"]


def _queue(plan: Plan) -> Step:
    queue, place = plan.table.queue, [plan.settings.queue.name, f"--location={plan.settings.queue.location}"]
    limits = [
        f"--max-attempts={queue.max_attempts}",
        f"--min-backoff={queue.min_backoff}s",
        f"--max-backoff={queue.max_backoff}s",
        f"--max-doublings={queue.max_doublings}",
        f"--max-concurrent-dispatches={queue.max_concurrent_dispatches}",
        f"--max-dispatches-per-second={queue.max_dispatches_per_second:g}",
    ]
    return Step(
        title=f"queue {plan.settings.queue.name}",
        exists=_gcloud(plan, "tasks", "queues", "describe", *place),
        command=_gcloud(plan, "tasks", "queues", "update", *place, *limits),
        create=_gcloud(plan, "tasks", "queues", "create", *place, *limits),
    )


def environment(plan: Plan, function: Function) -> dict[str, str]:
    """The environment variables of a deployed function, but for its secrets."""
    return {
        config.CONFIG_VARIABLE: f"{SOURCE_IN_THE_CLOUD}/deploy/config/{plan.env}.toml",
        "THREADS": str(function.concurrency),
    }


def _deploy(plan: Plan, name: str, function: Function) -> Step:
    secrets = f"--set-secrets={_pairs(function.secrets)}" if function.secrets else "--clear-secrets"
    access = "--allow-unauthenticated" if function.callers == "anyone" else "--no-allow-unauthenticated"
    command = _gcloud(
        plan,
        *("functions", "deploy", plan.deployed_name(name), "--gen2", f"--region={plan.region}"),
        *(f"--runtime={plan.table.runtime}", "--trigger-http", "--entry-point=handle", "--source=."),
        f"--set-build-env-vars=GOOGLE_FUNCTION_SOURCE={function.source}",
        f"--set-env-vars={_pairs(environment(plan, function))}",
        secrets,
        *(f"--memory={function.memory}", f"--cpu={function.cpu:g}", f"--timeout={function.timeout}s"),
        f"--concurrency={function.concurrency}",
        *(f"--min-instances={function.min_instances}", f"--max-instances={function.max_instances}"),
        *(f"--ingress-settings={function.ingress}", access),
        f"--service-account={plan.account(function.service_account)}",
    )
    return Step(title=f"function {plan.deployed_name(name)}", command=command)


def _pairs(values: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in values.items())


def _invokers(plan: Plan, name: str) -> Iterator[Step]:
    """Let in, through IAM, whom the function accepts."""
    deployed = plan.deployed_name(name)
    for account in plan.callers(name).service_accounts:
        binding = ("functions", "add-invoker-policy-binding", deployed, f"--region={plan.region}")
        command = _gcloud(plan, *binding, f"--member=serviceAccount:{account}")
        yield Step(title=f"{account} may call {deployed}", command=command)


def _schedule(plan: Plan, name: str, schedule: Schedule) -> Step:
    place = [plan.deployed_name(name), f"--location={plan.region}"]
    job = [
        f"--schedule={schedule.cron}",
        "--time-zone=Etc/UTC",
        *(f"--uri={plan.url(name)}", "--http-method=POST"),
        f"--oidc-service-account-email={plan.account(schedule.service_account)}",
        f"--oidc-token-audience={plan.url(name)}",
        f"--attempt-deadline={schedule.attempt_deadline}s",
        *(f"--max-retry-attempts={schedule.max_retry_attempts}", f"--min-backoff={schedule.min_backoff}s"),
    ]
    return Step(
        title=f"schedule of {plan.deployed_name(name)}",
        exists=_gcloud(plan, "scheduler", "jobs", "describe", *place),
        command=_gcloud(plan, "scheduler", "jobs", "update", "http", *place, *job),
        create=_gcloud(plan, "scheduler", "jobs", "create", "http", *place, *job),
    )


def script(plan: Plan) -> str:
    """The steps as a shell script that does what `--apply` does."""
    lines = ["set -e", shlex.join(["cd", str(ROOT)])]
    for step in steps(plan):
        lines += ["", f"# {step.title}"]
        if step.exists and step.create:
            lines.append(f"if {shlex.join(step.exists)} >/dev/null 2>&1")
            lines += [f"then {shlex.join(step.command)}", f"else {shlex.join(step.create)}", "fi"]
        else:
            lines.append(shlex.join(step.command))
    return "\n".join(lines)


def apply(plan: Plan) -> None:
    """Run the steps. Raises `DeployError` at the first command that fails; gcloud has said why."""
    todo = steps(plan)
    for number, step in enumerate(todo, start=1):
        print(f"[{number}/{len(todo)}] {step.title}", flush=True)
        exists = step.exists is None or _run(step.exists, capture_output=True)
        command = step.command if exists or step.create is None else step.create
        if not _run(command):
            raise DeployError(f"step {number} of {len(todo)}, {step.title}, failed: {shlex.join(command)}")


def _run(command: Command, *, capture_output: bool = False) -> bool:
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=capture_output).returncode == 0


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Deploy confsync with gcloud.")
    parser.add_argument("--env", required=True, help="the environment: deploy/config/<env>.toml")
    parser.add_argument("--project", help="Google Cloud project (default: google.project of the environment)")
    parser.add_argument("--region", help="region of the functions (default: queue.location of the environment)")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--dry-run", action="store_true", help="print the commands as a shell script")
    mode.add_argument("--apply", action="store_true", help="run the commands")
    options = parser.parse_args(arguments)
    try:
        plan = load(options.env, project=options.project, region=options.region)
        if options.dry_run:
            print(script(plan))
        else:
            apply(plan)
    except DeployError as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
