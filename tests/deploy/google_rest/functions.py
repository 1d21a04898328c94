"""Cloud Functions and Cloud Run: a function that is deployed is there as a service, as `gcloud run services describe`
shows those of Cloud Functions (seen of September 2026, with the API's reference for what these lack)."""

from collections.abc import Mapping
from typing import Any

from tests.deploy.google_rest.every_host import Request
from tests.deploy.google_rest.project import (
    EMPTY,
    NUMBER,
    TIME,
    UPLOADS,
    Handler,
    Json,
    Project,
    delete,
    get,
    get_policy,
    merged,
    operation,
    set_policy,
)

INGRESS = {
    "ALLOW_ALL": "all",
    "ALLOW_INTERNAL_ONLY": "internal",
    "ALLOW_INTERNAL_AND_GCLB": "internal-and-cloud-load-balancing",
}
READY = [{"type": "Ready", "status": "True", "lastTransitionTime": TIME}]


def runtimes(*_: Any) -> Json:
    """https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.runtimes"""
    return {"runtimes": [{"name": "python313", "environment": "GEN_2", "stage": "GA"}]}


def upload(*_: Any) -> Json:
    """https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/generateUploadUrl"""
    url = f"https://storage.googleapis.com{UPLOADS}function-source.zip"
    return {"uploadUrl": url, "storageSource": {"bucket": "uploads", "object": "function-source.zip"}}


def create(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions"""
    return _deployed(project, f"{project.name(request)}/{request.query['functionId']}", body)


def patch(project: Project, request: Request, body: Json) -> Json:
    """A new revision."""
    name = project.name(request)
    return _deployed(project, name, merged(project.there(name), body, request.query["updateMask"]))


def delete_function(project: Project, request: Request, body: Any) -> Json:
    """With its service and their revisions."""
    name = project.name(request)
    location, _, short = name.partition("/functions/")
    delete(project, request, body)
    service = f"{location}/services/{short}"
    for each in [each for each in project.resources if each.startswith((service, f"{location}/revisions/{short}-"))]:
        del project.resources[each]
    project.policies.pop(service, None)
    return _operation(project, name, {"@type": EMPTY}, stages=[])


def _deployed(project: Project, name: str, function: Json) -> Json:
    location, _, short = name.partition("/functions/")
    before = project.resources.get(f"{location}/services/{short}")
    config = {**function["serviceConfig"], "service": f"{location}/services/{short}", "uri": _url(short)}
    project.resources[name] = {**function, "state": "ACTIVE", "environment": "GEN_2", "serviceConfig": config}
    service = _service(project.resources[name], short, before)
    revision = service["status"]["latestReadyRevisionName"]
    project.resources[f"{location}/services/{short}"] = service
    project.resources[f"{location}/revisions/{revision}"] = _revision(service, revision)
    kind = "type.googleapis.com/google.cloud.functions.v2.Function"
    return _operation(project, name, {"@type": kind, **project.resources[name]}, stages=["BUILD", "SERVICE"])


def _operation(project: Project, function: str, response: Json, stages: list[str]) -> Json:
    metadata = {
        "@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata",
        "target": function,
        "apiVersion": "v2",
        "stages": [{"name": each, "state": "COMPLETE"} for each in stages],
    }
    name = f"{function.partition('/functions/')[0]}/operations/1"
    project.resources[name] = operation(name, response, metadata)
    return project.resources[name]


def _url(short: str) -> str:
    return f"https://{short}-xyz-ew.a.run.app"


def _service(function: Json, name: str, before: Json | None) -> Json:
    config, generation = function["serviceConfig"], before["metadata"]["generation"] + 1 if before else 1
    revision, ingress = f"{name}-{generation:05d}-abc", INGRESS[config["ingressSettings"]]
    most, least = str(config["maxInstanceCount"]), config.get("minInstanceCount")
    notes = {
        "run.googleapis.com/ingress": ingress,
        "run.googleapis.com/ingress-status": ingress,
        "run.googleapis.com/maxScale": most,
    }
    template_notes = {
        "autoscaling.knative.dev/maxScale": most,
        **({"autoscaling.knative.dev/minScale": str(least)} if least else {}),
        "run.googleapis.com/startup-cpu-boost": "true",
    }
    spec = {
        "containerConcurrency": config["maxInstanceRequestConcurrency"],
        "timeoutSeconds": config["timeoutSeconds"],
        "serviceAccountName": config["serviceAccountEmail"],
        "containers": [_container(function)],
    }
    labels = {"goog-managed-by": "cloudfunctions", "cloud.googleapis.com/location": "europe-west1"}
    served = [{"percent": 100, "latestRevision": True}]
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {**_metadata(name, generation), "labels": labels, "annotations": notes},
        "spec": {
            "template": {"metadata": {"name": revision, "annotations": template_notes}, "spec": spec},
            "traffic": before["spec"]["traffic"] if before else served,
        },
        "status": {
            "observedGeneration": generation,
            "conditions": READY,
            "latestReadyRevisionName": revision,
            "latestCreatedRevisionName": revision,
            "url": _url(name),
        },
    }


def _container(function: Json) -> Json:
    config = function["serviceConfig"]
    googles = {"FUNCTION_TARGET": function["buildConfig"]["entryPoint"], "LOG_EXECUTION_ID": "true"}
    plain = [{"name": key, "value": value} for key, value in (config["environmentVariables"] | googles).items()]
    secrets = [
        {"name": each["key"], "valueFrom": {"secretKeyRef": {"name": each["secret"], "key": each["version"]}}}
        for each in config.get("secretEnvironmentVariables", ())
    ]
    return {
        "name": "worker",
        "image": "europe-west1-docker.pkg.dev/example-project/gcf-artifacts/function:version_1",
        "env": plain + secrets,
        "ports": [{"name": "http1", "containerPort": 8080}],
        "resources": {"limits": {"cpu": config["availableCpu"], "memory": config["availableMemory"]}},
    }


def _metadata(name: str, generation: int) -> Json:
    made = TIME.replace("00.000000", f"{generation:02d}.000000")
    return {"name": name, "namespace": NUMBER, "uid": "9c31", "generation": generation, "creationTimestamp": made}


def _revision(service: Json, name: str) -> Json:
    labels = {"serving.knative.dev/service": service["metadata"]["name"]}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {**_metadata(name, service["metadata"]["generation"]), "labels": labels},
        "spec": service["spec"]["template"]["spec"],
        "status": {"observedGeneration": 1, "conditions": READY},
    }


# --- Cloud Run -------------------------------------------------------------------------------------------------------


def services(project: Project, request: Request, _: Any) -> Json:
    """https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services"""
    return _list("ServiceList", project.under(project.name(request)))


def revisions(project: Project, request: Request, _: Any) -> Json:
    """https://cloud.google.com/run/docs/reference/rest/v1/namespaces.revisions"""
    key, _, value = request.query["labelSelector"].partition(" = ")
    every = project.under(project.name(request))
    return _list("RevisionList", [each for each in every if each["metadata"]["labels"][key] == value])


def _list(kind: str, items: list[Json]) -> Json:
    return {"kind": kind, "apiVersion": "serving.knative.dev/v1", "metadata": {}, **({"items": items} if items else {})}


def replace(project: Project, request: Request, body: Json) -> Json:
    """The traffic is all that is ever replaced."""
    name = project.name(request)
    latest = project.there(name)["status"]["latestReadyRevisionName"]
    generation = project.there(name)["metadata"]["generation"] + 1
    traffic = [{"revisionName": latest, **each} for each in body["spec"]["traffic"]]
    status = {**body["status"], "observedGeneration": generation, "traffic": traffic}
    project.resources[name] = {**body, "metadata": {**body["metadata"], "generation": generation}, "status": status}
    return project.resources[name]


FUNCTIONS: Mapping[str, Handler] = {
    "cloudfunctions projects.locations.runtimes.list": runtimes,
    "cloudfunctions projects.locations.functions.generateUploadUrl": upload,
    "cloudfunctions projects.locations.functions.get": get,
    "cloudfunctions projects.locations.functions.create": create,
    "cloudfunctions projects.locations.functions.patch": patch,
    "cloudfunctions projects.locations.functions.delete": delete_function,
    "cloudfunctions projects.locations.operations.get": get,
    "run namespaces.services.list": services,
    "run namespaces.services.get": get,
    "run namespaces.services.replaceService": replace,
    "run namespaces.revisions.list": revisions,
    "run projects.locations.services.getIamPolicy": get_policy,
    "run projects.locations.services.setIamPolicy": set_policy,
}
