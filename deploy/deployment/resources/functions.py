"""The functions. By `gcloud functions deploy` or `gcloud run deploy --function`: either way each is a service of Cloud
Run, and is read as one."""

import hashlib
from typing import Any

import msgspec

from confsync import config
from deployment.environment import Environment
from deployment.gcloud import Command, Query, command
from deployment.planning import Resource, State
from deployment.table import Function

SOURCE_IN_THE_CLOUD = "/workspace"
"""Where the build puts the uploaded source, whatever directory the process is started in."""
BUILD_VARIABLE = "CONFSYNC_BUILD"
"""Tells which source a function was built of, so that nothing is built again that is the same."""
RELEASE_VARIABLE = "CONFSYNC_RELEASE"
"""Tells what one deployment made apart from others: one source can be deployed in several ways. A function that is as
it should be stays of the release that it is of."""
INGRESS = {"all": "all", "internal-only": "internal", "internal-and-gclb": "internal-and-cloud-load-balancing"}
"""Words of Cloud Functions, and of Cloud Run."""


def services_of(environment: Environment) -> Query:
    """Everything that Cloud Run runs in the region."""
    return Query(api="run", arguments=("run", "services", "list", f"--region={environment.region}"))


def variables(environment: Environment, function: Function, build: str) -> dict[str, str]:
    """The environment variables of a deployed function, but for its secrets."""
    return {
        config.CONFIG_VARIABLE: f"{SOURCE_IN_THE_CLOUD}/deploy/config/{environment.name}.toml",
        "THREADS": str(function.concurrency),
        BUILD_VARIABLE: f"{build}-{environment.table.runtime}",
    }


def release(environment: Environment, build: str) -> str:
    """12 hex digits: of the source, and of how each function is deployed."""
    return hashlib.sha256(build.encode() + msgspec.json.encode(environment.table)).hexdigest()[:12]


def functions(environment: Environment, build: str) -> list[Resource]:
    """Those that the environment needs; of those that it does not, none. `build` tells the source apart from others."""
    return [_function(environment, name, each, build) for name, each in environment.table.functions.items()]


def traffic(environment: Environment) -> list[Resource]:
    """After a rollback the newest revision gets requests again."""
    return [_traffic(environment, name) for name in environment.functions]


def find(name: str, answer: Any) -> Any | None:
    """The service of that name."""
    return next((each for each in answer if each["metadata"]["name"] == name), None)


def serving(service: Any) -> str | None:
    """The revision that gets the requests, if it isn't just the latest."""
    pinned = [each for each in service["spec"].get("traffic", []) if each.get("percent") and each.get("revisionName")]
    return str(pinned[0]["revisionName"]) if pinned else None


def _function(environment: Environment, name: str, function: Function, build: str) -> Resource:
    service = environment.service(name)
    deploy = _deploy(environment, name, function, build)
    wanted = {
        "account": environment.account(function.service_account),
        "memory": function.memory,
        "cpu": f"{function.cpu:g}",
        "timeout": f"{function.timeout}s",
        "concurrency": str(function.concurrency),
        "min instances": str(function.min_instances),
        "max instances": str(function.max_instances),
        "ingress": INGRESS[function.ingress],
        "state": "ready",
        **variables(environment, function, build),
        **function.secrets,
    }

    def found(answer: Any) -> State | None:
        service_found = find(service, answer)
        return None if service_found is None else _state(service_found)

    return Resource(
        title=f"function {service}",
        why=f"functions/{name}",
        query=services_of(environment),
        found=found,
        wanted=wanted if name in environment.functions else None,
        create=(deploy,),
        change=lambda _: (deploy,),
        delete=(_delete(environment, service),),
    )


def _deploy(environment: Environment, name: str, function: Function, build: str) -> Command:
    table, service = environment.table, environment.service(name)
    told = {**variables(environment, function, build), RELEASE_VARIABLE: release(environment, build)}
    builder = f"projects/{environment.project}/serviceAccounts/{environment.account(table.build_account)}"
    common = (
        *(f"--region={environment.region}", "--source=.", f"--build-service-account={builder}"),
        f"--set-build-env-vars=GOOGLE_FUNCTION_SOURCE={function.source}",
        f"--set-env-vars={_pairs(told)}",
        f"--set-secrets={_pairs(function.secrets)}" if function.secrets else "--clear-secrets",
        *(f"--memory={function.memory}", f"--cpu={function.cpu:g}", f"--timeout={function.timeout}s"),
        f"--concurrency={function.concurrency}",
        *(f"--min-instances={function.min_instances}", f"--max-instances={function.max_instances}"),
        f"--service-account={environment.account(function.service_account)}",
    )
    if table.deploy_with == "run":
        run = ("--function=handle", f"--base-image={table.runtime}", f"--ingress={INGRESS[function.ingress]}")
        return command("run", "deploy", service, *run, *common)
    kind = ("--gen2", f"--runtime={table.runtime}", "--trigger-http", "--entry-point=handle")
    return command("functions", "deploy", service, *kind, *common, f"--ingress-settings={function.ingress}")


def _delete(environment: Environment, service: str) -> Command:
    place = (service, f"--region={environment.region}")
    if environment.table.deploy_with == "run":
        return command("run", "services", "delete", *place)
    return command("functions", "delete", *place)


def _pairs(values: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in values.items())


def _state(service: Any) -> State:
    """https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services"""
    template = service["spec"]["template"]
    spec, notes = template["spec"], template["metadata"].get("annotations", {})
    own_notes = service["metadata"].get("annotations", {})
    container = spec["containers"][0]
    limits = container.get("resources", {}).get("limits", {})
    least = own_notes.get("run.googleapis.com/minScale", notes.get("autoscaling.knative.dev/minScale", "0"))
    most = notes.get("autoscaling.knative.dev/maxScale", own_notes.get("run.googleapis.com/maxScale", ""))
    return {
        "account": spec.get("serviceAccountName", ""),
        "memory": limits.get("memory", ""),
        "cpu": _cores(limits.get("cpu", "0")),
        "timeout": f"{spec.get('timeoutSeconds')}s",
        "concurrency": str(spec.get("containerConcurrency")),
        "min instances": str(least),
        "max instances": str(most),
        "ingress": own_notes.get("run.googleapis.com/ingress", "all"),
        "state": _readiness(service),
        **{name: value for name, value in own_variables(container).items() if name != RELEASE_VARIABLE},
    }


def own_variables(container: Any) -> dict[str, str]:
    """The variables that are ours: Cloud Functions adds some of its own."""
    ours = (each for each in container.get("env", []) if each["name"].startswith(("CONFSYNC_", "THREADS")))
    return {each["name"]: each["value"] if "value" in each else _version(each["valueFrom"]) for each in ours}


def _version(source: Any) -> str:
    reference = source["secretKeyRef"]
    return f"{reference['name']}:{reference['key']}"


def _cores(text: str) -> str:
    """Cores; Kubernetes writes thousandths of one as "1000m"."""
    return f"{float(text[:-1]) / 1000 if text.endswith('m') else float(text):g}"


def _readiness(service: Any) -> str:
    conditions = service.get("status", {}).get("conditions", [])
    ready: Any = next((each for each in conditions if each["type"] == "Ready"), {})
    return "ready" if ready.get("status") == "True" else f"not ready: {ready.get('message', 'no word why')}"


def _traffic(environment: Environment, name: str) -> Resource:
    service = environment.service(name)

    def found(answer: Any) -> State | None:
        there = find(service, answer)
        return {"requests go to": serving(there) or "the latest revision"} if there else None

    wanted = {"requests go to": "the latest revision"}
    place = (service, f"--region={environment.region}")
    return Resource(
        title=f"traffic of {service}",
        why="after a rollback it stays with the older revision until it is told otherwise",
        query=services_of(environment),
        found=found,
        wanted=wanted,
        change=lambda _: (command("run", "services", "update-traffic", *place, "--to-latest"),),
    )
