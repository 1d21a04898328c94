"""What Google keeps of log-based metrics, dashboards, alerts and whom they mail."""

from collections.abc import Mapping
from typing import Any

from tests.deploy.google_rest.every_host import Request
from tests.deploy.google_rest.project import NUMBER, TIME, Handler, Json, Project, delete, get, listing

FIRST = {"", "STRING", 0, "0"}
"""What an API leaves out: https://protobuf.dev/programming-guides/json/#field-representation"""


def _shown(value: Any) -> Any:
    """As an API tells what it was sent: without what is as if it were not said."""
    if isinstance(value, dict):
        told = {key: _shown(each) for key, each in value.items()}
        return {key: each for key, each in told.items() if not (isinstance(each, str | float | int) and each in FIRST)}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def metric(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics; created, or put in place of one."""
    kind = f"logging.googleapis.com/user/{body['name']}"
    names = {"name": f"projects/{project.id}/metricDescriptors/{kind}", "type": kind}
    told = _shown({**body, "metricDescriptor": {**body["metricDescriptor"], **names}})
    name = f"projects/{project.id}/metrics/{body['name']}"
    if request.method == "POST":
        return project.add(name, {**told, "createTime": TIME, "updateTime": TIME})
    project.resources[name] = {**project.there(name), **told}
    return project.resources[name]


def dashboard(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards; shown by the project's number"""
    path = f"dashboards/{body['name'].rpartition('/')[2]}"
    told = {**_shown(body), "name": f"projects/{NUMBER}/{path}", "etag": "40d1040034db4e5a"}
    if request.method == "POST":
        return project.add(f"projects/{project.id}/{path}", told)
    project.there(project.name(request))
    project.resources[project.name(request)] = told
    return told


def create_channel(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels"""
    name = _new_name(project, request)
    return project.add(name, {**body, "name": name, "enabled": True, "creationRecord": {"mutateTime": TIME}})


def create_alert(project: Project, request: Request, body: Json) -> Json:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"""
    name = _new_name(project, request)
    return project.add(name, _alert(project, name, body))


def patch_alert(project: Project, request: Request, body: Json) -> Json:
    """Without a mask all of it is as it was sent."""
    name = project.name(request)
    project.there(name)
    project.resources[name] = _alert(project, name, body)
    return project.resources[name]


def _alert(project: Project, name: str, body: Json) -> Json:
    for each in body.get("notificationChannels", ()):
        project.there(each)
    conditions = [{**each, "name": f"{name}/conditions/{number}"} for number, each in enumerate(body["conditions"])]
    record = {"mutateTime": TIME}
    told = {"name": name, "enabled": True, "creationRecord": record, "mutationRecord": record}
    return {**_shown({**body, "conditions": conditions}), **told}


def _new_name(project: Project, request: Request) -> str:
    return f"{project.name(request)}/{10**18 + len(project.resources)}"


MONITORING: Mapping[str, Handler] = {
    "logging projects.metrics.list": listing("metrics"),
    "logging projects.metrics.get": get,
    "logging projects.metrics.create": metric,
    "logging projects.metrics.update": metric,
    "logging projects.metrics.delete": delete,
    "monitoring projects.dashboards.list": listing("dashboards"),
    "monitoring projects.dashboards.create": dashboard,
    "monitoring projects.dashboards.patch": dashboard,
    "monitoring projects.dashboards.delete": delete,
    "monitoring projects.notificationChannels.list": listing("notificationChannels"),
    "monitoring projects.notificationChannels.create": create_channel,
    "monitoring projects.notificationChannels.delete": delete,
    "monitoring projects.alertPolicies.list": listing("alertPolicies"),
    "monitoring projects.alertPolicies.create": create_alert,
    "monitoring projects.alertPolicies.patch": patch_alert,
    "monitoring projects.alertPolicies.delete": delete,
}
