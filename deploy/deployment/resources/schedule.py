"""What Cloud Scheduler calls."""

from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Query, command
from deployment.planning import Resource, State
from deployment.table import Schedule


def schedules(environment: Environment) -> list[Resource]:
    """A job for each function that has a schedule."""
    functions = environment.functions.items()
    return [_job(environment, name, function.schedule) for name, function in functions if function.schedule]


def _job(environment: Environment, function: str, schedule: Schedule) -> Resource:
    name, url = environment.service(function), environment.url(function)
    place = (name, f"--location={environment.region}")
    account = environment.account(schedule.service_account)
    flags = (
        f"--schedule={schedule.cron}",
        "--time-zone=Etc/UTC",
        *(f"--uri={url}", "--http-method=POST"),
        *(f"--oidc-service-account-email={account}", f"--oidc-token-audience={url}"),
        f"--attempt-deadline={schedule.attempt_deadline}s",
        *(f"--max-retry-attempts={schedule.max_retry_attempts}", f"--min-backoff={schedule.min_backoff}s"),
    )
    wanted = {
        "schedule": f"{schedule.cron} Etc/UTC",
        "calls": f"POST {url}",
        "signed by": f"{account} for {url}",
        "attempt deadline": f"{schedule.attempt_deadline}s",
        "retries": f"{schedule.max_retry_attempts} after {schedule.min_backoff}s",
        "state": "ENABLED",
    }

    def found(answer: Any) -> State | None:
        jobs = [each for each in answer if each["name"].endswith(f"/jobs/{name}")]
        return _state(jobs[0]) if jobs else None

    update = command("scheduler", "jobs", "update", "http", *place, *flags)
    resume = command("scheduler", "jobs", "resume", *place)
    return Resource(
        title=f"schedule of {name}",
        why="renews channels before they end, and looks at what was not told of",
        query=Query(api="cloudscheduler", arguments=("scheduler", "jobs", "list", f"--location={environment.region}")),
        found=found,
        wanted=wanted,
        create=(command("scheduler", "jobs", "create", "http", *place, *flags),),
        change=lambda changes: (update, resume) if "state" in changes else (update,),
        delete=(command("scheduler", "jobs", "delete", *place),),
    )


def _state(job: Any) -> State:
    """https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs; Google puts a slash
    behind an address that has no path."""
    target, retries = job.get("httpTarget", {}), job.get("retryConfig", {})
    token = target.get("oidcToken", {})
    return {
        "schedule": f"{job.get('schedule')} {job.get('timeZone')}",
        "calls": f"{target.get('httpMethod')} {target.get('uri', '').removesuffix('/')}",
        "signed by": f"{token.get('serviceAccountEmail')} for {token.get('audience')}",
        "attempt deadline": str(job.get("attemptDeadline")),
        "retries": f"{retries.get('retryCount', 0)} after {retries.get('minBackoffDuration')}",
        "state": str(job.get("state")),
    }
