#!/usr/bin/env python3
"""A gcloud with a project of its own, which it keeps in a file: what is created is there afterwards.

It refuses what gcloud and Google Cloud refuse: calls of APIs that are not enabled, things that exist already or don't,
roles for accounts that don't exist, functions whose account may not read their secrets. The forms of its answers are
those of the real gcloud (test_deploy_real_gcloud.py). Put first on the path as `gcloud`, with
the state's file in FAKE_GCLOUD_STATE; or called in this process, by `Cloud.run`.
"""

import copy
import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

NUMBER = "123456789012"
ACCOUNT = "admin@example.com"
"""Who is signed in: an owner."""
AUTHORIZATION = {
    "name": "authorization",
    "serviceAccountEmail": f"service-{NUMBER}@gcp-sa-gsuiteaddons.iam.gserviceaccount.com",
    "oauthClientId": f"{NUMBER}-example.apps.googleusercontent.com",
}
APIS = {
    "iam": "iam",
    "firestore": "firestore",
    "secrets": "secretmanager",
    "tasks": "cloudtasks",
    "run": "run",
    "functions": "cloudfunctions",
    "scheduler": "cloudscheduler",
    "workspace-add-ons": "gsuiteaddons",
    "logging": "logging",
    "monitoring": "monitoring",
    "beta": "monitoring",
    "alpha": "monitoring",
}
SETTLING = (
    "PERMISSION_DENIED: {} API has not been used in project 1 before or it is disabled. Enable it by visiting ..."
)
NAMED = {"fieldPath": "__name__", "order": "ASCENDING"}
"""What Firestore adds to every index."""
AGAIN = "\n"
"""Between the values of a flag that comes several times."""
ASKING = {"list", "describe", "get-iam-policy", "get-authorization", "get-value", "list-files-for-upload", "sign-jwt"}


class Refused(Exception):
    """What gcloud would print."""


def empty() -> dict[str, Any]:
    """A new project."""
    kinds = ("accounts", "policies", "databases", "indexes", "composites", "ttls", "secrets", "queues", "services")
    kinds += ("jobs", "addons", "metrics", "dashboards", "channels", "alerts")
    return {
        "apis": ["serviceusage"],
        "settling": [],
        "revisions": {},
        "clock": 0,
        **{kind: {} for kind in kinds},
    }


@dataclass(kw_only=True)
class Cloud:
    """The project, and every change that was asked for. `fails_at` numbers the change that goes wrong, from 0: before
    it is made, or after it (`lost`: only its answer is)."""

    state: dict[str, Any] = field(default_factory=empty)
    changes: list[list[str]] = field(default_factory=list)
    fails_at: int | None = None
    lost: bool = False
    metrics_unknown: int = 0
    """How many alerts are refused, because their metrics were made a moment ago."""
    allowed: bool = True
    """Whether whoever is signed in may see anything at all."""
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def run(self, arguments: list[str], stdin: str | None = None) -> tuple[int, str, str]:
        """(exit status, standard output, standard error) of `gcloud` with these arguments."""
        with self._lock:
            return self._run(arguments, stdin)

    def _run(self, arguments: list[str], stdin: str | None) -> tuple[int, str, str]:
        words = [each for each in arguments if not each.startswith("--")]
        if APIS.get(words[0]) in self.state["settling"]:
            self.state["settling"].remove(APIS[words[0]])
            return 1, "", f"ERROR: (gcloud.{'.'.join(words[:3])}) {SETTLING.format(APIS[words[0]])}"
        flags = _flags(arguments)
        fails = False
        if ASKING.isdisjoint(words):
            fails = self.fails_at == len(self.changes)
            self.changes.append(list(arguments))
        try:
            answer = self._answer(words, flags, stdin) if self.lost or not fails else ""
        except Refused as error:
            return 1, "", f"ERROR: (gcloud.{'.'.join(words[:3])}) {error}"
        if fails:
            return 1, "", "ERROR: INTERNAL: something went wrong"
        return 0, answer if isinstance(answer, str) else json.dumps(answer), ""

    def _answer(self, words: list[str], flags: dict[str, str], stdin: str | None) -> Any:
        if not self.allowed and words[0] not in {"config", "meta"}:
            denied = f"Permission '{'.'.join(words)}' denied on resource 'projects/{flags.get('project')}'"
            raise Refused(
                f"PERMISSION_DENIED: {denied} (or it may not exist). This command is authenticated as {ACCOUNT}"
            )
        needed = APIS.get(words[0])
        if needed and needed not in self.state["apis"]:
            raise Refused(f"PERMISSION_DENIED: {needed}.googleapis.com: SERVICE_DISABLED")
        for length in (4, 3, 2):
            handler = HANDLERS.get(tuple(words[:length]))
            if handler:
                return handler(self, words[length:], flags, stdin)
        if words[-2].endswith("policy") or words[-2].endswith("binding"):
            return self._policy(words, flags)
        raise Refused(f"unknown command: {' '.join(words)}")

    # --- policies ----------------------------------------------------------------------------------------------------

    def _policy(self, words: list[str], flags: dict[str, str]) -> Any:
        *group, verb, name = words
        kind = group[-1]
        if kind != "projects" and name not in self.state[{"service-accounts": "accounts"}.get(kind, kind)]:
            if (kind, verb) == ("service-accounts", "get-iam-policy"):
                denied = "Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist)."
                raise Refused(f"PERMISSION_DENIED: {denied}")
            raise Refused(f"NOT_FOUND: {name}")
        roles = self.state["policies"].setdefault(f"{kind}/{name}", {})
        if verb != "get-iam-policy":
            self._bind(roles, verb, flags)
        bindings = [_policy_binding(role, members) for role, members in roles.items() if members]
        return {"etag": "ACAB", "version": 3, "bindings": bindings} if bindings else {"etag": "ACAB"}

    def _bind(self, roles: dict[str, list[str]], verb: str, flags: dict[str, str]) -> None:
        member, role = flags["member"], flags["role"]
        if flags.get("condition", "None") != "None":
            role = f"{role} {flags['condition']}"
        email = member.removeprefix("serviceAccount:")
        if member not in {"allUsers", f"user:{ACCOUNT}"} and email not in self.state["accounts"]:
            raise Refused(f"INVALID_ARGUMENT: Service account {email} does not exist.")
        members = roles.setdefault(role, [])
        if verb == "add-iam-policy-binding":
            members.extend([member] if member not in members else [])
        elif member in members:
            members.remove(member)
        else:
            raise Refused("Policy binding with the specified principal, role, and condition not found!")

    def may(self, member: str, role: str, target: str) -> bool:
        """Whether that member has the role there."""
        return member in self.state["policies"].get(target, {}).get(role, [])

    # --- services, accounts ------------------------------------------------------------------------------------------

    def enable(self, names: list[str], *_: Any) -> str:
        """The first call of such an API comes too early."""
        new = {name.removesuffix(".googleapis.com") for name in names} - {*self.state["apis"]}
        for kind in ("apis", "settling"):
            self.state[kind].extend(sorted(new))
        return ""

    def enabled(self, *_: Any) -> Any:
        return [{"config": {"name": f"{name}.googleapis.com"}, "state": "ENABLED"} for name in self.state["apis"]]

    def create_account(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        email = f"{names[0]}@{flags['project']}.iam.gserviceaccount.com"
        number = str(10**20 + len(self.state["accounts"]))
        account = {"email": email, "displayName": flags["display-name"], "oauth2ClientId": number}
        return self._new("accounts", email, account)

    def update_account(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        self._there("accounts", names[0])["displayName"] = flags["display-name"]
        return ""

    def sign_jwt(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        """Not even for owners: https://cloud.google.com/iam/docs/service-account-permissions#token-creator-role"""
        account = flags["iam-account"]
        if not self.may(f"user:{ACCOUNT}", "roles/iam.serviceAccountTokenCreator", f"service-accounts/{account}"):
            denied = "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist)."
            raise Refused(f"PERMISSION_DENIED: {denied} This command is authenticated as {ACCOUNT}")
        Path(names[1]).write_text(f"header.{Path(names[0]).read_text().encode().hex()}.signature")
        return ""

    # --- Firestore ---------------------------------------------------------------------------------------------------

    def create_database(self, _: Any, flags: dict[str, str], __: Any) -> str:
        database = {
            "name": f"projects/{flags['project']}/databases/{flags['database']}",
            "type": flags["type"].replace("-", "_").upper(),
            "locationId": flags["location"],
            "deleteProtectionState": _protection("delete-protection" in flags),
        }
        default = f"{database['name']}/collectionGroups/__default__/fields/*"
        indexes = [{"queryScope": "COLLECTION", "fields": [{"fieldPath": "*", "order": "ASCENDING"}], "state": "READY"}]
        self.state["indexes"][default] = {"name": default, "indexConfig": {"indexes": indexes}}
        return self._new("databases", flags["database"], database)

    def update_database(self, _: Any, flags: dict[str, str], __: Any) -> str:
        database = self._there("databases", flags["database"])
        database["deleteProtectionState"] = _protection("delete-protection" in flags)
        return ""

    def delete_database(self, _: Any, flags: dict[str, str], __: Any) -> str:
        if self._there("databases", flags["database"])["deleteProtectionState"] == _protection(True):
            raise Refused("FAILED_PRECONDITION: the database is protected")
        for kind in ("indexes", "composites", "ttls"):
            self.state[kind] = {}
        del self.state["databases"][flags["database"]]
        return ""

    def update_index(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        name = self._field(names[0], flags)
        order = flags["index"].removeprefix("order=").upper() if "index" in flags else None
        fields = [{"fieldPath": names[0], "order": order}]
        indexes = {"indexes": [{"queryScope": "COLLECTION", "fields": fields, "state": "CREATING"}]} if order else {}
        self.state["indexes"][name] = {"name": name, "indexConfig": indexes}
        return ""

    def indexes(self, *_: Any) -> Any:
        """An index that is being built is so the next time that somebody asks."""
        told = copy.deepcopy(list(self.state["indexes"].values()))
        for config in (each["indexConfig"] for each in self.state["indexes"].values()):
            for index in config.get("indexes", []):
                index["state"] = "READY"
        return told

    def create_composite(self, _: Any, flags: dict[str, str], __: Any) -> str:
        collection = flags["collection-group"]
        database = self._there("databases", flags["database"])["name"]
        told = [_pairs(each) for each in flags["field-config"].split(AGAIN)]
        fields = [{"fieldPath": each["field-path"], "order": each["order"].upper()} for each in told]
        state = "CREATING" if "async" in flags else "READY"
        index = {"name": f"{database}/collectionGroups/{collection}/indexes/CICAgJiUpoMK", "queryScope": "COLLECTION"}
        return self._new("composites", collection, {**index, "fields": [*fields, NAMED], "state": state})

    def update_ttl(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        name = self._field(names[0], flags)
        self.state["ttls"][name] = {"name": name, "ttlConfig": {"state": "CREATING"}}
        return ""

    def _field(self, name: str, flags: dict[str, str]) -> str:
        database = self._there("databases", flags["database"])["name"]
        return f"{database}/collectionGroups/{flags['collection-group']}/fields/{name}"

    # --- secrets, queue, schedule, add-on ----------------------------------------------------------------------------

    def create_secret(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        name = f"projects/{NUMBER}/secrets/{names[0]}"
        return self._new("secrets", names[0], {"name": name, "versions": []})

    def secrets(self, *_: Any) -> Any:
        return [{"name": each["name"]} for each in self.state["secrets"].values()]

    def add_version(self, names: list[str], flags: dict[str, str], stdin: str | None) -> str:
        if flags["data-file"] != "-" or not stdin:
            raise Refused("a secret's value comes from standard input")
        self._there("secrets", names[0])["versions"].append(stdin)
        return ""

    def versions(self, names: list[str], *_: Any) -> Any:
        secret = self._there("secrets", names[0])
        numbers = range(len(secret["versions"]), 0, -1)
        return [{"name": f"{secret['name']}/versions/{number}", "state": "ENABLED"} for number in numbers]

    def put_queue(self, names: list[str], flags: dict[str, str], _: Any) -> Any:
        before = self.state["queues"].get(names[0], {})
        return {
            "name": f"projects/{flags['project']}/locations/{flags['location']}/queues/{names[0]}",
            "rateLimits": {
                "maxConcurrentDispatches": int(flags["max-concurrent-dispatches"]),
                "maxDispatchesPerSecond": float(flags["max-dispatches-per-second"]),
                "maxBurstSize": 10,
            },
            "retryConfig": {
                "maxAttempts": int(flags["max-attempts"]),
                "minBackoff": flags["min-backoff"],
                "maxBackoff": flags["max-backoff"],
                "maxDoublings": int(flags["max-doublings"]),
            },
            "state": before.get("state", "RUNNING"),
        }

    def pause_queue(self, names: list[str], *_: Any) -> str:
        self._there("queues", names[0])["state"] = "PAUSED"
        return ""

    def resume_queue(self, names: list[str], *_: Any) -> str:
        self._there("queues", names[0])["state"] = "RUNNING"
        return ""

    def put_job(self, names: list[str], flags: dict[str, str], _: Any) -> Any:
        account = flags["oidc-service-account-email"]
        self._there("accounts", account)
        before = self.state["jobs"].get(names[0], {})
        return {
            "name": f"projects/{flags['project']}/locations/{flags['location']}/jobs/{names[0]}",
            "schedule": flags["schedule"],
            "timeZone": flags["time-zone"],
            "httpTarget": {
                "uri": f"{flags['uri']}/",  # which has no path of its own
                "httpMethod": flags["http-method"],
                "oidcToken": {"serviceAccountEmail": account, "audience": flags["oidc-token-audience"]},
            },
            "attemptDeadline": flags["attempt-deadline"],
            "retryConfig": {
                "retryCount": int(flags["max-retry-attempts"]),
                "minBackoffDuration": flags["min-backoff"],
            },
            "state": before.get("state", "ENABLED"),
        }

    def resume_job(self, names: list[str], *_: Any) -> str:
        self._there("jobs", names[0])["state"] = "ENABLED"
        return ""

    def put_addon(self, names: list[str], flags: dict[str, str], _: Any) -> Any:
        manifest = json.loads(flags["deployment-object"])
        return {**manifest, "name": f"projects/{flags['project']}/deployments/{names[0]}", "etag": "1"}

    # --- metrics, alerts ---------------------------------------------------------------------------------------------

    def put_metric(self, names: list[str], flags: dict[str, str], stdin: str | None) -> Any:
        """An update leaves what its file does not name: googlecloudsdk/api_lib/logging/util.py, UpdateLogMetric."""
        before = self.state["metrics"].get(names[0], {})
        sent = _file(flags["config-from-file"], stdin)
        kind, old = (each.get("metricDescriptor", {}).get("valueType") for each in (sent, before))
        if old not in {None, kind}:
            raise Refused("INVALID_ARGUMENT: the kind of a metric can't be changed")
        return {**before, **_without_zeros(sent), "name": names[0]}

    def put_dashboard(self, names: list[str], flags: dict[str, str], stdin: str | None) -> str:
        sent = _file(flags["config-from-file"], stdin)
        name = sent["name"].rpartition("/")[2]
        if names:
            self._there("dashboards", names[0])
        elif name in self.state["dashboards"]:
            raise Refused(f"ALREADY_EXISTS: {name}")
        shown = {**_without_zeros(sent), "name": f"projects/{NUMBER}/dashboards/{name}", "etag": "1"}
        self.state["dashboards"][name] = shown
        return ""

    def create_channel(self, _: Any, flags: dict[str, str], __: Any) -> str:
        channel = {
            "name": self._google_name(flags, "notificationChannels"),
            "type": flags["type"],
            "displayName": flags["display-name"],
            "labels": _pairs(flags["channel-labels"]),
            "userLabels": _pairs(flags["user-labels"]),
            "enabled": True,
        }
        return self._new("channels", channel["name"], channel)

    def delete_channel(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        using = [each for each in self.state["alerts"].values() if names[0] in each["notificationChannels"]]
        if using and "force" not in flags:
            raise Refused("FAILED_PRECONDITION: the channel is used by alert policies")
        for each in using:
            each["notificationChannels"].remove(names[0])
        self._there("channels", names[0])
        del self.state["channels"][names[0]]
        return ""

    def create_alert(self, _: Any, flags: dict[str, str], stdin: str | None) -> str:
        name = self._google_name(flags, "alertPolicies")
        return self._new("alerts", name, self._alert(name, flags.get("notification-channels", ""), flags, stdin))

    def update_alert(self, names: list[str], flags: dict[str, str], stdin: str | None) -> str:
        self._there("alerts", names[0])
        told = flags.get("set-notification-channels", "")
        self.state["alerts"][names[0]] = self._alert(names[0], told, flags, stdin)
        return ""

    def _alert(self, name: str, channels: str, flags: dict[str, str], stdin: str | None) -> Any:
        sent = _file(flags["policy-from-file"], stdin)
        text = json.dumps(sent)
        metrics = re.findall(r"logging\.googleapis\.com/user/(\w+)", text)
        if self.metrics_unknown or not set(metrics) <= self.state["metrics"].keys():
            self.metrics_unknown = max(0, self.metrics_unknown - 1)
            raise Refused(
                f'NOT_FOUND: Cannot find metric(s) that match type = "logging.googleapis.com/user/{metrics[0]}". If a '
                "metric was created recently, it could take up to 10 minutes to become available."
            )
        told = [each for each in channels.split(",") if each]
        for each in told:
            self._there("channels", each)
        conditions = [{**each, "name": f"{name}/conditions/{number}"} for number, each in enumerate(sent["conditions"])]
        return {
            **_without_zeros({**sent, "conditions": conditions}),
            "name": name,
            "enabled": True,
            "notificationChannels": told,
        }

    def _google_name(self, flags: dict[str, str], kind: str) -> str:
        self.state["clock"] += 1
        return f"projects/{flags['project']}/{kind}/{10**18 + self.state['clock']}"

    # --- functions ---------------------------------------------------------------------------------------------------

    def deploy(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        if "gen2" in flags and not Path(flags["source"], "main.py").is_file():
            raise Refused("Invalid value for [--source]: Provided source directory does not have file [main.py]")
        account, secrets = flags["service-account"], _pairs(flags.get("set-secrets", ""))
        self._there("accounts", account)
        self._there("accounts", flags["build-service-account"].rpartition("/")[2])
        for name, number in (version.split(":") for version in secrets.values()):
            if int(number) > len(self._there("secrets", name)["versions"]):
                raise Refused(f"secret {name} has no version {number}")
            if not self.may(f"serviceAccount:{account}", "roles/secretmanager.secretAccessor", f"secrets/{name}"):
                raise Refused(f"{account} may not read secret {name}")
        before = self.state["services"].get(names[0])
        service = _service(names[0], flags, secrets)
        revisions = self.state["revisions"].setdefault(names[0], [])
        revision = f"{names[0]}-{len(revisions) + 1:05d}-abc"
        self.state["clock"] += 1
        made = f"2026-11-28T10:{self.state['clock'] // 60:02d}:{self.state['clock'] % 60:02d}.000000Z"
        ready = [{"type": "Ready", "status": "True"}]
        told = {"metadata": {"name": revision, "creationTimestamp": made}, "status": {"conditions": ready}}
        revisions.append({**told, "spec": service["spec"]["template"]["spec"]})
        service["status"] |= {"latestReadyRevisionName": revision}
        if before:
            service["spec"]["traffic"] = before["spec"]["traffic"]
        self.state["services"][names[0]] = service
        return ""

    def delete_function(self, names: list[str], *_: Any) -> str:
        self._there("services", names[0])
        for kind, key in (("services", names[0]), ("revisions", names[0]), ("policies", f"services/{names[0]}")):
            self.state[kind].pop(key, None)
        return ""

    def revisions(self, _: Any, flags: dict[str, str], __: Any) -> Any:
        return self.state["revisions"].get(flags["service"], [])

    def update_traffic(self, names: list[str], flags: dict[str, str], _: Any) -> str:
        service = self._there("services", names[0])
        if "to-latest" in flags:
            service["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]
        else:
            revision, percent = next(iter(_pairs(flags["to-revisions"]).items()))
            service["spec"]["traffic"] = [{"revisionName": revision, "percent": int(percent)}]
        return ""

    # --- tools -------------------------------------------------------------------------------------------------------

    def project(self, names: list[str], *_: Any) -> Any:
        return {"projectId": names[0], "projectNumber": NUMBER}

    def value(self, names: list[str], *_: Any) -> str:
        return {"account": f"{ACCOUNT}\n", "project": "example-project\n"}[names[0]]

    def authorization(self, *_: Any) -> Any:
        return AUTHORIZATION

    def files(self, *_: Any) -> str:
        names = ("functions", "shared/confsync", "deploy/config", "requirements.txt")
        return subprocess.run(["git", "ls-files", *names], check=True, capture_output=True, text=True).stdout

    def _new(self, kind: str, name: str, value: Any) -> str:
        if name in self.state[kind]:
            raise Refused(f"ALREADY_EXISTS: {name}")
        self.state[kind][name] = value
        return ""

    def _there(self, kind: str, name: str) -> Any:
        if name not in self.state[kind]:
            raise Refused(f"NOT_FOUND: {name}")
        return self.state[kind][name]


Handler = Callable[[Cloud, list[str], dict[str, str], str | None], Any]


def _listing(kind: str) -> Handler:
    return lambda cloud, *_: list(cloud.state[kind].values())


def _creating(kind: str, put: Handler) -> Handler:
    return lambda cloud, names, flags, stdin: cloud._new(kind, names[0], put(cloud, names, flags, stdin))


def _updating(kind: str, put: Handler) -> Handler:
    def update(cloud: Cloud, names: list[str], flags: dict[str, str], stdin: str | None) -> str:
        cloud._there(kind, names[0])
        cloud.state[kind][names[0]] = put(cloud, names, flags, stdin)
        return ""

    return update


def _deleting(kind: str) -> Handler:
    def delete(cloud: Cloud, names: list[str], *_: Any) -> str:
        cloud._there(kind, names[0])
        del cloud.state[kind][names[0]]
        return ""

    return delete


HANDLERS: dict[tuple[str, ...], Handler] = {
    ("config", "get-value"): Cloud.value,
    ("projects", "describe"): Cloud.project,
    ("meta", "list-files-for-upload"): Cloud.files,
    ("services", "list"): Cloud.enabled,
    ("services", "enable"): Cloud.enable,
    ("iam", "service-accounts", "list"): _listing("accounts"),
    ("iam", "service-accounts", "create"): Cloud.create_account,
    ("iam", "service-accounts", "update"): Cloud.update_account,
    ("iam", "service-accounts", "delete"): _deleting("accounts"),
    ("iam", "service-accounts", "sign-jwt"): Cloud.sign_jwt,
    ("firestore", "databases", "list"): _listing("databases"),
    ("firestore", "databases", "create"): Cloud.create_database,
    ("firestore", "databases", "update"): Cloud.update_database,
    ("firestore", "databases", "delete"): Cloud.delete_database,
    ("firestore", "indexes", "fields", "list"): Cloud.indexes,
    ("firestore", "indexes", "fields", "update"): Cloud.update_index,
    ("firestore", "indexes", "composite", "list"): _listing("composites"),
    ("firestore", "indexes", "composite", "create"): Cloud.create_composite,
    ("firestore", "fields", "ttls", "list"): _listing("ttls"),
    ("firestore", "fields", "ttls", "update"): Cloud.update_ttl,
    ("secrets", "list"): Cloud.secrets,
    ("secrets", "create"): Cloud.create_secret,
    ("secrets", "delete"): _deleting("secrets"),
    ("secrets", "versions", "list"): Cloud.versions,
    ("secrets", "versions", "add"): Cloud.add_version,
    ("tasks", "queues", "list"): _listing("queues"),
    ("tasks", "queues", "create"): _creating("queues", Cloud.put_queue),
    ("tasks", "queues", "update"): _updating("queues", Cloud.put_queue),
    ("tasks", "queues", "pause"): Cloud.pause_queue,
    ("tasks", "queues", "resume"): Cloud.resume_queue,
    ("tasks", "queues", "delete"): _deleting("queues"),
    ("functions", "deploy"): Cloud.deploy,
    ("functions", "delete"): Cloud.delete_function,
    ("run", "deploy"): Cloud.deploy,
    ("run", "services", "list"): _listing("services"),
    ("run", "services", "delete"): Cloud.delete_function,
    ("run", "services", "update-traffic"): Cloud.update_traffic,
    ("run", "revisions", "list"): Cloud.revisions,
    ("scheduler", "jobs", "list"): _listing("jobs"),
    ("scheduler", "jobs", "create", "http"): _creating("jobs", Cloud.put_job),
    ("scheduler", "jobs", "update", "http"): _updating("jobs", Cloud.put_job),
    ("scheduler", "jobs", "resume"): Cloud.resume_job,
    ("scheduler", "jobs", "delete"): _deleting("jobs"),
    ("logging", "metrics", "list"): _listing("metrics"),
    ("logging", "metrics", "create"): _creating("metrics", Cloud.put_metric),
    ("logging", "metrics", "update"): _updating("metrics", Cloud.put_metric),
    ("logging", "metrics", "delete"): _deleting("metrics"),
    ("monitoring", "dashboards", "list"): _listing("dashboards"),
    ("monitoring", "dashboards", "create"): Cloud.put_dashboard,
    ("monitoring", "dashboards", "update"): Cloud.put_dashboard,
    ("monitoring", "dashboards", "delete"): _deleting("dashboards"),
    ("beta", "monitoring", "channels", "list"): _listing("channels"),
    ("beta", "monitoring", "channels", "create"): Cloud.create_channel,
    ("beta", "monitoring", "channels", "delete"): Cloud.delete_channel,
    ("alpha", "monitoring", "policies", "list"): _listing("alerts"),
    ("alpha", "monitoring", "policies", "create"): Cloud.create_alert,
    ("alpha", "monitoring", "policies", "update"): Cloud.update_alert,
    ("alpha", "monitoring", "policies", "delete"): _deleting("alerts"),
    ("workspace-add-ons", "get-authorization"): Cloud.authorization,
    ("workspace-add-ons", "deployments", "list"): _listing("addons"),
    ("workspace-add-ons", "deployments", "create"): _creating("addons", Cloud.put_addon),
    ("workspace-add-ons", "deployments", "replace"): _updating("addons", Cloud.put_addon),
    ("workspace-add-ons", "deployments", "delete"): _deleting("addons"),
}


def _file(name: str, stdin: str | None) -> Any:
    if name != "-" or not stdin:
        raise Refused("the file comes from standard input")
    return json.loads(stdin)


DOUBLES = {"thresholdValue", "growthFactor", "scale", "bounds"}


def _without_zeros(sent: Any) -> Any:
    """As Google's APIs tell: they leave out what is as without it. Also the first value of an enumeration."""
    if isinstance(sent, dict):
        told = {key: _without_zeros(each) for key, each in sent.items() if each not in (0, "", "STRING", [], {}, None)}
        doubles = {key: json.loads(json.dumps(told[key]), parse_int=float) for key in told.keys() & DOUBLES}
        return told | doubles
    return [_without_zeros(each) for each in sent] if isinstance(sent, list) else sent


def _policy_binding(role: str, members: list[str]) -> dict[str, Any]:
    role, _, condition = role.partition(" ")
    return {"role": role, "members": members, **({"condition": _pairs(condition)} if condition else {})}


def _flags(arguments: list[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    for name, _, value in (each[2:].partition("=") for each in arguments if each.startswith("--")):
        flags[name] = f"{flags[name]}{AGAIN}{value}" if name in flags else value
    return flags


def _pairs(text: str) -> dict[str, str]:
    return dict(each.partition("=")[::2] for each in text.split(",") if each)


def _protection(on: bool) -> str:
    return f"DELETE_PROTECTION_{'ENABLED' if on else 'DISABLED'}"


def _service(name: str, flags: dict[str, str], secrets: dict[str, str]) -> dict[str, Any]:
    """As `gcloud run services list --format=json` shows it: with what Google adds, in the forms that Google has."""
    ingress = flags.get("ingress", flags.get("ingress-settings"))
    plain = [{"name": key, "value": value} for key, value in _pairs(flags["set-env-vars"]).items()]
    references = [
        {"name": key, "valueFrom": {"secretKeyRef": dict(zip(("name", "key"), version.split(":"), strict=True))}}
        for key, version in secrets.items()
    ]
    container = {
        "image": "example",
        "env": [{"name": "LOG_EXECUTION_ID", "value": "true"}, *plain, *references],
        "resources": {"limits": {"cpu": f"{float(flags['cpu']) * 1000:g}m", "memory": flags["memory"]}},
    }
    scale = {"autoscaling.knative.dev/maxScale": flags["max-instances"]}
    if flags["min-instances"] != "0":
        scale["autoscaling.knative.dev/minScale"] = flags["min-instances"]
    spec = {
        "containerConcurrency": int(flags["concurrency"]),
        "timeoutSeconds": int(flags["timeout"].rstrip("s")),
        "serviceAccountName": flags["service-account"],
        "containers": [container],
    }
    return {
        "metadata": {"name": name, "annotations": {"run.googleapis.com/ingress": ingress}},
        "spec": {
            "template": {"metadata": {"annotations": scale}, "spec": spec},
            "traffic": [{"latestRevision": True, "percent": 100}],
        },
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def main() -> int:
    """gcloud, with its project in a file. Calls that come at the same time wait for each other."""
    path = Path(os.environ["FAKE_GCLOUD_STATE"])
    with path.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        cloud = Cloud(**json.loads(text)) if text else Cloud()
        stdin = None if sys.stdin.isatty() else sys.stdin.read()
        code, out, err = cloud.run(sys.argv[1:], stdin)
        file.seek(0)
        file.truncate()
        names = ("state", "changes", "fails_at", "lost", "metrics_unknown", "allowed")
        told = {name: getattr(cloud, name) for name in names}
        file.write(json.dumps(told))
    print(out, end="")
    print(err, end="", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
