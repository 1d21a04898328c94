"""What tells how it goes: log-based metrics, a dashboard, alerts, whom they mail. `../../monitoring/` has the files.

Metrics are made early, for Google takes up to ten minutes to let an alert name a new one. Of what kind a metric is
can't be changed: another kind is another name.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml

from confsync.config import Sweep
from deployment import ROOT
from deployment.environment import Environment
from deployment.gcloud import Command, Late, Query, command
from deployment.planning import Changes, Resource, State

MONITORING = ROOT / "deploy" / "monitoring"
NAME = "confsync"
"""Of the dashboard, and the label of alerts and addresses that are ours: those get names from Google."""
AS_IN_ITS_FILE = "as in its file"
QUIET, LONGEST = 7200, 84_600
"""Seconds without a sync that are an alert, and the most that Google takes: 23.5 hours."""

METRICS = Query(api="logging", arguments=("logging", "metrics", "list"))
DASHBOARDS = Query(api="monitoring", arguments=("monitoring", "dashboards", "list"))
ADDRESSES = Query(api="monitoring", arguments=("beta", "monitoring", "channels", "list"))
ALERTS = Query(api="monitoring", arguments=("alpha", "monitoring", "policies", "list"))

Json = Mapping[str, Any]


def files(kind: str) -> list[Path]:
    """Those of `metrics` or `policies`."""
    return sorted((MONITORING / kind).glob("*.yaml"))


def read(path: Path, environment: Environment) -> Json:
    """What a file says, with the names that this environment has."""
    settings = environment.settings
    names = {
        "prefix": environment.table.name_prefix,
        "queue": settings.queue.name,
        "quiet": f"{_quiet(settings.sweep)}s",
    }
    return _parsed(Template(path.read_text(encoding="utf-8")).substitute(names))


@cache
def _parsed(text: str) -> Json:
    told: Json = yaml.safe_load(text)
    return told


def _quiet(sweep: Sweep) -> int:
    """Seconds in which some calendar is surely looked at, in whole minutes: of two visits one may be late."""
    visits = max(sweep.calendar_interval, sweep.watched_interval or 0)
    return min(max(2 * visits, QUIET), LONGEST) // 60 * 60


def holds(there: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is there. Google adds what it knows, leaves out what is zero or empty, and may
    have lists in another order. https://protobuf.dev/programming-guides/json/#field-representation"""
    if isinstance(wanted, Mapping):
        return all(holds((there or {}).get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        there = there or []
        return len(there) == len(wanted) and all(any(holds(one, each) for one in there) for each in wanted)
    return bool(there == wanted) or (there is None and not wanted)


def _compared(there: Json, wanted: Json) -> State:
    return {key: AS_IN_ITS_FILE if holds(there.get(key), value) else "another" for key, value in wanted.items()}


def _as_in_its_file(wanted: Json) -> State:
    return dict.fromkeys(wanted, AS_IN_ITS_FILE)


def _sending(content: Json, *arguments: str, late: tuple[Late, ...] = ()) -> Command:
    """A change by what is read from standard input, as the last of the arguments has to say."""
    return Command(arguments=arguments, stdin=lambda: json.dumps(content), late=late)


def _of_before(what: str, query: Query, found: Callable[[Any], State], delete: Callable[[str], Command]) -> Resource:
    """What an earlier release or configuration has made, and this one has not. `found`: its names."""

    def change(changes: Changes) -> tuple[Command, ...]:
        return tuple(map(delete, changes))

    why = "made by an earlier release or configuration"
    return Resource(title=what, why=why, query=query, found=found, wanted={}, change=change, without={})


# --- metrics, dashboard ----------------------------------------------------------------------------------------------


def metrics(environment: Environment) -> list[Resource]:
    """A log-based metric for each file. https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics"""
    names = {path.stem for path in files("metrics")}

    def others(answer: Any) -> State:
        told = {each["name"] for each in answer if each["name"].startswith(f"{NAME}_")}
        return dict.fromkeys(sorted(told - names), "there")

    every = [_metric(path.stem, read(path, environment)) for path in files("metrics")]
    return [*every, _of_before("metrics of before", METRICS, others, _without_metric)]


def _without_metric(name: str) -> Command:
    return command("logging", "metrics", "delete", name)


def _metric(name: str, wanted: Json) -> Resource:
    def found(answer: Any) -> State | None:
        return next((_compared(each, wanted) for each in answer if each["name"] == name), None)

    update = _sending(wanted, "logging", "metrics", "update", name, "--config-from-file=-")
    return Resource(
        title=f"metric {name}",
        why=wanted["description"].rstrip("."),
        query=METRICS,
        found=found,
        wanted=_as_in_its_file(wanted),
        create=(_sending(wanted, "logging", "metrics", "create", name, "--config-from-file=-"),),
        change=lambda _: (update,),
        delete=(_without_metric(name),),
    )


def dashboard(environment: Environment) -> list[Resource]:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards"""
    wanted = read(MONITORING / "dashboard.yaml", environment)
    named = {**wanted, "name": f"projects/{environment.project}/dashboards/{NAME}"}

    def found(answer: Any) -> State | None:
        ours = (each for each in answer if each["name"].endswith(f"/dashboards/{NAME}"))
        return next((_compared(each, wanted) for each in ours), None)

    place = ("monitoring", "dashboards")
    update = _sending(named, *place, "update", NAME, "--config-from-file=-")
    return [
        Resource(
            title=f"dashboard {NAME}",
            why="shows the metrics",
            query=DASHBOARDS,
            found=found,
            wanted=_as_in_its_file(wanted),
            create=(_sending(named, *place, "create", "--config-from-file=-"),),
            change=lambda _: (update,),
            delete=(command(*place, "delete", NAME),),
        )
    ]


# --- whom alerts mail ------------------------------------------------------------------------------------------------


def addresses(environment: Environment) -> list[Resource]:
    """A notification channel for each address that the environment names."""
    emails = environment.settings.monitoring.emails

    def others(answer: Any) -> State:
        return {email: "mailed" for email in _addresses(answer) if email not in emails}

    return [*map(_address, emails), _of_before("addresses of before", ADDRESSES, others, _without_address)]


def _addresses(answer: Any) -> dict[str, str]:
    """Ours, and the name that Google gave to each.

    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels
    """
    return {each["labels"]["email_address"]: each["name"] for each in answer if NAME in each.get("userLabels", {})}


def _without_address(email: str) -> Command:
    """Alerts that mail it don't any more: `--force`."""
    late = Late(shown="CHANNEL", query=ADDRESSES, found=lambda answer: _addresses(answer)[email])
    return Command(arguments=("beta", "monitoring", "channels", "delete", "--force"), late=(late,))


def _address(email: str) -> Resource:
    place = ("beta", "monitoring", "channels", "create", "--type=email", f"--display-name={NAME}: {email}")
    labels = (f"--channel-labels=email_address={email}", f"--user-labels={NAME}=alerts")
    return Resource(
        title=f"address {email}",
        why="alerts are mailed there",
        query=ADDRESSES,
        found=lambda answer: {} if email in _addresses(answer) else None,
        wanted={},
        create=(command(*place, *labels),),
        delete=(_without_address(email),),
    )


# --- alerts ----------------------------------------------------------------------------------------------------------


def alerts(environment: Environment) -> list[Resource]:
    """An alert policy for each file."""
    emails = environment.settings.monitoring.emails
    stems = {path.stem for path in files("policies")}

    def others(answer: Any) -> State:
        return {stem: "there" for stem in _alerts(answer) if stem not in stems}

    every = [_alert(path.stem, read(path, environment), emails) for path in files("policies")]
    return [*every, _of_before("alerts of before", ALERTS, others, _without_alert)]


def _alerts(answer: Any) -> dict[str, Json]:
    """Ours, by what our label says.

    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    """
    return {each["userLabels"][NAME]: each for each in answer if NAME in each.get("userLabels", {})}


def _named(stem: str) -> Late:
    return Late(shown="POLICY", query=ALERTS, found=lambda answer: _alerts(answer)[stem]["name"])


def _without_alert(stem: str) -> Command:
    return Command(arguments=("alpha", "monitoring", "policies", "delete"), late=(_named(stem),))


def _mailing(flag: str, emails: tuple[str, ...]) -> tuple[Late, ...]:
    def found(answer: Any) -> str:
        names = _addresses(answer)
        return f"--{flag}={','.join(names[email] for email in emails)}"

    return (Late(shown=f"--{flag}=CHANNEL", query=ADDRESSES, found=found),) if emails else ()


def _alert(stem: str, policy: Json, emails: tuple[str, ...]) -> Resource:
    """An alert tells the names of its channels alone, so a label says which addresses they were made for."""
    mailed = hashlib.sha256("\n".join(emails).encode()).hexdigest()[:12]
    title = f"{NAME}: {policy['displayName']}"
    wanted = {**policy, "displayName": title}
    sent = {**wanted, "userLabels": {NAME: stem, "mailed": mailed}}
    everybody = ", ".join(emails) or "nobody"

    def found(answer: Any) -> State | None:
        there = _alerts(answer).get(stem)
        return None if there is None else {**_compared(there, wanted), "mailed": told(there)}

    def told(there: Json) -> str:
        channels = there.get("notificationChannels", ())
        same = there["userLabels"].get("mailed") == mailed and len(channels) == len(emails)
        return everybody if same else "others" if channels else "nobody"

    place = ("alpha", "monitoring", "policies")
    create = _sending(sent, *place, "create", "--policy-from-file=-", late=_mailing("notification-channels", emails))
    late = (_named(stem), *_mailing("set-notification-channels", emails))
    update = _sending(sent, *place, "update", "--policy-from-file=-", late=late)
    return Resource(
        title=f"alert {policy['displayName']}",
        why=policy["conditions"][0]["displayName"],
        query=ALERTS,
        found=found,
        wanted={**_as_in_its_file(wanted), "mailed": everybody},
        create=(create,),
        change=lambda _: (update,),
        delete=(_without_alert(stem),),
    )
