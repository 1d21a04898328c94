"""Service accounts: who the functions are."""

from typing import Any

from deployment.environment import Environment
from deployment.gcloud import Query, command
from deployment.planning import Resource, State

ACCOUNTS = Query(api="iam", arguments=("iam", "service-accounts", "list"))


def own_accounts(environment: Environment) -> dict[str, str]:
    """Addresses of the accounts that this deployment makes, and what each is for."""
    settings, table = environment.settings, environment.table
    functions = {
        environment.account(each.service_account): f"runs {environment.service(name)}"
        for name, each in environment.functions.items()
    }
    schedules = {
        environment.account(each.schedule.service_account): "signs what Cloud Scheduler sends"
        for each in environment.functions.values()
        if each.schedule
    }
    tasks = {settings.queue.service_account: "signs what Cloud Tasks sends"}
    builder = {environment.account(table.build_account): "builds the functions"}
    delegated = settings.google.service_account if settings.google.credentials == "delegation" else None
    return functions | schedules | tasks | builder | ({delegated: "acts as people in Calendar"} if delegated else {})


def accounts(environment: Environment) -> list[Resource]:
    """One for each function, and those that sign, build, and act as people."""
    return [_account(email, purpose) for email, purpose in own_accounts(environment).items()]


def _account(email: str, purpose: str) -> Resource:
    def found(answer: Any) -> State | None:
        named = [each for each in answer if each["email"] == email]
        return {"name": named[0].get("displayName", "")} if named else None

    name = f"--display-name=confsync: {purpose}"
    return Resource(
        title=f"service account {email.partition('@')[0]}",
        why=purpose,
        query=ACCOUNTS,
        found=found,
        wanted={"name": f"confsync: {purpose}"},
        create=(command("iam", "service-accounts", "create", email.partition("@")[0], name),),
        change=lambda _: (command("iam", "service-accounts", "update", email, name),),
        delete=(command("iam", "service-accounts", "delete", email),),
    )
