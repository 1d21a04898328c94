"""A Google Cloud project as its REST APIs have it: what gcloud sends is kept, with what Google adds, and given back."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tests.deploy.google_rest.apis import method_of
from tests.deploy.google_rest.every_host import Request

Json = dict[str, Any]
NUMBER = "123456789012"
TIME = "2026-11-28T10:00:00.000000Z"
EMPTY = "type.googleapis.com/google.protobuf.Empty"
UPLOADS = "/uploads/"
"""Where Cloud Storage takes the source, by an address that is signed."""


class Refusal(Exception):
    """An answer that is an error, in the form of https://cloud.google.com/apis/design/errors."""

    def __init__(self, code: int, status: str, message: str, details: list[Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"error": {"code": code, "message": message, "status": status, "details": details or []}}


def missing(name: str) -> Refusal:
    """What is named isn't there."""
    return Refusal(404, "NOT_FOUND", f"Resource {name} was not found.")


def forbidden(permission: str, resource: str) -> Refusal:
    """Whoever asks has no right to it."""
    words = f"Permission '{permission}' denied on resource{resource} (or it may not exist)."
    return Refusal(403, "PERMISSION_DENIED", words)


def disabled(api: str) -> Refusal:
    """https://cloud.google.com/service-usage/docs/reference/rest/v1/ErrorReason"""
    service = f"{api}.googleapis.com"
    words = (
        f"{api} API has not been used in project {NUMBER} before or it is disabled. Enable it by visiting "
        f"https://console.developers.google.com/apis/api/{service}/overview?project={NUMBER} then retry."
    )
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": service, "consumer": f"projects/{NUMBER}"},
    }
    return Refusal(403, "PERMISSION_DENIED", words, [reason])


Handler = Callable[["Project", Request, Any], Any]
"""Of the project, a request and its JSON; returns the answer's JSON. Raises `Refusal`."""


@dataclass(kw_only=True)
class Project:
    """Resources and policies by their names. `sent` has every request, with the method that it calls; `refused` the
    methods that are; `faults` what no API of Google would have taken or given."""

    id: str
    handlers: Mapping[str, Handler]
    apis: set[str]
    resources: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    sent: list[tuple[str, Request]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __call__(self, request: Request) -> tuple[int, Any]:
        """The answer to a request."""
        with self._lock:
            try:
                return 200, self._answer(request)
            except Refusal as refusal:
                return refusal.code, refusal.body
            except Exception as error:  # noqa: BLE001 - told by the test
                self.faults.append(f"{request}: {error!r}")
                return 501, {}

    def _answer(self, request: Request) -> Any:
        if request.host == "storage.googleapis.com" and request.path.startswith(UPLOADS):
            return {}
        method = method_of(request)
        api = method.api.partition(".")[0]
        call = f"{api} {method.name}"
        self.sent.append((call, request))
        if call in self.refused:
            raise self.refused[call]
        if api not in self.apis:
            raise disabled(api)
        answer = self.handlers[call](self, request, request.json)
        method.hold(request, answer)
        return answer

    def bodies(self, call: str) -> list[Any]:
        """What was sent to a method."""
        return [request.json for each, request in self.sent if each == call]

    def name(self, request: Request) -> str:
        """The name of what the request is about, also where Cloud Run has it as Kubernetes does."""
        path = re.sub(r"^/(apis/serving\.knative\.dev/)?v\d/", "", request.path).partition(":")[0]
        region = request.host.removesuffix(".googleapis.com").rpartition("-")[0]
        path = path.replace(f"namespaces/{self.id}/", f"projects/{self.id}/locations/{region}/")
        return path.replace("projects/-/", f"projects/{self.id}/")

    def there(self, name: str) -> Json:
        """The resource of that name."""
        if name not in self.resources:
            raise missing(name)
        return self.resources[name]

    def under(self, parent: str) -> list[Json]:
        """The resources of a collection; "-" stands for any."""
        pattern = re.compile(re.escape(parent).replace("/\\-/", "/[^/]+/") + "/[^/]+")
        return [each for name, each in self.resources.items() if pattern.fullmatch(name)]

    def add(self, name: str, value: Json) -> Json:
        """A new resource."""
        if name in self.resources:
            raise Refusal(409, "ALREADY_EXISTS", f"Resource {name} already exists.")
        self.resources[name] = value
        return value


# --- what methods of most APIs do ------------------------------------------------------------------------------------


def listing(key: str) -> Handler:
    """All of a collection; an empty one has no key."""

    def handler(project: Project, request: Request, _: Any) -> Json:
        items = copy.deepcopy(project.under(project.name(request)))
        return {key: items} if items else {}

    return handler


def get(project: Project, request: Request, _: Any) -> Json:
    """One resource."""
    return project.there(project.name(request))


def delete(project: Project, request: Request, _: Any) -> Json:
    """One resource, with what is in it."""
    name = project.name(request)
    project.there(name)
    for each in [each for each in project.resources if each == name or each.startswith(f"{name}/")]:
        del project.resources[each]
    project.policies.pop(name, None)
    return {}


def get_policy(project: Project, request: Request, _: Any) -> Json:
    """https://cloud.google.com/iam/docs/reference/rest/v1/Policy; of a resource that nobody has a role on, an etag."""
    name = project.name(request)
    if "/-/serviceAccounts/" in request.path and name not in project.resources:
        raise forbidden("iam.serviceAccounts.getIamPolicy", "")
    if name != f"projects/{project.id}":
        project.there(name)
    return project.policies.get(name, {"etag": "ACAB"})


def set_policy(project: Project, request: Request, body: Any) -> Json:
    """The policy as it is kept."""
    name = project.name(request)
    kept = {"version": body["policy"].get("version", 1), "etag": "BwYq3jZ1x2k="}
    bindings = body["policy"].get("bindings")
    project.policies[name] = {**kept, "bindings": bindings} if bindings else kept
    return project.policies[name]


def merged(old: Json, new: Json, mask: str) -> Json:
    """What is there, with the fields of an update mask as they are sent."""
    told = copy.deepcopy(old)
    for path in mask.split(","):
        source, target = new, told
        *parents, last = re.sub(r"_([a-z])", lambda found: found[1].upper(), path).split(".")
        for part in parents:
            source, target = source.get(part, {}), target.setdefault(part, {})
        target.pop(last, None)
        target |= {last: source[last]} if last in source else {}
    return told


def operation(name: str, response: Json, metadata: Json | None = None) -> Json:
    """One that is done at once: https://google.aip.dev/151"""
    return {"name": name, "done": True, "response": response, **({"metadata": metadata} if metadata else {})}
