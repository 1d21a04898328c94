"""What Google keeps of each kind of resource, from the APIs' reference pages; functions are elsewhere."""

import re
from collections.abc import Mapping
from typing import Any

from tests.deploy.google_rest.every_host import Request
from tests.deploy.google_rest.functions import FUNCTIONS
from tests.deploy.google_rest.project import (
    EMPTY,
    NUMBER,
    TIME,
    Handler,
    Json,
    Project,
    Refusal,
    delete,
    get_policy,
    listing,
    merged,
    operation,
    set_policy,
)

# --- APIs, the project, accounts -------------------------------------------------------------------------------------


def enabled(project: Project, *_: Any) -> Json:
    """https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list"""
    return {"services": [_service(each, "ENABLED") for each in sorted(project.apis)]}


def service(project: Project, request: Request, _: Any) -> Json:
    """One API."""
    api = request.path.rpartition("/")[2].removesuffix(".googleapis.com")
    return _service(api, "ENABLED" if api in project.apis else "DISABLED")


def _service(api: str, state: str) -> Json:
    name = f"{api}.googleapis.com"
    parent = f"projects/{NUMBER}"
    return {"name": f"{parent}/services/{name}", "config": {"name": name}, "state": state, "parent": parent}


def enable(project: Project, _: Request, body: Json) -> Json:
    """https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable"""
    project.apis |= {each.removesuffix(".googleapis.com") for each in body["serviceIds"]}
    kind = "type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse"
    return operation("operations/acat.p2-1", {"@type": kind})


def described(project: Project, *_: Any) -> Json:
    """https://cloud.google.com/resource-manager/reference/rest/v1/projects"""
    return {"projectNumber": NUMBER, "projectId": project.id, "lifecycleState": "ACTIVE", "createTime": TIME}


def create_account(project: Project, _: Request, body: Json) -> Json:
    """https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts"""
    email = f"{body['accountId']}@{project.id}.iam.gserviceaccount.com"
    name, number = f"projects/{project.id}/serviceAccounts/{email}", str(10**20 + len(project.resources))
    ids = {"projectId": project.id, "uniqueId": number, "oauth2ClientId": number, "etag": "MDEwMjE5MjA="}
    return project.add(name, {"name": name, "email": email, **ids, **body["serviceAccount"]})


def patch_account(project: Project, request: Request, body: Json) -> Json:
    """Its mask is in the body."""
    name = project.name(request)
    project.resources[name] = merged(project.there(name), body["serviceAccount"], body["updateMask"])
    return project.resources[name]


# --- Firestore -------------------------------------------------------------------------------------------------------

DATABASE = "type.googleapis.com/google.firestore.admin.v1.Database"


def create_database(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases; with it comes the field that tells
    how fields are indexed of which nothing is said."""
    name = f"projects/{project.id}/databases/{request.query['databaseId']}"
    sent = {key: body[key] for key in ("locationId", "type", "deleteProtectionState", "databaseEdition")}
    database = {"name": name, "uid": "b3b1", "createTime": TIME, "concurrencyMode": "PESSIMISTIC", **sent}
    project.add(name, database)
    default = f"{name}/collectionGroups/__default__/fields/*"
    indexes = [_index("*", {"order": "ASCENDING"}), _index("*", {"arrayConfig": "CONTAINS"})]
    project.add(default, {"name": default, "indexConfig": {"indexes": indexes}})
    return operation(f"{name}/operations/1", {"@type": DATABASE, **database})


def patch_database(project: Project, request: Request, body: Json) -> Json:
    """An operation, which is done."""
    name = project.name(request)
    project.resources[name] = merged(project.there(name), body, request.query["updateMask"])
    return operation(f"{name}/operations/1", {"@type": DATABASE, **project.resources[name]})


def delete_database(project: Project, request: Request, body: Any) -> Json:
    """Refused while it is protected."""
    name = project.name(request)
    if project.there(name)["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED":
        raise Refusal(400, "FAILED_PRECONDITION", "The database is protected.")
    delete(project, request, body)
    return operation(f"{name}/operations/1", {"@type": EMPTY})


def fields(project: Project, request: Request, _: Any) -> Json:
    """https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.collectionGroups.fields/list"""
    name = project.name(request)
    project.there(name.partition("/collectionGroups")[0])
    every = project.under(name)
    told = {
        "indexConfig.usesAncestorConfig:false": lambda each: not each["indexConfig"].get("usesAncestorConfig"),
        "ttlConfig:*": lambda each: "ttlConfig" in each,
    }
    found = list(filter(told[request.query["filter"]], every))
    return {"fields": found} if found else {}


def patch_field(project: Project, request: Request, body: Json) -> Json:
    """The operation goes on: indexes are made by and by."""
    name, field = project.name(request), request.path.rpartition("/")[2]
    project.there(name.partition("/collectionGroups")[0])
    each = project.resources.setdefault(name, {"name": name, "indexConfig": {"usesAncestorConfig": True}})
    if request.query["updateMask"] == "indexConfig":
        indexes = [_index(field, part) for index in body["indexConfig"].get("indexes", ()) for part in index["fields"]]
        each["indexConfig"] = {"indexes": indexes} if indexes else {}
    else:
        each["ttlConfig"] = {"state": "CREATING"}
    kind = "type.googleapis.com/google.firestore.admin.v1.FieldOperationMetadata"
    started = {"@type": kind, "field": name, "state": "INITIALIZING", "startTime": TIME}
    return {"name": f"{name.partition('/collectionGroups')[0]}/operations/1", "metadata": started}


def create_index(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.collectionGroups.indexes; the
    operation goes on until somebody asks how far it is."""
    parent = project.name(request)
    database, name = parent.partition("/collectionGroups")[0], f"{parent}/CICAgOjXh4EK"
    project.there(database)
    fields = [*body["fields"], {"fieldPath": "__name__", "order": "ASCENDING"}]
    project.add(name, {**body, "name": name, "fields": fields, "state": "CREATING"})
    kind = "type.googleapis.com/google.firestore.admin.v1.IndexOperationMetadata"
    started = {"@type": kind, "index": name, "state": "INITIALIZING", "startTime": TIME}
    return project.add(f"{database}/operations/index", {"name": f"{database}/operations/index", "metadata": started})


def operation_of_index(project: Project, request: Request, _: Any) -> Json:
    """It is done."""
    running = project.there(project.name(request))
    index = project.there(running["metadata"]["index"])
    index["state"] = "READY"
    done = {**running["metadata"], "state": "SUCCESSFUL", "endTime": TIME}
    return operation(running["name"], {"@type": "type.googleapis.com/google.firestore.admin.v1.Index", **index}, done)


def _index(field: str, part: Json) -> Json:
    return {"queryScope": "COLLECTION", "fields": [{"fieldPath": field, **part}], "state": "READY"}


# --- secrets, queue, schedule, add-on --------------------------------------------------------------------------------


def create_secret(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets; shown by the project's number"""
    path = f"secrets/{request.query['secretId']}"
    secret = {"name": f"projects/{NUMBER}/{path}", "createTime": TIME, "etag": '"16"', **body}
    return project.add(f"projects/{project.id}/{path}", {key: value for key, value in secret.items() if value})


def add_version(project: Project, request: Request, body: Json) -> Json:
    """The next one; it says whether a checksum came with the value."""
    secret = project.name(request)
    shown, number = project.there(secret)["name"], len(project.under(f"{secret}/versions")) + 1
    version: Json = {"name": f"{shown}/versions/{number}", "createTime": TIME, "state": "ENABLED", "etag": '"16"'}
    version["clientSpecifiedPayloadChecksum"] = "dataCrc32c" in body["payload"]
    return project.add(f"{secret}/versions/{number}", version)


def versions(project: Project, request: Request, _: Any) -> Json:
    """The newest first."""
    name = project.name(request)
    project.there(name.rpartition("/")[0])
    found = project.under(name)[::-1]
    return {"versions": found, "totalSize": len(found)} if found else {}


def queue(body: Json) -> Json:
    """https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"""
    rates = {"maxDispatchesPerSecond": 500.0, "maxConcurrentDispatches": 1000, "maxBurstSize": 100}
    retries = {"maxAttempts": 100, "minBackoff": "0.100s", "maxBackoff": "3600s", "maxDoublings": 16}
    told = {"rateLimits": rates | body["rateLimits"], "retryConfig": retries | body["retryConfig"]}
    return {**body, **told, "state": "RUNNING"}


def job(body: Json) -> Json:
    """https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs; an address without a path gets
    one, which Terraform's provider has to look over too (`lastSlashDiffSuppress`)."""
    target = body["httpTarget"]
    uri = re.sub(r"^(https://[^/]+)$", r"\1/", target["uri"])
    told = {"httpTarget": {**target, "uri": uri}, "userUpdateTime": TIME, "scheduleTime": TIME}
    return {"state": "ENABLED", **body, **told}


def resume_job(project: Project, request: Request, _: Any) -> Json:
    """It is enabled again."""
    project.there(project.name(request))["state"] = "ENABLED"
    return project.there(project.name(request))


def authorization(*_: Any) -> Json:
    """https://developers.google.com/workspace/add-ons/reference/rest/v1/projects/getAuthorization"""
    return {
        "name": f"projects/{NUMBER}/authorization",
        "serviceAccountEmail": f"service-{NUMBER}@gcp-sa-gsuiteaddons.iam.gserviceaccount.com",
        "oauthClientId": f"{NUMBER}-example.apps.googleusercontent.com",
    }


def create_addon(project: Project, request: Request, body: Json) -> Json:
    """https://developers.google.com/workspace/add-ons/reference/rest/v1/projects.deployments"""
    path = f"deployments/{request.query['deploymentId']}"
    return project.add(f"projects/{project.id}/{path}", {**body, "name": f"projects/{NUMBER}/{path}", "etag": "oYk"})


def replace_addon(project: Project, request: Request, body: Json) -> Json:
    """All of it."""
    name = project.name(request)
    project.resources[name] = {**body, "name": project.there(name)["name"], "etag": "oYl"}
    return project.resources[name]


def _kept(put: Any) -> tuple[Handler, Handler]:
    """Creating and patching what is named in its body."""

    def create(project: Project, _: Request, body: Json) -> Json:
        return project.add(body["name"], put(body))

    def patch(project: Project, request: Request, body: Json) -> Json:
        name = project.name(request)
        project.resources[name] = put(merged(project.there(name), body, request.query["updateMask"]))
        return project.resources[name]

    return create, patch


CREATE_QUEUE, PATCH_QUEUE = _kept(queue)
CREATE_JOB, PATCH_JOB = _kept(job)

HANDLERS: Mapping[str, Handler] = {
    **FUNCTIONS,
    "serviceusage services.list": enabled,
    "serviceusage services.get": service,
    "serviceusage services.batchEnable": enable,
    "cloudresourcemanager projects.get": described,
    "cloudresourcemanager projects.getIamPolicy": get_policy,
    "cloudresourcemanager projects.setIamPolicy": set_policy,
    "iam projects.serviceAccounts.list": listing("accounts"),
    "iam projects.serviceAccounts.create": create_account,
    "iam projects.serviceAccounts.patch": patch_account,
    "iam projects.serviceAccounts.delete": delete,
    "iam projects.serviceAccounts.getIamPolicy": get_policy,
    "iam projects.serviceAccounts.setIamPolicy": set_policy,
    "firestore projects.databases.list": listing("databases"),
    "firestore projects.databases.create": create_database,
    "firestore projects.databases.patch": patch_database,
    "firestore projects.databases.delete": delete_database,
    "firestore projects.databases.collectionGroups.fields.list": fields,
    "firestore projects.databases.collectionGroups.fields.patch": patch_field,
    "firestore projects.databases.collectionGroups.indexes.list": listing("indexes"),
    "firestore projects.databases.collectionGroups.indexes.create": create_index,
    "firestore projects.databases.operations.get": operation_of_index,
    "secretmanager projects.secrets.list": listing("secrets"),
    "secretmanager projects.secrets.create": create_secret,
    "secretmanager projects.secrets.delete": delete,
    "secretmanager projects.secrets.addVersion": add_version,
    "secretmanager projects.secrets.versions.list": versions,
    "secretmanager projects.secrets.getIamPolicy": get_policy,
    "secretmanager projects.secrets.setIamPolicy": set_policy,
    "cloudtasks projects.locations.queues.list": listing("queues"),
    "cloudtasks projects.locations.queues.create": CREATE_QUEUE,
    "cloudtasks projects.locations.queues.patch": PATCH_QUEUE,
    "cloudtasks projects.locations.queues.delete": delete,
    "cloudtasks projects.locations.queues.getIamPolicy": get_policy,
    "cloudtasks projects.locations.queues.setIamPolicy": set_policy,
    "cloudscheduler projects.locations.jobs.list": listing("jobs"),
    "cloudscheduler projects.locations.jobs.create": CREATE_JOB,
    "cloudscheduler projects.locations.jobs.patch": PATCH_JOB,
    "cloudscheduler projects.locations.jobs.resume": resume_job,
    "cloudscheduler projects.locations.jobs.delete": delete,
    "gsuiteaddons projects.getAuthorization": authorization,
    "gsuiteaddons projects.deployments.list": listing("deployments"),
    "gsuiteaddons projects.deployments.create": create_addon,
    "gsuiteaddons projects.deployments.replaceDeployment": replace_addon,
    "gsuiteaddons projects.deployments.delete": delete,
}
